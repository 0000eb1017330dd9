#include "server/serving_state.h"

#include "base/logging.h"

namespace featly {
namespace {

/// Whether nothing was ever applied to it, or its file is not there.
bool IsBlank(const RegistrySnapshot& snapshot) { return snapshot.proto().ByteSizeLong() == 0; }

}  // namespace

Result<std::unique_ptr<ServingState>> ServingState::Open(Project& project,
                                                         std::shared_ptr<OnlineStore> store) {
  std::unique_ptr<ServingState> state(new ServingState(project, std::move(store)));
  ARROW_ASSIGN_OR_RAISE(PreparedProject loaded, project.Prepared());
  state->Swap(std::move(loaded));
  return state;
}

std::shared_ptr<const PreparedProject> ServingState::served() const {
  std::lock_guard lock(mutex_);
  return served_;
}

void ServingState::Swap(PreparedProject loaded) {
  if (face_) loaded.store = face_;
  std::lock_guard lock(mutex_);
  if (served_ && loaded.snapshot == served_->snapshot && loaded.store == served_->store) return;
  served_ = std::make_shared<const PreparedProject>(std::move(loaded));
  epoch_.fetch_add(1, std::memory_order_release);
}

Status ServingState::Reload() {
  ARROW_ASSIGN_OR_RAISE(auto now, project_.Snapshot());
  std::shared_ptr<const RegistrySnapshot> served = this->served()->snapshot;
  if (IsBlank(*now) && !IsBlank(*served)) {
    return Error(ErrorKind::kNotFound,
                 "the registry '" + project_.registry().location() +
                     "' was removed; apply again, or put it back from a backup");
  }
  bool missing = view_missing_.exchange(false, std::memory_order_relaxed);
  if (!missing && now == served) return Status::OK();
  // Never waits for an apply: signals are heard on this thread, and the next look is soon.
  Result<PreparedProject> prepared = project_.Prepared([] { return true; });
  if (!prepared.ok()) {
    if (missing) ReportMissingView();
    return prepared.status();
  }
  Swap(*std::move(prepared));
  return Status::OK();
}

void ServingState::Refresh() {
  Status status = Reload();
  const bool was_stale = stale_.exchange(!status.ok(), std::memory_order_relaxed);
  if (status.ok()) {
    if (was_stale) Log(LogLevel::kWarning, "the registry is read again");
    return;
  }
  refresh_failures_.fetch_add(1, std::memory_order_relaxed);
  // The first failure of several in a row is enough: the counter tells the rest.
  if (!was_stale) {
    Log(LogLevel::kWarning,
        "the registry cannot be read again, serving the last good one: " + FormatForPeople(status));
  }
}

}  // namespace featly
