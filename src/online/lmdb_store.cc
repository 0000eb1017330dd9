#include "online/lmdb_store.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <sys/file.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/file.h"
#include "online/fork_count.h"
#include "online/lmdb_catalog.h"
#include "online/lmdb_env.h"
#include "online/lmdb_reader.h"
#include "online/lmdb_row_writer.h"
#include "online/lmdb_sweep.h"
#include "online/lmdb_writer.h"
#include "online/store_errors.h"
#include "online/store_kinds.h"
#include "online/write_queue.h"

namespace featly {
namespace {

// Binds tried while other processes drop the view at the same time.
constexpr int kBindAttempts = 8;

std::atomic<uint64_t> g_next_store_token{1};

// Held while an environment is opened and while one is torn down, over all processes: an opener
// must not meet one file of the pair that a teardown has deleted and one that it has not.
Result<OwnedFd> LockFolder(const std::string& path) {
  OwnedFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoError(errno, "cannot open the online store '" + path + "'");
  while (flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return ErrnoError(errno, "cannot lock the online store '" + path + "'");
  }
  return fd;
}

/// The LMDB store. Shared by all who opened the same file in this process. Thread-safe.
class LmdbStore : public OnlineStore, public std::enable_shared_from_this<LmdbStore> {
 public:
  LmdbStore(std::unique_ptr<LmdbEnv> env, const LmdbOptions& options)
      : description_("lmdb " + env->path()),
        token_(g_next_store_token.fetch_add(1)),
        max_rows_(static_cast<size_t>(std::max(options.writes.max_rows_per_transaction, 1))),
        bulk_pause_(options.writes.bulk_pause),
        env_(std::move(env)),
        catalog_(env_.get()),
        readers_(env_.get()),
        sweep_(env_.get(), &catalog_, options),
        writer_(env_.get(), &catalog_, token_),
        queue_(env_->path(), options.writes,
               [this](std::span<const WriteJob> jobs) { return Commit(jobs); }) {
    // An empty write finds out, and the writer thread opens the environment again.
    env_->OnBroken([this] { queue_.Submit({}, [](const Result<WriteResult>&) {}); });
  }

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
  Result<int64_t> Sweep(int64_t max_rows) override { return sweep_.Run(max_rows); }
  StorePresence Presence() const override { return env_->Presence(); }
  Result<std::vector<std::string>> ListViews(std::string_view project) override;
  Status Maintain() override { return env_->CheckReaders().status(); }
  Status Teardown(std::string_view project) override;

  const LmdbEnv& env() const { return *env_; }
  bool OnWriterThread() const { return queue_.OnWriterThread(); }

 private:
  Result<std::shared_ptr<const CatalogSnapshot>> Catalog();
  Status Ensure(std::span<const OnlineViewSchema> views, OtherJoinKeys other);
  std::shared_ptr<const LmdbView> FindBound(const CatalogSnapshot& catalog,
                                            const OnlineViewSchema& schema);
  Status ReadInline(const ReadRequest& request, ReadResult* result);
  Result<WriteQueue::Outcomes> Commit(std::span<const WriteJob> jobs);
  Status OpenAgain();

  OnlineCapabilities capabilities_;
  std::string description_;
  const uint64_t token_;
  const size_t max_rows_;
  const Duration bulk_pause_;
  std::unique_ptr<LmdbEnv> env_;
  LmdbCatalog catalog_;
  LmdbReadPool readers_;
  LmdbSweep sweep_;
  LmdbWriter writer_;
  WriteQueue queue_;  // last: its thread uses the rest
};

Status LmdbStore::Ensure(std::span<const OnlineViewSchema> views, OtherJoinKeys other) {
  ARROW_ASSIGN_OR_RAISE(auto catalog, Catalog());
  if (std::all_of(views.begin(), views.end(), [&](const OnlineViewSchema& view) {
        return LmdbCatalog::Has(*catalog, view, other);
      })) {
    return Status::OK();  // repeating an apply costs no write
  }
  ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, env_->BeginWrite());
  ARROW_RETURN_NOT_OK(catalog_.Ensure(txn.get(), views, other));
  return txn.Commit();
}

Result<std::shared_ptr<const OnlineView>> LmdbStore::Bind(const OnlineViewSchema& schema) {
  for (int attempt = 0; attempt < kBindAttempts; ++attempt) {
    ARROW_ASSIGN_OR_RAISE(auto catalog, Catalog());
    if (auto view = FindBound(*catalog, schema)) return view;
    const CatalogView* there = catalog->Find(schema.project, schema.view);
    // Who asks may be a process that has not heard of an apply yet: its word is not enough to throw
    // the rows away.
    if (there != nullptr && there->join_keys != schema.join_keys) {
      return JoinKeysDiffer(schema, DescribeKeys(there->join_keys));
    }
    ARROW_RETURN_NOT_OK(Prepare({&schema, 1}));
  }
  return Error(ErrorKind::kConflict, "feature view '" + schema.view + "' of project '" +
                                         schema.project +
                                         "' is dropped from the online store as often as it is "
                                         "prepared; stop the other process")
      .Subject(schema.view);
}

Result<std::shared_ptr<const OnlineView>> LmdbStore::Find(const OnlineViewSchema& schema) {
  ARROW_ASSIGN_OR_RAISE(auto catalog, Catalog());
  return FindBound(*catalog, schema);
}

std::shared_ptr<const LmdbView> LmdbStore::FindBound(const CatalogSnapshot& catalog,
                                                     const OnlineViewSchema& schema) {
  const CatalogView* view = catalog.Find(schema.project, schema.view);
  if (view == nullptr || view->join_keys != schema.join_keys) return nullptr;
  std::shared_ptr<const RowLayout> layout = view->FindLayout(schema.columns);
  if (!layout) return nullptr;
  auto reload = [store = weak_from_this()](uint32_t id) -> std::shared_ptr<const CatalogView> {
    std::shared_ptr<LmdbStore> open = store.lock();
    if (!open) return nullptr;
    auto now = open->Catalog();
    if (!now.ok()) return nullptr;  // the layout stays unknown, which its reader reports
    auto found = (*now)->views.find(id);
    return found == (*now)->views.end() ? nullptr : found->second;
  };
  return std::make_shared<LmdbView>(schema, std::move(layout), catalog.views.at(view->id), token_,
                                    std::move(reload));
}

Result<std::shared_ptr<const CatalogSnapshot>> LmdbStore::Catalog() {
  ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, env_->BeginRead());
  return catalog_.Load(txn.get());
}

