// What POST /push and /write-to-online-store share: rows of a request into the online store.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "flows/push.h"
#include "project/project.h"
#include "server/rows_request.h"

namespace featly {

class Connection;

/// How one route writes.
struct RowsRoute {
  RowsTarget target;
  /// What the request says beside its rows is right; the views that it feeds.
  Result<std::vector<const ViewSpec*>> (*views)(const RowsRequest& request,
                                                const RegistrySnapshot& snapshot,
                                                const std::string& project);
  /// Writes `rows`, newest wins.
  void (*write)(const RowsRequest& request, const PreparedProject& served,
                const std::string& project, const arrow::RecordBatch& rows, Timestamp now,
                int entity_key_version, WriteCompletion done);
  /// Answers a write that is durable.
  void (*answer)(const RowsRequest& request, Connection& connection);
};

/// Reads the request and hands its rows to the store; answers once they are durable, with the
/// headers Featly-Rows-Stored and Featly-Rows-Stale. A long body is read by another thread.
/// `route` is static.
void WriteRows(Connection& connection, const RowsRoute& route);

/// The OpenAPI request schema of such a route, whose target is named in `name_field`. `more` are
/// further properties: JSON, each followed by a comma.
std::string RowsRequestSchema(std::string_view name_field, std::string_view more);
/// Its OpenAPI responses beside the errors. `more` says what the body is: JSON, each member after a
/// comma.
std::string RowsResponses(std::string_view description, std::string_view more);

}  // namespace featly
