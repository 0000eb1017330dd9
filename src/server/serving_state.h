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

/// Shared by all workers; owned by the server. Thread-safe. A request compares `epoch` with the one
/// its worker has seen: no lock while the registry is unchanged.
class ServingState {
 public:
  /// Opens the store and reads the registry. `project` outlives this.
  static Result<std::unique_ptr<ServingState>> Open(Project& project);

  const std::string& project_name() const { return project_.name(); }
  const Config& config() const { return project_.config(); }
  OnlineStore& store() { return *store_; }
  Timestamp Now() const { return project_.clock().Now(); }

  /// Changes whenever the snapshot does.
  uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }
  std::shared_ptr<const RegistrySnapshot> snapshot() const;

  /// Reads the registry again if it has changed; where that fails, the last good one stays. May
  /// block on the disk: not for an I/O thread.
  void Refresh();
  uint64_t refresh_failures() const { return refresh_failures_.load(std::memory_order_relaxed); }

 private:
  explicit ServingState(Project& project) : project_(project) {}
  Status Load();

  Project& project_;
  OnlineStore* store_ = nullptr;
  std::atomic<uint64_t> epoch_{0};
  std::atomic<uint64_t> refresh_failures_{0};
  mutable std::mutex mutex_;  // guards snapshot_
  std::shared_ptr<const RegistrySnapshot> snapshot_;
};

}  // namespace featly
