// A store that completes its reads later, on a thread of its own, as a remote one does.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "online/online_store.h"

namespace featly::testing {

/// Another face of `store`, which outlives it: all reads are done by one thread, in order, and only
/// while they are not held back. Thread-safe.
class LateStore : public OnlineStore {
 public:
  explicit LateStore(OnlineStore& store) : store_(store), capabilities_(store.capabilities()) {
    capabilities_.reads_inline = false;
    thread_ = std::thread([this] { Run(); });
  }
  ~LateStore() override {
    {
      std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  /// From now on reads wait until Release.
  void Hold() {
    Set([this] { held_ = true; });
  }
  void Release() {
    Set([this] { held_ = false; });
  }
  /// From now on reads end with `status`.
  void FailWith(Status status) {
    Set([&] { failure_ = std::move(status); });
  }
  /// Until `count` reads wait.
  void WaitForReads(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.size() >= count; });
  }

  void Read(const ReadRequest& request, ReadResult* result, ReadCompletion done) override {
    Set([&] {
      waiting_.push_back([this, request, result, done = std::move(done)](const Status& failure) {
        if (failure.ok()) {
          store_.Read(request, result, done);
        } else {
          done(failure);
        }
      });
    });
  }

  const OnlineCapabilities& capabilities() const override { return capabilities_; }
  const std::string& description() const override { return store_.description(); }
  Status Prepare(std::span<const OnlineViewSchema> views) override { return store_.Prepare(views); }
  Status Rekey(std::span<const OnlineViewSchema> views) override { return store_.Rekey(views); }
  Result<std::shared_ptr<const OnlineView>> Bind(const OnlineViewSchema& view) override {
    return store_.Bind(view);
  }
  Result<std::shared_ptr<const OnlineView>> Find(const OnlineViewSchema& view) override {
    return store_.Find(view);
  }
  void Write(std::span<const WriteRequest> requests, WriteCompletion done) override {
    store_.Write(requests, std::move(done));
  }
  Result<int64_t> DeleteEntities(const OnlineView& view,
                                 std::span<const std::string_view> keys) override {
    return store_.DeleteEntities(view, keys);
  }
  Status DropView(std::string_view project, std::string_view view) override {
    return store_.DropView(project, view);
  }
  Result<int64_t> Sweep(int64_t max_rows) override { return store_.Sweep(max_rows); }
  StorePresence Presence() const override { return store_.Presence(); }
  Result<std::vector<std::string>> ListViews(std::string_view project) override {
    return store_.ListViews(project);
  }
  Status Maintain() override { return store_.Maintain(); }
  Status Teardown(std::string_view project) override { return store_.Teardown(project); }

 private:
  template <typename Change>
  void Set(Change change) {
    {
      std::lock_guard lock(mutex_);
      change();
    }
    changed_.notify_all();
  }

  void Run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return ended_ || (!held_ && !waiting_.empty()); });
      if (waiting_.empty() || held_) return;
      auto read = std::move(waiting_.front());
      waiting_.pop_front();
      Status failure = failure_;
      lock.unlock();
      read(failure);
      read = nullptr;
      lock.lock();
    }
  }

  OnlineStore& store_;
  OnlineCapabilities capabilities_;
  std::mutex mutex_;  // guards the rest but the thread
  std::condition_variable changed_;
  std::deque<std::function<void(const Status&)>> waiting_;
  Status failure_;
  bool held_ = false;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace featly::testing
