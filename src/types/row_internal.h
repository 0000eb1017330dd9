// Facts of the row format that its writer and its checker share.
#pragma once

#include <cstddef>
#include <cstdint>

#include "types/value_type.h"

namespace featly::internal {

// Rows are little-endian, and so is every machine featly builds for.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

/// Bit 31 of a list's count: a bitmap follows.
inline constexpr uint32_t kListHasNulls = uint32_t{1} << 31;

/// Rows are smaller than 2^31 bytes, so offsets fit 32 bits with room for the flag above.
inline constexpr size_t kMaxRowSize = (size_t{1} << 31) - 1;

// The types below are stored ones (StoredAs).

/// True for string and bytes: values of any length.
constexpr bool IsVariable(ValueType stored) {
  return stored == ValueType::kString || stored == ValueType::kBytes;
}

/// True for columns whose slot points into the variable part.
inline bool HasBytes(ValueType stored) { return IsVariable(stored) || IsList(stored); }

/// Bytes of a column's slot, and of a packed list element of fixed width.
constexpr uint32_t SlotWidth(ValueType stored) {
  switch (stored) {
    case ValueType::kNull:
      return 0;
    case ValueType::kBool:
      return 1;
    case ValueType::kInt32:
    case ValueType::kFloat:
      return 4;
    default:
      return 8;
  }
}

}  // namespace featly::internal
