#include "online/sqlite_store.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/file.h"
#include "base/parallel.h"
#include "online/fork_count.h"
#include "online/sqlite_catalog.h"
#include "online/sqlite_db.h"
#include "online/sqlite_reader.h"
#include "online/sqlite_view.h"
#include "online/sqlite_writer.h"
#include "online/store_errors.h"
#include "online/store_kinds.h"

namespace featly {
namespace {

constexpr int kMostReadThreads = 8;

std::atomic<uint64_t> g_next_store_token{1};

OnlineCapabilities Capabilities() {
  OnlineCapabilities can;
  can.time_resolution = Duration::Seconds(1);
  can.reads_inline = false;
  can.keeps_features_apart = true;
  can.values_as_protobuf = true;
  can.sweeps = false;
  return can;
}

/// The SQLite store. Thread-safe: what changes tables takes turns on one connection, writes have a
/// thread and connection of their own, and reads several.
class SqliteStore : public OnlineStore {
 public:
  SqliteStore(std::unique_ptr<SqliteDb> db, std::shared_ptr<const SqliteCatalog> catalog,
              const SqliteOptions& options)
      : description_("sqlite " + db->path()),
        path_(db->path()),
        token_(g_next_store_token.fetch_add(1)),
        value_num_(options.value_num),
        forks_(ForkCount()),
        db_(std::move(db)),
        catalog_(std::move(catalog)),
        readers_(*db_, token_, std::min(ResolveThreads(options.read_threads), kMostReadThreads)),
        writer_(*db_, token_),
        queue_(path_, options.writes,
               [this](std::span<const WriteJob> jobs) { return writer_.Commit(jobs); }) {}

  const OnlineCapabilities& capabilities() const override { return capabilities_; }
  const std::string& description() const override { return description_; }

  Status Prepare(std::span<const OnlineViewSchema> views) override {
    return Ensure(views, OtherJoinKeys::kLeave);
  }
  Status Rekey(std::span<const OnlineViewSchema> views) override {
    return Ensure(views, OtherJoinKeys::kBeginNew);
  }
  Result<std::shared_ptr<const OnlineView>> Bind(const OnlineViewSchema& view) override;
  Result<std::shared_ptr<const OnlineView>> Find(const OnlineViewSchema& view) override;
  void Read(const ReadRequest& request, ReadResult* result, ReadCompletion done) override;
  void Write(std::span<const WriteRequest> requests, WriteCompletion done) override;
  Result<int64_t> DeleteEntities(const OnlineView& view,
                                 std::span<const std::string_view> keys) override;
  Status DropView(std::string_view project, std::string_view view) override;
  /// Nothing waits for it: dropping a table gives its pages back.
  Result<int64_t> Sweep(int64_t) override { return int64_t{0}; }
  StorePresence Presence() const override { return db_->Presence(); }
  Result<std::vector<std::string>> ListViews(std::string_view project) override;
  Status Maintain() override { return CheckUsable(); }
  Status Teardown(std::string_view project) override;

  bool Forked() const { return ForkCount() != forks_; }
  bool OnOwnThread() const { return queue_.OnWriterThread() || readers_.OnReaderThread(); }

 private:
  Status CheckUsable() const { return Forked() ? OpenedBeforeFork(path_) : Status::OK(); }
  Status Ensure(std::span<const OnlineViewSchema> views, OtherJoinKeys other);
  /// The tables as they are now. REQUIRES: mutex_.
  Result<std::shared_ptr<const SqliteCatalog>> Catalog();
  /// Commits what changed the tables. REQUIRES: mutex_.
  Status CommitTables(SqliteTxn txn);
  void Remember(std::shared_ptr<const SqliteCatalog> catalog);
  /// The handle of a view whose table is there under its join keys; else null.
  Result<std::shared_ptr<const OnlineView>> FindBound(const SqliteCatalog& catalog,
                                                      const OnlineViewSchema& schema) const;
  Status DropTables(std::string_view project);

  const OnlineCapabilities capabilities_ = Capabilities();
  const std::string description_;
  const std::string path_;
  const uint64_t token_;
  const bool value_num_;
  const uint32_t forks_;

