// A view bound to its table in an SQLite store.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "online/online_store.h"
#include "online/sqlite_catalog.h"

namespace featly {

/// See OnlineView. The file keeps each feature by itself, with its own type, so what columns a row
/// has is seen when it is read: the handle makes a layout for each shape it meets, and rows carry
/// its id. Id 1 is the write layout. Thread-safe.
class SqliteView final : public OnlineView {
 public:
  /// The types that one row's columns have in the file, in the schema's order; kInvalid where the
  /// row lacks the column.
  using Shape = std::vector<ValueType>;

  static Result<std::shared_ptr<const SqliteView>> Make(OnlineViewSchema schema,
                                                        int64_t incarnation, uint64_t store_token);

  const std::string& table() const { return table_; }
  uint64_t store_token() const { return store_token_; }
  /// Whether `catalog` still has the table that the handle was bound to.
  bool IsLive(const SqliteCatalog& catalog) const;

  const RowLayout* LayoutOf(uint32_t layout_id) const override;
  /// The layout of rows of this shape, made the first time. kTooLarge past 65,535 shapes.
  Result<std::shared_ptr<const RowLayout>> LayoutFor(const Shape& shape) const;

 private:
  SqliteView(OnlineViewSchema schema, std::shared_ptr<const RowLayout> layout, int64_t incarnation,
             uint64_t store_token);

  const std::string table_;
  const int64_t incarnation_;
  const uint64_t store_token_;
  const Shape whole_;
  mutable std::mutex mutex_;
  // Guarded by mutex_; layouts are kept while the handle lives, because LayoutOf gives them out.
  mutable std::vector<std::shared_ptr<const RowLayout>> layouts_;  // layouts_[i] has id i + 2
  mutable std::map<Shape, std::shared_ptr<const RowLayout>> by_shape_;
};

}  // namespace featly
