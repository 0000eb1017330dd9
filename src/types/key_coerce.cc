#include "types/key_coerce.h"

#include <string>
#include <utility>

#include <arrow/api.h>

#include "base/time.h"
#include "types/arrow_convert.h"
#include "types/base64.h"
#include "types/exact.h"
#include "types/json_value.h"

namespace featly {
namespace {

constexpr int64_t kMicrosASecond = 1000000;

bool IsIntegerKey(ValueType type) { return type == ValueType::kInt32 || type == ValueType::kInt64; }

// An integer that already fits int64, as the key's.
Result<KeyValue> FromInteger(int64_t value, std::string_view found, const JoinKey& key,
                             int64_t row) {
  const bool fits = key.type == ValueType::kInt64 ||
                    (key.type == ValueType::kInt32 && FitsInt32(value)) ||
                    (key.type == ValueType::kUnixTimestamp && SecondsToMicros(value).has_value());
  if (!fits) return KeyMismatch(found, key, row);
  return KeyValue{value, {}};
}

Result<KeyValue> FromTimeText(std::string_view text, const JoinKey& key, int64_t row) {
  const Result<Timestamp> time = ParseTimestamp(text);
  if (!time.ok() || HasDigitsPastMicros(text) || time->micros % kMicrosASecond != 0) {
    return KeyMismatch(QuoteForMessage(text), key, row);
  }
  return KeyValue{time->micros / kMicrosASecond, {}};
}

Status RefuseNulls(const arrow::Array& column, const JoinKey& key) {
  if (column.null_count() == 0) return Status::OK();
  for (int64_t row = 0; row < column.length(); ++row) {
    if (column.IsNull(row)) return KeyFromNull(key, row);
  }
  return Status::OK();
}

// A column of keys from values that are looked at one by one. `coerce(i)` gives the KeyValue of a
// row that is not null. REQUIRES: an integer or time key.
template <typename Coerce>
Result<std::shared_ptr<arrow::Array>> FromEach(const arrow::Array& values, const JoinKey& key,
                                               Coerce coerce) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(
      arrow::MakeBuilder(arrow::default_memory_pool(), ArrowTypeOf(key.type), &builder));
  ARROW_RETURN_NOT_OK(builder->Reserve(values.length()));
  for (int64_t row = 0; row < values.length(); ++row) {
    if (values.IsNull(row)) {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const KeyValue value, coerce(row));
    if (key.type == ValueType::kInt32) {
      static_cast<arrow::Int32Builder&>(*builder).UnsafeAppend(static_cast<int32_t>(value.integer));
    } else if (key.type == ValueType::kInt64) {
      static_cast<arrow::Int64Builder&>(*builder).UnsafeAppend(value.integer);
    } else {
      static_cast<arrow::TimestampBuilder&>(*builder).UnsafeAppend(value.integer * kMicrosASecond);
    }
  }
  return builder->Finish();
}

// Text and floats are exact for a key or not value by value; all else is so by its type.
Result<std::shared_ptr<arrow::Array>> FromValues(const std::shared_ptr<arrow::Array>& column,
                                                 arrow::Type::type id, const JoinKey& key,
                                                 std::string_view where) {
  std::shared_ptr<arrow::Array> values;
  switch (id) {
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT: {
      ARROW_ASSIGN_OR_RAISE(values, CanonicalColumn(column, ValueType::kFloat, where));
      const auto& floats = static_cast<const arrow::FloatArray&>(*values);
      return FromEach(floats, key, [&](int64_t row) -> Result<KeyValue> {
        const float value = floats.Value(row);
        if (!ExactInteger(value)) return KeyMismatch(JsonDouble(value), key, row);
        return KeyFromDouble(value, key, row);
      });
    }
    case arrow::Type::DOUBLE: {
      ARROW_ASSIGN_OR_RAISE(values, CanonicalColumn(column, ValueType::kDouble, where));
      const auto& doubles = static_cast<const arrow::DoubleArray&>(*values);
      return FromEach(doubles, key,
                      [&](int64_t row) { return KeyFromDouble(doubles.Value(row), key, row); });
    }
    default: {
      ARROW_ASSIGN_OR_RAISE(values, CanonicalColumn(column, ValueType::kString, where));
      const auto& texts = static_cast<const arrow::StringArray&>(*values);
      return FromEach(texts, key, [&](int64_t row) {
        return KeyFromString(texts.GetView(row), key, row, nullptr);
      });
    }
  }
}

// The type of the column's values: of a dictionary's, where it is one.
arrow::Type::type ValueIdOf(const arrow::DataType& type) {
  if (type.id() != arrow::Type::DICTIONARY) return type.id();
  return static_cast<const arrow::DictionaryType&>(type).value_type()->id();
}

bool IsSettledByValue(arrow::Type::type id) {
  switch (id) {
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return true;
    default:
      return false;
  }
}

const char* WantedOf(ValueType key) {
  return key == ValueType::kString ? "text or an integer" : JsonFormOf(key);
}

}  // namespace