  std::mutex mutex_;  // held for as long as SQLite takes, which may wait for another process
  const std::unique_ptr<SqliteDb> db_;            // used under mutex_, but for its presence
  std::mutex catalog_mutex_;                      // held briefly: guards catalog_
  std::shared_ptr<const SqliteCatalog> catalog_;  // the tables as they were when last read
  SqliteReadPool readers_;
  SqliteWriter writer_;
  WriteQueue queue_;  // last: its thread uses the writer
};

Result<std::shared_ptr<const SqliteCatalog>> SqliteStore::Catalog() {
  ARROW_ASSIGN_OR_RAISE(SqliteTxn txn, SqliteTxn::Read(db_.get()));
  ARROW_ASSIGN_OR_RAISE(auto catalog, SqliteCatalog::Load(db_.get()));
  ARROW_RETURN_NOT_OK(txn.Commit());
  Remember(catalog);
  return catalog;
}

Status SqliteStore::CommitTables(SqliteTxn txn) {
  ARROW_ASSIGN_OR_RAISE(auto catalog, SqliteCatalog::Load(db_.get()));
  ARROW_RETURN_NOT_OK(txn.Commit());
  Remember(std::move(catalog));
  return Status::OK();
}

void SqliteStore::Remember(std::shared_ptr<const SqliteCatalog> catalog) {
  std::lock_guard lock(catalog_mutex_);
  catalog_ = std::move(catalog);
}

Status SqliteStore::Ensure(std::span<const OnlineViewSchema> views, OtherJoinKeys other) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  SqliteInUse in_use;
  std::lock_guard lock(mutex_);
  ARROW_ASSIGN_OR_RAISE(auto catalog, Catalog());
  if (std::all_of(views.begin(), views.end(), [&](const OnlineViewSchema& view) {
        return HasSqliteTable(*catalog, view, other, value_num_);
      })) {
    return Status::OK();  // repeating an apply costs no write
  }
  ARROW_ASSIGN_OR_RAISE(SqliteTxn txn, SqliteTxn::Write(db_.get()));
  ARROW_RETURN_NOT_OK(EnsureSqliteTables(db_.get(), views, other, value_num_));
  return CommitTables(std::move(txn));
}

Result<std::shared_ptr<const OnlineView>> SqliteStore::FindBound(
    const SqliteCatalog& catalog, const OnlineViewSchema& schema) const {
  ARROW_ASSIGN_OR_RAISE(const SqliteTable* table, catalog.FindOwn(schema, path_));
  if (table == nullptr) return nullptr;
  if (table->note && table->note->join_keys != DescribeKeys(schema.join_keys)) return nullptr;
  return SqliteView::Make(schema, table->incarnation(), token_);
}

Result<std::shared_ptr<const OnlineView>> SqliteStore::Bind(const OnlineViewSchema& schema) {
  ARROW_RETURN_NOT_OK(Prepare({&schema, 1}));
  SqliteInUse in_use;
  std::lock_guard lock(mutex_);
  ARROW_ASSIGN_OR_RAISE(auto catalog, Catalog());
  ARROW_ASSIGN_OR_RAISE(auto view, FindBound(*catalog, schema));
  if (view) return view;
  const SqliteTable* table = catalog->Find(SqliteTableName(schema.project, schema.view));
  if (table == nullptr || !table->exists() || !table->note) return ViewWasDropped(schema);
  // Who asks may be a process that has not heard of an apply yet: its word is not enough to throw
  // the rows away.
  return JoinKeysDiffer(schema, table->note->join_keys);
}

Result<std::shared_ptr<const OnlineView>> SqliteStore::Find(const OnlineViewSchema& schema) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  // What was there when last read will do, since I/O threads ask this and must not wait. Should it
  // be gone meanwhile, the handle reads nothing, and writes through it are refused; a table that
  // another process has made since is found by the one who then prepares it.
  std::shared_ptr<const SqliteCatalog> catalog;
  {
    std::lock_guard lock(catalog_mutex_);
    catalog = catalog_;
  }
  return FindBound(*catalog, schema);
}

void SqliteStore::Read(const ReadRequest& request, ReadResult* result, ReadCompletion done) {
  if (Status usable = CheckUsable(); !usable.ok()) return done(usable);
  readers_.Submit(request, result, std::move(done));
}

void SqliteStore::Write(std::span<const WriteRequest> requests, WriteCompletion done) {
  if (Status usable = CheckUsable(); !usable.ok()) return done(usable);
  queue_.Submit(requests, std::move(done));
}

Result<int64_t> SqliteStore::DeleteEntities(const OnlineView& view,
                                            std::span<const std::string_view> keys) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  const auto* bound = dynamic_cast<const SqliteView*>(&view);
  SqliteInUse in_use;
  std::lock_guard lock(mutex_);
  ARROW_ASSIGN_OR_RAISE(SqliteTxn txn, SqliteTxn::Write(db_.get()));
  ARROW_ASSIGN_OR_RAISE(auto catalog, SqliteCatalog::Load(db_.get()));
  if (bound == nullptr || bound->store_token() != token_ || !bound->IsLive(*catalog)) {
    return ViewWasDropped(view.schema());
  }
  int64_t deleted = 0;
  {
    ARROW_ASSIGN_OR_RAISE(
        SqliteQuery remove,
        db_->Query("DELETE FROM " + QuoteName(bound->table()) + " WHERE entity_key = ?"));
    for (std::string_view key : keys) {
      remove.BindBlob(1, key);
      ARROW_RETURN_NOT_OK(remove.Run());
      deleted += db_->changes() > 0 ? 1 : 0;
    }
  }
  ARROW_RETURN_NOT_OK(txn.Commit());
  return deleted;
}

