#include "project/plan_cache.h"

#include <utility>

namespace featly {

std::shared_ptr<const RetrievalPlan> PlanCache::Find(const RegistrySnapshot* snapshot,
                                                     const std::string& key) {
  std::lock_guard lock(mutex_);
  if (snapshot_.get() != snapshot) return nullptr;
  auto found = plans_.find(key);
  return found == plans_.end() ? nullptr : found->second;
}

void PlanCache::Insert(std::shared_ptr<const RegistrySnapshot> snapshot, const std::string& key,
                       std::shared_ptr<const RetrievalPlan> plan) {
  std::lock_guard lock(mutex_);
  if (snapshot_ != snapshot || plans_.size() >= kMaxPlans) plans_.clear();
  snapshot_ = std::move(snapshot);
  plans_[key] = std::move(plan);
}

void PlanCache::Clear() {
  std::lock_guard lock(mutex_);
  plans_.clear();
  snapshot_.reset();
}

std::string PlanCache::KeyOf(const FeatureRequest& request) {
  std::string key(1, request.full_feature_names ? '1' : '0');
  if (!request.feature_service.empty()) return key + "s" + request.feature_service;
  key += 'f';
  for (const std::string& feature : request.features) {
    key += std::to_string(feature.size());
    key += ':';
    key += feature;
  }
  return key;
}

}  // namespace featly
