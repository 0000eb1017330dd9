// POST /push: rows of a push source into the online store.
#include "flows/push.h"

#include "server/connection.h"
#include "server/route.h"
#include "server/rows_write.h"

namespace featly {
namespace {

Status CheckDestination(const std::string& to) {
  if (to == "online") return Status::OK();
  if (to == "offline" || to == "online_and_offline") {
    return Error(ErrorKind::kNotImplemented,
                 "pushing with \"to\": \"" + to +
                     "\" is not built yet: only \"online\" is; write history to the source's files")
        .Subject("to");
  }
  return Error(ErrorKind::kInvalid,
               "\"to\" must be \"online\", \"offline\" or \"online_and_offline\", found \"" + to +
                   "\"")
      .Subject("to")
      .Near(NearNames(to, {"online", "offline", "online_and_offline"}));
}

Result<std::vector<const ViewSpec*>> Views(const RowsRequest& request,
                                           const RegistrySnapshot& snapshot,
                                           const std::string& project) {
  ARROW_RETURN_NOT_OK(CheckDestination(request.to));
  return snapshot.PushTargets(project, request.target);
}

void Write(const RowsRequest& request, const PreparedProject& served, const std::string& project,
           const arrow::RecordBatch& rows, Timestamp now, int entity_key_version,
           WriteCompletion done) {
  Push(*served.snapshot, project, request.target, rows, now, entity_key_version, *served.store,
       std::move(done), MissingView::kRefuse);
}

void Answer(const RowsRequest& request, Connection& connection) {
  connection.worker().metrics().CountPush(request.target, request.to);
  connection.BeginAnswer(200, "");
  connection.EndAnswer();
}

void Handle(Connection& connection) {
  static constexpr RowsRoute kRoute = {RowsTarget::kPushSource, Views, Write, Answer};
  WriteRows(connection, kRoute);
}

constexpr std::string_view kRequest = R"({
  "type": "object",
  "required": ["push_source_name", "df"],
  "properties": {
    "push_source_name": {"type": "string"},
    "df": {"$ref": "#/components/schemas/Rows"},
    "to": {"type": "string", "enum": ["online", "offline", "online_and_offline"], "default": "online"},
    "allow_registry_cache": {"type": "boolean", "default": true},
    "transform_on_write": {"type": "boolean", "default": true}
  }
})";

constexpr std::string_view kResponses = R"({
  "200": {
    "description": "The rows are durable. Rows older than what is stored were left out. No body.",
    "headers": {
      "Featly-Rows-Stored": {"$ref": "#/components/headers/RowsStored"},
      "Featly-Rows-Stale": {"$ref": "#/components/headers/RowsStale"}
    }
  }
})";

}  // namespace

Route PushRoute() {
  return {boost::beast::http::verb::post,
          "/push",
          "Rows of a push source into the online store.",
          Handle,
          kRequest,
          kResponses,
          {400, 404, 408, 409, 413, 422, 501, 503}};
}

}  // namespace featly
