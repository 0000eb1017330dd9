#include "offline/join_keys.h"

#include <cstring>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>

namespace featly {
namespace {

bool IsInteger(ValueType type) {
  return type == ValueType::kInt32 || type == ValueType::kInt64 ||
         type == ValueType::kUnixTimestamp;
}

template <typename T>
void AppendRaw(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// One key's value of one row: fixed width, or its length and its bytes, so that no two different
// keys look the same.
void AppendValue(const arrow::Array& column, ValueType type, int64_t row, std::string* out) {
  switch (type) {
    case ValueType::kInt32:
      return AppendRaw(static_cast<const arrow::Int32Array&>(column).Value(row), out);
    case ValueType::kInt64:
      return AppendRaw(static_cast<const arrow::Int64Array&>(column).Value(row), out);
    case ValueType::kUnixTimestamp:
      return AppendRaw(static_cast<const arrow::TimestampArray&>(column).Value(row), out);
    default: {
      const std::string_view text = static_cast<const arrow::BinaryArray&>(column).GetView(row);
      AppendRaw(static_cast<uint32_t>(text.size()), out);
      out->append(text);
    }
  }
}

}  // namespace

bool KeysAreIntegers(const std::vector<JoinKey>& keys) {
  return keys.size() == 1 && IsInteger(keys.front().type);
}

JoinKeys::JoinKeys(const std::vector<JoinKey>& keys)
    : keys_(keys), integers_only_(KeysAreIntegers(keys)) {}

void JoinKeys::Load(const std::vector<std::shared_ptr<arrow::Array>>& columns, int64_t rows) {
  rows_ = rows;
  validity_.clear();
  for (const auto& column : columns) {
    if (column->null_count() == 0) continue;
    if (validity_.empty()) validity_.assign(static_cast<size_t>(rows), 1);
    for (int64_t i = 0; i < rows; ++i) {
      validity_[static_cast<size_t>(i)] &= static_cast<uint8_t>(column->IsValid(i));
    }
  }
  integers_only_ ? LoadInteger(*columns.front()) : LoadBytes(columns);
}

void JoinKeys::LoadInteger(const arrow::Array& column) {
  if (keys_.front().type != ValueType::kInt32) {
    integers_ = column.data()->GetValues<int64_t>(1);
    return;
  }
  const auto* narrow = column.data()->GetValues<int32_t>(1);
  widened_.assign(narrow, narrow + rows_);
  integers_ = widened_.data();
}

void JoinKeys::LoadBytes(const std::vector<std::shared_ptr<arrow::Array>>& columns) {
  bytes_.clear();
  offsets_.assign(1, 0);
  for (int64_t row = 0; row < rows_; ++row) {
    if (valid(row)) {
      for (size_t k = 0; k < keys_.size(); ++k) {
        AppendValue(*columns[k], keys_[k].type, row, &bytes_);
      }
    }
    offsets_.push_back(bytes_.size());
  }
}

}  // namespace featly
