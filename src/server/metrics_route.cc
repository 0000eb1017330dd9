// GET /metrics: counters in Prometheus' text format.
#include "server/connection.h"
#include "server/route.h"

namespace featly {
namespace {

void Handle(Connection& connection) {
  Worker& worker = connection.worker();
  std::string text = RenderMetrics(worker.AllMetrics(), worker.serving());
  connection.BeginAnswer(200, "text/plain; version=0.0.4; charset=utf-8")->append(text);
  connection.EndAnswer();
}

constexpr std::string_view kResponses = R"({
  "200": {
    "description": "Prometheus' text format.",
    "content": {"text/plain": {"schema": {"type": "string"}}}
  }
})";

}  // namespace

Route MetricsRoute() {
  return {boost::beast::http::verb::get,
          "/metrics",
          "Counters for Prometheus.",
          Handle,
          "",
          kResponses,
          {}};
}

}  // namespace featly
