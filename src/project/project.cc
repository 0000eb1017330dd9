#include "project/project.h"

#include <filesystem>
#include <future>
#include <unistd.h>
#include <utility>

#include "base/file.h"
#include "flows/push.h"
#include "online/store_kinds.h"
#include "online/view_schema.h"
#include "project/project_impl.h"
#include "project/run_record.h"
#include "retrieval/plan.h"

namespace featly {

Project::Impl::Impl(Config the_config, std::unique_ptr<Clock> the_clock)
    : config(std::move(the_config)),
      clock(std::move(the_clock)),
      registry(config.registry_path),
      offline(MakeLocalOfflineStore(config.repo_path)) {}

Project::Project(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Project::~Project() = default;

Result<std::unique_ptr<Project>> Project::Open(Config config, std::unique_ptr<Clock> clock) {
  return std::unique_ptr<Project>(
      new Project(std::make_unique<Impl>(std::move(config), std::move(clock))));
}

const Config& Project::config() const { return impl_->config; }
const std::string& Project::name() const { return impl_->config.project; }
const Clock& Project::clock() const { return *impl_->clock; }
RegistryStore& Project::registry() { return impl_->registry; }
OfflineStore& Project::offline() { return *impl_->offline; }

Result<std::shared_ptr<const RegistrySnapshot>> Project::Snapshot() {
  return impl_->registry.Load();
}

Result<std::shared_ptr<OnlineStore>> Project::online() {
  std::lock_guard lock(impl_->online_mutex);
  // Deleted or replaced: by a teardown and an apply elsewhere, or by accident. Users of the old one
  // keep it open.
  if (impl_->online && impl_->online_pid == getpid() &&
      impl_->online->Presence() == StorePresence::kThere) {
    return impl_->online;
  }
  if (!impl_->config.online) {
    return Error(ErrorKind::kConfiguration,
                 "this repository has no online store: '" + impl_->config.file +
                     "' says online_store: null; remove that line to use the embedded store");
  }
  impl_->plans.Clear();  // their views are bound to the other store
  ARROW_ASSIGN_OR_RAISE(impl_->online, OpenOnlineStore(*impl_->config.online));
  impl_->online_pid = getpid();
  return impl_->online;
}

std::vector<OnlineViewSchema> OnlineSchemas(const RegistrySnapshot& snapshot,
                                            std::string_view project) {
  std::vector<OnlineViewSchema> schemas;
  for (const ViewSpec* view : snapshot.Views(project)) {
    if (view->online) schemas.push_back(SchemaForStore(*view));
  }
  return schemas;
}

Result<FileLock> LockAgainstApplies(const Config& config, const std::function<bool()>& give_up) {
  ARROW_RETURN_NOT_OK(
      MakeDirectories(std::filesystem::path(config.registry_path).parent_path().string()));
  return FileLock::Acquire(config.registry_path + ".apply.lock", give_up);
}

Status SweepAll(OnlineStore& store) {
  constexpr int64_t kRowsAtATime = 20000;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(int64_t swept, store.Sweep(kRowsAtATime));
    if (swept == 0) return Status::OK();
  }
}

Result<PreparedProject> Project::Prepared(const std::function<bool()>& give_up) {
  ARROW_ASSIGN_OR_RAISE(auto snapshot, Snapshot());
  ARROW_ASSIGN_OR_RAISE(auto store, online());
  bool missing = false;
  for (const OnlineViewSchema& schema : OnlineSchemas(*snapshot, name())) {
    ARROW_ASSIGN_OR_RAISE(auto found, store->Find(schema));
    missing = missing || !found;
  }
  if (!missing) return PreparedProject{std::move(snapshot), std::move(store)};
  // Read again under the lock: what an apply is about to drop or to change is not to be prepared.
  ARROW_ASSIGN_OR_RAISE(FileLock lock, LockAgainstApplies(impl_->config, give_up));
  ARROW_ASSIGN_OR_RAISE(snapshot, Snapshot());
  ARROW_ASSIGN_OR_RAISE(snapshot, ForgetLostRuns(impl_->registry, name(), std::move(snapshot),
                                                 *store, impl_->clock->Now()));
  // An apply killed after its commit may have left a view under its old join keys.
  ARROW_RETURN_NOT_OK(store->Rekey(OnlineSchemas(*snapshot, name())));
  return PreparedProject{std::move(snapshot), std::move(store)};
}

Result<std::shared_ptr<const RetrievalPlan>> Project::LookupPlan(const FeatureRequest& request) {
  ARROW_ASSIGN_OR_RAISE(auto snapshot, Snapshot());
  bool open;
  {
    std::lock_guard lock(impl_->online_mutex);
    open = impl_->online != nullptr;
  }
  if (!open) {  // what cannot be asked for makes no store
    ARROW_RETURN_NOT_OK(ResolveFeatures(snapshot, impl_->config.project, request).status());
  }
  ARROW_RETURN_NOT_OK(online().status());  // drops the plans of a store that is gone
  std::string key = PlanCache::KeyOf(request);
  if (auto plan = impl_->plans.Find(snapshot.get(), key)) return plan;
  ARROW_ASSIGN_OR_RAISE(PreparedProject prepared, Prepared());
  ARROW_ASSIGN_OR_RAISE(auto plan,
                        MakeRetrievalPlan(prepared.snapshot, impl_->config.project, request,
                                          *prepared.store, impl_->config.entity_key_version));
  impl_->plans.Insert(std::move(prepared.snapshot), key, plan);
  return plan;
}

namespace {

/// Starts a write and waits for it.
Result<WriteResult> WaitForWrite(const std::function<void(WriteCompletion)>& start) {
  // Shared: the writer's thread may still be inside set_value when get() has returned.
  auto promise = std::make_shared<std::promise<Result<WriteResult>>>();
  auto written = promise->get_future();
  start([promise](Result<WriteResult> result) { promise->set_value(std::move(result)); });
  return written.get();
}

}  // namespace

Result<WriteResult> Project::PushRows(const std::string& push_source,
                                      const arrow::RecordBatch& batch) {
  ARROW_ASSIGN_OR_RAISE(PreparedProject prepared, Prepared());
  return WaitForWrite([&](WriteCompletion done) {
    Push(*prepared.snapshot, impl_->config.project, push_source, batch, impl_->clock->Now(),
         impl_->config.entity_key_version, *prepared.store, std::move(done));
  });
}

Result<WriteResult> Project::WriteToOnlineStore(const std::string& view,
                                                const arrow::RecordBatch& batch) {
  ARROW_ASSIGN_OR_RAISE(PreparedProject prepared, Prepared());
  return WaitForWrite([&](WriteCompletion done) {
    WriteToView(*prepared.snapshot, impl_->config.project, view, batch, impl_->clock->Now(),
                impl_->config.entity_key_version, *prepared.store, std::move(done));
  });
}

}  // namespace featly
