// Retrieval plans that were made before.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/error.h"
#include "registry/feature_refs.h"
#include "retrieval/plan.h"

namespace featly {

/// Keeps the plans of one snapshot by what was asked; a plan of another snapshot empties it.
/// Bounded: at kMaxPlans it starts anew, so that a client that asks for ever new lists costs plans,
/// not memory. Thread-safe; owned by the Project. Cost of a hit: a lock, and a hash of the
/// request's text.
class PlanCache {
 public:
  static constexpr size_t kMaxPlans = 1024;

  /// Null where the plan was not made for `snapshot` yet.
  std::shared_ptr<const RetrievalPlan> Find(const RegistrySnapshot* snapshot,
                                            const std::string& key);
  void Insert(std::shared_ptr<const RegistrySnapshot> snapshot, const std::string& key,
              std::shared_ptr<const RetrievalPlan> plan);
  void Clear();

  /// One text for each distinct request.
  static std::string KeyOf(const FeatureRequest& request);

 private:
  std::mutex mutex_;
  std::shared_ptr<const RegistrySnapshot> snapshot_;  // keeps the address from being used again
  std::unordered_map<std::string, std::shared_ptr<const RetrievalPlan>> plans_;
};

}  // namespace featly
