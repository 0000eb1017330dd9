// RowEncoder of row.h: rows of Arrow batches into row bytes.
#include <cmath>
#include <cstring>
#include <utility>

#include <arrow/api.h>
#include <arrow/util/bit_util.h>

#include "types/row.h"
#include "types/row_internal.h"

namespace featly {
namespace {

// An array as raw pointers. `values` carries the array's offset except for packed booleans.
struct Values {
  const uint8_t* values = nullptr;    // fixed width, or int32 offsets of strings and lists
  const uint8_t* bytes = nullptr;     // of strings
  const uint8_t* validity = nullptr;  // null: no null values
  int64_t bit_offset = 0;             // of validity and of packed booleans

  bool IsNull(int64_t i) const {
    return validity != nullptr && !arrow::bit_util::GetBit(validity, bit_offset + i);
  }
  bool Bool(int64_t i) const { return arrow::bit_util::GetBit(values, bit_offset + i); }
  int32_t Offset(int64_t i) const { return Fixed<int32_t>(i); }
  template <typename T>
  T Fixed(int64_t i) const {
    T value;  // copied, as buffers that came over a wire need not be aligned
    std::memcpy(&value, values + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
    return value;
  }
};

Values ValuesOf(const arrow::Array& array, ValueType type) {
  const arrow::ArrayData& data = *array.data();
  Values v;
  v.bit_offset = data.offset;
  if (array.null_count() > 0) v.validity = data.GetValues<uint8_t>(0, 0);
  if (type == ValueType::kBool) {
    v.values = data.GetValues<uint8_t>(1, 0);
    return v;
  }
  const uint32_t width = internal::HasBytes(type) ? sizeof(int32_t) : internal::SlotWidth(type);
  v.values = data.GetValues<uint8_t>(1, 0);
  if (v.values != nullptr) v.values += data.offset * width;
  if (internal::IsVariable(type)) v.bytes = data.GetValues<uint8_t>(2, 0);
  return v;
}

// Where a fixed-width column's value goes.
struct FixedColumn {
  Values values;
  ValueType type;
  uint32_t slot;
  uint32_t bitmap_byte;
  uint8_t bitmap_mask;
};

struct BytesColumn {
  Values values;
  Values items;  // of lists
  ValueType type;
  uint32_t slot;
  uint32_t bitmap_byte;
  uint8_t bitmap_mask;
};

template <typename T>
bool IsNanValue(const Values& values, int64_t i) {
  return std::isnan(values.Fixed<T>(i));
}

// A null, or a NaN, which is one.
bool IsNullItem(const Values& values, ValueType type, int64_t i) {
  if (values.IsNull(i)) return true;
  if (type == ValueType::kDouble) return IsNanValue<double>(values, i);
  return type == ValueType::kFloat && IsNanValue<float>(values, i);
}

void AppendU32(uint32_t value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// Items [begin, end) of a list of strings or bytes: their ends, then their bytes.
void AppendVariableItems(const Values& items, int64_t begin, int64_t end, std::string* out) {
  uint32_t at = 0;
  for (int64_t i = begin; i < end; ++i) {
    if (!items.IsNull(i)) at += static_cast<uint32_t>(items.Offset(i + 1) - items.Offset(i));
    AppendU32(at, out);
  }
  for (int64_t i = begin; i < end; ++i) {
    if (items.IsNull(i)) continue;
    out->append(reinterpret_cast<const char*>(items.bytes) + items.Offset(i),
                static_cast<size_t>(items.Offset(i + 1) - items.Offset(i)));
  }
}

// Items [begin, end) of a list of fixed width, zeros where they are null.
void AppendFixedItems(const Values& items, ValueType element, bool has_nulls, int64_t begin,
                      int64_t end, std::string* out) {
  if (element == ValueType::kBool) {
    for (int64_t i = begin; i < end; ++i) {
      out->push_back(!items.IsNull(i) && items.Bool(i) ? '\1' : '\0');
    }
    return;
  }
  const size_t width = internal::SlotWidth(element);
  const size_t start = out->size();
  const auto count = static_cast<size_t>(end - begin);
  if (count == 0) return;
  out->append(reinterpret_cast<const char*>(items.values) + static_cast<size_t>(begin) * width,
              count * width);
  if (!has_nulls) return;
  for (int64_t i = begin; i < end; ++i) {
    if (IsNullItem(items, element, i)) {
      std::memset(out->data() + start + static_cast<size_t>(i - begin) * width, 0, width);
    }
  }
}

void AppendList(const BytesColumn& column, int64_t row, std::string* out) {
  const ValueType element = ElementType(column.type);
  const int64_t begin = column.values.Offset(row);
  const int64_t end = column.values.Offset(row + 1);
  bool has_nulls = false;
  for (int64_t i = begin; i < end && !has_nulls; ++i) {
    has_nulls = IsNullItem(column.items, element, i);
  }
  const auto count = static_cast<uint32_t>(end - begin);
  AppendU32(has_nulls ? count | internal::kListHasNulls : count, out);
  if (has_nulls) {
    const size_t bitmap = out->size();
    out->append((size_t{count} + 7) / 8, '\0');
    for (int64_t i = begin; i < end; ++i) {
      if (IsNullItem(column.items, element, i)) continue;
      arrow::bit_util::SetBit(reinterpret_cast<uint8_t*>(out->data() + bitmap), i - begin);
    }
  }
  if (internal::IsVariable(element)) {
    AppendVariableItems(column.items, begin, end, out);
  } else {
    AppendFixedItems(column.items, element, has_nulls, begin, end, out);
  }
}

// Bytes that AppendList will need at least: to refuse a row that is too large before copying it.
uint64_t BytesOfValue(const BytesColumn& column, int64_t row) {
  const int64_t begin = column.values.Offset(row);
  const int64_t end = column.values.Offset(row + 1);
  if (!IsList(column.type)) return static_cast<uint64_t>(end - begin);
  const ValueType element = ElementType(column.type);
  const auto count = static_cast<uint64_t>(end - begin);
  uint64_t size = sizeof(uint32_t) + (count + 7) / 8;
  if (!internal::IsVariable(element)) return size + count * internal::SlotWidth(element);
  size += count * sizeof(uint32_t);
  for (int64_t i = begin; i < end; ++i) {
    size += static_cast<uint64_t>(column.items.Offset(i + 1) - column.items.Offset(i));
  }
  return size;
}

}  // namespace

struct RowEncoder::Impl {
  std::shared_ptr<const RowLayout> layout;
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  std::string fixed_part;  // header and slots of a row in which every value is present and zero

