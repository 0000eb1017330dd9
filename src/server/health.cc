// GET /health: whether this server can answer.
#include "server/connection.h"
#include "server/route.h"

namespace featly {
namespace {

void Handle(Connection& connection) {
  Worker& worker = connection.worker();
  Result<std::vector<std::string>> views =
      worker.served()->store->ListViews(worker.serving().project_name());
  if (!views.ok()) {
    connection.Fail(views.status(), 503);
    return;
  }
  connection.BeginAnswer(200, "");
  connection.EndAnswer();
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
