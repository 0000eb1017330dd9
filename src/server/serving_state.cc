#include "server/serving_state.h"

#include <algorithm>

#include "base/logging.h"

namespace featly {
namespace {

/// Whether nothing was ever applied to it, or its file is not there.
bool IsBlank(const RegistrySnapshot& snapshot) { return snapshot.proto().ByteSizeLong() == 0; }

bool HasOnlineViews(const RegistrySnapshot& snapshot, const std::string& project) {
  const auto& views = snapshot.Views(project);
  return std::any_of(views.begin(), views.end(), [](const ViewSpec* view) { return view->online; });
}

}  // namespace

Result<std::unique_ptr<ServingState>> ServingState::Open(Project& project,
                                                         std::shared_ptr<OnlineStore> store) {
  std::unique_ptr<ServingState> state(new ServingState(project, std::move(store)));
  ARROW_ASSIGN_OR_RAISE(PreparedProject loaded, project.Prepared());
  state->Swap(std::move(loaded), Status::OK());
  return state;
}

std::shared_ptr<const PreparedProject> ServingState::served() const {
  std::lock_guard lock(mutex_);
  return served_;
}

Status ServingState::lost() const {
  std::lock_guard lock(mutex_);
  return lost_;
}

void ServingState::Swap(PreparedProject loaded, Status lost) {
  if (face_) loaded.store = face_;
  std::lock_guard lock(mutex_);
  const bool same_lost = lost.ok() == lost_.ok();
  const bool same =
      served_ && loaded.snapshot == served_->snapshot && loaded.store == served_->store;
  if (same && same_lost) return;
  if (!same_lost) {
    Log(LogLevel::kWarning, lost.ok() ? "the online store is there again" : FormatForPeople(lost));
  }
  if (!same) served_ = std::make_shared<const PreparedProject>(std::move(loaded));
  lost_ = std::move(lost);
  epoch_.fetch_add(1, std::memory_order_release);
}

// A teardown removes the registry first, and then the store, or from a shared one its views.
bool ServingState::TornDown(const PreparedProject& served) const {
  if (served.store->Presence() == StorePresence::kGone) return true;
  auto views = served.store->ListViews(project_name());
  return views.ok() && views->empty() && HasOnlineViews(*served.snapshot, project_name());
}

Status ServingState::Reload() {
  ARROW_ASSIGN_OR_RAISE(auto now, project_.Snapshot());
  const std::shared_ptr<const PreparedProject> served = this->served();
  if (IsBlank(*now) && !IsBlank(*served->snapshot)) {
    if (!TornDown(*served)) {
      return Error(ErrorKind::kNotFound,
                   "the registry '" + project_.registry().location() +
                       "' was removed; apply again, or put it back from a backup");
    }
    Log(LogLevel::kWarning,
        "the project was torn down: nothing is served until it is applied again");
    Swap({std::move(now), served->store}, Status::OK());
    return Status::OK();
  }
  const StorePresence presence = served->store->Presence();
  if (presence == StorePresence::kGone) {
    Status gone;
    if (HasOnlineViews(*now, project_name())) {
      gone = served->store->ListViews(project_name()).status();
    }
    Swap({std::move(now), served->store}, std::move(gone));
    return Status::OK();
  }
  bool missing = view_missing_.exchange(false, std::memory_order_relaxed);
  if (!missing && now == served->snapshot && presence == StorePresence::kThere && lost().ok()) {
    return Status::OK();
  }
  // Never waits for an apply: signals are heard on this thread, and the next look is soon.
  Result<PreparedProject> prepared = project_.Prepared([] { return true; });
  if (!prepared.ok()) {
    if (missing) ReportMissingView();
    return prepared.status();
  }
  Swap(*std::move(prepared), Status::OK());
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
