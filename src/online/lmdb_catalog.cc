#include "online/lmdb_catalog.h"

#include <algorithm>

namespace featly {
namespace {

constexpr uint32_t kFirstViewId = 1;

// A value of the catalogue; nullopt where it has none.
Result<std::optional<std::string_view>> Get(const LmdbEnv& env, MDB_txn* txn,
                                            std::string_view name) {
  MDB_val key = ToVal(name);
  MDB_val value;
  int code = mdb_get(txn, env.catalog(), &key, &value);
  if (code == MDB_NOTFOUND) return std::nullopt;
  if (code != 0) return LmdbError(code, "cannot read the catalogue of", env.path());
  return FromVal(value);
}

Result<std::shared_ptr<const CatalogView>> MakeView(uint32_t id, ViewRecord record) {
  auto view = std::make_shared<CatalogView>();
  view->id = id;
  view->project = std::move(record.project);
  view->view = std::move(record.view);
  view->join_keys = std::move(record.join_keys);
  for (std::vector<RowColumn>& columns : record.layouts) {
    auto layout_id = static_cast<uint32_t>(view->layouts.size() + 1);
    ARROW_ASSIGN_OR_RAISE(auto layout, RowLayout::Make(layout_id, std::move(columns)));
    view->layouts.push_back(std::move(layout));
  }
  return view;
}

ViewRecord RecordOf(const CatalogView& view) {
  ViewRecord record{view.project, view.view, view.join_keys, {}};
  for (const auto& layout : view.layouts) record.layouts.push_back(layout->columns());
  return record;
}

}  // namespace

std::shared_ptr<const RowLayout> CatalogView::FindLayout(
    const std::vector<RowColumn>& columns) const {
  auto found = std::find_if(layouts.begin(), layouts.end(),
                            [&](const auto& layout) { return layout->columns() == columns; });
  return found == layouts.end() ? nullptr : *found;
}

const CatalogView* CatalogSnapshot::Find(std::string_view project, std::string_view view) const {
  auto found = ids.find({std::string(project), std::string(view)});
  return found == ids.end() ? nullptr : views.at(found->second).get();
}

Result<uint64_t> LmdbCatalog::Generation(MDB_txn* txn) const {
  ARROW_ASSIGN_OR_RAISE(auto value, Get(*env_, txn, kGenerationKey));
  return value ? DecodeU64(*value) : uint64_t{0};
}

Result<std::shared_ptr<const CatalogSnapshot>> LmdbCatalog::Load(MDB_txn* txn) {
  ARROW_ASSIGN_OR_RAISE(uint64_t generation, Generation(txn));
  std::lock_guard lock(mutex_);
  if (newest_ && newest_->generation == generation) return newest_;
  ARROW_ASSIGN_OR_RAISE(auto snapshot, Parse(txn, generation));
  if (!newest_ || newest_->generation < generation) newest_ = snapshot;
  return snapshot;
}

Result<std::shared_ptr<const CatalogSnapshot>> LmdbCatalog::Parse(MDB_txn* txn,
                                                                  uint64_t generation) const {
  auto snapshot = std::make_shared<CatalogSnapshot>();
  snapshot->generation = generation;
  MDB_cursor* cursor;
  int code = mdb_cursor_open(txn, env_->catalog(), &cursor);
  if (code != 0) return LmdbError(code, "cannot read the catalogue of", env_->path());
  std::unique_ptr<MDB_cursor, void (*)(MDB_cursor*)> closer(cursor, &mdb_cursor_close);

  MDB_val key;
  MDB_val value;
  while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
    if (uint32_t dropped = CatalogViewId(kDroppedPrefix, FromVal(key))) {
      snapshot->dropped.push_back(dropped);
    } else if (uint32_t id = CatalogViewId(kViewPrefix, FromVal(key))) {
      ARROW_ASSIGN_OR_RAISE(ViewRecord record, DecodeViewRecord(FromVal(value)));
      ARROW_ASSIGN_OR_RAISE(auto view, MakeView(id, std::move(record)));
      snapshot->ids[{view->project, view->view}] = id;
      snapshot->views[id] = std::move(view);
    }
  }
  if (code != MDB_NOTFOUND) return LmdbError(code, "cannot read the catalogue of", env_->path());
  return snapshot;
}

bool LmdbCatalog::Has(const CatalogSnapshot& catalog, const OnlineViewSchema& schema,
                      OtherJoinKeys other) {
  const CatalogView* view = catalog.Find(schema.project, schema.view);
  if (view == nullptr) return false;
  if (view->join_keys != schema.join_keys) return other == OtherJoinKeys::kLeave;
  return view->FindLayout(schema.columns) != nullptr;
}

Status LmdbCatalog::Ensure(MDB_txn* txn, std::span<const OnlineViewSchema> schemas,
                           OtherJoinKeys other) {
  ARROW_ASSIGN_OR_RAISE(auto catalog, Load(txn));
  struct Known {
    uint32_t id;
    ViewRecord record;
  };
  std::map<std::pair<std::string, std::string>, Known> views;  // the named ones, as changed so far
  for (const OnlineViewSchema& schema : schemas) {
    auto name = std::pair(schema.project, schema.view);
    auto known = views.find(name);
    if (known == views.end()) {
      if (const CatalogView* view = catalog->Find(schema.project, schema.view)) {
        known = views.emplace(name, Known{view->id, RecordOf(*view)}).first;
      }
    }
    if (known != views.end() && known->second.record.join_keys != schema.join_keys) {
      if (other == OtherJoinKeys::kLeave) continue;
      ARROW_RETURN_NOT_OK(MarkDropped(txn, known->second.id));
      views.erase(known);
      known = views.end();
    }
    if (known == views.end()) {
      ARROW_ASSIGN_OR_RAISE(uint32_t id, TakeId(txn));
      ViewRecord record{schema.project, schema.view, schema.join_keys, {}};
      known = views.emplace(name, Known{id, std::move(record)}).first;
    }
    auto& layouts = known->second.record.layouts;
    if (std::find(layouts.begin(), layouts.end(), schema.columns) != layouts.end()) continue;
    layouts.push_back(schema.columns);
    ARROW_RETURN_NOT_OK(PutView(txn, known->second.id, known->second.record));
  }
  return Status::OK();
}

