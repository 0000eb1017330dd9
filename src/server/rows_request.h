// The body of POST /push and /write-to-online-store: rows as an object of lists.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "registry/snapshot.h"

namespace featly {

/// What the rows of a request are written to.
enum class RowsTarget : uint8_t {
  kPushSource,   ///< "push_source_name", with "to"
  kFeatureView,  ///< "feature_view_name"
};

/// What a request says beside its rows.
struct RowsRequest {
  std::string target;  ///< Of the push source or feature view.
  std::string to = "online";
};

/// Reads everything but the rows, and checks that the whole body is JSON. kMalformed and kInvalid
/// as LookupRequest::Parse.
Result<RowsRequest> ParseRowsRequest(std::string_view body, RowsTarget target);

/// Reads the rows ("df") as the columns that `views` need, with their types: features and join keys
/// under their own names or their source's, event and created times. Other columns are passed over.
/// kInvalid naming the column, and the row where it is a value.
Result<std::shared_ptr<arrow::RecordBatch>> ParseRows(std::string_view body,
                                                      const std::vector<const ViewSpec*>& views);

}  // namespace featly
