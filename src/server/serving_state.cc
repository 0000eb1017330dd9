#include "server/serving_state.h"

#include "base/logging.h"

namespace featly {

Result<std::unique_ptr<ServingState>> ServingState::Open(Project& project) {
  std::unique_ptr<ServingState> state(new ServingState(project));
  ARROW_ASSIGN_OR_RAISE(state->store_, project.online());
  ARROW_RETURN_NOT_OK(state->Load());
  return state;
}

std::shared_ptr<const RegistrySnapshot> ServingState::snapshot() const {
  std::lock_guard lock(mutex_);
  return snapshot_;
}

Status ServingState::Load() {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const RegistrySnapshot> loaded, project_.Snapshot());
  std::lock_guard lock(mutex_);
  if (loaded == snapshot_) return Status::OK();
  snapshot_ = std::move(loaded);
  epoch_.fetch_add(1, std::memory_order_release);
  return Status::OK();
}

void ServingState::Refresh() {
  Status status = Load();
  if (status.ok()) return;
  // The first failure of many is enough: the counter tells the rest.
  if (refresh_failures_.fetch_add(1, std::memory_order_relaxed) == 0) {
    Log(LogLevel::kWarning,
        "the registry cannot be read again, serving the last good one: " + FormatForPeople(status));
  }
}

}  // namespace featly