void LmdbStore::Read(const ReadRequest& request, ReadResult* result, ReadCompletion done) {
  Status status = ReadInline(request, result);
  if (!status.ok()) result->Release();
  done(std::move(status));
}

Status LmdbStore::ReadInline(const ReadRequest& request, ReadResult* result) {
  result->Shape(request);
  ARROW_ASSIGN_OR_RAISE(LmdbReadGuard * guard, readers_.Acquire(catalog_));
  result->SetGuard(guard);
  return guard->Read(request, catalog_, token_, result);
}

void LmdbStore::Write(std::span<const WriteRequest> requests, WriteCompletion done) {
  if (Status usable = env_->CheckUsable(); !usable.ok()) return done(usable);
  queue_.Submit(requests, std::move(done));
}

// On the writer thread. After a failure that LMDB itself does not recover from, once more on the
// environment opened again.
Result<WriteQueue::Outcomes> LmdbStore::Commit(std::span<const WriteJob> jobs) {
  auto outcomes = writer_.Commit(jobs);
  if (outcomes.ok() || !env_->Broken()) return outcomes;
  ARROW_RETURN_NOT_OK(OpenAgain());
  return writer_.Commit(jobs);
}

Status LmdbStore::OpenAgain() {
  ARROW_ASSIGN_OR_RAISE(OwnedFd folder, LockFolder(env_->path()));
  auto nobody_else = env_->KeepOut();
  if (!readers_.EndAll()) {
    return Error(ErrorKind::kUnavailable,
                 "the online store '" + env_->path() +
                     "' must be opened again after a failure to write, and a lookup is still under "
                     "way; try again")
        .Subject(env_->path());
  }
  Status opened = env_->OpenAgain();
  readers_.BeginAgain();
  return opened;
}

Result<int64_t> LmdbStore::DeleteEntities(const OnlineView& view,
                                          std::span<const std::string_view> keys) {
  const auto* bound = dynamic_cast<const LmdbView*>(&view);
  int64_t deleted = 0;
  while (!keys.empty()) {
    std::span<const std::string_view> chunk = keys.first(std::min(keys.size(), max_rows_));
    keys = keys.subspan(chunk.size());
    ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, env_->BeginWrite());
    ARROW_ASSIGN_OR_RAISE(uint64_t generation, catalog_.Generation(txn.get()));
    bool live = false;
    if (bound != nullptr && bound->store_token() == token_) {
      ARROW_ASSIGN_OR_RAISE(live, bound->IsLive(catalog_, txn.get(), generation));
    }
    if (!live) return ViewWasDropped(view.schema());
    {
      ARROW_ASSIGN_OR_RAISE(LmdbRowWriter writer, LmdbRowWriter::Make(*env_, txn.get()));
      for (std::string_view key : chunk) {
        ARROW_ASSIGN_OR_RAISE(bool was_there, writer.Delete(bound->id(), key));
        deleted += was_there ? 1 : 0;
      }
    }
    ARROW_RETURN_NOT_OK(txn.Commit());
    if (!keys.empty()) std::this_thread::sleep_for(std::chrono::microseconds(bulk_pause_.micros));
  }
  return deleted;
}

Status LmdbStore::DropView(std::string_view project, std::string_view view) {
  ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, env_->BeginWrite());
  ARROW_ASSIGN_OR_RAISE(auto catalog, catalog_.Load(txn.get()));
  const CatalogView* found = catalog->Find(project, view);
  if (found == nullptr) return Status::OK();
  ARROW_RETURN_NOT_OK(catalog_.Drop(txn.get(), found->id));
  return txn.Commit();
}

