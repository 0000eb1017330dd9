#include "online/sqlite_view.h"

#include <utility>

namespace featly {
namespace {

constexpr uint32_t kWriteLayout = 1;
constexpr size_t kMaxShapes = 65535;

SqliteView::Shape WholeShape(const OnlineViewSchema& schema) {
  SqliteView::Shape shape;
  for (const RowColumn& column : schema.columns) shape.push_back(column.type);
  return shape;
}

}  // namespace

Result<std::shared_ptr<const SqliteView>> SqliteView::Make(OnlineViewSchema schema,
                                                           int64_t incarnation,
                                                           uint64_t store_token) {
  ARROW_ASSIGN_OR_RAISE(auto layout, RowLayout::Make(kWriteLayout, schema.columns));
  return std::shared_ptr<const SqliteView>(
      new SqliteView(std::move(schema), std::move(layout), incarnation, store_token));
}

SqliteView::SqliteView(OnlineViewSchema schema, std::shared_ptr<const RowLayout> layout,
                       int64_t incarnation, uint64_t store_token)
    : OnlineView(std::move(schema), std::move(layout)),
      table_(SqliteTableName(OnlineView::schema().project, OnlineView::schema().view)),
      incarnation_(incarnation),
      store_token_(store_token),
      whole_(WholeShape(OnlineView::schema())) {}

bool SqliteView::IsLive(const SqliteCatalog& catalog) const {
  const SqliteTable* table = catalog.Find(table_);
  return table != nullptr && table->exists() && table->incarnation() == incarnation_;
}

const RowLayout* SqliteView::LayoutOf(uint32_t layout_id) const {
  if (layout_id == kWriteLayout) return write_layout().get();
  std::lock_guard lock(mutex_);
  size_t index = size_t{layout_id} - kWriteLayout - 1;  // id 0 wraps around and is never there
  return index < layouts_.size() ? layouts_[index].get() : nullptr;
}

Result<std::shared_ptr<const RowLayout>> SqliteView::LayoutFor(const Shape& shape) const {
  if (shape == whole_) return write_layout();
  std::lock_guard lock(mutex_);
  auto found = by_shape_.find(shape);
  if (found != by_shape_.end()) return found->second;
  if (layouts_.size() == kMaxShapes) {
    return Error(ErrorKind::kTooLarge,
                 "the rows of feature view '" + schema().view + "' have more than " +
                     std::to_string(kMaxShapes) +
                     " different sets of features and types; materialize the view again")
        .Subject(schema().view);
  }
  std::vector<RowColumn> columns;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != ValueType::kInvalid) columns.push_back({schema().columns[i].name, shape[i]});
  }
  const auto id = static_cast<uint32_t>(layouts_.size() + kWriteLayout + 1);
  ARROW_ASSIGN_OR_RAISE(auto layout, RowLayout::Make(id, std::move(columns)));
  layouts_.push_back(layout);
  by_shape_.emplace(shape, layout);
  return layout;
}

}  // namespace featly