Status LmdbCatalog::Drop(MDB_txn* txn, uint32_t id) {
  ARROW_RETURN_NOT_OK(MarkDropped(txn, id));
  return RaiseGeneration(txn);
}

Status LmdbCatalog::Forget(MDB_txn* txn, const std::vector<uint32_t>& ids) {
  for (uint32_t id : ids) ARROW_RETURN_NOT_OK(Delete(txn, CatalogViewKey(kDroppedPrefix, id)));
  return RaiseGeneration(txn);
}

Status LmdbCatalog::MarkDropped(MDB_txn* txn, uint32_t id) {
  ARROW_RETURN_NOT_OK(Delete(txn, CatalogViewKey(kViewPrefix, id)));
  return Put(txn, CatalogViewKey(kDroppedPrefix, id), "");
}

Result<uint32_t> LmdbCatalog::TakeId(MDB_txn* txn) {
  ARROW_ASSIGN_OR_RAISE(auto value, Get(*env_, txn, kNextViewKey));
  uint32_t id = kFirstViewId;
  if (value) {
    ARROW_ASSIGN_OR_RAISE(id, DecodeU32(*value));
  }
  ARROW_RETURN_NOT_OK(Put(txn, kNextViewKey, EncodeU32(id + 1)));
  return id;
}

Status LmdbCatalog::PutView(MDB_txn* txn, uint32_t id, const ViewRecord& record) {
  // Refuses here what could not be read back.
  ARROW_RETURN_NOT_OK(RowLayout::Make(1, record.layouts.back()));
  ARROW_RETURN_NOT_OK(Put(txn, CatalogViewKey(kViewPrefix, id), EncodeViewRecord(record)));
  return RaiseGeneration(txn);
}

Status LmdbCatalog::RaiseGeneration(MDB_txn* txn) {
  ARROW_ASSIGN_OR_RAISE(uint64_t generation, Generation(txn));
  return Put(txn, kGenerationKey, EncodeU64(generation + 1));
}

Status LmdbCatalog::Put(MDB_txn* txn, std::string_view name, std::string_view bytes) {
  MDB_val key = ToVal(name);
  MDB_val value = ToVal(bytes);
  int code = mdb_put(txn, env_->catalog(), &key, &value, 0);
  return code == 0 ? Status::OK() : LmdbError(code, "cannot change the catalogue of", env_->path());
}

Status LmdbCatalog::Delete(MDB_txn* txn, std::string_view name) {
  MDB_val key = ToVal(name);
  int code = mdb_del(txn, env_->catalog(), &key, nullptr);
  if (code == 0 || code == MDB_NOTFOUND) return Status::OK();
  return LmdbError(code, "cannot change the catalogue of", env_->path());
}

LmdbView::LmdbView(OnlineViewSchema schema, std::shared_ptr<const RowLayout> write_layout,
                   std::shared_ptr<const CatalogView> view, uint64_t store_token,
                   ReloadLayouts reload)
    : OnlineView(std::move(schema), std::move(write_layout)),
      id_(view->id),
      store_token_(store_token),
      reload_(std::move(reload)),
      view_(view.get()) {
  views_.push_back(std::move(view));
}

const RowLayout* LmdbView::LayoutOf(uint32_t layout_id) const {
  const CatalogView* view = view_.load(std::memory_order_acquire);
  size_t index = size_t{layout_id} - 1;  // id 0 wraps around and is never there
  if (index < view->layouts.size()) [[likely]] {
    return view->layouts[index].get();
  }
  return LoadLayout(layout_id);
}

const RowLayout* LmdbView::LoadLayout(uint32_t layout_id) const {
  std::lock_guard lock(mutex_);
  if (layout_id > views_.back()->layouts.size()) {
    if (auto view = reload_(id_); view && view->layouts.size() > views_.back()->layouts.size()) {
      views_.push_back(std::move(view));
      view_.store(views_.back().get(), std::memory_order_release);
    }
  }
  const auto& layouts = views_.back()->layouts;
  size_t index = size_t{layout_id} - 1;
  return index < layouts.size() ? layouts[index].get() : nullptr;
}

Result<bool> LmdbView::IsLive(LmdbCatalog& catalog, MDB_txn* txn, uint64_t generation) const {
  uint64_t last = live_.load(std::memory_order_relaxed);
  if (last >> 1 == generation && last != 0) [[likely]] {
    return (last & 1) != 0;
  }
  ARROW_ASSIGN_OR_RAISE(auto snapshot, catalog.Load(txn));
  bool live = snapshot->views.contains(id_);
  live_.store(generation << 1 | (live ? 1 : 0), std::memory_order_relaxed);
  return live;
}

}  // namespace featly
