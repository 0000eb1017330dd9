// An opened repository: configuration, registry, stores and clock, composed. What the command, the
// server and the SDK all work through.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/progress.h"
#include "catalog/registry_file.h"
#include "flows/materialize.h"
#include "offline/offline_store.h"
#include "online/online_store.h"
#include "project/config.h"
#include "project/deletions.h"
#include "registry/diff.h"
#include "retrieval/lookup.h"

namespace featly {

/// What one view's materialization did.
struct ViewMaterialized {
  std::string view;
  /// Of event times, both inclusive. An incremental run whose end lies before its start did
  /// nothing.
  Timestamp start, end;
  /// An incremental run of a view of which no run is recorded.
  bool first_run = false;
  /// Its source_range is also there for a first run that did nothing.
  MaterializeResult result;
};

struct MaterializeOptions {
  std::vector<std::string> views;  ///< All online ones if empty.
  /// Begin the views anew: what the store and the registry hold of them is dropped first, so that
  /// rows of another source, or newer ones, do not stay. Until the run is over lookups find nothing
  /// or only part of it.
  bool full_refresh = false;
  /// Called after each view, its interval recorded.
  std::function<void(const ViewMaterialized&)> finished;
  /// Called for each view that failed, where there are several; the others are gone on with.
  std::function<void(const std::string& view, const Status& error)> failed;
};

/// What an apply did or would do.
struct ApplyResult {
  RegistryDiff diff;
  std::shared_ptr<const RegistrySnapshot> snapshot;  ///< After it; before it for a plan.
  /// What the definitions left out and was chosen for them, one sentence each, for people.
  std::vector<std::string> inferred;
  /// What the user should know or do beside it, one sentence each.
  std::vector<std::string> warnings;
};

struct ApplyOptions {
  bool total = true;                    ///< Delete what is no longer defined.
  bool skip_source_validation = false;  ///< Do not open the sources (views must then have schemas).
  std::vector<NamedObject> deletions;   ///< To be deleted where the apply is not total.
};

/// What lookups and pushes are answered from. Whoever uses the store holds it: one that was torn
/// down is closed when its last user is done.
struct PreparedProject {
  std::shared_ptr<const RegistrySnapshot> snapshot;
  std::shared_ptr<OnlineStore> store;
};

/// Thread-safe. Opens nothing until it is needed: the online store on first use, the registry at
/// Snapshot(). Owned by the command, server or SDK object that opened it.
class Project {
 public:
  static Result<std::unique_ptr<Project>> Open(Config config, std::unique_ptr<Clock> clock);
  ~Project();

  const Config& config() const;
  const std::string& name() const;
  const Clock& clock() const;
  RegistryStore& registry();
  /// The registry now (cheap while its file is unchanged).
  Result<std::shared_ptr<const RegistrySnapshot>> Snapshot();
  /// Opened on first use, after a fork, and where its files were deleted or replaced since: good in
  /// the process that asked. kConfiguration where the configuration has no online store. Cost: a
  /// lock and a system call.
  Result<std::shared_ptr<OnlineStore>> online();
  /// The registry now, and the online store once it has room for each of its online views: to bind
  /// them needs no write then. Where one is missing, waits for an apply under way (kUnavailable
  /// once `give_up` says so) and for the disk, and forgets, with a warning in the log, the runs
  /// that the registry records of views of which the store holds nothing. After a teardown and an
  /// apply elsewhere it is the new store.
  Result<PreparedProject> Prepared(const std::function<bool()>& give_up = {});
  OfflineStore& offline();

  /// Fills in what the source knows (schemas, join key types), validates, diffs; changes nothing.
  Result<ApplyResult> Plan(const std::vector<Definition>& definitions, const ApplyOptions& options);
  /// Plan, prepare the store, commit under the lock, remove what was dropped. If another apply
  /// changed the registry in between, the diff is made again; what cannot be reconciled is
  /// kConflict by name.
  Result<ApplyResult> Apply(const std::vector<Definition>& definitions,
                            const ApplyOptions& options);

  /// Materializes views one after another, recording each interval after its last commit. A view
  /// that fails does not keep the others from it: then the error names all that failed, has the
  /// kind of the first and its error as the cause. An interruption ends the run.
  Result<std::vector<ViewMaterialized>> Materialize(Timestamp start, Timestamp end,
                                                    const MaterializeOptions& options,
                                                    const WorkContext& work);
  /// From each view's last end (now - ttl without one; 52 weeks without a TTL) to `end`.
  Result<std::vector<ViewMaterialized>> MaterializeIncremental(Timestamp end,
                                                               const MaterializeOptions& options,
                                                               const WorkContext& work);

  Result<std::shared_ptr<const RetrievalPlan>> LookupPlan(const FeatureRequest& request);
  /// Blocking push.
  Result<WriteResult> PushRows(const std::string& push_source, const arrow::RecordBatch& batch);
  /// Blocking write to the online rows of one view.
  Result<WriteResult> WriteToOnlineStore(const std::string& view, const arrow::RecordBatch& batch);

  /// Removes the project's objects from the registry, its views from the store, and the files of
  /// both where nothing of another project is in them. One that was cut short is simply repeated.
  /// Whether there was anything to remove.
  Result<bool> Teardown();

 private:
  struct Impl;
  explicit Project(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace featly
