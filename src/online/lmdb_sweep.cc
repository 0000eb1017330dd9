#include "online/lmdb_sweep.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "online/lmdb_format.h"
#include "online/lmdb_row_writer.h"

namespace featly {
namespace {

// Rows looked at in one read transaction: it pins pages for a tenth of a second at most.
constexpr int kLooksPerRead = 500000;

}  // namespace

LmdbSweep::LmdbSweep(const LmdbEnv* env, LmdbCatalog* catalog, const LmdbOptions& options)
    : env_(env),
      catalog_(catalog),
      max_rows_per_transaction_(
          static_cast<size_t>(std::max(options.writes.max_rows_per_transaction, 1))),
      pause_(options.writes.bulk_pause) {}

Result<int64_t> LmdbSweep::Run(int64_t max_rows) {
  ARROW_RETURN_NOT_OK(env_->CheckUsable());  // before the mutex, which a fork may have left locked
  std::lock_guard lock(mutex_);
  int64_t reclaimed = 0;
  while (reclaimed < max_rows) {
    ARROW_ASSIGN_OR_RAISE(bool more, BeginPass());
    if (!more) break;
    size_t limit = std::min(static_cast<size_t>(max_rows - reclaimed), max_rows_per_transaction_);
    ARROW_ASSIGN_OR_RAISE(Found found, FindRows(limit));
    ARROW_ASSIGN_OR_RAISE(int64_t deleted, DeleteRows(found.keys));
    reclaimed += deleted;
    if (found.pass_ended) ARROW_RETURN_NOT_OK(EndPass());
  }
  return reclaimed;
}

Result<bool> LmdbSweep::BeginPass() {
  if (!ids_.empty()) return true;
  ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, env_->BeginRead());
  ARROW_ASSIGN_OR_RAISE(auto snapshot, catalog_->Load(txn.get()));
  ids_.insert(snapshot->dropped.begin(), snapshot->dropped.end());
  position_.clear();
  return !ids_.empty();
}

Result<LmdbSweep::Found> LmdbSweep::FindRows(size_t limit) {
  ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, env_->BeginRead());
  MDB_cursor* raw;
  int code = mdb_cursor_open(txn.get(), env_->rows(), &raw);
  if (code != 0) return LmdbError(code, "cannot sweep", env_->path());
  std::unique_ptr<MDB_cursor, void (*)(MDB_cursor*)> cursor(raw, &mdb_cursor_close);

  Found found;
  MDB_val key = ToVal(position_);
  MDB_val value;
  code = mdb_cursor_get(raw, &key, &value, position_.empty() ? MDB_FIRST : MDB_SET_RANGE);
  for (int looked = 0; code == 0; ++looked) {
    std::string_view stored = FromVal(key);
    if (found.keys.size() == limit || looked == kLooksPerRead) {
      position_ = stored;  // not looked at yet: the next read begins with it
      return found;
    }
    if (stored.size() >= kViewIdSize && ids_.contains(ViewIdOf(stored))) {
      found.keys.emplace_back(stored);
    }
    code = mdb_cursor_get(raw, &key, &value, MDB_NEXT);
  }
  if (code != MDB_NOTFOUND) return LmdbError(code, "cannot sweep", env_->path());
  found.pass_ended = true;
  return found;
}

// Nobody writes under a dropped view's id again, so what was found may be deleted later.
Result<int64_t> LmdbSweep::DeleteRows(const std::vector<std::string>& keys) {
  if (keys.empty()) return int64_t{0};
  int64_t deleted = 0;
  ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, env_->BeginWrite());
  {
    ARROW_ASSIGN_OR_RAISE(LmdbRowWriter writer, LmdbRowWriter::Make(*env_, txn.get()));
    for (const std::string& key : keys) {
      ARROW_ASSIGN_OR_RAISE(bool was_there, writer.DeleteStored(key));
      deleted += was_there ? 1 : 0;
    }
  }
  ARROW_RETURN_NOT_OK(txn.Commit());
  std::this_thread::sleep_for(std::chrono::microseconds(pause_.micros));
  return deleted;
}

Status LmdbSweep::EndPass() {
  ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, env_->BeginWrite());
  ARROW_RETURN_NOT_OK(catalog_->Forget(txn.get(), {ids_.begin(), ids_.end()}));
  ARROW_RETURN_NOT_OK(txn.Commit());
  ids_.clear();
  position_.clear();
  return Status::OK();
}

}  // namespace featly