Status KeyMismatch(std::string_view found, const JoinKey& key, int64_t row) {
  return Error(ErrorKind::kInvalid, "join key '" + key.name + "', row " + std::to_string(row) +
                                        ": found " + std::string(found) + ", wanted " +
                                        WantedOf(key.type) + " (" + ValueTypeName(key.type) + ")")
      .Subject(key.name);
}

Status KeyFromNull(const JoinKey& key, int64_t row) { return KeyMismatch("null", key, row); }

Status KeyFromBool(bool value, const JoinKey& key, int64_t row) {
  return KeyMismatch(value ? "true" : "false", key, row);
}

Result<KeyValue> KeyFromInt(int64_t value, const JoinKey& key, int64_t row, Arena* arena) {
  if (key.type == ValueType::kString) return KeyValue{0, arena->Copy(std::to_string(value))};
  return FromInteger(value, std::to_string(value), key, row);
}

Result<KeyValue> KeyFromUint(uint64_t value, const JoinKey& key, int64_t row, Arena* arena) {
  if (key.type == ValueType::kString) return KeyValue{0, arena->Copy(std::to_string(value))};
  if (!FitsInt64(value)) return KeyMismatch(std::to_string(value), key, row);
  return KeyFromInt(static_cast<int64_t>(value), key, row, arena);
}

Result<KeyValue> KeyFromDouble(double value, const JoinKey& key, int64_t row) {
  const std::optional<int64_t> integer = ExactInteger(value);
  if (!integer) return KeyMismatch(JsonDouble(value), key, row);
  return FromInteger(*integer, JsonDouble(value), key, row);
}

Result<KeyValue> KeyFromString(std::string_view value, const JoinKey& key, int64_t row,
                               Arena* arena) {
  if (key.type == ValueType::kString) return KeyValue{0, value};
  if (key.type == ValueType::kBytes) {
    std::string decoded;
    if (!AppendBase64Decoded(value, &decoded)) {
      return KeyMismatch(QuoteForMessage(value), key, row);
    }
    return KeyValue{0, arena->Copy(decoded)};
  }
  if (const std::optional<int64_t> integer = ParseInteger(value)) {
    return FromInteger(*integer, QuoteForMessage(value), key, row);
  }
  if (IsIntegerKey(key.type)) return KeyMismatch(QuoteForMessage(value), key, row);
  return FromTimeText(value, key, row);
}

Result<std::shared_ptr<arrow::Array>> CoerceKeyColumn(const std::shared_ptr<arrow::Array>& column,
                                                      const JoinKey& key, NullKeys nulls) {
  const std::string where = "join key '" + key.name + "'";
  std::shared_ptr<arrow::Array> keys;
  const arrow::Type::type id = ValueIdOf(*column->type());
  const bool number = IsIntegerKey(key.type) || key.type == ValueType::kUnixTimestamp;
  if (number && IsSettledByValue(id)) {
    ARROW_ASSIGN_OR_RAISE(keys, FromValues(column, id, key, where));
  } else if (key.type == ValueType::kString && arrow::is_integer(id)) {
    // Integers as the text that their digits are, which is what a decimal is kept as.
    ARROW_ASSIGN_OR_RAISE(keys, CanonicalColumn(column, ValueType::kDecimal, where));
  } else {
    if (key.type == ValueType::kUnixTimestamp) {
      ARROW_RETURN_NOT_OK(CheckWholeSeconds(*column, where));
    }
    ARROW_ASSIGN_OR_RAISE(keys, CanonicalColumn(column, key.type, where));
  }
  if (nulls == NullKeys::kRefuse) ARROW_RETURN_NOT_OK(RefuseNulls(*keys, key));
  return keys;
}

KeyValue KeyAt(const arrow::Array& column, const JoinKey& key, int64_t row) {
  switch (key.type) {
    case ValueType::kInt32:
      return {static_cast<const arrow::Int32Array&>(column).Value(row), {}};
    case ValueType::kInt64:
      return {static_cast<const arrow::Int64Array&>(column).Value(row), {}};
    case ValueType::kUnixTimestamp:
      return {static_cast<const arrow::TimestampArray&>(column).Value(row) / kMicrosASecond, {}};
    default:
      return {0, static_cast<const arrow::BinaryArray&>(column).GetView(row)};
  }
}

}  // namespace featly
