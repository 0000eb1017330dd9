#include "server/serving_state.h"

#include "base/logging.h"

namespace featly {

Result<std::unique_ptr<ServingState>> ServingState::Open(Project& project, OnlineStore& store) {
  std::unique_ptr<ServingState> state(new ServingState(project, store));
  ARROW_ASSIGN_OR_RAISE(auto loaded, project.PreparedSnapshot());
  state->Swap(std::move(loaded));
  return state;
}

std::shared_ptr<const RegistrySnapshot> ServingState::snapshot() const {
  std::lock_guard lock(mutex_);
  return snapshot_;
}

void ServingState::Swap(std::shared_ptr<const RegistrySnapshot> loaded) {
  std::lock_guard lock(mutex_);
  if (loaded == snapshot_) return;
  snapshot_ = std::move(loaded);
  epoch_.fetch_add(1, std::memory_order_release);
}

Status ServingState::Reload() {
  ARROW_ASSIGN_OR_RAISE(auto now, project_.Snapshot());
  bool missing = view_missing_.exchange(false, std::memory_order_relaxed);
  if (!missing && now == snapshot()) return Status::OK();
  // Never waits for an apply: signals are heard on this thread, and the next look is soon.
  auto prepared = project_.PreparedSnapshot([] { return true; });
  if (!prepared.ok()) {
    if (missing) ReportMissingView();
    return prepared.status();
  }
  Swap(*std::move(prepared));
  return Status::OK();
}

void ServingState::Refresh() {
  Status status = Reload();
  if (status.ok()) {
    if (failing_) Log(LogLevel::kInfo, "the registry is read again");
    failing_ = false;
    return;
  }
  refresh_failures_.fetch_add(1, std::memory_order_relaxed);
  // The first failure of several in a row is enough: the counter tells the rest.
  if (!failing_) {
    Log(LogLevel::kWarning,
        "the registry cannot be read again, serving the last good one: " + FormatForPeople(status));
  }
  failing_ = true;
}

}  // namespace featly
