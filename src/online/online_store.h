// The present: the newest row of each (view, entity). One interface, one file for each store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "types/entity_key.h"
#include "types/row.h"

namespace featly {

/// What a store must know of a view to keep its rows.
struct OnlineViewSchema {
  std::string project;
  std::string view;
  std::vector<JoinKey> join_keys;  ///< Sorted by name.
  std::vector<RowColumn> columns;  ///< The features, in the view's order.
  bool operator==(const OnlineViewSchema&) const = default;
};

/// A view bound to its place in a store. Immutable, shared. Rows written through it are encoded
/// with `write_layout`; rows read through it name their layout, found with LayoutOf. A handle of a
/// view that was dropped since reads nothing and its writes fail as kConflict (bind again).
class OnlineView {
 public:
  virtual ~OnlineView() = default;
  const OnlineViewSchema& schema() const { return schema_; }
  const std::shared_ptr<const RowLayout>& write_layout() const { return write_layout_; }
  /// The layout of a row read through this view; null for an id the view never had. A layout that
  /// another process added since the view was bound is looked up in the store, once.
  virtual const RowLayout* LayoutOf(uint32_t layout_id) const = 0;

 protected:
  OnlineView(OnlineViewSchema schema, std::shared_ptr<const RowLayout> write_layout)
      : schema_(std::move(schema)), write_layout_(std::move(write_layout)) {}

 private:
  OnlineViewSchema schema_;
  std::shared_ptr<const RowLayout> write_layout_;
};

/// Views that are asked with the same entity keys.
struct ReadGroup {
  std::span<const std::string_view> keys;  ///< Entity key bytes, one for each request row.
  std::span<const OnlineView* const> views;
  /// For each view, the layout columns wanted (indices in schema().columns); a store that can fetch
  /// single features uses them, and what the others hold is undefined; LMDB ignores them.
  std::span<const std::span<const uint32_t>> columns;
};

/// A whole lookup: one call, one round trip for all views.
struct ReadRequest {
  std::span<const ReadGroup> groups;
};

/// What a read found. Owns the read guard under which the rows' bytes live: keep it until the
/// answer is written, and no longer (an LMDB reader pins pages). Reusable: a request's state holds
/// one, and Read fills it again without allocating once warm. One thread at a time. Must not
/// outlive its store.
class ReadResult {
 public:
  ReadResult();
  ~ReadResult();
  ReadResult(ReadResult&&) noexcept;
  ReadResult& operator=(ReadResult&&) noexcept;

  /// Row of key `key` in view `view` of group `group`; not present() where the store has none.
  RowView row(size_t group, size_t view, size_t key) const {
    const GroupShape& g = groups_[group];
    return rows_[g.first + view * g.keys + key];
  }

  /// Ends the guard; rows are invalid afterwards. Keeps memory for reuse.
  void Release();

  // For stores: shape first, then fill.
  class Guard {
   public:
    virtual ~Guard() = default;
    /// The read is over; the guard may be kept for reuse by its store.
    virtual void Release() = 0;
  };
  void Shape(const ReadRequest& request);
  void Set(size_t group, size_t view, size_t key, RowView row) {
    const GroupShape& g = groups_[group];
    rows_[g.first + view * g.keys + key] = row;
  }
  /// Borrowed guard, released by Release(); the store keeps guards in a pool.
  void SetGuard(Guard* guard) { guard_ = guard; }
  /// Where a store of another layout encodes its rows; reset by Release().
  Arena& arena() { return *arena_; }

 private:
  struct GroupShape {
    size_t first, keys;
  };
  std::vector<GroupShape> groups_;
  std::vector<RowView> rows_;
  Guard* guard_ = nullptr;
  std::unique_ptr<Arena> arena_;  // behind a pointer, so that the result can move
};

/// Called once with OK and the filled result, or with an error. May run inline, or later on a
/// store's own thread. The request's spans must live until then.
using ReadCompletion = std::function<void(Status)>;

/// A row on its way into a store.
struct KeyedRow {
  std::string_view key;  ///< Entity key bytes.
  std::string_view row;  ///< In view->write_layout().
};

/// Rows of one view. Several rows of one key are allowed: the newest wins, ties by position.
struct WriteRequest {
  std::shared_ptr<const OnlineView> view;
  std::span<const KeyedRow> rows;
};

struct WriteResult {
  int64_t applied = 0;  ///< Rows stored.
  int64_t stale = 0;    ///< Rows older than what is stored: left as it is, not an error.
};

/// Called once, after the rows are durable or with the error that kept all of them out. May run on
/// the store's writer thread: brief, and never waiting for another write.
using WriteCompletion = std::function<void(Result<WriteResult>)>;

/// What a store can and cannot do; the conformance suite holds it to this, and nothing asks a store
/// for its class.
struct OnlineCapabilities {
  Duration time_resolution = Duration::Micros(1);
  bool reads_inline = true;       ///< Read completes before it returns.
  bool atomic_over_views = true;  ///< One read sees all views at one moment.
  bool atomic_batches = true;     ///< A Write is stored whole, in all its views, or not at all.
  bool keeps_created_time = true;
  /// Each feature is kept by itself: a view whose features changed needs no preparing, and a row is
  /// read with the features of the handle it is read through, whoever wrote it.
  bool keeps_features_apart = false;
  /// Values pass through Feast's protobuf: a null inside a list comes back as the type's zero, and
  /// UnixTimestamp values as whole seconds.
  bool values_as_protobuf = false;
  bool sweeps = true;  ///< Rows of dropped views take space until Sweep reclaims them.
};

/// What became of the files of an open store.
enum class StorePresence : uint8_t {
  kThere,
  kGone,      ///< Deleted or torn down: what is written would be lost, so that writes are refused.
  kReplaced,  ///< Another store lies in their place: open it.
};

/// The newest rows by (view, entity). Thread-safe: any thread may read and write at any time.
/// Acknowledged writes are durable. An older event time never replaces a newer one
/// (types/event_order.h).
class OnlineStore {
 public:
  virtual ~OnlineStore() = default;

