// What the server counts. Each worker counts for itself; a scrape adds up.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "retrieval/lookup.h"

namespace featly {

/// A counter with one writing thread; any thread reads.
class WorkerCounter {
 public:
  void Add(uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

/// A Prometheus histogram with one writing thread and fixed bounds; any thread reads.
class WorkerHistogram {
 public:
  static constexpr size_t kMaxBounds = 12;

  /// `bounds` is a static table of at most kMaxBounds upper bounds.
  explicit WorkerHistogram(std::span<const double> bounds) : bounds_(bounds) {}

  void Observe(double value);
  std::span<const double> bounds() const { return bounds_; }
  /// Observations up to bounds()[i] and above bounds()[i - 1]; the last one is above all.
  uint64_t count(size_t i) const { return counts_[i].value(); }
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::span<const double> bounds_;
  std::array<WorkerCounter, kMaxBounds + 1> counts_;
  std::atomic<double> sum_{0};
};

/// Feature values answered for one view, by FieldStatus.
using ViewStatusCounters = std::array<WorkerCounter, 5>;

/// Rows that came over HTTP for one push source or feature view.
struct WrittenRows {
  uint64_t stored = 0;
  uint64_t stale = 0;
};

/// One route's requests.
struct RouteMetrics {
  RouteMetrics();
  WorkerCounter succeeded;  ///< Answered below 400.
  WorkerCounter failed;
  WorkerHistogram
      latency;  ///< Seconds, from the whole request being read to its answer being made.
};

/// The counters of one worker, which writes them; any thread may read. Adding a view or push source
/// takes the mutex, counting does not.
class WorkerMetrics {
 public:
  explicit WorkerMetrics(size_t routes);

  RouteMetrics& route(size_t index) { return routes_[index]; }
  const RouteMetrics& route(size_t index) const { return routes_[index]; }

  WorkerCounter connections_opened, connections_closed;
  WorkerCounter lookups;
  WorkerHistogram entity_count;
  WorkerHistogram store_read;  ///< Seconds.

  /// The counters of a view; valid as long as this.
  ViewStatusCounters* View(std::string_view name);
  void CountPush(const std::string& push_source, const std::string& mode);
  void CountRows(const std::string& target, const WriteResult& result);

  /// Adds this worker's to each.
  void Collect(std::map<std::string, std::array<uint64_t, 5>>* views,
               std::map<std::pair<std::string, std::string>, uint64_t>* pushes,
               std::map<std::string, WrittenRows>* written) const;

 private:
  std::vector<RouteMetrics> routes_;
  mutable std::mutex mutex_;  // guards the maps' shape
  std::map<std::string, ViewStatusCounters, std::less<>> views_;
  std::map<std::pair<std::string, std::string>, WorkerCounter> pushes_;
  std::map<std::string, WrittenRows> written_;
};

class ServingState;

/// All workers' metrics, and what the registry tells, in Prometheus' text format.
std::string RenderMetrics(const std::vector<const WorkerMetrics*>& workers,
                          const ServingState& serving);

}  // namespace featly
