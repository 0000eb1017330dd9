// What all workers serve from: the project, its store, and the registry as last read.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/error.h"
#include "project/project.h"

namespace featly {

/// Shared by all workers; owned by the server. Thread-safe, but for Refresh, which is the control
/// thread's. A request compares `epoch` with the one its worker has seen: no lock while the
/// registry is unchanged. The store has room for every view of `snapshot`, so that no worker has to
/// make it.
class ServingState {
 public:
  /// Reads the registry and prepares `store` for it. Both outlive this.
  static Result<std::unique_ptr<ServingState>> Open(Project& project, OnlineStore& store);

  const std::string& project_name() const { return project_.name(); }
  const Config& config() const { return project_.config(); }
  OnlineStore& store() { return store_; }
  Timestamp Now() const { return project_.clock().Now(); }

  /// Changes whenever the snapshot does.
  uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }
  std::shared_ptr<const RegistrySnapshot> snapshot() const;

  /// Reads the registry again if it has changed, and prepares the store for it; where that fails,
  /// the last good one stays. May block on the disk: not for an I/O thread.
  void Refresh();
  /// A view of the snapshot is not in the store: the next Refresh prepares it again.
  void ReportMissingView() { view_missing_.store(true, std::memory_order_relaxed); }
  uint64_t refresh_failures() const { return refresh_failures_.load(std::memory_order_relaxed); }

 private:
  ServingState(Project& project, OnlineStore& store) : project_(project), store_(store) {}
  Status Reload();
  void Swap(std::shared_ptr<const RegistrySnapshot> loaded);

  Project& project_;
  OnlineStore& store_;
  bool failing_ = false;  // the control thread's: the last Refresh failed
  std::atomic<uint64_t> epoch_{0};
  std::atomic<uint64_t> refresh_failures_{0};
  std::atomic<bool> view_missing_{false};
  mutable std::mutex mutex_;  // guards snapshot_
  std::shared_ptr<const RegistrySnapshot> snapshot_;
};

}  // namespace featly
