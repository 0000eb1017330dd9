// The bytes of one join key value, shared by EntityKeyCodec and KeyColumns.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "types/value_type.h"

namespace featly::internal {

// Feast's formats are little-endian, and so is every machine featly builds for.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

/// Type code, length and payload of an integer. One append: this runs once for each key of each
/// row.
template <typename T>
inline void AppendKeyInteger(ValueType type, T value, std::string* out) {
  char bytes[8 + sizeof(T)];
  const uint32_t code = static_cast<uint32_t>(type);
  const uint32_t size = sizeof(T);
  std::memcpy(bytes, &code, 4);
  std::memcpy(bytes + 4, &size, 4);
  std::memcpy(bytes + 8, &value, sizeof(T));
  out->append(bytes, sizeof(bytes));
}

/// The same of a text or of bytes.
inline void AppendKeyBytes(ValueType type, std::string_view value, std::string* out) {
  char bytes[8];
  const uint32_t code = static_cast<uint32_t>(type);
  const uint32_t size = static_cast<uint32_t>(value.size());
  std::memcpy(bytes, &code, 4);
  std::memcpy(bytes + 4, &size, 4);
  out->append(bytes, sizeof(bytes));
  out->append(value);
}

}  // namespace featly::internal
