#include "server/metrics.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "server/route.h"
#include "server/serving_state.h"

namespace featly {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Feast's bounds.
constexpr double kLatencyBounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};
constexpr double kStoreReadBounds[] = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1,
                                       0.25,  0.5,   1.0,  2.5,   5.0,  10.0};
constexpr double kEntityBounds[] = {1, 5, 10, 25, 50, 100, 250, 500, 1000};

const char* const kStatusLabels[] = {"invalid", "present", "null_value", "not_found",
                                     "outside_max_age"};

using Labels = std::vector<ClientMetric::Label>;

MetricFamily Family(const char* name, const char* help, MetricType type) {
  MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  return family;
}

ClientMetric Number(MetricType type, double value, Labels labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return metric;
}

MetricFamily Single(const char* name, const char* help, MetricType type, double value) {
  MetricFamily family = Family(name, help, type);
  family.metric.push_back(Number(type, value, {}));
  return family;
}

/// The sum of one histogram of every worker.
ClientMetric HistogramOf(const std::vector<const WorkerHistogram*>& parts, Labels labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  std::span<const double> bounds = parts.front()->bounds();
  uint64_t cumulative = 0;
  for (size_t i = 0; i <= bounds.size(); ++i) {
    for (const WorkerHistogram* part : parts) cumulative += part->count(i);
    double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({cumulative, bound});
  }
  metric.histogram.sample_count = cumulative;
  for (const WorkerHistogram* part : parts) metric.histogram.sample_sum += part->sum();
  return metric;
}

template <typename Pick>
ClientMetric SumHistograms(const std::vector<const WorkerMetrics*>& workers, Labels labels,
                           Pick pick) {
  std::vector<const WorkerHistogram*> parts;
  for (const WorkerMetrics* worker : workers) parts.push_back(&pick(*worker));
  return HistogramOf(parts, std::move(labels));
}

template <typename Pick>
double Sum(const std::vector<const WorkerMetrics*>& workers, Pick pick) {
  uint64_t sum = 0;
  for (const WorkerMetrics* worker : workers) sum += pick(*worker);
  return static_cast<double>(sum);
}

void AddRequests(const std::vector<const WorkerMetrics*>& workers, std::vector<MetricFamily>* out) {
  MetricFamily total = Family("feast_feature_server_request_total",
                              "Requests by endpoint and outcome.", MetricType::Counter);
  MetricFamily latency =
      Family("feast_feature_server_request_latency_seconds",
             "From the whole request being read to its answer being made.", MetricType::Histogram);
  const std::vector<Route>& routes = Routes();
  for (size_t i = 0; i <= routes.size(); ++i) {
    std::string endpoint = i < routes.size() ? std::string(routes[i].path) : "other";
    total.metric.push_back(
        Number(MetricType::Counter,
               Sum(workers, [&](auto& worker) { return worker.route(i).succeeded.value(); }),
               {{"endpoint", endpoint}, {"status", "success"}}));
    total.metric.push_back(
        Number(MetricType::Counter,
               Sum(workers, [&](auto& worker) { return worker.route(i).failed.value(); }),
               {{"endpoint", endpoint}, {"status", "error"}}));
    latency.metric.push_back(SumHistograms(
        workers, {{"endpoint", endpoint}},
        [&](auto& worker) -> const WorkerHistogram& { return worker.route(i).latency; }));
  }
  out->push_back(std::move(total));
  out->push_back(std::move(latency));
}

void AddLookups(const std::vector<const WorkerMetrics*>& workers, std::vector<MetricFamily>* out) {
  out->push_back(Single("feast_online_features_request_total", "Lookups answered.",
                        MetricType::Counter,
                        Sum(workers, [](auto& worker) { return worker.lookups.value(); })));
  MetricFamily entities = Family("feast_online_features_entity_count", "Entity rows in a lookup.",
                                 MetricType::Histogram);
  entities.metric.push_back(
      SumHistograms(workers, {}, [](auto& worker) -> auto& { return worker.entity_count; }));
  out->push_back(std::move(entities));
  MetricFamily reads = Family("feast_feature_server_online_store_read_duration_seconds",
                              "The online store's part of a lookup.", MetricType::Histogram);
  reads.metric.push_back(
      SumHistograms(workers, {}, [](auto& worker) -> auto& { return worker.store_read; }));
  out->push_back(std::move(reads));
}

void AddViewsAndPushes(const std::vector<const WorkerMetrics*>& workers,
                       std::vector<MetricFamily>* out) {
  std::map<std::string, std::array<uint64_t, 5>> views;
  std::map<std::pair<std::string, std::string>, uint64_t> pushes;
  std::map<std::string, WrittenRows> written;
  for (const WorkerMetrics* worker : workers) worker->Collect(&views, &pushes, &written);

  MetricFamily statuses =
      Family("feast_online_features_status_total", "Feature values answered, by view and status.",
             MetricType::Counter);
  for (const auto& [view, counts] : views) {
    for (size_t status = 1; status < counts.size(); ++status) {
      statuses.metric.push_back(
          Number(MetricType::Counter, static_cast<double>(counts[status]),
                 {{"feature_view", view}, {"status", kStatusLabels[status]}}));
    }
  }
  out->push_back(std::move(statuses));
  MetricFamily pushed =
      Family("feast_push_request_total", "Pushes answered with 200.", MetricType::Counter);
  for (const auto& [labels, count] : pushes) {
    pushed.metric.push_back(Number(MetricType::Counter, static_cast<double>(count),
                                   {{"push_source", labels.first}, {"mode", labels.second}}));
  }
  out->push_back(std::move(pushed));
  MetricFamily rows = Family("featly_written_rows_total",
                             "Rows written over HTTP, by the push source or feature view they were "
                             "sent to: stored, and stale ones, older than what is stored.",
                             MetricType::Counter);
  for (const auto& [target, counts] : written) {
    rows.metric.push_back(Number(MetricType::Counter, static_cast<double>(counts.stored),
                                 {{"target", target}, {"outcome", "stored"}}));
    rows.metric.push_back(Number(MetricType::Counter, static_cast<double>(counts.stale),
                                 {{"target", target}, {"outcome", "stale"}}));
  }
  out->push_back(std::move(rows));
}

