#include "online/online_store.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace featly {

ReadResult::ReadResult() : arena_(std::make_unique<Arena>()) {}
ReadResult::~ReadResult() { Release(); }

ReadResult::ReadResult(ReadResult&& other) noexcept
    : groups_(std::move(other.groups_)),
      rows_(std::move(other.rows_)),
      guard_(std::exchange(other.guard_, nullptr)),
      arena_(std::move(other.arena_)) {}

ReadResult& ReadResult::operator=(ReadResult&& other) noexcept {
  if (this == &other) return *this;
  Release();
  groups_ = std::move(other.groups_);
  rows_ = std::move(other.rows_);
  guard_ = std::exchange(other.guard_, nullptr);
  arena_ = std::move(other.arena_);
  return *this;
}

void ReadResult::Release() {
  if (guard_ != nullptr) std::exchange(guard_, nullptr)->Release();
  groups_.clear();
  rows_.clear();
  if (arena_) arena_->Reset();  // none in what was moved from
}

void ReadResult::Shape(const ReadRequest& request) {
  Release();
  size_t total = 0;
  for (const ReadGroup& group : request.groups) {
    groups_.push_back({total, group.keys.size()});
    total += group.keys.size() * group.views.size();
  }
  rows_.assign(total, RowView());
}

namespace {

// Hands one value from the thread that has it to the thread that waits for it.
template <typename T>
class Handover {
 public:
  void Put(T value) {
    std::lock_guard lock(mutex_);
    value_ = std::move(value);
    // Under the lock: the waiter destroys this object as soon as it can have the lock.
    there_.notify_one();
  }
  T Take() {
    std::unique_lock lock(mutex_);
    there_.wait(lock, [&] { return value_.has_value(); });
    return std::move(*value_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable there_;
  std::optional<T> value_;
};

}  // namespace

Result<std::shared_ptr<const OnlineView>> BindView(OnlineStore& store, const OnlineViewSchema& view,
                                                   MissingView missing) {
  if (missing == MissingView::kPrepare) return store.Bind(view);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const OnlineView> found, store.Find(view));
  if (found) return found;
  return Error(ErrorKind::kUnavailable,
               "feature view '" + view.view + "' of project '" + view.project + "' is not in the " +
                   store.description() +
                   " as the registry has it, as while an apply changes it; try again, and if that "
                   "does not help, apply again")
      .Subject(view.view);
}

Result<WriteResult> WriteAndWait(OnlineStore& store, const WriteRequest& request) {
  Handover<Result<WriteResult>> outcome;
  store.Write({&request, 1}, [&](Result<WriteResult> result) { outcome.Put(std::move(result)); });
  return outcome.Take();
}

Status ReadAndWait(OnlineStore& store, const ReadRequest& request, ReadResult* result) {
  Handover<Status> outcome;
  store.Read(request, result, [&](Status status) { outcome.Put(std::move(status)); });
  return outcome.Take();
}

}  // namespace featly
