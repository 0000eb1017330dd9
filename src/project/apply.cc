// Plan, Apply and Teardown: definitions into the registry and the store, and out of them.
#include <set>
#include <string>
#include <utility>

#include "base/file.h"
#include "project/definitions.h"
#include "project/inference.h"
#include "project/project_impl.h"
#include "project/run_record.h"
#include "project/source_catalog.h"
#include "registry/normalize.h"
#include "registry/validate.h"

namespace featly {

namespace core = feast::core;

namespace {

/// Copies of the definitions, so that filling them in leaves the caller's as they were, with the
/// project set, and the project itself among them.
std::vector<Definition> OwnDefinitions(const std::vector<Definition>& definitions,
                                       const Config& config, bool total) {
  std::vector<Definition> own;
  bool has_project = false;
  for (const Definition& definition : definitions) {
    Definition copy = definition;
    copy.object.reset(definition.object->New());
    copy.object->CopyFrom(*definition.object);
    if (definition.kind == ObjectKind::kProject) {
      has_project = has_project || ObjectName(definition.kind, *copy.object) == config.project;
    } else {
      SetObjectProject(definition.kind, config.project, copy.object.get());
    }
    own.push_back(std::move(copy));
  }
  if (!has_project && total) {
    auto project = std::make_shared<core::Project>();
    project->mutable_spec()->set_name(config.project);
    project->mutable_spec()->set_description(config.project_description);
    own.push_back({ObjectKind::kProject, std::move(project), config.file, 0});
  }
  return own;
}

Result<RegistryDiff> DiffWith(const core::Registry& registry, std::string_view project,
                              const std::vector<Definition>& definitions,
                              const ApplyOptions& options) {
  RegistryDiff diff = DiffRegistry(registry, project, definitions, options.total);
  ARROW_RETURN_NOT_OK(AddDeletions(registry, project, definitions, options.deletions, &diff));
  return diff;
}

/// What a commit of `diff` would make of `registry`.
Result<std::shared_ptr<const RegistrySnapshot>> SnapshotAfter(
    const core::Registry& registry, const RegistryDiff& diff, std::string_view project,
    const std::vector<Definition>& definitions, Timestamp now) {
  auto after = std::make_shared<core::Registry>(registry);
  ApplyDiff(diff, project, definitions, now, after.get());
  return RegistrySnapshot::Make(std::move(after));
}

/// Opens the source of every view among `definitions` and holds its columns against the view.
Status CheckSources(const std::vector<Definition>& definitions, const RegistrySnapshot& after,
                    std::string_view project, SourceCatalog* sources) {
  for (const Definition& definition : definitions) {
    if (definition.kind != ObjectKind::kFeatureView) continue;
    const auto& proto = static_cast<const core::FeatureView&>(*definition.object);
    auto view = after.View(project, proto.spec().name());
    if (!view.ok()) return AtDefinition(definition, view.status());
    auto source = sources->Open((*view)->batch_source);
    if (!source.ok()) {
      return AtDefinition(
          definition, WithContext("feature view '" + proto.spec().name() + "'", source.status()));
    }
    Status checked = CheckSourceSchema(**view, **source);
    if (!checked.ok()) return AtDefinition(definition, checked);
  }
  return Status::OK();
}

bool SameChange(const Change& a, const Change& b) {
  return a.type == b.type && a.kind == b.kind && a.name == b.name && a.details == b.details;
}

/// Whether `now`, made on what the registry holds at the commit, does nothing that `planned` did
/// not say. Part of the plan may have been done by another apply meanwhile; nothing may be added to
/// it.
Status CheckWithinPlan(const RegistryDiff& planned, const RegistryDiff& now) {
  for (const Change& change : now.changes) {
    bool known = false;
    for (const Change& p : planned.changes) known = known || SameChange(p, change);
    if (known) continue;
    return Error(ErrorKind::kConflict,
                 std::string("another apply changed the ") + InfoOf(change.kind).title + " '" +
                     change.name +
                     "' while this one was being prepared; nothing was applied: look at "
                     "its change and apply again")
        .Subject(change.name);
  }
  return Status::OK();
}

/// The project's views that may have rows in the online store.
std::set<std::string> OnlineViewNames(const RegistrySnapshot& snapshot,
                                      const std::string& project) {
  std::set<std::string> names;
  for (const std::string& name : snapshot.Names(ObjectKind::kFeatureView, project)) {
    auto view = snapshot.View(project, name);
    // What this version cannot read, another may be serving.
    if (!view.ok() || (*view)->online) names.insert(name);
  }
  return names;
}

/// Drops the views of the project that the store holds and the registry does not: those this apply
/// deleted (also where another program made them, and the store does not know whose they are), and
/// those whose removal was interrupted in an earlier one.
Status DropLeftViews(const RegistrySnapshot& before, const RegistrySnapshot& snapshot,
                     const std::string& project, OnlineStore& store) {
  const std::set<std::string> kept = OnlineViewNames(snapshot, project);
  ARROW_ASSIGN_OR_RAISE(std::vector<std::string> stored, store.ListViews(project));
  std::set<std::string> left(stored.begin(), stored.end());
  left.merge(OnlineViewNames(before, project));
  for (const std::string& view : left) {
    if (!kept.contains(view)) ARROW_RETURN_NOT_OK(store.DropView(project, view));
  }
  return SweepAll(store);
}

/// Says of each view whose rows come from elsewhere now that those online are still the old ones:
/// to drop them is the user's decision, since models may be reading them.
std::vector<std::string> WarnOfOldRows(const RegistrySnapshot& before, const RegistryDiff& diff,
                                       const RegistrySnapshot& after, std::string_view project) {
  std::vector<std::string> warnings;
  for (const Change& change : diff.changes) {
    if (change.kind != ObjectKind::kFeatureView || change.type != ChangeType::kUpdate) continue;
    auto old = before.View(project, change.name), now = after.View(project, change.name);
    if (!old.ok() || !now.ok() || !(*now)->online) continue;
    auto before_only = DefinitionOnly(*(*old)->proto), after_only = DefinitionOnly(*(*now)->proto);
    if (!SourceDiffers(*before_only, *after_only)) continue;
    if (!LastRecordedEnd(**old) && !(*old)->proto->spec().has_stream_source()) continue;
    warnings.push_back("the source of feature view '" + change.name +
                       "' changed: rows of the old one stay online until newer ones replace them; "
                       "to begin it anew, run materialize START END --views " +
                       change.name + " --full-refresh");
  }
  return warnings;
}

/// The definitions, completed and checked, and what they change of one registry.
struct PreparedApply {
  std::vector<Definition> definitions;
  std::vector<std::string> inferred;
  std::vector<std::string> warnings;
  RegistryDiff diff;
  std::shared_ptr<const RegistrySnapshot> after;
};

Result<PreparedApply> PrepareApply(const std::vector<Definition>& definitions,
                                   const ApplyOptions& options, const Config& config,
                                   const RegistrySnapshot& before, Timestamp now) {
  const core::Registry& registry = before.proto();
  PreparedApply prepared;
  prepared.definitions = OwnDefinitions(definitions, config, options.total);
  ARROW_RETURN_NOT_OK(ValidateNames(prepared.definitions));
  SourceCatalog sources(config.repo_path);
  bool open_sources = !options.skip_source_validation;
  ARROW_RETURN_NOT_OK(InferFromSources(registry, config.project, open_sources, &sources,
                                       &prepared.definitions, &prepared.inferred));
  ARROW_RETURN_NOT_OK(
      ValidateDefinitions(prepared.definitions, registry, config.project, options.total));
  ARROW_ASSIGN_OR_RAISE(prepared.diff,
                        DiffWith(registry, config.project, prepared.definitions, options));
  ARROW_ASSIGN_OR_RAISE(prepared.after, SnapshotAfter(registry, prepared.diff, config.project,
                                                      prepared.definitions, now));
  prepared.warnings = WarnOfOldRows(before, prepared.diff, *prepared.after, config.project);
  if (open_sources) {
    ARROW_RETURN_NOT_OK(
        CheckSources(prepared.definitions, *prepared.after, config.project, &sources));
  }
  return prepared;
}

/// Whether `registry` holds nothing that belongs to another project.
bool HoldsOnly(const core::Registry& registry, std::string_view project) {
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    for (const google::protobuf::Message* object : ObjectsOf(registry, info.kind)) {
      const std::string& owner = info.kind == ObjectKind::kProject
                                     ? ObjectName(info.kind, *object)
                                     : ObjectProject(info.kind, *object);
      if (owner != project) return false;
    }
  }
  return true;
}

}  // namespace

