// GET /health: whether this server can answer.
#include "server/connection.h"
#include "server/route.h"

namespace featly {
namespace {

void Answer(Connection& connection, const Status& status) {
  if (!status.ok()) {
    connection.Fail(status, 503);
    return;
  }
  connection.BeginAnswer(200, "");
  connection.EndAnswer();
}

void Handle(Connection& connection) {
  Worker& worker = connection.worker();
  if (const Status& lost = worker.plans().lost(); !lost.ok()) {
    Answer(connection, lost);
    return;
  }
  // The disk, and another process's write, are waited for elsewhere.
  worker.RunLong([self = connection.Share(), served = worker.served()]() mutable {
    Worker& worker = self->worker();
    Status status = served->store->ListViews(worker.serving().project_name()).status();
    worker.Post([self = std::move(self), served = std::move(served), status = std::move(status)] {
      Answer(*self, status);
    });
  });
}

constexpr std::string_view kResponses = R"({
  "200": {"description": "The registry is loaded and the online store answers. No body."}
})";

}  // namespace

Route HealthRoute() {
  return {boost::beast::http::verb::get,
          "/health",
          "Whether the server can answer.",
          Handle,
          "",
          kResponses,
          {503}};
}

}  // namespace featly
