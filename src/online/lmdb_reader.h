// Lookups in the LMDB store.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "online/lmdb_catalog.h"
#include "online/lmdb_env.h"
#include "online/online_store.h"

namespace featly {

class LmdbReadPool;

/// A read transaction and its cursor, used again for one lookup after another, with the scratch
/// memory of a lookup. Owned by the pool; used by one thread at a time, not always the same one.
class LmdbReadGuard : public ReadResult::Guard {
 public:
  /// `busy` is the pool's slot; null for one beyond the slots, which `unpooled` counts.
  LmdbReadGuard(const LmdbEnv* env, std::atomic<bool>* busy, std::atomic<int>* unpooled)
      : env_(env), busy_(busy), unpooled_(unpooled) {}
  ~LmdbReadGuard() override;

  /// Begins to see the store as it is now.
  Status Renew(LmdbCatalog& catalog);
  /// Stops pinning pages, and goes back to the pool.
  void Release() override;

  /// Fills in the rows of all groups. `store_token` is what the views must carry.
  Status Read(const ReadRequest& request, LmdbCatalog& catalog, uint64_t store_token,
              ReadResult* result);

 private:
  struct WantedView {
    uint32_t id;
    uint32_t index;  // in the group
    bool operator<(const WantedView& other) const {
      return std::pair(id, index) < std::pair(other.id, other.index);
    }
  };

  Status Begin();
  Status ReadGroupRows(size_t group_index, const ReadGroup& group, ReadResult* result);
  Status ReadEntity(size_t group_index, size_t key_index, std::string_view entity,
                    ReadResult* result);
  Status CheckRow(const LmdbView& view, std::string_view row) const;

  const LmdbEnv* env_;
  std::atomic<bool>* busy_;
  std::atomic<int>* unpooled_;
  MDB_txn* txn_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
  uint64_t generation_ = 0;  // of the catalogue, as seen by the transaction generation_txn_
  size_t generation_txn_ = 0;
  RowKey key_;
  std::vector<WantedView> wanted_;  // the group's live views, by id
  std::span<const OnlineView* const> views_;
};

/// Read guards, kept for reuse. Lock-free: a thread tries the slot it used last, then the others.
/// Owned by the store; every guard is back before it is destroyed.
class LmdbReadPool {
 public:
  explicit LmdbReadPool(const LmdbEnv* env) : env_(env) {}

  /// A guard that sees the store as it is now; released by ReadResult. Allocates only while the
  /// pool is cold, or where more than kSlots lookups are under way at once.
  Result<LmdbReadGuard*> Acquire(LmdbCatalog& catalog);

  /// Ends all transactions, waiting for the lookups under way; false where one does not end within
  /// a moment. No pooled guard is given out until BeginAgain. REQUIRES: the environment keeps new
  /// transactions out.
  bool EndAll();
  void BeginAgain();

 private:
  static constexpr size_t kSlots = 256;
  struct alignas(64) Slot {
    std::atomic<bool> busy{false};
    std::unique_ptr<LmdbReadGuard> guard;  // touched only by who made the slot busy
  };

  const LmdbEnv* env_;
  std::array<Slot, kSlots> slots_;
  std::atomic<int> unpooled_{0};  // guards beyond the slots
  size_t ended_ = 0;              // slots that EndAll took
};

}  // namespace featly
