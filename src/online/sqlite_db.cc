#include "online/sqlite_db.h"

#include <cerrno>
#include <new>
#include <optional>
#include <pthread.h>
#include <shared_mutex>
#include <thread>
#include <utility>

#include "online/fork_count.h"
#include "online/store_errors.h"

namespace featly {
namespace {

// SQLite takes a null pointer for NULL, also where the length is 0.
const char* NotNull(std::string_view bytes) { return bytes.empty() ? "" : bytes.data(); }

// Shared by all uses of SQLite, exclusive around a fork. Never destroyed: threads may outlive main.
std::shared_mutex& ForkGate() {
  alignas(std::shared_mutex) static char place[sizeof(std::shared_mutex)];
  static std::shared_mutex* gate = [] {
    auto* made = new (place) std::shared_mutex;
    pthread_atfork([] { ForkGate().lock(); }, [] { ForkGate().unlock(); },
                   // The lock knows its owner by a thread id that the child does not have.
                   [] { new (place) std::shared_mutex; });
    return made;
  }();
  return *gate;
}

ErrorKind KindOfErrno(int errnum) { return KindOf(ErrnoError(errnum, "")); }

}  // namespace

SqliteInUse::SqliteInUse() { ForkGate().lock_shared(); }
SqliteInUse::~SqliteInUse() { ForkGate().unlock_shared(); }

SqliteQuery::SqliteQuery(SqliteQuery&& other) noexcept
    : db_(other.db_),
      statement_(std::exchange(other.statement_, nullptr)),
      code_(std::exchange(other.code_, SQLITE_OK)) {}

SqliteQuery::~SqliteQuery() { Reset(); }

void SqliteQuery::Reset() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  code_ = SQLITE_OK;
}

void SqliteQuery::BindBlob(int at, std::string_view bytes) {
  Keep(sqlite3_bind_blob64(statement_, at, NotNull(bytes), bytes.size(), SQLITE_STATIC));
}

