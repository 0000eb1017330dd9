#include "project/run_record.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/logging.h"
#include "online/view_schema.h"
#include "registry/diff.h"
#include "registry/normalize.h"
#include "registry/proto_time.h"

namespace featly {

namespace core = feast::core;

namespace {

/// The view's message in `registry`, to edit; null where there is none.
core::FeatureView* FindView(const std::string& project, const std::string& view,
                            core::Registry* registry) {
  return static_cast<core::FeatureView*>(
      MutableObject(ObjectKind::kFeatureView, project, view, registry));
}

/// Whether the rows that were read are those of the view as it is now.
Status CheckUnchanged(const ViewSpec& view, const core::FeatureView* now) {
  const char* what = "deleted";
  if (now != nullptr) {
    auto before = DefinitionOnly(*view.proto), after = DefinitionOnly(*now);
    const bool made_anew = FromProto(view.proto->meta().created_timestamp()) !=
                           FromProto(now->meta().created_timestamp());
    if (!made_anew && !SchemaDiffers(*before, *after) && !SourceDiffers(*before, *after)) {
      return Status::OK();
    }
    what = "changed";
  }
  return Error(ErrorKind::kConflict, "feature view '" + view.name + "' was " + what +
                                         " by another apply while it was being materialized; "
                                         "nothing was recorded: materialize again")
      .Subject(view.name);
}

}  // namespace

std::optional<Timestamp> LastRecordedEnd(const ViewSpec& view) {
  std::optional<Timestamp> last;
  for (const auto& interval : view.proto->meta().materialization_intervals()) {
    Timestamp end = FromProto(interval.end_time());
    last = last ? std::max(*last, end) : end;
  }
  return last;
}

Status RecordInterval(RegistryStore& registry, const ViewSpec& view, Timestamp start, Timestamp end,
                      Timestamp now) {
  auto change = [&](core::Registry* message) -> Status {
    core::FeatureView* found = FindView(view.project, view.name, message);
    ARROW_RETURN_NOT_OK(CheckUnchanged(view, found));
    core::FeatureViewMeta* meta = found->mutable_meta();
    bool known = false;
    for (const auto& interval : meta->materialization_intervals()) {
      known = known ||
              (FromProto(interval.start_time()) == start && FromProto(interval.end_time()) == end);
    }
    if (!known) {
      auto* interval = meta->add_materialization_intervals();
      ToProto(start, interval->mutable_start_time());
      ToProto(end, interval->mutable_end_time());
    }
    meta->set_state(core::AVAILABLE_ONLINE);
    ToProto(now, meta->mutable_last_updated_timestamp());
    TouchRegistry(now, message);
    return Status::OK();
  };
  return registry.Commit(change).status();
}

Result<std::shared_ptr<const RegistrySnapshot>> ForgetRuns(RegistryStore& registry,
                                                           const std::string& project,
                                                           const std::vector<std::string>& views,
                                                           Timestamp now) {
  return registry.Commit([&](core::Registry* message) -> Status {
    for (const std::string& view : views) {
      core::FeatureView* found = FindView(project, view, message);
      if (found != nullptr) ForgetMaterialization(found->mutable_meta());
    }
    TouchRegistry(now, message);
    return Status::OK();
  });
}

Result<std::shared_ptr<const RegistrySnapshot>> ForgetLostRuns(
    RegistryStore& registry, const std::string& project,
    std::shared_ptr<const RegistrySnapshot> snapshot, OnlineStore& store, Timestamp now) {
  ARROW_ASSIGN_OR_RAISE(std::vector<std::string> names, store.ListViews(project));
  const std::set<std::string> held(names.begin(), names.end());
  std::vector<std::string> lost;
  for (const ViewSpec* view : snapshot->Views(project)) {
    std::optional<Timestamp> last = LastRecordedEnd(*view);
    if (!view->online || !last || held.contains(view->name)) continue;
    // A view may be there without the store knowing whose it is: Feast made its table.
    ARROW_ASSIGN_OR_RAISE(auto found, store.Find(SchemaForStore(*view)));
    if (found) continue;
    lost.push_back(view->name);
    Log(LogLevel::kWarning, "feature view '" + view->name + "' is recorded as materialized up to " +
                                FormatTimestamp(*last) + ", but the online store (" +
                                store.description() +
                                ") holds nothing of it; the record is forgotten, so the next "
                                "incremental run begins as the first one");
  }
  if (lost.empty()) return snapshot;
  return ForgetRuns(registry, project, lost, now);
}

}  // namespace featly