Result<ApplyResult> Project::Plan(const std::vector<Definition>& definitions,
                                  const ApplyOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto snapshot, Snapshot());
  ARROW_ASSIGN_OR_RAISE(PreparedApply prepared, PrepareApply(definitions, options, impl_->config,
                                                             *snapshot, impl_->clock->Now()));
  return ApplyResult{std::move(prepared.diff), std::move(snapshot), std::move(prepared.inferred),
                     std::move(prepared.warnings)};
}

Result<ApplyResult> Project::Apply(const std::vector<Definition>& definitions,
                                   const ApplyOptions& options) {
  const Config& config = impl_->config;
  ARROW_ASSIGN_OR_RAISE(auto before, Snapshot());
  ARROW_ASSIGN_OR_RAISE(PreparedApply prepared,
                        PrepareApply(definitions, options, config, *before, impl_->clock->Now()));
  ARROW_ASSIGN_OR_RAISE(FileLock lock, LockAgainstApplies(config));
  ARROW_ASSIGN_OR_RAISE(auto now, Snapshot());
  std::shared_ptr<OnlineStore> store;
  if (config.online) {
    ARROW_ASSIGN_OR_RAISE(store, online());
    // Before Prepare: a view that it makes room for is one the store held nothing of.
    ARROW_ASSIGN_OR_RAISE(now, ForgetLostRuns(impl_->registry, config.project, std::move(now),
                                              *store, impl_->clock->Now()));
  }
  if (now->version() != before->version()) {
    // Made again, since the store is prepared for every view that will be: also for those that
    // another apply changed meanwhile.
    const RegistryDiff planned = std::move(prepared.diff);
    ARROW_ASSIGN_OR_RAISE(prepared,
                          PrepareApply(definitions, options, config, *now, impl_->clock->Now()));
    ARROW_RETURN_NOT_OK(CheckWithinPlan(planned, prepared.diff));
    before = std::move(now);
  }
  if (store) {
    ARROW_RETURN_NOT_OK(store->Prepare(OnlineSchemas(*prepared.after, config.project)));
  }
  ApplyResult result{prepared.diff, before, std::move(prepared.inferred),
                     std::move(prepared.warnings)};
  if (!prepared.diff.empty()) {
    auto change = [&](core::Registry* registry) -> Status {
      // Changed without the lock of applies: by the bookkeeping of a materialization, or by Feast.
      if (registry->version_id() != before->version()) {
        ARROW_RETURN_NOT_OK(
            ValidateDefinitions(prepared.definitions, *registry, config.project, options.total));
        ARROW_ASSIGN_OR_RAISE(RegistryDiff diff,
                              DiffWith(*registry, config.project, prepared.definitions, options));
        ARROW_RETURN_NOT_OK(CheckWithinPlan(prepared.diff, diff));
        result.diff = std::move(diff);
      }
      ApplyDiff(result.diff, config.project, prepared.definitions, impl_->clock->Now(), registry);
      return Status::OK();
    };
    ARROW_ASSIGN_OR_RAISE(result.snapshot, impl_->registry.Commit(change));
  }
  if (store) {
    // Only now: until the registry said so, the rows under the old join keys were the view's.
    ARROW_RETURN_NOT_OK(store->Rekey(OnlineSchemas(*result.snapshot, config.project)));
    ARROW_RETURN_NOT_OK(DropLeftViews(*before, *result.snapshot, config.project, *store));
  }
  return result;
}

