// Putting and deleting rows inside one write transaction of the LMDB store.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "online/lmdb_env.h"
#include "online/lmdb_format.h"

namespace featly {

/// Puts rows, newest wins. Lives inside one write transaction, on its thread. Cost: one search of
/// the tree a row; none for a key beyond the last one, so ordered writes are the fast ones and fill
/// their pages.
class LmdbRowWriter {
 public:
  static Result<LmdbRowWriter> Make(const LmdbEnv& env, MDB_txn* txn);

  /// Stores `row` unless a newer one is there; whether it was stored.
  Result<bool> Put(uint32_t view_id, std::string_view entity, std::string_view row);
  /// Whether there was a row to delete.
  Result<bool> Delete(uint32_t view_id, std::string_view entity);
  /// The same by stored key, for sweeping.
  Result<bool> DeleteStored(std::string_view key);

 private:
  using Cursor = std::unique_ptr<MDB_cursor, void (*)(MDB_cursor*)>;

  LmdbRowWriter(const LmdbEnv& env, Cursor cursor) : env_(&env), cursor_(std::move(cursor)) {}
  Result<bool> Replace(std::string_view key, std::string_view value, std::string_view row,
                       std::string_view stored);
  Status Failed(int code) const { return LmdbError(code, "cannot write to", env_->path()); }

  const LmdbEnv* env_;
  Cursor cursor_;
  std::string last_key_;  // the greatest key of the database; empty: no row at all
  RowKey key_;
  std::string hashed_value_;
};

}  // namespace featly
