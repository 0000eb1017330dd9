// Lookups in an SQLite store: a few threads, each with its own connection.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "feast/types/Value.pb.h"
#include "online/online_store.h"
#include "online/sqlite_catalog.h"
#include "online/sqlite_db.h"
#include "online/sqlite_view.h"

namespace featly {

/// Answers one read after another on its connection. One thread.
class SqliteReader {
 public:
  /// `store`, its first connection, outlives this.
  SqliteReader(const SqliteDb& store, uint64_t store_token)
      : store_(store), store_token_(store_token) {}

  /// Fills in the rows of all groups, as the file is at one moment.
  Status Read(const ReadRequest& request, ReadResult* result);

 private:
  /// One feature of one row, as it lies in the file.
  struct Cell {
    uint32_t column;
    size_t begin, size;  // of the value, in bytes_
  };
  /// A row that was found, on its way to the result.
  struct FoundRow {
    size_t key;
    EventOrder order;
    size_t first_cell, cells;
  };
  /// A view's part of a group.
  struct Part {
    const SqliteView* view;
    size_t group, index;
    std::span<const std::string_view> keys;
    std::vector<bool> wanted;  // by column
  };

  Status ReadPart(const Part& part, ReadResult* result);
  Status FetchRow(SqliteQuery& query, const Part& part, size_t key);
  Status EncodeRows(const Part& part, ReadResult* result);
  Status EncodeShape(const Part& part, const SqliteView::Shape& shape,
                     std::span<const FoundRow* const> rows,
                     std::span<const feast::types::Value* const> values, ReadResult* result);

  const SqliteDb& store_;
  const uint64_t store_token_;
  std::unique_ptr<SqliteDb> db_;  // opened by the first read
  CachedSqliteCatalog catalog_;
  // Of the keys at hand.
  std::string bytes_;
  std::vector<Cell> cells_;
  std::vector<FoundRow> rows_;
};

/// The readers' threads. Owned by the store.
class SqliteReadPool {
 public:
  /// `store`, its first connection, outlives this.
  SqliteReadPool(const SqliteDb& store, uint64_t store_token, int threads);
  /// Answers what waits, then ends the threads. On none of them.
  ~SqliteReadPool();

  void Submit(const ReadRequest& request, ReadResult* result, ReadCompletion done);
  bool OnReaderThread() const;

 private:
  struct Job {
    ReadRequest request;
    ReadResult* result;
    ReadCompletion done;
  };

  void Run(SqliteReader* reader);

  std::vector<std::unique_ptr<SqliteReader>> readers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> queue_;  // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace featly
