// Which views an LMDB store holds: ids, layouts, and a generation number that every change raises.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "online/lmdb_env.h"
#include "online/lmdb_format.h"
#include "online/online_store.h"
#include "online/other_join_keys.h"

namespace featly {

/// One view of the catalogue: one (project, view, incarnation). Immutable.
struct CatalogView {
  uint32_t id = 0;
  std::string project;
  std::string view;
  std::vector<JoinKey> join_keys;
  std::vector<std::shared_ptr<const RowLayout>> layouts;  ///< layouts[i] has id i + 1.

  /// The layout of exactly these columns, or null.
  std::shared_ptr<const RowLayout> FindLayout(const std::vector<RowColumn>& columns) const;
};

/// The catalogue at one generation. Immutable, shared between threads.
struct CatalogSnapshot {
  uint64_t generation = 0;
  std::map<uint32_t, std::shared_ptr<const CatalogView>> views;
  std::map<std::pair<std::string, std::string>, uint32_t> ids;  ///< By (project, view).
  std::vector<uint32_t> dropped;  ///< Ids whose rows are still to be reclaimed.

  const CatalogView* Find(std::string_view project, std::string_view view) const;
};

/// Reads and changes the catalogue inside the caller's transactions, so that what it says and the
/// rows beside it are of one moment. Thread-safe. Cost: Generation is one small get; Load parses
/// the catalogue once for each generation.
class LmdbCatalog {
 public:
  explicit LmdbCatalog(const LmdbEnv* env) : env_(env) {}

  Result<uint64_t> Generation(MDB_txn* txn) const;
  /// The catalogue as `txn` sees it. REQUIRES: `txn` has not changed it.
  Result<std::shared_ptr<const CatalogSnapshot>> Load(MDB_txn* txn);

  /// Whether Ensure has nothing to do for `schema`.
  static bool Has(const CatalogSnapshot& catalog, const OnlineViewSchema& schema,
                  OtherJoinKeys other);

  // Changes, in a write transaction.

  /// Adds the views the catalogue lacks, and the layouts they lack. REQUIRES: as Load.
  Status Ensure(MDB_txn* txn, std::span<const OnlineViewSchema> schemas, OtherJoinKeys other);
  /// REQUIRES: the transaction sees a view of this id.
  Status Drop(MDB_txn* txn, uint32_t id);
  /// Forgets dropped views whose rows are all reclaimed.
  Status Forget(MDB_txn* txn, const std::vector<uint32_t>& ids);

 private:
  Result<std::shared_ptr<const CatalogSnapshot>> Parse(MDB_txn* txn, uint64_t generation) const;
  Status MarkDropped(MDB_txn* txn, uint32_t id);
  Result<uint32_t> TakeId(MDB_txn* txn);
  Status Put(MDB_txn* txn, std::string_view key, std::string_view value);
  Status Delete(MDB_txn* txn, std::string_view key);
  Status RaiseGeneration(MDB_txn* txn);
  Status PutView(MDB_txn* txn, uint32_t id, const ViewRecord& record);

  const LmdbEnv* env_;
  std::mutex mutex_;
  std::shared_ptr<const CatalogSnapshot> newest_;  // guarded by mutex_
};

/// A view bound to its id. See OnlineView; immutable but for two caches, both safe from any thread.
class LmdbView final : public OnlineView {
 public:
  /// Reads the view's record anew for a layout this handle has not seen; null where it has none.
  using ReloadLayouts = std::function<std::shared_ptr<const CatalogView>(uint32_t id)>;

  LmdbView(OnlineViewSchema schema, std::shared_ptr<const RowLayout> write_layout,
           std::shared_ptr<const CatalogView> view, uint64_t store_token, ReloadLayouts reload);

  uint32_t id() const { return id_; }
  /// Which open store it belongs to: ids of another file mean other views.
  uint64_t store_token() const { return store_token_; }
  const RowLayout* LayoutOf(uint32_t layout_id) const override;

  /// Whether the view exists at the catalogue generation that `txn` sees. Cost: one load, but once
  /// a generation a look into the catalogue.
  Result<bool> IsLive(LmdbCatalog& catalog, MDB_txn* txn, uint64_t generation) const;

 private:
  const RowLayout* LoadLayout(uint32_t layout_id) const;

  uint32_t id_;
  uint64_t store_token_;
  ReloadLayouts reload_;
  // Generation << 1 | live: what was last found. Any thread may replace it; each asks for its own.
  mutable std::atomic<uint64_t> live_{0};
  // The newest record seen. Records are kept while the handle lives, because LayoutOf gives out
  // pointers into them; there is one for each layout added meanwhile.
  mutable std::atomic<const CatalogView*> view_;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<const CatalogView>> views_;  // guarded by mutex_
};

}  // namespace featly
