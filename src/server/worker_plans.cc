#include "server/worker_plans.h"

namespace featly {
namespace {

/// Each text with its length, so that no two lists give the same bytes.
void AppendText(std::string_view text, std::string* key) {
  auto size = static_cast<uint32_t>(text.size());
  key->append(reinterpret_cast<const char*>(&size), sizeof size);
  key->append(text);
}

}  // namespace

const std::shared_ptr<const PreparedProject>& WorkerPlans::served() {
  uint64_t epoch = serving_.epoch();
  if (epoch != epoch_) {
    plans_.clear();
    served_ = serving_.served();
    lost_ = serving_.lost();
    epoch_ = epoch;
  }
  return served_;
}

Result<std::shared_ptr<const CachedPlan>> WorkerPlans::Find(
    std::string_view feature_service, const std::vector<std::string_view>& features,
    bool full_feature_names) {
  const PreparedProject& now = *served();
  if (!lost_.ok()) return lost_;
  key_.assign(1, full_feature_names ? 'F' : 'f');
  AppendText(feature_service, &key_);
  if (feature_service.empty()) {
    for (std::string_view feature : features) AppendText(feature, &key_);
  }
  auto found = plans_.find(std::string_view(key_));
  if (found != plans_.end()) return found->second;

  FeatureRequest request;
  request.feature_service = feature_service;
  request.features.assign(features.begin(), features.end());
  request.full_feature_names = full_feature_names;
  auto plan = MakeRetrievalPlan(now.snapshot, serving_.project_name(), request, *now.store,
                                serving_.config().entity_key_version, MissingView::kRefuse);
  if (!plan.ok()) {
    if (KindOf(plan.status()) == ErrorKind::kUnavailable) serving_.ReportMissingView();
    return plan.status();
  }
  auto made = std::make_shared<CachedPlan>();
  made->served = served_;
  made->plan = *std::move(plan);
  for (const PlannedView& view : made->plan->views) {
    made->counters.push_back(metrics_.View(view.name));
  }
  if (plans_.size() >= kMaxPlans) plans_.clear();
  plans_.emplace(key_, made);
  return made;
}

}  // namespace featly
