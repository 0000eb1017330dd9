// POST /push: rows of a push source into the online store.
#include "flows/push.h"

#include <arrow/api.h>
#include <boost/asio/post.hpp>

#include "server/connection.h"
#include "server/push_request.h"
#include "server/route.h"

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

void Answer(Connection& connection, const std::string& push_source, const Status& status) {
  if (!status.ok()) {
    if (KindOf(status) == ErrorKind::kUnavailable) {
      connection.worker().serving().ReportMissingView();
    }
    connection.Fail(status);
    return;
  }
  connection.worker().metrics().CountPush(push_source, "online");
  connection.BeginAnswer(200, "");
  connection.EndAnswer();
}

/// Reads the request and hands its rows to the store; answers here only where that is not reached.
Status Start(Connection& connection) {
  ServingState& serving = connection.worker().serving();
  const std::string& body = connection.request().body;
  ARROW_ASSIGN_OR_RAISE(PushRequest request, ParsePushRequest(body));
  ARROW_RETURN_NOT_OK(CheckDestination(request.to));
  std::shared_ptr<const RegistrySnapshot> snapshot = serving.snapshot();
  ARROW_ASSIGN_OR_RAISE(std::vector<const ViewSpec*> views,
                        snapshot->PushTargets(serving.project_name(), request.push_source));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> rows, ParsePushRows(body, views));
  if (!rows) {
    Answer(connection, request.push_source, Status::OK());
    return Status::OK();
  }
  auto done = [self = connection.Share(), source = request.push_source, snapshot,
               rows](Result<WriteResult> written) mutable {
    // On the store's writer thread: the answer is made on the connection's own, which then is the
    // only one to hold the connection.
    boost::asio::io_context& io = self->worker().io();
    boost::asio::post(io, [self = std::move(self), source, status = written.status()] {
      Answer(*self, source, status);
    });
  };
  Push(*snapshot, serving.project_name(), request.push_source, *rows, serving.Now(),
       serving.config().entity_key_version, serving.store(), std::move(done), MissingView::kRefuse);
  return Status::OK();
}

void Handle(Connection& connection) {
  Status status = Start(connection);
  if (!status.ok()) connection.Fail(status);
}

constexpr std::string_view kRequest = R"({
  "type": "object",
  "required": ["push_source_name", "df"],
  "properties": {
    "push_source_name": {"type": "string"},
    "df": {
      "type": "object",
      "description": "A list for each feature, join key and time column, all of one length. Times are ISO 8601 text, or integers of nanoseconds since 1970.",
      "additionalProperties": {"type": "array", "items": {}}
    },
    "to": {"type": "string", "enum": ["online", "offline", "online_and_offline"], "default": "online"},
    "allow_registry_cache": {"type": "boolean", "default": true},
    "transform_on_write": {"type": "boolean", "default": true}
  }
})";

constexpr std::string_view kResponses = R"({
  "200": {"description": "The rows are durable. Rows older than what is stored were left out. No body."}
})";

}  // namespace

Route PushRoute() {
  return {boost::beast::http::verb::post,
          "/push",
          "Rows of a push source into the online store.",
          Handle,
          kRequest,
          kResponses};
}

}  // namespace featly
