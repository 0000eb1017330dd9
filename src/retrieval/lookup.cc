#include "retrieval/lookup.h"

#include <cstring>

#include "types/event_order.h"

namespace featly {

const char* FieldStatusName(FieldStatus status) {
  switch (status) {
    case FieldStatus::kPresent:
      return "PRESENT";
    case FieldStatus::kNullValue:
      return "NULL_VALUE";
    case FieldStatus::kNotFound:
      return "NOT_FOUND";
    case FieldStatus::kOutsideMaxAge:
      return "OUTSIDE_MAX_AGE";
    case FieldStatus::kInvalid:
      break;
  }
  return "INVALID";
}

struct Lookup::Impl {
  std::shared_ptr<const RetrievalPlan> plan;
  OnlineStore* store = nullptr;
  size_t rows = 0;
  Timestamp now;
  std::function<void(Status)> done;

  // The request's keys, group by group: bytes, where each ends, views of them.
  std::string key_bytes;
  std::vector<size_t> key_ends;
  std::vector<std::string_view> keys;
  std::vector<KeyValue> key_values;

  // What the store is asked.
  std::vector<std::span<const uint32_t>> columns;
  std::vector<ReadGroup> groups;
  ReadRequest request;
  ReadResult result;

  std::vector<Cell> cells;

  /// A layout other than the schema's own that was met in a view's rows: settled once for a plan.
  struct OlderLayout {
    uint32_t view = 0;
    const RowLayout* layout = nullptr;
    std::vector<int32_t> columns;
  };
  std::vector<std::unique_ptr<OlderLayout>> older_layouts;

  void EncodeKeys(std::span<const KeyColumn> key_columns);
  void PrepareRead();
  Status Settle();
  Result<const RowLayout*> LayoutOf(uint32_t view, uint32_t layout_id);
  const int32_t* ColumnsOf(uint32_t view, const RowLayout& layout);
};

Lookup::Lookup() : impl_(std::make_unique<Impl>()) {}
Lookup::~Lookup() = default;
Lookup::Lookup(Lookup&&) noexcept = default;

const RetrievalPlan& Lookup::plan() const { return *impl_->plan; }

void Lookup::Impl::EncodeKeys(std::span<const KeyColumn> key_columns) {
  key_bytes.clear();
  key_ends.clear();
  for (const KeyGroup& group : plan->groups) {
    key_values.resize(group.key_columns.size());
    for (size_t row = 0; row < rows; ++row) {
      for (size_t i = 0; i < key_values.size(); ++i) {
        key_values[i] = key_columns[group.key_columns[i]].values[row];
      }
      group.codec.Append(key_values, &key_bytes);
      key_ends.push_back(key_bytes.size());
    }
  }
  // Views only now: the bytes moved while they grew.
  keys.resize(key_ends.size());
  size_t begin = 0;
  for (size_t i = 0; i < key_ends.size(); ++i) {
    keys[i] = std::string_view(key_bytes).substr(begin, key_ends[i] - begin);
    begin = key_ends[i];
  }
}

void Lookup::Impl::PrepareRead() {
  columns.clear();
  for (const KeyGroup& group : plan->groups) {
    for (const std::vector<uint32_t>& wanted : group.columns) columns.emplace_back(wanted);
  }
  groups.clear();
  size_t first_key = 0;
  size_t first_view = 0;
  for (const KeyGroup& group : plan->groups) {
    size_t views = group.views.size();
    groups.push_back({std::span(keys).subspan(first_key, rows), group.views,
                      std::span(columns).subspan(first_view, views)});
    first_key += rows;
    first_view += views;
  }
  request.groups = groups;
}

void Lookup::Run(std::shared_ptr<const RetrievalPlan> plan, OnlineStore& store,
                 std::span<const KeyColumn> columns, size_t rows, Timestamp now,
                 std::function<void(Status)> done) {
  Impl& impl = *impl_;
  if (plan != impl.plan) {
    impl.older_layouts.clear();
    impl.plan = std::move(plan);
  }
  impl.store = &store;
  impl.rows = rows_ = rows;
  impl.now = now;
  impl.done = std::move(done);
  impl.EncodeKeys(columns);
  impl.PrepareRead();
  store.Read(impl.request, &impl.result, [this](Status status) {
    if (status.ok()) status = impl_->Settle();
    cells_ = impl_->cells.data();
    // Moved out first: the callee may start the next lookup.
    std::function<void(Status)> done = std::move(impl_->done);
    done(std::move(status));
  });
}

Status Lookup::Impl::Settle() {
  cells.resize(plan->views.size() * rows);
  Cell* cell = cells.data();
  for (uint32_t v = 0; v < plan->views.size(); ++v) {
    const PlannedView& view = plan->views[v];
    const RowLayout& own = *view.online->write_layout();
    bool has_limit = view.has_event_time && view.ttl.micros > 0;
    int64_t oldest = has_limit ? OldestVisible(now, view.ttl).micros : Timestamp::Min().micros;
    for (size_t row = 0; row < rows; ++row, ++cell) {
      *cell = Cell{};
      cell->row = result.row(view.group, view.index_in_group, row);
      if (!cell->row.present()) continue;
      cell->outside_max_age = has_limit && cell->row.order().event_micros < oldest;
      if (cell->row.layout_id() == own.id()) {
        cell->layout = &own;
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(cell->layout, LayoutOf(v, cell->row.layout_id()));
      cell->columns = ColumnsOf(v, *cell->layout);
    }
  }
  return Status::OK();
}

Result<const RowLayout*> Lookup::Impl::LayoutOf(uint32_t view, uint32_t layout_id) {
  const OnlineView& planned = *plan->views[view].online;
  if (const RowLayout* layout = planned.LayoutOf(layout_id)) return layout;
  return Error(ErrorKind::kCorrupt, "a row of feature view '" + planned.schema().view +
                                        "' has layout " + std::to_string(layout_id) + ", which " +
                                        store->description() + " does not list")
      .Subject(planned.schema().view);
}

const int32_t* Lookup::Impl::ColumnsOf(uint32_t view, const RowLayout& layout) {
  for (const auto& known : older_layouts) {
    if (known->view == view && known->layout == &layout) return known->columns.data();
  }
  auto older = std::make_unique<OlderLayout>();
  older->view = view;
  older->layout = &layout;
  for (const RowColumn& column : plan->views[view].online->schema().columns) {
    std::optional<uint32_t> at = layout.Find(column.name);
    bool same = at && layout.columns()[*at].type == column.type;
    older->columns.push_back(same ? static_cast<int32_t>(*at) : -1);
  }
  older_layouts.push_back(std::move(older));
  return older_layouts.back()->columns.data();
}

void Lookup::Finish() { impl_->result.Release(); }

}  // namespace featly