void AddFreshness(const ServingState& serving, std::vector<MetricFamily>* out) {
  MetricFamily freshness =
      Family("feast_feature_freshness_seconds",
             "Seconds since the end of a view's last materialized interval.", MetricType::Gauge);
  std::shared_ptr<const RegistrySnapshot> snapshot = serving.served()->snapshot;
  int64_t now = serving.Now().micros;
  for (const ViewSpec* view : snapshot->Views(serving.project_name())) {
    int64_t end = std::numeric_limits<int64_t>::min();
    for (const auto& interval : view->proto->meta().materialization_intervals()) {
      end = std::max(end,
                     interval.end_time().seconds() * 1000000 + interval.end_time().nanos() / 1000);
    }
    if (end == std::numeric_limits<int64_t>::min()) continue;
    freshness.metric.push_back(
        Number(MetricType::Gauge, static_cast<double>(now - end) / 1e6,
               {{"feature_view", view->name}, {"project", serving.project_name()}}));
  }
  out->push_back(std::move(freshness));
}

void AddProcess(const std::vector<const WorkerMetrics*>& workers, const ServingState& serving,
                std::vector<MetricFamily>* out) {
  out->push_back(Single("featly_server_connections", "Open connections.", MetricType::Gauge,
                        Sum(workers, [](auto& worker) {
                          return worker.connections_opened.value() -
                                 worker.connections_closed.value();
                        })));
  out->push_back(Single("featly_server_registry_refresh_failures_total",
                        "Times the registry could not be read again; the last good one stays.",
                        MetricType::Counter, static_cast<double>(serving.refresh_failures())));
  out->push_back(Single("featly_server_registry_stale",
                        "1 while the registry cannot be read again: what is served may be old.",
                        MetricType::Gauge, serving.stale() ? 1 : 0));
  double pages = 0;
  double resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  double all = static_cast<double>(sysconf(_SC_PHYS_PAGES));
  out->push_back(Single("feast_feature_server_memory_usage",
                        "Resident memory in percent of the machine's.", MetricType::Gauge,
                        100.0 * resident / all));
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  out->push_back(Single("process_cpu_seconds_total", "User and system time of the process.",
                        MetricType::Counter, seconds(used.ru_utime) + seconds(used.ru_stime)));
}

}  // namespace

void WorkerHistogram::Observe(double value) {
  size_t i = 0;
  while (i < bounds_.size() && value > bounds_[i]) ++i;
  counts_[i].Add();
  sum_.store(sum_.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}

RouteMetrics::RouteMetrics() : latency(kLatencyBounds) {}

WorkerMetrics::WorkerMetrics(size_t routes)
    : entity_count(kEntityBounds), store_read(kStoreReadBounds), routes_(routes) {}

ViewStatusCounters* WorkerMetrics::View(std::string_view name) {
  std::lock_guard lock(mutex_);
  auto found = views_.find(name);
  if (found == views_.end()) found = views_.try_emplace(std::string(name)).first;
  return &found->second;
}

void WorkerMetrics::CountPush(const std::string& push_source, const std::string& mode) {
  std::lock_guard lock(mutex_);
  pushes_[{push_source, mode}].Add();
}

void WorkerMetrics::CountRows(const std::string& target, const WriteResult& result) {
  std::lock_guard lock(mutex_);
  WrittenRows& rows = written_[target];
  rows.stored += static_cast<uint64_t>(result.applied);
  rows.stale += static_cast<uint64_t>(result.stale);
}

void WorkerMetrics::Collect(std::map<std::string, std::array<uint64_t, 5>>* views,
                            std::map<std::pair<std::string, std::string>, uint64_t>* pushes,
                            std::map<std::string, WrittenRows>* written) const {
  std::lock_guard lock(mutex_);
  for (const auto& [name, counters] : views_) {
    std::array<uint64_t, 5>& sums = (*views)[name];
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += counters[i].value();
  }
  for (const auto& [labels, counter] : pushes_) (*pushes)[labels] += counter.value();
  for (const auto& [target, rows] : written_) {
    (*written)[target].stored += rows.stored;
    (*written)[target].stale += rows.stale;
  }
}

std::string RenderMetrics(const std::vector<const WorkerMetrics*>& workers,
                          const ServingState& serving) {
  std::vector<MetricFamily> families;
  AddRequests(workers, &families);
  AddLookups(workers, &families);
  AddViewsAndPushes(workers, &families);
  AddFreshness(serving, &families);
  AddProcess(workers, serving, &families);
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace featly
