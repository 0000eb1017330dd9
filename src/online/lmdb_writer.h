// The writer thread of an open LMDB store.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "online/lmdb_catalog.h"
#include "online/lmdb_env.h"
#include "online/lmdb_row_writer.h"
#include "online/online_store.h"

namespace featly {

/// Takes writes from any thread into a bounded queue, and commits as many as wait at once, so that
/// no I/O thread waits for a disk and many small writes share one sync. A write is stored whole or
/// not at all; one that fails does not take others with it. Owned by the store.
class LmdbWriter {
 public:
  LmdbWriter(const LmdbEnv* env, LmdbCatalog* catalog, const LmdbOptions& options,
             uint64_t store_token);
  /// Writes what is queued, then ends the thread. Not on the writer thread.
  ~LmdbWriter();

  /// kUnavailable where the queue is full; else `done` is called by the writer thread.
  void Submit(std::span<const WriteRequest> requests, WriteCompletion done);

  bool OnWriterThread() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  /// The rows of one view.
  struct Part {
    std::shared_ptr<const LmdbView> view;
    std::span<const KeyedRow> rows;
  };
  /// One write.
  struct Job {
    std::vector<Part> parts;
    size_t rows = 0;  // of all parts
    WriteCompletion done;
  };
  using Outcomes = std::vector<Result<WriteResult>>;

  void Run();
  /// Takes jobs up to a transaction's worth of rows; false at the end of the store.
  bool TakeGroup(std::vector<Job>* group);
  void CommitGroup(std::vector<Job>* group);
  /// One transaction for all of `jobs`. An error means that none was stored; else each has its own
  /// outcome.
  Result<Outcomes> TryCommit(std::span<const Job> jobs);
  /// Whether the part may be written, before anything of its job is.
  Status CheckPart(const Part& part, MDB_txn* txn, uint64_t generation);
  Status PutRows(const Part& part, LmdbRowWriter* writer, WriteResult* result);

  const LmdbEnv* env_;
  LmdbCatalog* catalog_;
  const size_t max_rows_;
  const size_t max_queue_;
  const Duration bulk_pause_;
  const uint64_t store_token_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> queue_;  // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_

  std::vector<uint32_t> order_;  // scratch of the writer thread
  std::thread thread_;           // last: it uses all of the above
};

}  // namespace featly
