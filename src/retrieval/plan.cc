#include "retrieval/plan.h"

#include <algorithm>
#include <set>

#include "online/view_schema.h"
#include "types/json_value.h"

namespace featly {
namespace {

Status CheckServed(const ViewSpec& view) {
  if (!view.online) {
    return Error(ErrorKind::kInvalid,
                 "feature view '" + view.name +
                     "' is not online: define it with online=True, apply and materialize it")
        .Subject(view.name);
  }
  if (!view.enabled) {
    return Error(ErrorKind::kInvalid, "feature view '" + view.name + "' is disabled")
        .Subject(view.name);
  }
  return Status::OK();
}

/// Index of the key column `name` in the plan. ResolveFeatures listed every one that is used.
uint32_t KeyColumnIndex(const RetrievalPlan& plan, const std::string& name) {
  auto found = std::find_if(plan.key_columns.begin(), plan.key_columns.end(),
                            [&](const JoinKey& key) { return key.name == name; });
  return static_cast<uint32_t>(found - plan.key_columns.begin());
}

/// The group that is asked with the same columns for the same keys, made if it is the first.
Result<uint32_t> GroupFor(const ViewUse& use, int entity_key_version, RetrievalPlan* plan) {
  std::vector<uint32_t> columns;
  for (const std::string& name : use.key_columns) columns.push_back(KeyColumnIndex(*plan, name));
  for (size_t i = 0; i < plan->groups.size(); ++i) {
    const KeyGroup& group = plan->groups[i];
    if (group.codec.keys() == use.view->join_keys && group.key_columns == columns) {
      return static_cast<uint32_t>(i);
    }
  }
  ARROW_ASSIGN_OR_RAISE(EntityKeyCodec codec,
                        EntityKeyCodec::Make(use.view->join_keys, entity_key_version));
  plan->groups.push_back({std::move(codec), std::move(columns), {}, {}});
  return static_cast<uint32_t>(plan->groups.size() - 1);
}

/// Join keys of the project's entities that this plan does not need, with the type a view gives
/// them.
std::vector<JoinKey> OtherKeys(const ResolvedFeatures& resolved) {
  std::set<std::string, std::less<>> seen;
  for (const JoinKey& key : resolved.key_columns) seen.insert(key.name);
  std::vector<JoinKey> others;
  for (const ViewSpec* view : resolved.snapshot->Views(resolved.project)) {
    for (const JoinKey& key : view->join_keys) {
      if (seen.insert(key.name).second) others.push_back(key);
    }
  }
  return others;
}

void RenderNames(const ResolvedFeatures& resolved, RetrievalPlan* plan) {
  for (const PlannedFeature& feature : plan->features) {
    if (!plan->feature_names_json.empty()) plan->feature_names_json.push_back(',');
    AppendJsonString(feature.output_name, &plan->feature_names_json);
  }
  std::set<std::string_view> seen;
  for (const ViewUse& use : resolved.views) {
    if (!seen.insert(use.alias).second) continue;
    std::string& json = plan->view_metadata_json;
    if (!json.empty()) json.push_back(',');
    json.append("{\"name\":");
    AppendJsonString(use.alias, &json);
    int32_t version = use.view->proto->meta().current_version_number();
    if (version) json.append(",\"version\":").append(std::to_string(version));
    json.push_back('}');
  }
}

}  // namespace

Result<std::shared_ptr<const RetrievalPlan>> MakeRetrievalPlan(
    std::shared_ptr<const RegistrySnapshot> snapshot, std::string_view project,
    const FeatureRequest& request, OnlineStore& store, int entity_key_version,
    MissingView missing) {
  auto plan = std::make_shared<RetrievalPlan>();
  ARROW_ASSIGN_OR_RAISE(plan->resolved, ResolveFeatures(std::move(snapshot), project, request));
  const ResolvedFeatures& resolved = *plan->resolved;
  plan->key_columns = resolved.key_columns;
  plan->other_keys = OtherKeys(resolved);

  for (const ViewUse& use : resolved.views) {
    PlannedView view;
    ARROW_RETURN_NOT_OK(CheckServed(*use.view));
    ARROW_ASSIGN_OR_RAISE(view.online, BindView(store, SchemaForStore(*use.view), missing));
    ARROW_ASSIGN_OR_RAISE(view.group, GroupFor(use, entity_key_version, plan.get()));
    view.name = use.alias;
    view.ttl = use.view->ttl;
    view.has_event_time = use.view->batch_source.has_event_time();
    KeyGroup& group = plan->groups[view.group];
    view.index_in_group = static_cast<uint32_t>(group.views.size());
    group.views.push_back(view.online.get());
    group.columns.emplace_back();
    plan->views.push_back(std::move(view));
  }
  for (const FeatureUse& use : resolved.features) {
    const PlannedView& view = plan->views[use.view];
    plan->groups[view.group].columns[view.index_in_group].push_back(use.feature);
    plan->features.push_back({use.view, use.feature,
                              view.online->schema().columns[use.feature].type, use.output_name,
                              resolved.views[use.view].view->UserType(use.feature)});
  }
  RenderNames(resolved, plan.get());
  return plan;
}

}  // namespace featly
