// The retrieval plans one worker has made.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "retrieval/plan.h"
#include "server/metrics.h"
#include "server/serving_state.h"

namespace featly {

/// A plan and where this worker counts for its views.
struct CachedPlan {
  std::shared_ptr<const PreparedProject> served;  ///< Keeps its store open.
  std::shared_ptr<const RetrievalPlan> plan;
  std::vector<ViewStatusCounters*> counters;  ///< As plan->views.
};

/// One worker's plans for one state of the registry. One thread. A request costs one hash lookup of
/// its canonical bytes; a registry that changed empties the cache.
class WorkerPlans {
 public:
  /// Both outlive this.
  WorkerPlans(ServingState& serving, WorkerMetrics& metrics)
      : serving_(serving), metrics_(metrics) {}

  /// The plan for a service or a list of features, made if it is new; the error of `lost` where the
  /// store is.
  Result<std::shared_ptr<const CachedPlan>> Find(std::string_view feature_service,
                                                 const std::vector<std::string_view>& features,
                                                 bool full_feature_names);

  /// What requests are answered from now. Empties the cache where the registry has changed.
  const std::shared_ptr<const PreparedProject>& served();
  /// As ServingState has it.
  const Status& lost() {
    served();
    return lost_;
  }

 private:
  /// Beyond this many plans (each client may send its own list) the cache starts anew.
  static constexpr size_t kMaxPlans = 4096;

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  ServingState& serving_;
  WorkerMetrics& metrics_;
  uint64_t epoch_ = 0;
  std::shared_ptr<const PreparedProject> served_;
  Status lost_;
  std::string key_;
  std::unordered_map<std::string, std::shared_ptr<const CachedPlan>, Hash, std::equal_to<>> plans_;
};

}  // namespace featly