Result<std::vector<std::string>> LmdbStore::ListViews(std::string_view project) {
  ARROW_RETURN_NOT_OK(env_->CheckStillThere());
  ARROW_ASSIGN_OR_RAISE(auto catalog, Catalog());
  std::vector<std::string> names;
  for (const auto& [name, id] : catalog->ids) {
    if (name.first == project) names.push_back(name.second);
  }
  return names;
}

Status LmdbStore::Teardown(std::string_view project) {
  ARROW_RETURN_NOT_OK(env_->CheckUsable());
  ARROW_ASSIGN_OR_RAISE(OwnedFd folder, LockFolder(env_->path()));
  {
    ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, env_->BeginWrite());
    ARROW_ASSIGN_OR_RAISE(auto catalog, catalog_.Load(txn.get()));
    for (const auto& [name, id] : catalog->ids) {
      if (name.first == project) ARROW_RETURN_NOT_OK(catalog_.Drop(txn.get(), id));
    }
    ARROW_RETURN_NOT_OK(txn.Commit());
  }
  // Files are deleted under the writer lock: who waits for it finds them gone, and is told so.
  ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, env_->BeginWrite());
  ARROW_ASSIGN_OR_RAISE(auto catalog, catalog_.Load(txn.get()));
  return catalog->views.empty() ? env_->RemoveFiles() : Status::OK();
}

// The open stores of this process, by data file. LMDB forbids a second environment of one file in a
// process: its file locks belong to the process, and closing one would drop the other's.
struct OpenStores {
  explicit OpenStores(uint32_t fork_count) : forks(fork_count) {}
  const uint32_t forks;  // ForkCount() of the process they are of
  std::mutex mutex;
  std::condition_variable closed;
  std::map<std::pair<uint64_t, uint64_t>, std::weak_ptr<LmdbStore>> stores;  // (device, inode)
};

// After a fork the child starts with none; the parent's are left as they are, whatever state their
// mutex was in. Never destroyed: stores may close at exit.
OpenStores& AllOpenStores() {
  static std::atomic<OpenStores*> current{new OpenStores(ForkCount())};
  OpenStores* stores = current.load();
  if (stores->forks == ForkCount()) return *stores;
  auto fresh = std::make_unique<OpenStores>(ForkCount());
  if (current.compare_exchange_strong(stores, fresh.get())) stores = fresh.release();
  return *stores;
}

std::pair<uint64_t, uint64_t> IdentityOf(const LmdbEnv& env) {
  return {env.identity().device, env.identity().inode};
}

void Close(LmdbStore* store) {
  auto identity = IdentityOf(store->env());
  delete store;
  OpenStores& open = AllOpenStores();
  std::lock_guard lock(open.mutex);
  open.stores.erase(identity);
  open.closed.notify_all();
}

void CloseLast(LmdbStore* store) {
  // After a fork neither its thread nor its memory is this process's to end.
  if (store->env().Forked()) return;
  // A completion may hold the last reference: a thread cannot wait for its own end.
  if (store->OnWriterThread()) {
    std::thread(&Close, store).detach();
  } else {
    Close(store);
  }
}

// The store if this process has it open. Waits for one that is being closed.
Result<std::shared_ptr<LmdbStore>> FindOpen(const std::string& path, OpenStores& open,
                                            std::unique_lock<std::mutex>& lock) {
  ARROW_ASSIGN_OR_RAISE(auto file, Fingerprint(path + "/data.mdb"));
  if (!file) return nullptr;
  std::shared_ptr<LmdbStore> found;
  open.closed.wait(lock, [&] {
    auto entry = open.stores.find({file->device, file->inode});
    if (entry == open.stores.end()) return true;
    found = entry->second.lock();
    return found != nullptr;
  });
  return found;
}

}  // namespace

Result<std::shared_ptr<OnlineStore>> OpenLmdbStore(const LmdbOptions& options) {
  ARROW_RETURN_NOT_OK(MakeDirectories(options.path));
  OpenStores& open = AllOpenStores();
  std::unique_lock lock(open.mutex);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<LmdbStore> found, FindOpen(options.path, open, lock));
  if (found) return found;
  ARROW_ASSIGN_OR_RAISE(OwnedFd folder, LockFolder(options.path));
  ARROW_ASSIGN_OR_RAISE(auto env, LmdbEnv::Open(options));
  auto identity = IdentityOf(*env);
  std::shared_ptr<LmdbStore> store(new LmdbStore(std::move(env), options), &CloseLast);
  open.stores[identity] = store;
  return store;
}

namespace {

constexpr StoreKey kKeys[] = {
    {"path", StoreKey::Type::kPath, "data/online.lmdb", ""},
    {"map_size", StoreKey::Type::kBytes, "1TB", ""},
};

Result<std::shared_ptr<OnlineStore>> OpenFromSettings(const OnlineStoreSettings& settings) {
  return OpenLmdbStore({.path = settings.Text("path"), .map_bytes = settings.Bytes("map_size")});
}

}  // namespace

extern const OnlineStoreKind kLmdbKind;
const OnlineStoreKind kLmdbKind{"lmdb", kKeys, &OpenFromSettings};

}  // namespace featly
