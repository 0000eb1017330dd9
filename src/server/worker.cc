#include "server/worker.h"

#include <algorithm>

#include <boost/asio/post.hpp>

#include "server/connection.h"
#include "server/route.h"

namespace featly {

Worker::Worker(ServingState& serving, const std::vector<std::unique_ptr<Worker>>& workers,
               ConnectionLimits limits)
    : serving_(serving),
      workers_(workers),
      limits_(limits),
      keep_running_(io_.get_executor()),
      sweep_timer_(io_),
      metrics_(Routes().size() + 1),
      plans_(serving, metrics_),
      lookups_(*this) {}

Worker::~Worker() = default;

void Worker::Start() {
  ScheduleSweep();
  thread_ = std::thread([this] { io_.run(); });
}

void Worker::Join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::Adopt(boost::asio::ip::tcp::socket socket) {
  boost::asio::post(io_, [this, socket = std::move(socket)]() mutable {
    auto connection = std::make_shared<Connection>(*this, std::move(socket));
    metrics_.connections_opened.Add();
    connections_.insert(connection);
    connection->Start();
  });
}

void Worker::BeginStop() {
  boost::asio::post(io_, [this] {
    stopping_ = true;
    // A copy: connections forget themselves.
    std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) connection->EndWhenAnswered();
    EndIfDone();
  });
}

std::vector<const WorkerMetrics*> Worker::AllMetrics() const {
  std::vector<const WorkerMetrics*> all;
  for (const auto& worker : workers_) all.push_back(&worker->metrics_);
  return all;
}

void Worker::Forget(Connection* connection) {
  auto found = connections_.find(connection->shared_from_this());
  if (found == connections_.end()) return;
  connections_.erase(found);
  metrics_.connections_closed.Add();
  EndIfDone();
}

void Worker::EndIfDone() {
  if (!done()) return;
  sweep_timer_.cancel();
  keep_running_.reset();
}

void Worker::ScheduleSweep() {
  auto period = std::min<std::chrono::milliseconds>(
      {std::chrono::milliseconds(500), limits_.idle / 4, limits_.request / 4});
  sweep_timer_.expires_after(std::max(period, std::chrono::milliseconds(5)));
  sweep_timer_.async_wait([this](boost::system::error_code ec) {
    if (ec) return;
    Sweep();
    // A wait that is over already cannot be cancelled: an ended worker would go on for ever.
    if (!done()) ScheduleSweep();
  });
}

void Worker::Sweep() {
  coarse_now_ = Clock::now();
  std::vector<std::shared_ptr<Connection>> late;
  for (const auto& connection : connections_) {
    if (connection->deadline() < coarse_now_) late.push_back(connection);
  }
  for (const auto& connection : late) connection->OnDeadline();
}

}  // namespace featly