Result<bool> Project::Teardown() {
  const std::string& project = impl_->config.project;
  ARROW_ASSIGN_OR_RAISE(FileLock lock, LockAgainstApplies(impl_->config));
  ARROW_ASSIGN_OR_RAISE(auto before, Snapshot());
  bool was_there = !DiffRegistry(before->proto(), project, {}, /*total=*/true).empty();
  // The registry first: a teardown that is cut short then leaves rows that no lookup finds and the
  // next apply or teardown removes, and not a registry that says they are there.
  ARROW_RETURN_NOT_OK(impl_->registry.RemoveIf(
      [&](const core::Registry& registry) { return HoldsOnly(registry, project); }));
  ARROW_ASSIGN_OR_RAISE(auto snapshot, Snapshot());
  if (!DiffRegistry(snapshot->proto(), project, {}, /*total=*/true).empty()) {
    auto change = [&](core::Registry* registry) -> Status {
      RegistryDiff all = DiffRegistry(*registry, project, {}, /*total=*/true);
      ApplyDiff(all, project, {}, impl_->clock->Now(), registry);
      return Status::OK();
    };
    ARROW_RETURN_NOT_OK(impl_->registry.Commit(change).status());
  }
  if (!impl_->config.online) return was_there;
  ARROW_ASSIGN_OR_RAISE(auto store, online());
  // Those that Feast made, and the store does not know for the project's.
  std::set<std::string> unknown = OnlineViewNames(*before, project);
  ARROW_ASSIGN_OR_RAISE(std::vector<std::string> known, store->ListViews(project));
  was_there = was_there || !known.empty();
  for (const std::string& view : known) unknown.erase(view);
  for (const std::string& view : unknown) {
    ARROW_RETURN_NOT_OK(store->DropView(project, view));
  }
  ARROW_RETURN_NOT_OK(store->Teardown(project));
  // Its files may be gone: the next use opens it anew.
  std::lock_guard guard(impl_->online_mutex);
  impl_->plans.Clear();
  impl_->online.reset();
  return was_there;
}

}  // namespace featly
