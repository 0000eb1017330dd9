#include "types/kind_columns.h"

#include <string>

#include <arrow/api.h>

#include "types/decimal_column.h"
#include "types/dynamic_value.h"
#include "types/exact.h"
#include "types/text_forms.h"
#include "types/zoned_time.h"

namespace featly {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

constexpr int kUuidBytes = 16;

bool IsText(arrow::Type::type id) {
  return id == arrow::Type::STRING || id == arrow::Type::LARGE_STRING ||
         id == arrow::Type::STRING_VIEW;
}

bool IsUuid(ValueType kind) { return kind == ValueType::kUuid || kind == ValueType::kTimeUuid; }

std::string Row(std::string_view where, int64_t row) {
  return std::string(where) + ", row " + std::to_string(row) + ": ";
}

// A builder's errors are of memory and size alone.
Status TooLarge(const Status& status, std::string_view where) {
  if (!status.IsCapacityError()) return status;
  return AsKind(ErrorKind::kTooLarge, std::string(where) + " holds more than 2 GiB in one batch",
                status);
}

// `get(i)` gives the text of a value that is not null.
template <typename Get>
Result<ArrayPtr> TextsOf(const arrow::Array& column, std::string_view where, Get get) {
  arrow::StringBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(column.length()));
  for (int64_t i = 0; i < column.length(); ++i) {
    ARROW_RETURN_NOT_OK(
        TooLarge(column.IsNull(i) ? builder.AppendNull() : builder.Append(get(i)), where));
  }
  return builder.Finish();
}

template <typename Array>
Result<ArrayPtr> CheckedTexts(const ArrayPtr& column, ValueType kind, std::string_view where) {
  const auto& texts = static_cast<const Array&>(*column);
  arrow::StringBuilder builder;
  bool changed = column->type_id() != arrow::Type::STRING;
  ARROW_RETURN_NOT_OK(builder.Reserve(texts.length()));
  for (int64_t i = 0; i < texts.length(); ++i) {
    const bool nan =
        texts.IsValid(i) && kind == ValueType::kDecimal && IsDecimalNan(texts.GetView(i));
    if (texts.IsNull(i) || nan) {
      changed |= nan;
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    const auto text = TextAs(texts.GetView(i), kind);
    if (!text) {
      return Error(ErrorKind::kInvalid, Row(where, i) + QuoteForMessage(texts.GetView(i)) +
                                            " is not " + TextKind(kind) + " (" +
                                            ValueTypeName(kind) + ")");
    }
    changed |= *text != texts.GetView(i);
    ARROW_RETURN_NOT_OK(TooLarge(builder.Append(*text), where));
  }
  if (!changed) return column;
  return builder.Finish();
}

Result<ArrayPtr> IntegerTexts(const ArrayPtr& column, std::string_view where) {
  return TextsOf(*column, where, [&](int64_t i) {
    return column->GetScalar(i).ValueOrDie()->ToString();  // in bounds, so there is one
  });
}

}  // namespace

bool CanHoldTextKind(const arrow::DataType& from, ValueType kind) {
  if (IsText(from.id())) return true;
  if (IsUuid(kind)) {
    return from.id() == arrow::Type::FIXED_SIZE_BINARY &&
           static_cast<const arrow::FixedSizeBinaryType&>(from).byte_width() == kUuidBytes;
  }
  return kind == ValueType::kDecimal && (IsDecimalType(from) || arrow::is_integer(from.id()));
}

Result<ArrayPtr> TextKindColumn(const ArrayPtr& column, ValueType kind, std::string_view where) {
  switch (column->type_id()) {
    case arrow::Type::STRING:
      return CheckedTexts<arrow::StringArray>(column, kind, where);
    case arrow::Type::LARGE_STRING:
      return CheckedTexts<arrow::LargeStringArray>(column, kind, where);
    case arrow::Type::STRING_VIEW:
      return CheckedTexts<arrow::StringViewArray>(column, kind, where);
    case arrow::Type::FIXED_SIZE_BINARY: {
      const auto& bytes = static_cast<const arrow::FixedSizeBinaryArray&>(*column);
      return TextsOf(bytes, where, [&](int64_t i) { return UuidOfBytes(bytes.GetView(i)); });
    }
    default:
      break;
  }
  if (IsDecimalType(*column->type())) {
    return TextsOf(*column, where, [&](int64_t i) { return DecimalAt(*column, i); });
  }
  return IntegerTexts(column, where);
}

Result<ArrayPtr> MessageColumn(const arrow::Array& column, ValueType type, std::string_view where) {
  arrow::BinaryBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(column.length()));
  feast::types::Value value;
  for (int64_t i = 0; i < column.length(); ++i) {
    const Status made = ValueFromArrow(column, i, type, &value);
    if (!made.ok()) return Error(KindOf(made), Row(where, i) + made.message());
    const bool null = value.val_case() == feast::types::Value::VAL_NOT_SET;
    ARROW_RETURN_NOT_OK(
        TooLarge(null ? builder.AppendNull() : builder.Append(ValueBytes(value)), where));
  }
  return builder.Finish();
}

Result<ArrayPtr> ZonedColumn(const arrow::Array& times, std::string_view zone) {
  const auto& micros = static_cast<const arrow::TimestampArray&>(times);
  // Python names an offset so; a name stays what it is.
  const bool offset = !zone.empty() && (zone.front() == '+' || zone.front() == '-');
  const std::string name = (offset ? "UTC" : "") + std::string(zone);
  arrow::BinaryBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(times.length()));
  for (int64_t i = 0; i < times.length(); ++i) {
    ARROW_RETURN_NOT_OK(times.IsNull(i) ? builder.AppendNull()
                                        : builder.Append(EncodeZonedTime({micros.Value(i), name})));
  }
  return builder.Finish();
}

Result<ArrayPtr> ZonedColumnOfText(const arrow::Array& column, std::string_view where) {
  const auto& texts = static_cast<const arrow::StringArray&>(column);
  arrow::BinaryBuilder builder;
  std::string zone;
  for (int64_t i = 0; i < texts.length(); ++i) {
    if (texts.IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    const auto micros = ParseZonedTime(texts.GetView(i), &zone);
    if (!micros) {
      return Error(ErrorKind::kInvalid,
                   Row(where, i) + QuoteForMessage(texts.GetView(i)) +
                       " is not an ISO 8601 time such as 2024-01-02T03:04:05-07:00 "
                       "(ZONED_TIMESTAMP)");
    }
    ARROW_RETURN_NOT_OK(builder.Append(EncodeZonedTime({*micros, zone})));
  }
  return builder.Finish();
}

}  // namespace featly
