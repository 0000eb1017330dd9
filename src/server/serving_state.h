// What all workers serve from: the project, its store, and the registry as last read.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/error.h"
#include "project/project.h"

namespace featly {

/// Shared by all workers; owned by the server. Thread-safe, but for Refresh, which is the control
/// thread's. A request compares `epoch` with the one its worker has seen: no lock while the
/// registry is unchanged. The store has room for every view of the snapshot, so that no worker has
/// to make it.
class ServingState {
 public:
  /// Reads the registry and prepares the project's store for it. Requests are answered from
  /// `store` where there is one (another face of the project's), else from the project's own.
  /// `project` outlives this.
  static Result<std::unique_ptr<ServingState>> Open(Project& project,
                                                    std::shared_ptr<OnlineStore> store);

  const std::string& project_name() const { return project_.name(); }
  const Config& config() const { return project_.config(); }
  Timestamp Now() const { return project_.clock().Now(); }

  /// Changes whenever `served` or `lost` does.
  uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }
  /// The registry and its store. A request holds it until it is answered.
  std::shared_ptr<const PreparedProject> served() const;
  /// kUnavailable where the registry has online views and the store was deleted: what every lookup
  /// is answered. OK else.
  Status lost() const;

  /// Reads the registry again if it has changed, and prepares the store for it; takes up a store
  /// that was made anew. Where that fails, and where the registry is gone while the store is not,
  /// the last good one stays. Makes no store in place of one that is gone. May block on the disk:
  /// not for an I/O thread.
  void Refresh();
  /// A view of the snapshot is not in the store: the next Refresh prepares it again.
  void ReportMissingView() { view_missing_.store(true, std::memory_order_relaxed); }
  uint64_t refresh_failures() const { return refresh_failures_.load(std::memory_order_relaxed); }
  /// Whether the last Refresh failed: what is served may be out of date.
  bool stale() const { return stale_.load(std::memory_order_relaxed); }

 private:
  ServingState(Project& project, std::shared_ptr<OnlineStore> store)
      : project_(project), face_(std::move(store)) {}
  Status Reload();
  bool TornDown(const PreparedProject& served) const;
  void Swap(PreparedProject loaded, Status lost);

  Project& project_;
  const std::shared_ptr<OnlineStore> face_;  // null: the project's own store
  std::atomic<uint64_t> epoch_{0};
  std::atomic<uint64_t> refresh_failures_{0};
  std::atomic<bool> stale_{false};
  std::atomic<bool> view_missing_{false};
  mutable std::mutex mutex_;  // guards the following
  std::shared_ptr<const PreparedProject> served_;
  Status lost_;
};

}  // namespace featly
