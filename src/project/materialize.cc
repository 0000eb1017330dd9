// Materialize and MaterializeIncremental: which views and ranges, and the bookkeeping.
#include "flows/materialize.h"

#include <algorithm>
#include <string>
#include <utility>

#include "project/project_impl.h"
#include "registry/normalize.h"
#include "registry/proto_time.h"

namespace featly {

namespace core = feast::core;

namespace {

/// How far back a first incremental run goes for a view without a TTL, as in Feast.
constexpr Duration kFirstRunWithoutTtl = Duration::Days(364);

/// The named views, or every view that materializes.
Result<std::vector<const ViewSpec*>> SelectViews(const RegistrySnapshot& snapshot,
                                                 const std::string& project,
                                                 const std::vector<std::string>& names) {
  std::vector<const ViewSpec*> selected;
  if (names.empty()) {
    for (const ViewSpec* view : snapshot.Views(project)) {
      if (view->online && view->enabled) selected.push_back(view);
    }
    if (!selected.empty()) return selected;
    return Error(ErrorKind::kInvalid,
                 "project '" + project +
                     "' has no online feature view to materialize; define one and run apply");
  }
  for (const std::string& name : names) {
    ARROW_ASSIGN_OR_RAISE(const ViewSpec* view, snapshot.View(project, name));
    if (!view->online || !view->enabled) {
      return Error(ErrorKind::kInvalid,
                   "feature view '" + name + "' is " +
                       (view->online ? "disabled" : "defined with online=False") +
                       ", so there is nothing to materialize it into")
          .Subject(name);
    }
    selected.push_back(view);
  }
  return selected;
}

/// Where an incremental run of `view` begins.
Timestamp IncrementalStart(const ViewSpec& view, Timestamp now) {
  const auto& intervals = view.proto->meta().materialization_intervals();
  if (intervals.empty()) {
    return SaturatingSubtract(now, view.ttl.micros > 0 ? view.ttl : kFirstRunWithoutTtl);
  }
  Timestamp last = Timestamp::Min();
  for (const auto& interval : intervals) last = std::max(last, FromProto(interval.end_time()));
  return last;
}

/// The view's message in `registry`, to edit; null where there is none.
core::FeatureView* FindView(const ViewSpec& view, core::Registry* registry) {
  return static_cast<core::FeatureView*>(
      MutableObject(ObjectKind::kFeatureView, view.project, view.name, registry));
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

/// Notes in the registry that `view` holds the range. A range that is there already is not added
/// again, so that repeating a run leaves the registry as it was.
Status RecordInterval(RegistryStore& registry, const ViewSpec& view, Timestamp start, Timestamp end,
                      Timestamp now) {
  auto change = [&](core::Registry* message) -> Status {
    core::FeatureView* found = FindView(view, message);
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

/// One view's part of a run.
struct ViewRange {
  const ViewSpec* view;
  Timestamp start, end;
};

Result<std::vector<ViewMaterialized>> MaterializeRanges(Project& project,
                                                        const std::vector<ViewRange>& ranges,
                                                        const WorkContext& work) {
  const Config& config = project.config();
  ARROW_ASSIGN_OR_RAISE(OnlineStore * store, project.online());
  const Timestamp run_started = project.clock().Now();
  std::vector<ViewMaterialized> done;
  for (const ViewRange& range : ranges) {
    ViewMaterialized entry{range.view->name, range.start, range.end, {}};
    if (range.start <= range.end) {
      MaterializeRequest request;
      request.view = range.view;
      request.root = config.repo_path;
      request.start = range.start;
      request.end = range.end;
      request.run_started = run_started;
      request.entity_key_version = config.entity_key_version;
      request.spill_folder = config.online_path;
      auto result = MaterializeView(request, *store, work);
      if (!result.ok()) {
        return WithContext("materialize '" + range.view->name + "'", result.status());
      }
      entry.result = *result;
      ARROW_RETURN_NOT_OK(RecordInterval(project.registry(), *range.view, range.start, range.end,
                                         project.clock().Now()));
    }
    done.push_back(std::move(entry));
  }
  return done;
}

}  // namespace

Result<std::vector<ViewMaterialized>> Project::Materialize(Timestamp start, Timestamp end,
                                                           const std::vector<std::string>& views,
                                                           const WorkContext& work) {
  if (start > end) {
    return Error(ErrorKind::kInvalid, "the range begins at " + FormatTimestamp(start) +
                                          ", after its end " + FormatTimestamp(end));
  }
  ARROW_ASSIGN_OR_RAISE(auto snapshot, Snapshot());
  ARROW_ASSIGN_OR_RAISE(auto selected, SelectViews(*snapshot, impl_->config.project, views));
  std::vector<ViewRange> ranges;
  for (const ViewSpec* view : selected) ranges.push_back({view, start, end});
  return MaterializeRanges(*this, ranges, work);
}

Result<std::vector<ViewMaterialized>> Project::MaterializeIncremental(
    Timestamp end, const std::vector<std::string>& views, const WorkContext& work) {
  ARROW_ASSIGN_OR_RAISE(auto snapshot, Snapshot());
  ARROW_ASSIGN_OR_RAISE(auto selected, SelectViews(*snapshot, impl_->config.project, views));
  std::vector<ViewRange> ranges;
  const Timestamp now = impl_->clock->Now();
  for (const ViewSpec* view : selected) ranges.push_back({view, IncrementalStart(*view, now), end});
  return MaterializeRanges(*this, ranges, work);
}

}  // namespace featly
