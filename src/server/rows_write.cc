#include "server/rows_write.h"

#include <arrow/api.h>

#include "server/connection.h"

namespace featly {
namespace {

/// Longer bodies are not read on an I/O thread.
constexpr size_t kLongBody = 64 * 1024;

/// One request on its way. The last to hold it answers.
struct RowsCall {
  std::shared_ptr<Connection> connection;
  const RowsRoute& route;
  std::shared_ptr<const PreparedProject> served;
  RowsRequest request;
  std::shared_ptr<arrow::RecordBatch> rows;
};

/// On the connection's thread.
void Answer(RowsCall& call, const Result<WriteResult>& written) {
  Connection& connection = *call.connection;
  if (!written.ok()) {
    if (KindOf(written.status()) == ErrorKind::kUnavailable) {
      connection.worker().serving().ReportMissingView();
    }
    connection.Fail(written.status());
    return;
  }
  connection.worker().metrics().CountRows(call.request.target, *written);
  connection.AddHeader("Featly-Rows-Stored", std::to_string(written->applied));
  connection.AddHeader("Featly-Rows-Stale", std::to_string(written->stale));
  call.route.answer(call.request, connection);
}

/// From any thread.
void AnswerSoon(std::shared_ptr<RowsCall> call, Result<WriteResult> written) {
  Worker& worker = call->connection->worker();
  if (worker.OnOwnThread()) {
    Answer(*call, written);
    return;
  }
  worker.Post([call = std::move(call), written = std::move(written)] { Answer(*call, written); });
}

Status Read(RowsCall* call) {
  const std::string& body = call->connection->request().body;
  const std::string& project = call->connection->worker().serving().project_name();
  ARROW_ASSIGN_OR_RAISE(call->request, ParseRowsRequest(body, call->route.target));
  ARROW_ASSIGN_OR_RAISE(std::vector<const ViewSpec*> views,
                        call->route.views(call->request, *call->served->snapshot, project));
  ARROW_ASSIGN_OR_RAISE(call->rows, ParseRows(body, views));
  return Status::OK();
}

void Run(std::shared_ptr<RowsCall> call) {
  Status status = Read(call.get());
  if (!status.ok()) {
    AnswerSoon(std::move(call), status);
    return;
  }
  ServingState& serving = call->connection->worker().serving();
  const RowsCall& self = *call;
  // Moved on: a connection must not end on another thread than its own.
  auto done = [call = std::move(call)](Result<WriteResult> written) mutable {
    AnswerSoon(std::move(call), std::move(written));
  };
  self.route.write(self.request, *self.served, serving.project_name(), *self.rows, serving.Now(),
                   serving.config().entity_key_version, std::move(done));
}

}  // namespace

void WriteRows(Connection& connection, const RowsRoute& route) {
  auto call = std::make_shared<RowsCall>(
      RowsCall{connection.Share(), route, connection.worker().served(), {}, nullptr});
  if (connection.request().body.size() <= kLongBody) {
    Run(std::move(call));
  } else {
    connection.worker().RunLong([call = std::move(call)]() mutable { Run(std::move(call)); });
  }
}

std::string RowsRequestSchema(std::string_view name_field, std::string_view more) {
  const std::string name(name_field);
  return R"({"type": "object", "required": [")" + name + R"(", "df"], "properties": {")" + name +
         R"(": {"type": "string"}, "df": {"$ref": "#/components/schemas/Rows"}, )" +
         std::string(more) + R"("allow_registry_cache": {"type": "boolean", "default": true},
    "transform_on_write": {"type": "boolean", "default": true}}})";
}

std::string RowsResponses(std::string_view description, std::string_view more) {
  return R"({"200": {"description": ")" + std::string(description) + R"(", "headers": {
      "Featly-Rows-Stored": {"$ref": "#/components/headers/RowsStored"},
      "Featly-Rows-Stale": {"$ref": "#/components/headers/RowsStale"}}
    )" + std::string(more) +
         "}}";
}

}  // namespace featly
