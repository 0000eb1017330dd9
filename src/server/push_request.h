// The body of POST /push.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "base/arena.h"
#include "base/error.h"
#include "registry/snapshot.h"

namespace featly {

/// What a push says beside its rows.
struct PushRequest {
  std::string push_source;
  std::string to = "online";
};

/// Reads everything but the rows, and checks that the whole body is JSON. kMalformed and kInvalid
/// as LookupRequest::Parse.
Result<PushRequest> ParsePushRequest(std::string_view body);

/// Reads the rows ("df") as the columns that `views` need, with their types: features and join keys
/// under their own names or their source's, event and created times. Other columns are passed over.
/// Null where there are no rows. kInvalid naming the column, and the row where it is a value.
Result<std::shared_ptr<arrow::RecordBatch>> ParsePushRows(
    std::string_view body, const std::vector<const ViewSpec*>& views);

}  // namespace featly