  // Columns that need no look at the value come first and are copied slot by slot.
  std::vector<FixedColumn> plain8;
  std::vector<FixedColumn> plain4;
  std::vector<FixedColumn> checked;
  std::vector<BytesColumn> bytes;

  void WriteChecked(int64_t row, uint8_t* at) const;
  Status AppendBytes(int64_t row, size_t start, std::string* out) const;
};

void RowEncoder::Impl::WriteChecked(int64_t row, uint8_t* at) const {
  for (const FixedColumn& column : checked) {
    if (IsNullItem(column.values, column.type, row)) {
      at[column.bitmap_byte] &= static_cast<uint8_t>(~column.bitmap_mask);
      continue;
    }
    switch (internal::SlotWidth(column.type)) {
      case 1:
        at[column.slot] = column.values.Bool(row) ? 1 : 0;
        break;
      case 4:
        std::memcpy(at + column.slot, column.values.values + row * 4, 4);
        break;
      default:
        std::memcpy(at + column.slot, column.values.values + row * 8, 8);
    }
  }
}

Status RowEncoder::Impl::AppendBytes(int64_t row, size_t start, std::string* out) const {
  for (const BytesColumn& column : bytes) {
    if (column.values.IsNull(row)) {
      (*out)[start + column.bitmap_byte] &= static_cast<char>(~column.bitmap_mask);
      continue;
    }
    const size_t offset = out->size() - start;
    if (offset + BytesOfValue(column, row) > internal::kMaxRowSize) {
      out->resize(start);
      return Error(ErrorKind::kTooLarge, "row " + std::to_string(row) +
                                             " needs 2 GiB or more: the limit of a feature row");
    }
    if (IsList(column.type)) {
      AppendList(column, row, out);
    } else {
      const int32_t begin = column.values.Offset(row);
      out->append(reinterpret_cast<const char*>(column.values.bytes) + begin,
                  static_cast<size_t>(column.values.Offset(row + 1) - begin));
    }
    const uint32_t slot[2] = {static_cast<uint32_t>(offset),
                              static_cast<uint32_t>(out->size() - start - offset)};
    std::memcpy(out->data() + start + column.slot, slot, sizeof(slot));
  }
  return Status::OK();
}

RowEncoder::RowEncoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RowEncoder::RowEncoder(RowEncoder&&) noexcept = default;
RowEncoder& RowEncoder::operator=(RowEncoder&&) noexcept = default;
RowEncoder::~RowEncoder() = default;

Result<RowEncoder> RowEncoder::Make(std::shared_ptr<const RowLayout> layout,
                                    std::vector<std::shared_ptr<arrow::Array>> columns) {
  const auto& wanted = layout->columns();
  if (columns.size() != wanted.size()) {
    return Error(ErrorKind::kInternal, "a row of " + std::to_string(wanted.size()) +
                                           " columns cannot be encoded from " +
                                           std::to_string(columns.size()) + " arrays");
  }
  auto impl = std::make_unique<Impl>();
  for (uint32_t i = 0; i < wanted.size(); ++i) {
    const ValueType type = StoredAs(wanted[i].type);
    const arrow::Array& array = *columns[i];
    if (!array.type()->Equals(*ArrowTypeOf(type)) || array.length() != columns[0]->length()) {
      return Error(ErrorKind::kInternal, "column '" + wanted[i].name + "' is " +
                                             array.type()->ToString() + " of " +
                                             std::to_string(array.length()) + " rows, expected " +
                                             ArrowTypeOf(type)->ToString() + " of " +
                                             std::to_string(columns[0]->length()))
          .Subject(wanted[i].name);
    }
    const uint32_t slot = layout->slot(i);
    const uint32_t byte = kRowHeaderSize + i / 8;
    const auto mask = static_cast<uint8_t>(1U << (i % 8));
    if (type == ValueType::kNull) continue;  // no slot, and its bit stays 0
    if (internal::HasBytes(type)) {
      BytesColumn column{ValuesOf(array, type), {}, type, slot, byte, mask};
      if (IsList(type)) {
        column.items =
            ValuesOf(*static_cast<const arrow::ListArray&>(array).values(), ElementType(type));
      }
      impl->bytes.push_back(column);
      continue;
    }
    FixedColumn column{ValuesOf(array, type), type, slot, byte, mask};
    const bool may_be_nan = type == ValueType::kDouble || type == ValueType::kFloat;
    if (type == ValueType::kBool || may_be_nan || column.values.validity != nullptr) {
      impl->checked.push_back(column);
    } else {
      (internal::SlotWidth(type) == 8 ? impl->plain8 : impl->plain4).push_back(column);
    }
  }

  std::string& fixed = impl->fixed_part;
  fixed.assign(layout->fixed_size(), '\0');
  const uint32_t id = layout->id();
  const auto count = static_cast<uint16_t>(wanted.size());
  fixed[0] = static_cast<char>(kRowFormat);
  std::memcpy(fixed.data() + 2, &count, sizeof(count));
  std::memcpy(fixed.data() + 4, &id, sizeof(id));
  for (uint32_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].type == ValueType::kNull) continue;
    arrow::bit_util::SetBit(reinterpret_cast<uint8_t*>(fixed.data()) + kRowHeaderSize, i);
  }
  impl->layout = std::move(layout);
  impl->arrays = std::move(columns);
  return RowEncoder(std::move(impl));
}

Status RowEncoder::Append(int64_t row, EventOrder order, std::string* out) const {
  const Impl& impl = *impl_;
  const size_t start = out->size();
  out->append(impl.fixed_part);
  auto* at = reinterpret_cast<uint8_t*>(out->data() + start);
  std::memcpy(at + 8, &order.event_micros, 8);
  std::memcpy(at + 16, &order.created_micros, 8);
  for (const FixedColumn& column : impl.plain8) {
    std::memcpy(at + column.slot, column.values.values + row * 8, 8);
  }
  for (const FixedColumn& column : impl.plain4) {
    std::memcpy(at + column.slot, column.values.values + row * 4, 4);
  }
  impl.WriteChecked(row, at);
  return impl.bytes.empty() ? Status::OK() : impl.AppendBytes(row, start, out);
}

}  // namespace featly
