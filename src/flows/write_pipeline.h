// A long stream of rows into an online store, a few requests at a time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/error.h"
#include "base/progress.h"
#include "online/online_store.h"

namespace featly {

/// Cuts rows into requests and keeps a few of them under way, so that the store commits one while
/// the next is being filled. Used by one thread; completions come from the store's. Memory:
/// kRequests times a request's rows.
class WritePipeline {
 public:
  WritePipeline(OnlineStore* store, std::shared_ptr<const OnlineView> view, Progress* progress);
  /// Waits for what is under way.
  ~WritePipeline();

  /// Copies the row. An error of an earlier request comes back here or from Finish.
  Status Add(std::string_view key, std::string_view row);
  /// Writes the rest and waits: afterwards all rows are durable.
  Result<WriteResult> Finish();

 private:
  static constexpr size_t kRequests = 3;
  struct Request {
    Arena bytes{size_t{1} << 20};
    std::vector<KeyedRow> rows;
    size_t size = 0;
    bool under_way = false;  // guarded by mutex_
  };

  Status Submit();
  void Complete(Request* request, Result<WriteResult> result);
  /// The next request to fill, once it is free.
  Status TakeFree();
  void WaitForAll();

  OnlineStore* store_;
  std::shared_ptr<const OnlineView> view_;
  Progress* progress_;
  std::vector<std::unique_ptr<Request>> requests_;
  size_t filling_ = 0;

  std::mutex mutex_;
  std::condition_variable completed_;
  WriteResult written_;  // guarded by mutex_
  Status failed_;        // guarded by mutex_: the first error
};

}  // namespace featly
