// RowsToArray of row.h: one column of many rows as Arrow.
#include <utility>

#include <arrow/api.h>

#include "types/row.h"

namespace featly {
namespace {

// Where each row has the column, worked out once for runs of rows of one layout.
class ColumnFinder {
 public:
  ColumnFinder(std::string_view name, ValueType type) : name_(name), type_(type) {}

  // nullopt where the row has no value.
  std::optional<uint32_t> Find(RowView row, const RowLayout* layout) {
    if (!row.present()) return std::nullopt;
    if (layout != layout_) {
      layout_ = layout;
      column_ = layout->Find(name_);
      if (column_ && layout->columns()[*column_].type != type_) column_.reset();
    }
    if (!column_ || row.IsNull(*column_)) return std::nullopt;
    return column_;
  }

 private:
  std::string_view name_;
  ValueType type_;
  const RowLayout* layout_ = nullptr;
  std::optional<uint32_t> column_;
};

struct Input {
  std::span<const RowView> rows;
  std::span<const RowLayout* const> layouts;
  ColumnFinder finder;
};

// `append(row, layout, column)` adds one value to `builder`.
template <typename Builder, typename Append>
Status AppendAll(Input* input, Builder* builder, Append append) {
  ARROW_RETURN_NOT_OK(builder->Reserve(static_cast<int64_t>(input->rows.size())));
  for (size_t i = 0; i < input->rows.size(); ++i) {
    const RowView row = input->rows[i];
    const std::optional<uint32_t> column = input->finder.Find(row, input->layouts[i]);
    ARROW_RETURN_NOT_OK(column ? append(row, *input->layouts[i], *column) : builder->AppendNull());
  }
  return Status::OK();
}

template <typename Builder, typename T>
Status AppendFixed(Input* input, arrow::ArrayBuilder* untyped) {
  auto* builder = static_cast<Builder*>(untyped);
  return AppendAll(input, builder,
                   [builder](RowView row, const RowLayout& layout, uint32_t column) {
                     return builder->Append(row.Fixed<T>(layout, column));
                   });
}

Status AppendBytes(Input* input, arrow::ArrayBuilder* untyped) {
  auto* builder = static_cast<arrow::BinaryBuilder*>(untyped);  // also utf8's base
  return AppendAll(input, builder,
                   [builder](RowView row, const RowLayout& layout, uint32_t column) {
                     return builder->Append(row.Bytes(layout, column));
                   });
}

Status AppendScalars(Input* input, ValueType type, arrow::ArrayBuilder* builder) {
  switch (type) {
    case ValueType::kBytes:
    case ValueType::kString:
      return AppendBytes(input, builder);
    case ValueType::kInt32:
      return AppendFixed<arrow::Int32Builder, int32_t>(input, builder);
    case ValueType::kInt64:
      return AppendFixed<arrow::Int64Builder, int64_t>(input, builder);
    case ValueType::kDouble:
      return AppendFixed<arrow::DoubleBuilder, double>(input, builder);
    case ValueType::kFloat:
      return AppendFixed<arrow::FloatBuilder, float>(input, builder);
    case ValueType::kBool:
      return AppendFixed<arrow::BooleanBuilder, uint8_t>(input, builder);
    default:
      return AppendFixed<arrow::TimestampBuilder, int64_t>(input, builder);
  }
}

template <typename Builder, typename Get>
Status AppendItems(const ListView& list, arrow::ArrayBuilder* untyped, Get get) {
  auto* builder = static_cast<Builder*>(untyped);
  ARROW_RETURN_NOT_OK(builder->Reserve(list.count));
  for (uint32_t i = 0; i < list.count; ++i) {
    ARROW_RETURN_NOT_OK(list.IsNull(i) ? builder->AppendNull() : builder->Append(get(i)));
  }
  return Status::OK();
}

template <typename Builder, typename T>
Status AppendFixedItems(const ListView& list, arrow::ArrayBuilder* items) {
  return AppendItems<Builder>(list, items, [&list](uint32_t i) { return list.Fixed<T>(i); });
}

Status AppendListItems(const ListView& list, arrow::ArrayBuilder* items) {
  switch (list.element) {
    case ValueType::kBytes:
    case ValueType::kString:
      return AppendItems<arrow::BinaryBuilder>(list, items,
                                               [&list](uint32_t i) { return list.Bytes(i); });
    case ValueType::kInt32:
      return AppendFixedItems<arrow::Int32Builder, int32_t>(list, items);
    case ValueType::kInt64:
      return AppendFixedItems<arrow::Int64Builder, int64_t>(list, items);
    case ValueType::kDouble:
      return AppendFixedItems<arrow::DoubleBuilder, double>(list, items);
    case ValueType::kFloat:
      return AppendFixedItems<arrow::FloatBuilder, float>(list, items);
    case ValueType::kBool:
      return AppendFixedItems<arrow::BooleanBuilder, uint8_t>(list, items);
    default:
      return AppendFixedItems<arrow::TimestampBuilder, int64_t>(list, items);
  }
}

Status AppendLists(Input* input, arrow::ArrayBuilder* untyped) {
  auto* builder = static_cast<arrow::ListBuilder*>(untyped);
  return AppendAll(input, builder,
                   [builder](RowView row, const RowLayout& layout, uint32_t column) {
                     ARROW_RETURN_NOT_OK(builder->Append());
                     return AppendListItems(row.List(layout, column), builder->value_builder());
                   });
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> RowsToArray(std::span<const RowView> rows,
                                                  std::span<const RowLayout* const> layouts,
                                                  std::string_view name, ValueType type) {
  if (type == ValueType::kNull) {
    return arrow::MakeArrayOfNull(arrow::null(), static_cast<int64_t>(rows.size()));
  }
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(
      arrow::MakeBuilder(arrow::default_memory_pool(), ArrowTypeOf(type), &builder));
  Input input{rows, layouts, ColumnFinder(name, type)};
  const Status appended = IsList(type) ? AppendLists(&input, builder.get())
                                       : AppendScalars(&input, StoredAs(type), builder.get());
  if (appended.IsCapacityError()) {
    return AsKind(ErrorKind::kTooLarge,
                  "column '" + std::string(name) + "' holds more than 2 GiB in one answer",
                  appended);
  }
  ARROW_RETURN_NOT_OK(appended);
  return builder->Finish();
}

}  // namespace featly
