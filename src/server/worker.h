// One I/O thread with everything that belongs to it alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <unordered_set>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/lookup_call.h"
#include "server/metrics.h"
#include "server/serving_state.h"
#include "server/worker_plans.h"

namespace featly {

class Connection;

/// How long a client may take.
struct ConnectionLimits {
  std::chrono::milliseconds idle{30000};     ///< Without a request on a kept connection.
  std::chrono::milliseconds request{60000};  ///< To send one whole request, and to take its answer.
  uint64_t max_body_bytes = uint64_t{64} << 20;
};

/// One thread, its io_context, connections, plans, lookups and counters: nothing of it is shared,
/// so a request takes no lock. Owned by the server. Members are used on the worker's own thread
/// unless they say otherwise.
class Worker {
 public:
  using Clock = std::chrono::steady_clock;

  /// `serving` and `workers` (all of the server's, for /metrics) outlive this.
  Worker(ServingState& serving, const std::vector<std::unique_ptr<Worker>>& workers,
         ConnectionLimits limits);
  ~Worker();

  /// Any thread. Start begins the thread; Join waits for its end, after BeginStop.
  void Start();
  void Join();
  /// Any thread: posts work to this worker's thread.
  boost::asio::io_context& io() { return io_; }
  /// Any thread: connections end once they have answered what they received; then the thread ends.
  void BeginStop();
  /// Any thread. A connection accepted into io().
  void Adopt(boost::asio::ip::tcp::socket socket);

  ServingState& serving() { return serving_; }
  WorkerPlans& plans() { return plans_; }
  LookupCallPool& lookups() { return lookups_; }
  WorkerMetrics& metrics() { return metrics_; }
  const ConnectionLimits& limits() const { return limits_; }
  bool stopping() const { return stopping_; }
  /// The time at the last tick of the sweep: good enough for deadlines, and costs nothing.
  Clock::time_point coarse_now() const { return coarse_now_; }
  /// Counters of all workers.
  std::vector<const WorkerMetrics*> AllMetrics() const;

  void Forget(Connection* connection);

 private:
  void Sweep();
  void ScheduleSweep();
  bool done() const { return stopping_ && connections_.empty(); }
  void EndIfDone();

  ServingState& serving_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  ConnectionLimits limits_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running_;
  boost::asio::steady_timer sweep_timer_;
  Clock::time_point coarse_now_ = Clock::now();
  bool stopping_ = false;
  WorkerMetrics metrics_;
  WorkerPlans plans_;
  LookupCallPool lookups_;
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  std::thread thread_;
};

}  // namespace featly
