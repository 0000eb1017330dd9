// Materialize and MaterializeIncremental: which views and ranges, and the bookkeeping.
#include "flows/materialize.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/quoted_names.h"
#include "offline/source.h"
#include "project/project_impl.h"
#include "project/run_record.h"

namespace featly {

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

/// One view's part of a run.
struct ViewRange {
  const ViewSpec* view;
  Timestamp start, end;
  bool first_run = false;
};

/// The range of an incremental run up to `end`; `anew`: whatever is recorded of earlier ones.
ViewRange IncrementalRange(const ViewSpec& view, Timestamp now, Timestamp end, bool anew) {
  // A table of the present is read whole: there is no part of it that was read already.
  if (!view.batch_source.has_event_time()) return {&view, end, end};
  if (std::optional<Timestamp> last = LastRecordedEnd(view); last && !anew) {
    return {&view, *last, end};
  }
  Duration back = view.ttl.micros > 0 ? view.ttl : kFirstRunWithoutTtl;
  return {&view, SaturatingSubtract(now, back), end, /*first_run=*/true};
}

/// The error of a run in which views failed, the first of them with `first`.
Status SomeFailed(std::span<const std::string> failed, size_t all, const Status& first) {
  return Error(KindOf(first),
               std::to_string(failed.size()) + " of " + std::to_string(all) +
                   " feature views could not be materialized: " + QuotedNames(failed))
      .Subject(failed.front())
      .Cause(first);
}

/// Drops what the store holds of the view, and what the registry says of it first: a refresh that
/// is cut short is then a view that was never materialized.
Status BeginAnew(Project& project, OnlineStore& store, const std::string& view) {
  ARROW_ASSIGN_OR_RAISE(FileLock lock, LockAgainstApplies(project.config()));
  ARROW_ASSIGN_OR_RAISE(
      auto snapshot, ForgetRuns(project.registry(), project.name(), {view}, project.clock().Now()));
  ARROW_RETURN_NOT_OK(store.DropView(project.name(), view));
  ARROW_RETURN_NOT_OK(store.Rekey(OnlineSchemas(*snapshot, project.name())));
  return SweepAll(store);
}

/// One call of Materialize or MaterializeIncremental: views one after another.
class MaterializeRun {
 public:
  /// `anew`: what the store holds of a view is dropped before its new rows are written.
  MaterializeRun(Project& project, OnlineStore& store, const WorkContext& work, bool anew)
      : project_(project),
        store_(store),
        work_(work),
        anew_(anew),
        started_(project.clock().Now()) {}

  Result<std::vector<ViewMaterialized>> Run(std::span<const ViewRange> ranges,
                                            const MaterializeOptions& options) {
    std::vector<ViewMaterialized> done;
    std::vector<std::string> failed;
    Status first;
    for (size_t i = 0; i < ranges.size(); ++i) {
      const std::string& view = ranges[i].view->name;
      std::string what = "materialize '" + view + "'";
      auto entry = One(ranges[i], &what);
      if (entry.ok()) {
        if (options.finished) options.finished(*entry);
        done.push_back(*std::move(entry));
        continue;
      }
      if (KindOf(entry.status()) == ErrorKind::kCancelled) {
        return WithContext(what + NotDone(failed, ranges.subspan(i + 1)), entry.status());
      }
      Status status = WithContext(what, entry.status());
      if (ranges.size() == 1) return status;
      if (options.failed) options.failed(view, status);
      failed.push_back(view);
      if (first.ok()) first = std::move(status);
    }
    if (!failed.empty()) return SomeFailed(failed, ranges.size(), first);
    return done;
  }

 private:
  /// " (failed: 'a'; not begun: 'c')": what else an interrupted run leaves to be done.
  static std::string NotDone(std::span<const std::string> failed,
                             std::span<const ViewRange> later) {
    std::vector<std::string> names;
    for (const ViewRange& range : later) names.push_back(range.view->name);
    std::string text;
    if (!failed.empty()) text = "failed: " + QuotedNames(failed);
    if (!names.empty())
      text += (text.empty() ? "not begun: " : "; not begun: ") + QuotedNames(names);
    return text.empty() ? text : " (" + text + ")";
  }

