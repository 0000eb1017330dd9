// One connection to an SQLite file: statements, transactions, and its errors in featly's words.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.h"
#include "base/file.h"
#include "base/time.h"
#include "online/online_store.h"

namespace featly {

class SqliteDb;

/// Held around every use of SQLite: a fork waits until there is none. Else the child's copy of the
/// library would believe that it holds the file locks and mutexes that a thread of the parent had
/// at that moment. May be nested. Cost: two atomic operations.
class SqliteInUse {
 public:
  SqliteInUse();
  ~SqliteInUse();
  SqliteInUse(const SqliteInUse&) = delete;
  SqliteInUse& operator=(const SqliteInUse&) = delete;
};

/// A statement on its way: bind, step, read the columns. Borrowed from its connection, which keeps
/// it prepared for the next time; reset by its destructor. Bound bytes are not copied: they live
/// until Reset.
class SqliteQuery {
 public:
  SqliteQuery(SqliteDb* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  SqliteQuery(SqliteQuery&& other) noexcept;
  SqliteQuery& operator=(SqliteQuery&&) = delete;
  ~SqliteQuery();

  // Positions count from 1. An error is kept for Step.
  void BindBlob(int at, std::string_view bytes);
  void BindText(int at, std::string_view text);
  void BindInt(int at, int64_t value) { Keep(sqlite3_bind_int64(statement_, at, value)); }
  void BindDouble(int at, double value) { Keep(sqlite3_bind_double(statement_, at, value)); }
  void BindNull(int at) { Keep(sqlite3_bind_null(statement_, at)); }

  /// True for a row, false at the end.
  Result<bool> Step();
  /// Steps to the end, and is ready to be bound again.
  Status Run();
  void Reset();

  // Columns of the row, counted from 0; bytes live until the next Step or Reset.
  int type(int column) const { return sqlite3_column_type(statement_, column); }
  bool IsNull(int column) const { return type(column) == SQLITE_NULL; }
  int64_t Int(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string_view Text(int column) const;
  std::string_view Blob(int column) const;

 private:
  void Keep(int code) {
    if (code_ == SQLITE_OK) code_ = code;
  }

  SqliteDb* db_;
  sqlite3_stmt* statement_;
  int code_ = SQLITE_OK;
};

/// A connection. Used by one thread at a time, under SqliteInUse; never after a fork. Owned by the
/// store.
class SqliteDb {
 public:
  /// Opens the file; makes it where it is missing.
  static Result<std::unique_ptr<SqliteDb>> Open(const std::string& path, Duration busy_timeout);
  /// Another connection to this one's file; kUnavailable where that was deleted or replaced since.
  /// Any thread.
  Result<std::unique_ptr<SqliteDb>> OpenAnother() const;
  /// Closes; after a fork it only forgets, since locks and journal are the parent's.
  ~SqliteDb();
  SqliteDb(const SqliteDb&) = delete;
  SqliteDb& operator=(const SqliteDb&) = delete;

  const std::string& path() const { return path_; }
  /// The statement of this text, prepared the first time.
  Result<SqliteQuery> Query(const std::string& sql);
  Status Execute(const std::string& sql);
  /// Ends a transaction without keeping any of it; nothing where there is none.
  void RollBack();
  /// Forgets prepared statements: their tables may be gone. REQUIRES: no query is on its way.
  void ForgetStatements() { statements_.clear(); }
  /// Rows that the last statement changed.
  int64_t changes() const { return sqlite3_changes64(db_); }
  /// kUnavailable where the file was deleted or replaced while it was open: what is written would
  /// be lost.
  Status CheckStillThere() const;
  /// Of its file; kThere where that cannot be told: the next use says why. Any thread.
  StorePresence Presence() const;

  /// What SQLite's last error means: what was being done, with what, and what to do about it.
  Status Failed(int code) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };

  static Result<std::unique_ptr<SqliteDb>> OpenFile(const std::string& path, Duration busy_timeout,
                                                    int make);
  static int OnBusy(void* self, int calls);

  SqliteDb(std::string path, Duration busy_timeout, uint32_t forks)
      : path_(std::move(path)), busy_timeout_(busy_timeout), forks_(forks) {}

  const std::string path_;
  const Duration busy_timeout_;
  const uint32_t forks_;  // ForkCount() when it was opened
  std::chrono::steady_clock::time_point busy_since_;
  sqlite3* db_ = nullptr;
  FileFingerprint identity_;  // of its file, when it was opened
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

/// A transaction, rolled back by its destructor unless committed. kUnavailable where the file is
/// gone or another's. Move-only.
class SqliteTxn {
 public:
  /// Sees one moment of the file; waits for nobody but a writer that is just committing.
  static Result<SqliteTxn> Read(SqliteDb* db) { return Begin(db, "BEGIN"); }
  /// Waits for the writer's lock, which all processes share.
  static Result<SqliteTxn> Write(SqliteDb* db);
  /// The same, keeping readers out too.
  static Result<SqliteTxn> Exclusive(SqliteDb* db);

  SqliteTxn(SqliteTxn&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
  SqliteTxn& operator=(SqliteTxn&&) = delete;
  ~SqliteTxn();
  /// Durable when it returns OK; nothing of it is kept otherwise.
  Status Commit();

 private:
  explicit SqliteTxn(SqliteDb* db) : db_(db) {}
  static Result<SqliteTxn> BeginLocked(SqliteDb* db, const char* how);
  static Result<SqliteTxn> Begin(SqliteDb* db, const char* how);

  SqliteDb* db_;
};

/// `name` as SQL has it: in double quotes.
std::string QuoteName(std::string_view name);

}  // namespace featly
