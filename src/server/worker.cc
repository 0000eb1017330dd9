#include "server/worker.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "server/connection.h"
#include "server/route.h"

namespace featly {
namespace {

constexpr std::chrono::seconds kFailureLinePeriod{5};

}  // namespace

Worker::Worker(const WorkerContext& context, const std::vector<std::unique_ptr<Worker>>& workers)
    : context_(context),
      workers_(workers),
      keep_running_(io_.get_executor()),
      sweep_timer_(io_),
      metrics_(Routes().size() + 1),
      plans_(context.serving, metrics_),
      lookups_(*this) {
  RenderDate();
}

Worker::~Worker() = default;

void Worker::Start() {
  ScheduleSweep();
  thread_ = std::thread([this] { io_.run(); });
}

void Worker::Join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::Adopt(boost::asio::ip::tcp::socket socket,
                   std::shared_ptr<boost::asio::ssl::context> tls) {
  Post([this, socket = std::move(socket), tls = std::move(tls)]() mutable {
    auto connection = std::make_shared<Connection>(*this, std::move(socket), std::move(tls));
    metrics_.connections_opened.Add();
    connections_.insert(connection);
    connection->Start();
  });
}

void Worker::BeginStop() {
  Post([this] {
    stopping_ = true;
    stop_deadline_ = Clock::now() + limits().stop;
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
      {std::chrono::milliseconds(500), limits().idle / 4, limits().request / 4});
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
  RenderDate();
  plans_.served();  // so that an idle worker lets go of a store that was torn down
  const bool must_end = stopping_ && coarse_now_ > stop_deadline_;
  std::vector<std::shared_ptr<Connection>> late;
  for (const auto& connection : connections_) {
    if (must_end || connection->deadline() < coarse_now_) late.push_back(connection);
  }
  for (const auto& connection : late) {
    if (must_end) {
      connection->Close();
    } else {
      connection->OnDeadline();
    }
  }
}

void Worker::RenderDate() {
  const std::time_t now = std::time(nullptr);
  if (now == date_second_) return;
  date_second_ = now;
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[64];
  // No locale is ever set, so the names are English, as HTTP wants them.
  size_t size = std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
  date_header_.assign(text, size);
}

std::optional<uint64_t> Worker::TakeFailureLine() {
  const Clock::time_point now = Clock::now();
  if (now < next_failure_line_) {
    ++failures_left_out_;
    return std::nullopt;
  }
  next_failure_line_ = now + kFailureLinePeriod;
  return std::exchange(failures_left_out_, 0);
}

void Worker::LogAccess(const AccessEntry& entry) {
  // Handed over once the requests that came together are answered.
  if (access_lines_.empty()) {
    Post([this] {
      context_.access_log->Write(std::move(access_lines_));
      access_lines_.clear();
    });
  }
  AppendAccessLine(entry, &access_lines_);
}

}  // namespace featly
