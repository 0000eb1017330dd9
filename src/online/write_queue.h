// The writer thread of an open store: a bounded queue and group commits.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "online/online_store.h"

namespace featly {

/// One write on its way: the rows of one view or several, stored whole or not at all.
struct WriteJob {
  std::vector<WriteRequest> parts;
  size_t rows = 0;  ///< Of all parts.
  WriteCompletion done;
};

struct WriteQueueLimits {
  /// A transaction takes waiting writes up to this many rows. A write is never cut: bulk writers
  /// send writes of at most this size.
  int max_rows_per_transaction = 20000;
  /// Outside the store's lock, between bulk transactions, so that another process's single write
  /// need not wait for the whole run.
  Duration bulk_pause = Duration::Micros(200);
  /// Writes waiting for the writer thread; full: kUnavailable.
  int max_waiting = 1024;
};

/// Takes writes from any thread into a bounded queue, and commits as many as wait at once, so that
/// no I/O thread waits for a disk and many small writes share one sync. A write that fails does not
/// take others with it. Owned by its store.
class WriteQueue {
 public:
  /// Each job's own outcome.
  using Outcomes = std::vector<Result<WriteResult>>;
  /// One transaction for all of the jobs, on the writer thread. An error means that none was
  /// stored.
  using CommitJobs = std::function<Result<Outcomes>(std::span<const WriteJob>)>;

  /// `description` is the store's, for messages. What `commit` uses outlives this.
  WriteQueue(std::string description, const WriteQueueLimits& limits, CommitJobs commit);
  /// Writes what is queued, then ends the thread. Not on the writer thread.
  ~WriteQueue();

  /// kUnavailable where the queue is full; else `done` is called by the writer thread.
  void Submit(std::span<const WriteRequest> requests, WriteCompletion done);

  bool OnWriterThread() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  void Run();
  /// Takes jobs up to a transaction's worth of rows; false at the end of the store.
  bool TakeGroup(std::vector<WriteJob>* group);
  void CommitGroup(std::vector<WriteJob>* group);

  const std::string description_;
  const size_t max_rows_;
  const size_t max_waiting_;
  const Duration bulk_pause_;
  const CommitJobs commit_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<WriteJob> queue_;  // guarded by mutex_
  bool stopping_ = false;       // guarded by mutex_
  std::thread thread_;          // last: it uses all of the above
};

}  // namespace featly
