// Feature rows: what a store keeps for one (view, entity). docs/format/row.md is the format; a test
// pins its worked example.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "types/event_order.h"
#include "types/value_type.h"

namespace featly {

/// One value column of a row.
struct RowColumn {
  std::string name;
  ValueType type = ValueType::kInvalid;
  bool operator==(const RowColumn&) const = default;
};

/// The columns of rows of one shape, and where each lies. Immutable, shared between threads.
/// Bytes of a row (all little-endian, no alignment of the row itself is assumed):
///   0  u8  format (kRowFormat)        1  u8 flags (0)       2  u16 number of columns
///   4  u32 layout id                  8  i64 event time µs  16 i64 created time µs or
///   kNoCreatedTime 24 null bitmap, 1 = present, ceil(columns / 8) bytes
///   .. fixed slots in column order: 1 byte bool; 4 int32, float; 8 int64, double, unix timestamp
///   (µs);
///      8 for bytes, string and lists: u32 offset from the row's start, u32 length in bytes
///   .. variable part, in column order
/// A list is: u32 count, bit 31 set where a bitmap of ceil(count / 8) bytes (1 = present) follows;
/// then the elements: fixed width packed (bool 1 byte), or count u32 end offsets and the bytes.
/// A null column's slot is zero. NaN is never stored: it is null. A column of another type lies in
/// the form of its StoredAs type; one of type NULL has no slot.
class RowLayout {
 public:
  /// kInvalid for a type rows do not hold, a duplicate name or more than 65,535 columns.
  static Result<std::shared_ptr<const RowLayout>> Make(uint32_t id, std::vector<RowColumn> columns);

  uint32_t id() const { return id_; }
  const std::vector<RowColumn>& columns() const { return columns_; }
  /// Index of `name`, in logarithmic time; nullopt where the layout lacks it (a feature added to
  /// the view later).
  std::optional<uint32_t> Find(std::string_view name) const;
  uint32_t slot(uint32_t column) const { return slots_[column]; }
  /// The columns that a damaged row can lie about, in order: those whose values lie in the variable
  /// part, and those of type null, which have no slot to read.
  const std::vector<uint32_t>& checked_columns() const { return checked_columns_; }
  /// Bytes before the variable part.
  uint32_t fixed_size() const { return fixed_size_; }

 private:
  RowLayout() = default;
  uint32_t id_ = 0;
  std::vector<RowColumn> columns_;
  std::vector<uint32_t> slots_;
  std::vector<uint32_t> checked_columns_;
  std::vector<uint32_t> by_name_;  // columns in the order of their names
  uint32_t fixed_size_ = 0;
};

inline constexpr uint8_t kRowFormat = 1;
inline constexpr uint32_t kRowHeaderSize = 24;

/// The elements of a list inside a row. Borrows the row's bytes; the bytes were validated.
struct ListView {
  ValueType element = ValueType::kInvalid;  ///< As stored: a UUID list's is kString.
  uint32_t count = 0;
  const uint8_t* validity = nullptr;  ///< null: no null elements
  const uint8_t* items = nullptr;     ///< fixed-width values, or the end offsets
  const uint8_t* bytes = nullptr;     ///< of string and bytes elements

  bool IsNull(uint32_t i) const { return validity && !(validity[i / 8] >> (i % 8) & 1); }
  template <typename T>
  T Fixed(uint32_t i) const {
    T v;
    std::memcpy(&v, items + size_t{i} * sizeof(T), sizeof(T));
    return v;
  }
  std::string_view Bytes(uint32_t i) const {
    uint32_t begin = i ? Fixed<uint32_t>(i - 1) : 0;
    return {reinterpret_cast<const char*>(bytes) + begin, Fixed<uint32_t>(i) - begin};
  }
};

/// A row's bytes, read in place: one feature without touching the others, no allocation. Borrows
/// the bytes, which live as long as their read guard (a store's) or arena. Trivially copyable.
/// Reads are unchecked: bytes from outside the process go through Validate once.
class RowView {
 public:
  RowView() = default;
  explicit RowView(std::string_view bytes)
      : data_(reinterpret_cast<const uint8_t*>(bytes.data())), size_(bytes.size()) {}

  /// False where the store has no such row; nothing else may then be called.
  bool present() const { return data_ != nullptr; }
  std::string_view bytes() const { return {reinterpret_cast<const char*>(data_), size_}; }

  uint32_t layout_id() const { return Load<uint32_t>(4); }
  EventOrder order() const { return {Load<int64_t>(8), Load<int64_t>(16)}; }

  bool IsNull(uint32_t column) const {
    return !(data_[kRowHeaderSize + column / 8] >> (column % 8) & 1);
  }
  /// The slot's value. REQUIRES: !IsNull, and T is the column's: bool as uint8_t, int32_t, float,
  /// int64_t (also timestamps, in microseconds), double.
  template <typename T>
  T Fixed(const RowLayout& layout, uint32_t column) const {
    return Load<T>(layout.slot(column));
  }
  /// A value stored as string or bytes.
  std::string_view Bytes(const RowLayout& layout, uint32_t column) const {
    uint32_t slot = layout.slot(column);
    return {reinterpret_cast<const char*>(data_) + Load<uint32_t>(slot), Load<uint32_t>(slot + 4)};
  }
  ListView List(const RowLayout& layout, uint32_t column) const;

  /// Checks that every offset of the row lies inside it, so that no later read leaves the bytes.
  /// kCorrupt says what does not fit. Cost: a few comparisons for each column of variable size, and
  /// one for each element of its lists of text and bytes.
  Status Validate(const RowLayout& layout) const;

  template <typename T>
  T Load(size_t at) const {
    T v;
    std::memcpy(&v, data_ + at, sizeof(T));
    return v;
  }

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

/// Turns rows of Arrow batches into row bytes. Bound once to a batch, then called per row without
/// type dispatch by name or allocation beyond the growth of `out`. One thread at a time.
class RowEncoder {
 public:
  /// `columns[i]` is the array for layout column i, of exactly ArrowTypeOf(its type) (cast with
  /// CanonicalColumn first). Arrays are kept alive by the encoder.
  static Result<RowEncoder> Make(std::shared_ptr<const RowLayout> layout,
                                 std::vector<std::shared_ptr<arrow::Array>> columns);
  RowEncoder(RowEncoder&&) noexcept;
  RowEncoder& operator=(RowEncoder&&) noexcept;
  ~RowEncoder();

  /// Appends the bytes of `row`. kTooLarge for a row of 2^31 bytes or more.
  Status Append(int64_t row, EventOrder order, std::string* out) const;

 private:
  struct Impl;
  explicit RowEncoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Rows to Arrow: one column of many rows as an array of ArrowTypeOf(type). An absent row, a column
/// the row's layout lacks or has with another type, and a null value give null. `layouts[i]` is
/// rows[i]'s (ignored if absent); the column is found in each by `name`.
Result<std::shared_ptr<arrow::Array>> RowsToArray(std::span<const RowView> rows,
                                                  std::span<const RowLayout* const> layouts,
                                                  std::string_view name, ValueType type);

}  // namespace featly