Status SqliteStore::DropView(std::string_view project, std::string_view view) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  SqliteInUse in_use;
  std::lock_guard lock(mutex_);
  ARROW_ASSIGN_OR_RAISE(auto before, Catalog());
  if (before->Find(SqliteTableName(project, view)) == nullptr) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(SqliteTxn txn, SqliteTxn::Write(db_.get()));
  ARROW_ASSIGN_OR_RAISE(auto catalog, SqliteCatalog::Load(db_.get()));
  db_->ForgetStatements();
  ARROW_RETURN_NOT_OK(DropSqliteTable(db_.get(), *catalog, project, view));
  return CommitTables(std::move(txn));
}

Result<std::vector<std::string>> SqliteStore::ListViews(std::string_view project) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  SqliteInUse in_use;
  std::lock_guard lock(mutex_);
  ARROW_ASSIGN_OR_RAISE(auto catalog, Catalog());
  return catalog->Views(project);
}

Status SqliteStore::DropTables(std::string_view project) {
  ARROW_ASSIGN_OR_RAISE(auto before, Catalog());
  if (before->Views(project).empty()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(SqliteTxn txn, SqliteTxn::Write(db_.get()));
  ARROW_ASSIGN_OR_RAISE(auto catalog, SqliteCatalog::Load(db_.get()));
  db_->ForgetStatements();
  for (const std::string& view : catalog->Views(project)) {
    ARROW_RETURN_NOT_OK(DropSqliteTable(db_.get(), *catalog, project, view));
  }
  return CommitTables(std::move(txn));
}

Status SqliteStore::Teardown(std::string_view project) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  SqliteInUse in_use;
  std::lock_guard lock(mutex_);
  ARROW_RETURN_NOT_OK(DropTables(project));
  ARROW_ASSIGN_OR_RAISE(auto left, Catalog());
  if (left->HasOtherTables()) return Status::OK();
  // Deleted under the lock: who waits for it finds the file gone, and is told so.
  ARROW_ASSIGN_OR_RAISE(SqliteTxn txn, SqliteTxn::Exclusive(db_.get()));
  ARROW_ASSIGN_OR_RAISE(left, SqliteCatalog::Load(db_.get()));
  if (left->HasOtherTables()) return Status::OK();
  if (unlink(path_.c_str()) != 0 && errno != ENOENT) {
    return ErrnoError(errno, "cannot delete the online store '" + path_ + "'");
  }
  // What SQLite keeps beside a file in WAL mode; without the file it means nothing.
  for (const char* beside : {"-wal", "-shm"}) unlink((path_ + beside).c_str());
  return Status::OK();
}

void CloseLast(SqliteStore* store) {
  // After a fork neither its threads nor its connections are this process's to end.
  if (store->Forked()) return;
  // A completion may hold the last reference: a thread cannot wait for its own end.
  if (store->OnOwnThread()) {
    std::thread([store] { delete store; }).detach();
  } else {
    delete store;
  }
}

}  // namespace

Result<std::shared_ptr<OnlineStore>> OpenSqliteStore(const SqliteOptions& options) {
  const std::filesystem::path folder = std::filesystem::path(options.path).parent_path();
  if (!folder.empty()) ARROW_RETURN_NOT_OK(MakeDirectories(folder.string()));
  ARROW_ASSIGN_OR_RAISE(auto db, SqliteDb::Open(options.path, options.busy_timeout));
  // Opening alone does not look into the file.
  std::shared_ptr<const SqliteCatalog> catalog;
  {
    ARROW_ASSIGN_OR_RAISE(SqliteTxn txn, SqliteTxn::Read(db.get()));
    ARROW_ASSIGN_OR_RAISE(catalog, SqliteCatalog::Load(db.get()));
    ARROW_RETURN_NOT_OK(txn.Commit());
  }
  return std::shared_ptr<OnlineStore>(
      new SqliteStore(std::move(db), std::move(catalog), options),
      [](OnlineStore* s) { CloseLast(static_cast<SqliteStore*>(s)); });
}

namespace {

// Feast's keys and defaults.
constexpr StoreKey kKeys[] = {
    {"path", StoreKey::Type::kPath, "data/online.db", ""},
    {"vector_enabled", StoreKey::Type::kFlag, "false", "true"},
    {"similarity", StoreKey::Type::kText, "cosine", ""},
    {"text_search_enabled", StoreKey::Type::kFlag, "false", "true"},
    {"enable_openai_compatible_store", StoreKey::Type::kFlag, "false", ""},
};

Result<std::shared_ptr<OnlineStore>> OpenFromSettings(const OnlineStoreSettings& settings) {
  return OpenSqliteStore({.path = settings.Text("path"),
                          .value_num = settings.Flag("enable_openai_compatible_store")});
}

}  // namespace

extern const OnlineStoreKind kSqliteKind;
const OnlineStoreKind kSqliteKind{"sqlite", kKeys, &OpenFromSettings};

}  // namespace featly
