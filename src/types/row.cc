#include "types/row.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "types/dynamic_value.h"
#include "types/row_internal.h"
#include "types/zoned_time.h"

namespace featly {
namespace {

constexpr size_t kMaxColumns = 65535;

Error Corrupt(std::string why) {
  return Error(ErrorKind::kCorrupt, "feature row is damaged: " + std::move(why));
}

Error CorruptColumn(const RowColumn& column, std::string why) {
  return Error(ErrorKind::kCorrupt,
               "feature row is damaged: '" + column.name + "' " + std::move(why))
      .Subject(column.name);
}

uint32_t LoadU32(const uint8_t* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

// Whether `bytes` are exactly one list of `element`.
Status CheckList(const RowColumn& column, std::string_view bytes) {
  if (bytes.size() < sizeof(uint32_t)) return CorruptColumn(column, "has no list length");
  const auto* begin = reinterpret_cast<const uint8_t*>(bytes.data());
  const uint32_t head = LoadU32(begin);
  const uint64_t count = head & ~internal::kListHasNulls;
  const ValueType element = ElementType(StoredAs(column.type));
  const uint64_t bitmap = (head & internal::kListHasNulls) != 0 ? (count + 7) / 8 : 0;
  const uint64_t width =
      internal::IsVariable(element) ? sizeof(uint32_t) : internal::SlotWidth(element);
  const uint64_t packed = sizeof(uint32_t) + bitmap + count * width;
  if (packed > bytes.size()) {
    return CorruptColumn(column, "has " + std::to_string(count) + " elements in " +
                                     std::to_string(bytes.size()) + " bytes");
  }
  uint64_t total = packed;
  if (internal::IsVariable(element)) {
    const uint8_t* ends = begin + sizeof(uint32_t) + bitmap;
    uint32_t last = 0;
    for (uint64_t i = 0; i < count; ++i) {
      const uint32_t end = LoadU32(ends + i * sizeof(uint32_t));
      if (end < last) return CorruptColumn(column, "has element offsets that run backwards");
      last = end;
    }
    total += last;
  }
  if (total != bytes.size()) {
    return CorruptColumn(column, "needs " + std::to_string(total) + " bytes and has " +
                                     std::to_string(bytes.size()));
  }
  return Status::OK();
}

// Whether `bytes` are a value of a kind that is more than text or bytes.
Status CheckKind(const RowColumn& column, std::string_view bytes) {
  if (IsMessage(column.type)) {
    feast::types::Value value;
    const bool parses = value.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    if (!parses || !HoldsMessage(value, column.type)) {
      return CorruptColumn(column, "is not a value of type " + ValueTypeName(column.type));
    }
  } else if (column.type == ValueType::kZonedTimestamp && !DecodeZonedTime(bytes)) {
    return CorruptColumn(column, "is too short for a time");
  }
  return Status::OK();
}

}  // namespace

Result<std::shared_ptr<const RowLayout>> RowLayout::Make(uint32_t id,
                                                         std::vector<RowColumn> columns) {
  if (columns.size() > kMaxColumns) {
    return Error(ErrorKind::kInvalid, "a row can have at most " + std::to_string(kMaxColumns) +
                                          " columns, found " + std::to_string(columns.size()));
  }
  std::shared_ptr<RowLayout> layout(new RowLayout);
  layout->id_ = id;
  layout->slots_.reserve(columns.size());
  for (uint32_t i = 0; i < columns.size(); ++i) {
    const ValueType stored = StoredAs(columns[i].type);
    if (internal::HasBytes(stored) || stored == ValueType::kNull) {
      layout->checked_columns_.push_back(i);
    }
  }
  uint32_t at = kRowHeaderSize + static_cast<uint32_t>((columns.size() + 7) / 8);
  for (const RowColumn& column : columns) {
    if (!IsRowType(column.type)) {
      return Error(ErrorKind::kInvalid, "column '" + column.name + "' has type " +
                                            ValueTypeName(column.type) + ", which rows do not hold")
          .Subject(column.name);
    }
    layout->slots_.push_back(at);
    at += internal::SlotWidth(StoredAs(column.type));
  }
  layout->fixed_size_ = at;

  std::vector<uint32_t>& by_name = layout->by_name_;
  by_name.resize(columns.size());
  std::iota(by_name.begin(), by_name.end(), 0U);
  std::sort(by_name.begin(), by_name.end(),
            [&columns](uint32_t a, uint32_t b) { return columns[a].name < columns[b].name; });
  for (size_t i = 1; i < by_name.size(); ++i) {
    const std::string& name = columns[by_name[i]].name;
    if (name == columns[by_name[i - 1]].name) {
      return Error(ErrorKind::kInvalid, "column '" + name + "' is given twice").Subject(name);
    }
  }
  layout->columns_ = std::move(columns);
  return std::shared_ptr<const RowLayout>(std::move(layout));
}

std::optional<uint32_t> RowLayout::Find(std::string_view name) const {
  auto found = std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [this](uint32_t column, std::string_view wanted) { return columns_[column].name < wanted; });
  if (found == by_name_.end() || columns_[*found].name != name) return std::nullopt;
  return *found;
}

ListView RowView::List(const RowLayout& layout, uint32_t column) const {
  const auto* at = reinterpret_cast<const uint8_t*>(Bytes(layout, column).data());
  const uint32_t head = LoadU32(at);
  ListView list;
  list.element = ElementType(StoredAs(layout.columns()[column].type));
  list.count = head & ~internal::kListHasNulls;
  at += sizeof(uint32_t);
  if ((head & internal::kListHasNulls) != 0) {
    list.validity = at;
    at += (size_t{list.count} + 7) / 8;
  }
  list.items = at;
  if (internal::IsVariable(list.element)) list.bytes = at + size_t{list.count} * sizeof(uint32_t);
  return list;
}

Status RowView::Validate(const RowLayout& layout) const {
  if (size_ < kRowHeaderSize) {
    return Corrupt(std::to_string(size_) + " bytes are fewer than a header");
  }
  if (data_[0] != kRowFormat) {
    return Corrupt("format " + std::to_string(data_[0]) + ", this version reads " +
                   std::to_string(kRowFormat));
  }
  if (data_[1] != 0) return Corrupt("unknown flags " + std::to_string(data_[1]));
  const auto& columns = layout.columns();
  if (layout_id() != layout.id() || Load<uint16_t>(2) != columns.size()) {
    return Corrupt("layout " + std::to_string(layout_id()) + " of " +
                   std::to_string(Load<uint16_t>(2)) + " columns, expected layout " +
                   std::to_string(layout.id()) + " of " + std::to_string(columns.size()));
  }
  if (size_ < layout.fixed_size() || size_ > internal::kMaxRowSize) {
    return Corrupt(std::to_string(size_) + " bytes, and the columns alone need " +
                   std::to_string(layout.fixed_size()));
  }
  for (const uint32_t i : layout.checked_columns()) {
    if (IsNull(i)) continue;
    const ValueType type = columns[i].type;
    if (type == ValueType::kNull) return CorruptColumn(columns[i], "has a value");
    const uint64_t offset = Load<uint32_t>(layout.slot(i));
    const uint64_t length = Load<uint32_t>(layout.slot(i) + 4);
    if (offset < layout.fixed_size() || offset + length > size_) {
      return CorruptColumn(columns[i], "lies at " + std::to_string(offset) + " with length " +
                                           std::to_string(length) + " in a row of " +
                                           std::to_string(size_) + " bytes");
    }
    if (type == ValueType::kString || type == ValueType::kBytes) continue;
    ARROW_RETURN_NOT_OK(IsList(type) ? CheckList(columns[i], Bytes(layout, i))
                                     : CheckKind(columns[i], Bytes(layout, i)));
  }
  return Status::OK();
}

}  // namespace featly
