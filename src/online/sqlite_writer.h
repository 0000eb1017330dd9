// Writes into an SQLite store.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "feast/types/Value.pb.h"
#include "online/sqlite_catalog.h"
#include "online/sqlite_db.h"
#include "online/sqlite_view.h"
#include "online/write_queue.h"

namespace featly {

/// Turns queued writes into transactions on a connection of its own. Owned by the store; used by
/// its writer thread alone.
class SqliteWriter {
 public:
  /// `store`, its first connection, outlives this.
  SqliteWriter(const SqliteDb& store, uint64_t store_token)
      : store_(store), store_token_(store_token) {}

  /// WriteQueue::CommitJobs.
  Result<WriteQueue::Outcomes> Commit(std::span<const WriteJob> jobs);

 private:
  Status CheckPart(const WriteRequest& part, const SqliteCatalog& catalog);
  Status PutRows(const WriteRequest& part, const SqliteTable& table, WriteResult* result);
  Status InsertRow(SqliteQuery& insert, const SqliteView& view, const SqliteTable& table,
                   const KeyedRow& row, EventOrder order);

  const SqliteDb& store_;
  const uint64_t store_token_;
  std::unique_ptr<SqliteDb> db_;  // opened by the first write
  CachedSqliteCatalog catalog_;
  feast::types::Value value_;  // scratch
  std::string bytes_;          // scratch
};

}  // namespace featly