void SqliteQuery::BindText(int at, std::string_view text) {
  Keep(sqlite3_bind_text64(statement_, at, NotNull(text), text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

Result<bool> SqliteQuery::Step() {
  if (code_ != SQLITE_OK) return db_->Failed(code_);
  int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return db_->Failed(code);
}

Status SqliteQuery::Run() {
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(bool more, Step());
    if (!more) break;
  }
  Reset();
  return Status::OK();
}

std::string_view SqliteQuery::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return {text == nullptr ? "" : text,
          static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view SqliteQuery::Blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return {bytes == nullptr ? "" : bytes,
          static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

Result<std::unique_ptr<SqliteDb>> SqliteDb::Open(const std::string& path, Duration busy_timeout) {
  return OpenFile(path, busy_timeout, SQLITE_OPEN_CREATE);
}

Result<std::unique_ptr<SqliteDb>> SqliteDb::OpenAnother() const {
  ARROW_ASSIGN_OR_RAISE(auto another, OpenFile(path_, busy_timeout_, 0));
  ARROW_RETURN_NOT_OK(CheckStillThere());
  return another;
}

Result<std::unique_ptr<SqliteDb>> SqliteDb::OpenFile(const std::string& path, Duration busy_timeout,
                                                     int make) {
  std::unique_ptr<SqliteDb> db(new SqliteDb(path, busy_timeout, ForkCount()));
  // One thread at a time uses it, so SQLite need not lock it. The path may hold a '?' or begin with
  // "file:": no URI.
  int code = sqlite3_open_v2(path.c_str(), &db->db_,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | make, nullptr);
  if (code != SQLITE_OK && make == 0 && sqlite3_system_errno(db->db_) == ENOENT) {
    return CheckPresence(StorePresence::kGone, path);
  }
  if (code != SQLITE_OK) return db->Failed(code);
  ARROW_ASSIGN_OR_RAISE(std::optional<FileFingerprint> identity, Fingerprint(path));
  if (!identity) return CheckPresence(StorePresence::kGone, path);
  db->identity_ = *identity;
  sqlite3_extended_result_codes(db->db_, 1);
  sqlite3_busy_handler(db->db_, &SqliteDb::OnBusy, db.get());
  // EXTRA syncs the folder after the journal is gone: else a power cut could bring an acknowledged
  // transaction's journal back, and undo it. Without spilling, a big transaction keeps readers out
  // only while it commits. Neither changes the file.
  ARROW_RETURN_NOT_OK(db->Execute("PRAGMA synchronous = EXTRA"));
  ARROW_RETURN_NOT_OK(db->Execute("PRAGMA cache_spill = OFF"));
  return db;
}

SqliteDb::~SqliteDb() {
  if (ForkCount() != forks_) {
    for (auto& [sql, statement] : statements_) static_cast<void>(statement.release());
    return;
  }
  SqliteInUse in_use;
  statements_.clear();
  // The last to close a file deletes its write-ahead log, by name: not that of a file which is not
  // this one's.
  if (Presence() != StorePresence::kThere) {
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  sqlite3_close(db_);
}

// SQLite's own handler looks ever more seldom, up to ten times a second: it would miss the moments
// between bulk transactions.
int SqliteDb::OnBusy(void* self, int calls) {
  auto* db = static_cast<SqliteDb*>(self);
  const auto now = std::chrono::steady_clock::now();
  if (calls == 0) db->busy_since_ = now;
  if (now - db->busy_since_ >= std::chrono::microseconds(db->busy_timeout_.micros)) return 0;
  if (db->Presence() != StorePresence::kThere) return 0;  // see SqliteTxn::Begin
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return 1;
}

Result<SqliteQuery> SqliteDb::Query(const std::string& sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                  SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return Failed(code);
    found = statements_.emplace(sql, statement).first;
  }
  return SqliteQuery(this, found->second.get());
}

Status SqliteDb::Execute(const std::string& sql) {
  int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status::OK() : Failed(code);
}

void SqliteDb::RollBack() {
  // SQLite may have rolled back by itself (a full disk). Should it fail, the next statement says
  // so: nothing of the transaction was acknowledged.
  if (sqlite3_get_autocommit(db_) == 0) {
    sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

StorePresence SqliteDb::Presence() const {
  return PresenceOf(path_, identity_).ValueOr(StorePresence::kThere);
}

Status SqliteDb::CheckStillThere() const {
  ARROW_ASSIGN_OR_RAISE(StorePresence presence, PresenceOf(path_, identity_));
  return CheckPresence(presence, path_);
}

Status SqliteDb::Failed(int code) const {
  const std::string store = "the online store '" + path_ + "' ";
  auto error = [&](ErrorKind kind, std::string_view rest) -> Status {
    return Error(kind, store + std::string(rest)).Subject(path_);
  };
  const int system = db_ == nullptr ? ENOMEM : sqlite3_system_errno(db_);
  const std::string said = db_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db_);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return error(ErrorKind::kUnavailable, "is locked by another process, waited " +
                                                FormatDuration(busy_timeout_) +
                                                "; nothing was done; try again");
    case SQLITE_READONLY:
      if (code == SQLITE_READONLY_DIRECTORY) {
        return error(ErrorKind::kPermission,
                     "cannot be written: the folder is read-only for this user, and SQLite keeps "
                     "its journal beside the file; nothing was changed");
      }
      [[fallthrough]];
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return error(ErrorKind::kPermission,
                   "cannot be written: the file is read-only for this user; nothing was changed");
    case SQLITE_CANTOPEN:
      return error(system == 0 ? ErrorKind::kIo : KindOfErrno(system),
                   "cannot be opened or written (" + said +
                       "): the file must be readable, and to write, the folder writable too, since "
                       "SQLite keeps its journal beside the file");
    case SQLITE_FULL:
      return error(ErrorKind::kIo,
                   "is on a full disk; nothing of this was stored; free some space");
    case SQLITE_IOERR:
      if (system != 0) return WithContext(store + said, ErrnoError(system, "the disk failed"));
      return error(ErrorKind::kIo, "could not be read or written: " + said);
    case SQLITE_NOTADB:
      return error(ErrorKind::kCorrupt,
                   "is not an SQLite database; move it away, or name another path");
    case SQLITE_CORRUPT:
      return error(ErrorKind::kCorrupt,
                   "is damaged (" + said + "); move it away and materialize again");
    case SQLITE_TOOBIG:
      return error(ErrorKind::kTooLarge, "cannot take a value of this size: " + said);
    default:
      return error(ErrorKind::kInternal, "gave an error: " + said);
  }
}

Result<SqliteTxn> SqliteTxn::Begin(SqliteDb* db, const char* how) {
  // Before any lock, because SQLite finds a journal by its name: through a connection to a file
  // that was replaced it would play the new file's journal back into the old one, and delete it.
  ARROW_RETURN_NOT_OK(db->CheckStillThere());
  ARROW_RETURN_NOT_OK(db->Execute(how));
  return SqliteTxn(db);
}

Result<SqliteTxn> SqliteTxn::BeginLocked(SqliteDb* db, const char* how) {
  Result<SqliteTxn> txn = Begin(db, how);
  // And under the lock, because a teardown deletes the file while it holds it.
  ARROW_RETURN_NOT_OK(db->CheckStillThere());
  return txn;
}

Result<SqliteTxn> SqliteTxn::Write(SqliteDb* db) { return BeginLocked(db, "BEGIN IMMEDIATE"); }

Result<SqliteTxn> SqliteTxn::Exclusive(SqliteDb* db) { return BeginLocked(db, "BEGIN EXCLUSIVE"); }

SqliteTxn::~SqliteTxn() {
  if (db_ != nullptr) db_->RollBack();
}

Status SqliteTxn::Commit() {
  ARROW_RETURN_NOT_OK(db_->Execute("COMMIT"));
  db_ = nullptr;
  return Status::OK();
}

std::string QuoteName(std::string_view name) {
  std::string quoted = "\"";
  for (char c : name) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace featly
