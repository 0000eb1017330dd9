// Plan and Apply: definitions into the registry and the store.
#include <set>
#include <string>
#include <utility>

#include "base/file.h"
#include "project/definitions.h"
#include "project/inference.h"
#include "project/project_impl.h"
#include "project/source_catalog.h"
#include "registry/validate.h"

namespace featly {

namespace core = feast::core;

namespace {

/// Rows of dropped views reclaimed at a time.
constexpr int64_t kSweepRows = 20000;

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

std::vector<OnlineViewSchema> OnlineSchemas(const RegistrySnapshot& snapshot,
                                            std::string_view project) {
  std::vector<OnlineViewSchema> schemas;
  for (const ViewSpec* view : snapshot.Views(project)) {
    if (view->online) schemas.push_back(OnlineSchemaOf(*view));
  }
  return schemas;
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

/// Drops the views of the project that the store holds and the registry does not: those this apply
/// deleted, and those whose removal was interrupted in an earlier one.
Status DropLeftViews(const RegistrySnapshot& snapshot, const std::string& project,
                     OnlineStore& store) {
  std::set<std::string> kept;
  for (const OnlineViewSchema& schema : OnlineSchemas(snapshot, project)) kept.insert(schema.view);
  ARROW_ASSIGN_OR_RAISE(std::vector<std::string> stored, store.ListViews(project));
  for (const std::string& view : stored) {
    if (!kept.contains(view)) ARROW_RETURN_NOT_OK(store.DropView(project, view));
  }
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(int64_t swept, store.Sweep(kSweepRows));
    if (swept == 0) return Status::OK();
  }
}

}  // namespace

/// The definitions, completed and checked, and what they change of one registry.
struct PreparedApply {
  std::vector<Definition> definitions;
  RegistryDiff diff;
  std::shared_ptr<const RegistrySnapshot> after;
};

static Result<PreparedApply> PrepareApply(const std::vector<Definition>& definitions,
                                          const ApplyOptions& options, const Config& config,
                                          const core::Registry& registry, Timestamp now) {
  PreparedApply prepared;
  prepared.definitions = OwnDefinitions(definitions, config, options.total);
  ARROW_RETURN_NOT_OK(ValidateNames(prepared.definitions));
  SourceCatalog sources(config.repo_path);
  bool open_sources = !options.skip_source_validation;
  ARROW_RETURN_NOT_OK(
      InferFromSources(registry, config.project, open_sources, &sources, &prepared.definitions));
  ARROW_RETURN_NOT_OK(
      ValidateDefinitions(prepared.definitions, registry, config.project, options.total));
  ARROW_ASSIGN_OR_RAISE(prepared.diff,
                        DiffWith(registry, config.project, prepared.definitions, options));
  ARROW_ASSIGN_OR_RAISE(prepared.after, SnapshotAfter(registry, prepared.diff, config.project,
                                                      prepared.definitions, now));
  if (open_sources) {
    ARROW_RETURN_NOT_OK(
        CheckSources(prepared.definitions, *prepared.after, config.project, &sources));
  }
  return prepared;
}

Result<ApplyResult> Project::Plan(std::vector<Definition> definitions,
                                  const ApplyOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto snapshot, Snapshot());
  ARROW_ASSIGN_OR_RAISE(
      PreparedApply prepared,
      PrepareApply(definitions, options, impl_->config, snapshot->proto(), impl_->clock->Now()));
  return ApplyResult{std::move(prepared.diff), std::move(snapshot)};
}

Result<ApplyResult> Project::Apply(std::vector<Definition> definitions,
                                   const ApplyOptions& options) {
  const std::string& project = impl_->config.project;
  ARROW_ASSIGN_OR_RAISE(auto before, Snapshot());
  ARROW_ASSIGN_OR_RAISE(PreparedApply prepared, PrepareApply(definitions, options, impl_->config,
                                                             before->proto(), impl_->clock->Now()));
  // One apply at a time from here to the end: a view is in the store before it is in the registry,
  // and another apply's removal of what the registry lacks must not see it in between.
  ARROW_RETURN_NOT_OK(MakeDirectories(
      impl_->config.registry_path.substr(0, impl_->config.registry_path.rfind('/'))));
  ARROW_ASSIGN_OR_RAISE(FileLock lock,
                        FileLock::Acquire(impl_->config.registry_path + ".apply.lock"));
  OnlineStore* store = nullptr;
  if (!impl_->config.online_path.empty()) {
    ARROW_ASSIGN_OR_RAISE(store, online());
    ARROW_RETURN_NOT_OK(store->Prepare(OnlineSchemas(*prepared.after, project)));
  }
  ApplyResult result{prepared.diff, before};
  if (!prepared.diff.empty()) {
    auto change = [&](core::Registry* registry) -> Status {
      if (registry->version_id() != before->version()) {
        ARROW_RETURN_NOT_OK(
            ValidateDefinitions(prepared.definitions, *registry, project, options.total));
        ARROW_ASSIGN_OR_RAISE(RegistryDiff now,
                              DiffWith(*registry, project, prepared.definitions, options));
        ARROW_RETURN_NOT_OK(CheckWithinPlan(prepared.diff, now));
        result.diff = std::move(now);
      }
      ApplyDiff(result.diff, project, prepared.definitions, impl_->clock->Now(), registry);
      return Status::OK();
    };
    ARROW_ASSIGN_OR_RAISE(result.snapshot, impl_->registry.Commit(change));
  } else {
    ARROW_ASSIGN_OR_RAISE(result.snapshot, Snapshot());
  }
  if (store) ARROW_RETURN_NOT_OK(DropLeftViews(*result.snapshot, project, *store));
  return result;
}

Status Project::Teardown() {
  const std::string& project = impl_->config.project;
  if (!impl_->config.online_path.empty()) {
    ARROW_ASSIGN_OR_RAISE(OnlineStore * store, online());
    ARROW_RETURN_NOT_OK(store->Teardown(project));
    std::lock_guard guard(impl_->online_mutex);
    impl_->plans.Clear();
    impl_->online.reset();
  }
  ARROW_ASSIGN_OR_RAISE(auto snapshot, Snapshot());
  bool others = false;
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    for (const google::protobuf::Message* object : ObjectsOf(snapshot->proto(), info.kind)) {
      const std::string owner = info.kind == ObjectKind::kProject
                                    ? ObjectName(info.kind, *object)
                                    : ObjectProject(info.kind, *object);
      others = others || owner != project;
    }
  }
  if (!others) return impl_->registry.Teardown();
  auto change = [&](core::Registry* registry) -> Status {
    RegistryDiff all = DiffRegistry(*registry, project, {}, /*total=*/true);
    ApplyDiff(all, project, {}, impl_->clock->Now(), registry);
    return Status::OK();
  };
  return impl_->registry.Commit(change).status();
}

}  // namespace featly
