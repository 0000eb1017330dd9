#include "online/lmdb_reader.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "online/lmdb_format.h"
#include "online/store_errors.h"

namespace featly {
namespace {

// Rows of other views passed over one by one before a new search is cheaper.
constexpr int kMaxSteps = 4;

// How often, a millisecond apart, lookups under way are looked at before giving up.
constexpr int kLooksAtReaders = 500;

// Where a thread begins to look for a free slot: its own place, so that threads seldom meet.
size_t& ThreadSlot() {
  static std::atomic<size_t> next{0};
  thread_local size_t slot = next.fetch_add(1, std::memory_order_relaxed);
  return slot;
}

}  // namespace

LmdbReadGuard::~LmdbReadGuard() {
  if (env_->Forked()) return;  // the transaction's slot in shared memory is the parent's
  if (cursor_ != nullptr) mdb_cursor_close(cursor_);
  if (txn_ != nullptr) mdb_txn_abort(txn_);
  if (busy_ == nullptr) unpooled_->fetch_sub(1, std::memory_order_release);
}

Status LmdbReadGuard::Begin() {
  if (txn_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, env_->BeginRead());
    int code = mdb_cursor_open(txn.get(), env_->rows(), &cursor_);
    if (code != 0) return LmdbError(code, "cannot read", env_->path());
    txn_ = txn.Detach();
    return Status::OK();
  }
  int code = mdb_txn_renew(txn_);
  if (code != 0) {
    env_->Refused(code);
    return LmdbError(code, "cannot read", env_->path());
  }
  code = mdb_cursor_renew(txn_, cursor_);
  if (code == 0) return Status::OK();
  mdb_txn_reset(txn_);
  return LmdbError(code, "cannot read", env_->path());
}

Status LmdbReadGuard::Renew(LmdbCatalog& catalog) {
  ARROW_RETURN_NOT_OK(Begin());
  // The same transaction number is the same content, so the same generation.
  size_t id = mdb_txn_id(txn_);
  if (id == generation_txn_) return Status::OK();
  Result<uint64_t> generation = catalog.Generation(txn_);
  if (!generation.ok()) {
    mdb_txn_reset(txn_);
    return generation.status();
  }
  generation_ = *generation;
  generation_txn_ = id;
  return Status::OK();
}

void LmdbReadGuard::Release() {
  if (!env_->Forked()) mdb_txn_reset(txn_);
  if (busy_ != nullptr) {
    busy_->store(false, std::memory_order_release);
  } else {
    delete this;
  }
}

Status LmdbReadGuard::Read(const ReadRequest& request, LmdbCatalog& catalog, uint64_t store_token,
                           ReadResult* result) {
  for (size_t g = 0; g < request.groups.size(); ++g) {
    const ReadGroup& group = request.groups[g];
    wanted_.clear();
    for (size_t v = 0; v < group.views.size(); ++v) {
      // Views come from this store's Bind: that is the contract of OnlineStore::Read.
      const auto& view = static_cast<const LmdbView&>(*group.views[v]);
      if (view.store_token() != store_token) continue;  // of a store that is no more
      ARROW_ASSIGN_OR_RAISE(bool live, view.IsLive(catalog, txn_, generation_));
      if (live) wanted_.push_back({view.id(), static_cast<uint32_t>(v)});
    }
    std::sort(wanted_.begin(), wanted_.end());
    if (!wanted_.empty()) ARROW_RETURN_NOT_OK(ReadGroupRows(g, group, result));
  }
  return Status::OK();
}

Status LmdbReadGuard::ReadGroupRows(size_t group_index, const ReadGroup& group,
                                    ReadResult* result) {
  views_ = group.views;
  for (size_t k = 0; k < group.keys.size(); ++k) {
    ARROW_RETURN_NOT_OK(ReadEntity(group_index, k, group.keys[k], result));
  }
  return Status::OK();
}

