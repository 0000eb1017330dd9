// One I/O thread with everything that belongs to it alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_set>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/access_log.h"
#include "server/long_work.h"
#include "server/lookup_call.h"
#include "server/metrics.h"
#include "server/serving_state.h"
#include "server/worker_plans.h"

namespace boost::asio::ssl {
class context;
}

namespace featly {

class Connection;

/// How long a client may take, and how much it may ask for.
struct ConnectionLimits {
  std::chrono::milliseconds idle{30000};     ///< Without a request on a kept connection.
  std::chrono::milliseconds request{60000};  ///< To send one whole request, and to take its answer.
  std::chrono::milliseconds stop{30000};     ///< To finish after the server was told to stop.
  uint64_t max_body_bytes = uint64_t{64} << 20;
  size_t max_lookup_values = 0;
};

/// What the workers share beside ServingState. All of it outlives them.
struct WorkerContext {
  ServingState& serving;
  LongWork& long_work;
  AccessLog* access_log = nullptr;  ///< Null: none.
  ConnectionLimits limits;
};

/// One thread, its io_context, connections, plans, lookups and counters: nothing of it is shared,
/// so a request takes no lock. Owned by the server. Members are used on the worker's own thread
/// unless they say otherwise.
class Worker {
 public:
  using Clock = std::chrono::steady_clock;

  /// `workers` (all of the server's, for /metrics) outlives this.
  Worker(const WorkerContext& context, const std::vector<std::unique_ptr<Worker>>& workers);
  ~Worker();

  /// Any thread. Start begins the thread; Join waits for its end, after BeginStop.
  void Start();
  void Join();
  /// Any thread: posts work to this worker's thread.
  boost::asio::io_context& io() { return io_; }
  template <typename Work>
  void Post(Work work) {
    boost::asio::post(io_, std::move(work));
  }
  bool OnOwnThread() { return io_.get_executor().running_in_this_thread(); }
  /// Any thread: work that an I/O thread must not do, done by another. Its answer is posted back.
  template <typename Work>
  void RunLong(Work work) {
    context_.long_work.Run(std::move(work));
  }
  bool OnLongThread() const { return context_.long_work.OnOwnThread(); }
  /// Any thread: connections end once they have answered what they received; then the thread ends.
  void BeginStop();
  /// Any thread. A connection accepted into io(); `tls` null: plain HTTP.
  void Adopt(boost::asio::ip::tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> tls);

  ServingState& serving() const { return context_.serving; }
  /// The registry and store of now; whoever goes on later holds it.
  const std::shared_ptr<const PreparedProject>& served() { return plans_.served(); }
  WorkerPlans& plans() { return plans_; }
  LookupCallPool& lookups() { return lookups_; }
  WorkerMetrics& metrics() { return metrics_; }
  const ConnectionLimits& limits() const { return context_.limits; }
  const AccessLog* access_log() const { return context_.access_log; }
  /// REQUIRES: access_log().
  void LogAccess(const AccessEntry& entry);
  /// Whether a failure may be logged now, and how many were not since the last one: a few seconds
  /// apart, so that the log stays readable and this thread free.
  std::optional<uint64_t> TakeFailureLine();
  /// "Date: ...\r\n", at most a sweep old.
  const std::string& date_header() const { return date_header_; }
  bool stopping() const { return stopping_; }
  /// The time at the last tick of the sweep: good enough for deadlines, and costs nothing.
  Clock::time_point coarse_now() const { return coarse_now_; }
  /// Counters of all workers.
  std::vector<const WorkerMetrics*> AllMetrics() const;

  void Forget(Connection* connection);

 private:
  void Sweep();
  void RenderDate();
  void ScheduleSweep();
  bool done() const { return stopping_ && connections_.empty(); }
  void EndIfDone();

  const WorkerContext context_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running_;
  boost::asio::steady_timer sweep_timer_;
  Clock::time_point coarse_now_ = Clock::now();
  std::string date_header_;
  int64_t date_second_ = 0;   // which date_header_ is of
  std::string access_lines_;  // of the requests answered since the last hand-over to the log
  Clock::time_point next_failure_line_;
  uint64_t failures_left_out_ = 0;
  bool stopping_ = false;
  Clock::time_point stop_deadline_;
  WorkerMetrics metrics_;
  WorkerPlans plans_;
  LookupCallPool lookups_;
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  std::thread thread_;
};

}  // namespace featly