  virtual const OnlineCapabilities& capabilities() const = 0;
  /// "lmdb data/online.lmdb": for messages.
  virtual const std::string& description() const = 0;

  /// Makes room for views that apply is about to register: additive, repeatable. Changed features
  /// add a layout. A view of other join keys is left as it is, since the registry may still say so.
  virtual Status Prepare(std::span<const OnlineViewSchema> views) = 0;

  /// As Prepare, but a view of other join keys loses its rows and begins anew. REQUIRES: the lock
  /// against applies, and `views` as the registry was read under it: a process that has not heard
  /// of a change must not undo it.
  virtual Status Rekey(std::span<const OnlineViewSchema> views) = 0;

  /// The view's place. Prepares it where it is missing or its features differ, so that rows can be
  /// written after an apply elsewhere; kConflict where its join keys differ. Cost: a write
  /// transaction the first time, else a read.
  virtual Result<std::shared_ptr<const OnlineView>> Bind(const OnlineViewSchema& view) = 0;

  /// The view's place as Bind gives it, but null where Bind would have to prepare it or refuse it.
  /// Never writes. Cost: a read, which a store that reads later saves where it can.
  virtual Result<std::shared_ptr<const OnlineView>> Find(const OnlineViewSchema& view) = 0;

  /// Reads all of `request` at one moment into `*result`. Both live until `done` was called.
  virtual void Read(const ReadRequest& request, ReadResult* result, ReadCompletion done) = 0;

  /// Stores rows of one view or several, newest wins, in a group commit with others'. The rows and
  /// their bytes live until `done` was called; `requests` only during the call. `done` gets the
  /// sum.
  virtual void Write(std::span<const WriteRequest> requests, WriteCompletion done) = 0;

  /// Deletes the rows of these keys in one view; the number that existed.
  virtual Result<int64_t> DeleteEntities(const OnlineView& view,
                                         std::span<const std::string_view> keys) = 0;

  /// Makes the view's rows invisible at once; the space is reclaimed by Sweep. OK where it is
  /// unknown.
  virtual Status DropView(std::string_view project, std::string_view view) = 0;

  /// Reclaims at most `max_rows` rows of dropped views; the number reclaimed, 0 when there is
  /// nothing left.
  virtual Result<int64_t> Sweep(int64_t max_rows) = 0;

  /// Whether what was opened is still what lies in its place. Never waits; cost: a system call.
  virtual StorePresence Presence() const = 0;

  /// Views of `project` the store holds, by name. An error where the store is not there any more:
  /// health checks ask this. May wait for another process's write.
  virtual Result<std::vector<std::string>> ListViews(std::string_view project) = 0;

  /// Upkeep that serve runs each minute and bulk work before it begins (LMDB: readers left by
  /// killed processes).
  virtual Status Maintain() = 0;

  /// Removes every view of `project`, and the store's own files once nothing is left in them.
  virtual Status Teardown(std::string_view project) = 0;
};

/// What becomes of a view that the store lacks, or has with another schema.
enum class MissingView : uint8_t {
  kPrepare,  ///< Bind prepares it, which waits for the disk.
  kRefuse,   ///< kUnavailable naming the view: for I/O threads, which must not wait.
};
Result<std::shared_ptr<const OnlineView>> BindView(OnlineStore& store, const OnlineViewSchema& view,
                                                   MissingView missing);

/// Write that waits for its completion. Not on an I/O thread.
Result<WriteResult> WriteAndWait(OnlineStore& store, const WriteRequest& request);
/// Read that waits for its completion. Not on an I/O thread, unless the store reads inline.
Status ReadAndWait(OnlineStore& store, const ReadRequest& request, ReadResult* result);

}  // namespace featly
