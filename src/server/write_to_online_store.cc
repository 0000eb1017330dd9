// POST /write-to-online-store: rows of one feature view into the online store.
#include "flows/push.h"
#include "server/connection.h"
#include "server/route.h"
#include "server/rows_write.h"

namespace featly {
namespace {

Result<std::vector<const ViewSpec*>> Views(const RowsRequest& request,
                                           const RegistrySnapshot& snapshot,
                                           const std::string& project) {
  ARROW_ASSIGN_OR_RAISE(const ViewSpec* view, snapshot.View(project, request.target));
  return std::vector<const ViewSpec*>{view};
}

void Write(const RowsRequest& request, const PreparedProject& served, const std::string& project,
           const arrow::RecordBatch& rows, Timestamp now, int entity_key_version,
           WriteCompletion done) {
  WriteToView(*served.snapshot, project, request.target, rows, now, entity_key_version,
              *served.store, std::move(done), MissingView::kRefuse);
}

void Answer(const RowsRequest& /*request*/, Connection& connection) {
  connection.BeginAnswer(200, "application/json")->append("null");  // Feast's
  connection.EndAnswer();
}

void Handle(Connection& connection) {
  static constexpr RowsRoute kRoute = {RowsTarget::kFeatureView, Views, Write, Answer};
  WriteRows(connection, kRoute);
}

constexpr std::string_view kRequest = R"({
  "type": "object",
  "required": ["feature_view_name", "df"],
  "properties": {
    "feature_view_name": {"type": "string"},
    "df": {"$ref": "#/components/schemas/Rows"},
    "allow_registry_cache": {"type": "boolean", "default": true},
    "transform_on_write": {"type": "boolean", "default": true}
  }
})";

constexpr std::string_view kResponses = R"({
  "200": {
    "description": "The rows are durable. Rows older than what is stored were left out.",
    "headers": {
      "Featly-Rows-Stored": {"$ref": "#/components/headers/RowsStored"},
      "Featly-Rows-Stale": {"$ref": "#/components/headers/RowsStale"}
    },
    "content": {"application/json": {"schema": {"nullable": true, "enum": [null]}}}
  }
})";

}  // namespace

Route WriteToOnlineStoreRoute() {
  return {boost::beast::http::verb::post,
          "/write-to-online-store",
          "Rows of a feature view into the online store.",
          Handle,
          kRequest,
          kResponses,
          {400, 404, 408, 409, 413, 422, 501, 503}};
}

}  // namespace featly
