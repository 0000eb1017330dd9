#include "online/lmdb_row_writer.h"

#include <utility>

#include "online/store_errors.h"

namespace featly {

Result<LmdbRowWriter> LmdbRowWriter::Make(const LmdbEnv& env, MDB_txn* txn) {
  MDB_cursor* raw;
  int code = mdb_cursor_open(txn, env.rows(), &raw);
  if (code != 0) return LmdbError(code, "cannot write to", env.path());
  LmdbRowWriter writer(env, Cursor(raw, &mdb_cursor_close));
  writer.last_key_.reserve(kMaxLmdbKey);
  MDB_val key;
  MDB_val value;
  code = mdb_cursor_get(raw, &key, &value, MDB_LAST);
  if (code == 0) {
    writer.last_key_ = FromVal(key);
  } else if (code != MDB_NOTFOUND) {
    return writer.Failed(code);
  }
  return writer;
}

Result<bool> LmdbRowWriter::Put(uint32_t view_id, std::string_view entity, std::string_view row) {
  key_.SetEntity(entity);
  std::string_view key = key_.ForView(view_id);
  std::string_view value = row;
  if (key_.hashed()) {
    EncodeHashedValue(entity, row, &hashed_value_);
    value = hashed_value_;
  }
  MDB_val key_val = ToVal(key);
  MDB_val value_val = ToVal(value);
  bool append = key > last_key_;
  int code =
      mdb_cursor_put(cursor_.get(), &key_val, &value_val, append ? MDB_APPEND : MDB_NOOVERWRITE);
  if (code == 0) {
    if (append) last_key_ = key;
    return true;
  }
  if (code != MDB_KEYEXIST || append) return Failed(code);
  return Replace(key, value, row, FromVal(value_val));
}

// The cursor stands on the stored row.
Result<bool> LmdbRowWriter::Replace(std::string_view key, std::string_view value,
                                    std::string_view row, std::string_view stored) {
  if (key_.hashed()) {
    HashedValue hashed = DecodeHashedValue(stored);
    HashedValue incoming = DecodeHashedValue(value);
    if (hashed.entity != incoming.entity) {
      return Error(ErrorKind::kCorrupt, "the online store '" + env_->path() +
                                            "' holds another entity's row under this key's hash");
    }
    stored = hashed.row;
  }
  // What cannot be read cannot be newer: writing it again is how it is mended.
  if (LooksLikeRow(stored) && !Replaces(RowView(row).order(), RowView(stored).order())) {
    return false;
  }
  MDB_val key_val = ToVal(key);
  MDB_val value_val = ToVal(value);
  int code = mdb_cursor_put(cursor_.get(), &key_val, &value_val, MDB_CURRENT);
  if (code != 0) return Failed(code);
  return true;
}

Result<bool> LmdbRowWriter::Delete(uint32_t view_id, std::string_view entity) {
  key_.SetEntity(entity);
  return DeleteStored(key_.ForView(view_id));
}

Result<bool> LmdbRowWriter::DeleteStored(std::string_view key) {
  MDB_val key_val = ToVal(key);
  MDB_val value;
  int code = mdb_cursor_get(cursor_.get(), &key_val, &value, MDB_SET);
  if (code == MDB_NOTFOUND) return false;
  if (code == 0) code = mdb_cursor_del(cursor_.get(), 0);
  if (code != 0) return Failed(code);
  return true;
}

}  // namespace featly
