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

}  // namespace

Route PushRoute() {
  static const std::string request = RowsRequestSchema(
      "push_source_name",
      R"("to": {"type": "string", "enum": ["online", "offline", "online_and_offline"],
           "default": "online"}, )");
  static const std::string responses = RowsResponses(
      "The rows are durable. Rows older than what is stored were left out. No body.", "");
  return {boost::beast::http::verb::post,
          "/push",
          "Rows of a push source into the online store.",
          Handle,
          request,
          responses,
          {400, 404, 408, 409, 413, 422, 501, 503}};
}

}  // namespace featly