  /// Reads the range, so that nothing is dropped for rows that are not there or cannot be read.
  Status Check(const ViewRange& range) {
    MaterializeRequest request = RequestOf(range);
    request.only_read = true;
    auto found = MaterializeView(request, store_, work_);
    ARROW_RETURN_NOT_OK(found.status());
    if (found->rows_read > found->rows_with_null_key) return Status::OK();
    return Error(ErrorKind::kInvalid, "its source holds no rows from " +
                                          FormatTimestamp(range.start) + " to " +
                                          FormatTimestamp(range.end) +
                                          ", and the view would be empty; name another range")
        .Subject(range.view->name);
  }

  /// `*what`, the context of an error, gets what else there is to say.
  Result<ViewMaterialized> One(const ViewRange& range, std::string* what) {
    if (anew_) {
      if (Status refused = Check(range); !refused.ok()) {
        what->append(" (nothing was dropped)");
        return refused;
      }
    }
    ViewMaterialized entry{range.view->name, range.start, range.end, range.first_run, {}};
    if (range.start > range.end) {
      // What was never materialized and is not now either: the user needs to know what there is.
      if (range.first_run) {
        ARROW_ASSIGN_OR_RAISE(entry.result.source_range, SourceRange(*range.view));
      }
      return entry;
    }
    if (anew_) ARROW_RETURN_NOT_OK(BeginAnew(project_, store_, range.view->name));
    ARROW_ASSIGN_OR_RAISE(entry.result, MaterializeView(RequestOf(range), store_, work_));
    ARROW_RETURN_NOT_OK(RecordInterval(project_.registry(), *range.view, range.start, range.end,
                                       project_.clock().Now()));
    return entry;
  }

  MaterializeRequest RequestOf(const ViewRange& range) const {
    const Config& config = project_.config();
    MaterializeRequest request;
    request.view = range.view;
    request.root = config.repo_path;
    request.start = range.start;
    request.end = range.end;
    request.run_started = started_;
    request.entity_key_version = config.entity_key_version;
    // A local folder that is there, whatever the store.
    request.spill_folder = std::filesystem::path(config.registry_path).parent_path().string();
    return request;
  }

  Result<std::optional<Source::TimeRange>> SourceRange(const ViewSpec& view) {
    ARROW_ASSIGN_OR_RAISE(auto source,
                          Source::Open(view.batch_source, project_.config().repo_path));
    return source->EventTimeRange(work_);
  }

  Project& project_;
  OnlineStore& store_;
  const WorkContext& work_;
  const bool anew_;
  const Timestamp started_;
};

Result<std::vector<ViewMaterialized>> MaterializeViews(
    Project& project, const MaterializeOptions& options, const WorkContext& work,
    const std::function<ViewRange(const ViewSpec&)>& range_of) {
  {
    // First, so that a run that cannot begin makes no store.
    ARROW_ASSIGN_OR_RAISE(auto before, project.Snapshot());
    ARROW_RETURN_NOT_OK(SelectViews(*before, project.name(), options.views).status());
  }
  ARROW_ASSIGN_OR_RAISE(PreparedProject prepared, project.Prepared());
  auto& [snapshot, store] = prepared;
  ARROW_ASSIGN_OR_RAISE(auto views, SelectViews(*snapshot, project.name(), options.views));
  std::vector<ViewRange> ranges;
  for (const ViewSpec* view : views) ranges.push_back(range_of(*view));
  MaterializeRun run(project, *store, work, options.full_refresh);
  return run.Run(ranges, options);
}

}  // namespace

Result<std::vector<ViewMaterialized>> Project::Materialize(Timestamp start, Timestamp end,
                                                           const MaterializeOptions& options,
                                                           const WorkContext& work) {
  if (start > end) {
    return Error(ErrorKind::kInvalid, "the range begins at " + FormatTimestamp(start) +
                                          ", after its end " + FormatTimestamp(end));
  }
  return MaterializeViews(*this, options, work,
                          [&](const ViewSpec& view) { return ViewRange{&view, start, end}; });
}

Result<std::vector<ViewMaterialized>> Project::MaterializeIncremental(
    Timestamp end, const MaterializeOptions& options, const WorkContext& work) {
  const Timestamp now = impl_->clock->Now();
  return MaterializeViews(*this, options, work, [&](const ViewSpec& view) {
    return IncrementalRange(view, now, end, options.full_refresh);
  });
}

}  // namespace featly