// The rows of one entity lie side by side, ordered by view id: one search, then steps.
Status LmdbReadGuard::ReadEntity(size_t group_index, size_t key_index, std::string_view entity,
                                 ReadResult* result) {
  key_.SetEntity(entity);
  std::string_view prefix = key_.prefix();
  size_t next = 0;
  bool search = true;
  int steps = 0;
  while (next < wanted_.size()) {
    MDB_val key;
    MDB_val value;
    if (search) key = ToVal(key_.ForView(wanted_[next].id));
    int code = mdb_cursor_get(cursor_, &key, &value, search ? MDB_SET_RANGE : MDB_NEXT);
    if (code == MDB_NOTFOUND) return Status::OK();
    if (code != 0) return LmdbError(code, "cannot read", env_->path());
    steps = search ? 0 : steps + 1;

    std::string_view found = FromVal(key);
    if (!found.starts_with(prefix)) return Status::OK();
    if (found.size() != prefix.size() + kViewIdSize) {
      // Another entity's key begins with this one (version 2 keys can): look beyond it.
      if (search && ++next == wanted_.size()) return Status::OK();
      search = true;
      continue;
    }
    uint32_t id = ViewIdOf(found);
    while (next < wanted_.size() && wanted_[next].id < id) ++next;
    if (next < wanted_.size() && wanted_[next].id == id) {
      std::string_view row = FromVal(value);
      if (key_.hashed()) {
        HashedValue hashed = DecodeHashedValue(row);
        row = hashed.entity == entity ? hashed.row : std::string_view();
      }
      ARROW_RETURN_NOT_OK(
          CheckRow(static_cast<const LmdbView&>(*views_[wanted_[next].index]), row));
      for (; next < wanted_.size() && wanted_[next].id == id; ++next) {
        result->Set(group_index, wanted_[next].index, key_index, RowView(row));
      }
      steps = 0;
    }
    search = steps >= kMaxSteps;
  }
  return Status::OK();
}

// LMDB keeps no checksums: what lies in the file is not to lead a reader out of it.
Status LmdbReadGuard::CheckRow(const LmdbView& view, std::string_view row) const {
  Status damaged = Status::OK();
  if (LooksLikeRow(row)) [[likely]] {
    const RowLayout* layout = view.LayoutOf(RowView(row).layout_id());
    // Without a layout nobody reads further; who asks for it next reports it.
    if (layout == nullptr) return Status::OK();
    damaged = RowView(row).Validate(*layout);
    if (damaged.ok()) [[likely]] {
      return Status::OK();
    }
  }
  std::string why = damaged.ok() ? "it is damaged, or written by a newer one" : damaged.message();
  return Error(ErrorKind::kCorrupt, "the online store '" + env_->path() +
                                        "' holds a row of feature view '" + view.schema().view +
                                        "' that this featly cannot read (" + why +
                                        "); materialize the view again to replace it")
      .Subject(view.schema().view);
}

Result<LmdbReadGuard*> LmdbReadPool::Acquire(LmdbCatalog& catalog) {
  ARROW_RETURN_NOT_OK(env_->CheckUsable());
  size_t& start = ThreadSlot();
  for (size_t i = 0; i < kSlots; ++i) {
    Slot& slot = slots_[(start + i) % kSlots];
    if (slot.busy.exchange(true, std::memory_order_acquire)) continue;
    start += i;
    if (!slot.guard) slot.guard = std::make_unique<LmdbReadGuard>(env_, &slot.busy, nullptr);
    Status status = slot.guard->Renew(catalog);
    if (status.ok()) return slot.guard.get();
    slot.busy.store(false, std::memory_order_release);
    return status;
  }
  unpooled_.fetch_add(1, std::memory_order_relaxed);
  auto guard = std::make_unique<LmdbReadGuard>(env_, nullptr, &unpooled_);
  ARROW_RETURN_NOT_OK(guard->Renew(catalog));
  return guard.release();
}

bool LmdbReadPool::EndAll() {
  for (int left = kLooksAtReaders; left > 0; --left) {
    while (ended_ < kSlots && !slots_[ended_].busy.exchange(true, std::memory_order_acquire)) {
      slots_[ended_++].guard.reset();
    }
    if (ended_ == kSlots && unpooled_.load(std::memory_order_acquire) == 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  BeginAgain();
  return false;
}

void LmdbReadPool::BeginAgain() {
  while (ended_ > 0) slots_[--ended_].busy.store(false, std::memory_order_release);
}

}  // namespace featly
