#include "types/value_type.h"

#include <array>
#include <utility>

#include <arrow/type.h>

#include "feast/types/Value.pb.h"

namespace featly {
namespace {

constexpr int kListOffset = 10;  // BYTES = 1, BYTES_LIST = 11, and so on for the eight scalars.

bool IsScalarNumber(int number) { return number >= 1 && number <= 8; }
bool IsListNumber(int number) { return IsScalarNumber(number - kListOffset); }

// Numbers of Feast's Python enum that its protobuf enum skips; registries hold them all the same.
constexpr int kPdfBytes = 30;
constexpr int kImageBytes = 31;

using ArrowTypes = std::array<std::shared_ptr<arrow::DataType>, 19>;

ArrowTypes MakeArrowTypes() {
  ArrowTypes types;
  auto set = [&types](ValueType scalar, std::shared_ptr<arrow::DataType> type) {
    types[static_cast<size_t>(ListOf(scalar))] = arrow::list(arrow::field("item", type));
    types[static_cast<size_t>(scalar)] = std::move(type);
  };
  set(ValueType::kBytes, arrow::binary());
  set(ValueType::kString, arrow::utf8());
  set(ValueType::kInt32, arrow::int32());
  set(ValueType::kInt64, arrow::int64());
  set(ValueType::kDouble, arrow::float64());
  set(ValueType::kFloat, arrow::float32());
  set(ValueType::kBool, arrow::boolean());
  set(ValueType::kUnixTimestamp, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
  return types;
}

Error NoValueType(const arrow::DataType& type) {
  return Error(ErrorKind::kInvalid,
               "columns of Arrow type " + type.ToString() +
                   " cannot be features or keys: convert to an integer, float, boolean, string, "
                   "binary, timestamp or a list of those");
}

Result<ValueType> ScalarFromArrow(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
      return ValueType::kInt32;
    case arrow::Type::UINT32:
    case arrow::Type::INT64:
    case arrow::Type::UINT64:
      return ValueType::kInt64;
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
      return ValueType::kFloat;
    case arrow::Type::DOUBLE:
      return ValueType::kDouble;
    case arrow::Type::BOOL:
      return ValueType::kBool;
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return ValueType::kString;
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::FIXED_SIZE_BINARY:
      return ValueType::kBytes;
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
      return ValueType::kUnixTimestamp;
    case arrow::Type::DICTIONARY:
      return ScalarFromArrow(*static_cast<const arrow::DictionaryType&>(type).value_type());
    default:
      return NoValueType(type);
  }
}

}  // namespace

bool IsRowType(ValueType type) {
  const int number = static_cast<int>(type);
  return IsScalarNumber(number) || IsListNumber(number);
}

bool IsList(ValueType type) { return IsListNumber(static_cast<int>(type)); }

ValueType ElementType(ValueType type) {
  return IsList(type) ? static_cast<ValueType>(static_cast<int>(type) - kListOffset) : type;
}

ValueType ListOf(ValueType element) {
  return static_cast<ValueType>(static_cast<int>(element) + kListOffset);
}

bool IsKeyType(ValueType type) {
  switch (type) {
    case ValueType::kBytes:
    case ValueType::kString:
    case ValueType::kInt32:
    case ValueType::kInt64:
    case ValueType::kUnixTimestamp:
      return true;
    default:
      return false;
  }
}

Result<ValueType> ValueTypeFromNumber(int number) {
  if (IsScalarNumber(number) || IsListNumber(number)) return static_cast<ValueType>(number);
  if (number == kPdfBytes || number == kImageBytes ||
      (number != 0 && feast::types::ValueType_Enum_IsValid(number))) {
    return Error(ErrorKind::kNotImplemented,
                 "values of type " + ValueTypeName(number) +
                     " are kept in the registry but cannot be stored or served in this version");
  }
  return Error(ErrorKind::kInvalid,
               "value type " + ValueTypeName(number) + " is not one of Feast's value types");
}

std::string ValueTypeName(int number) {
  if (number == kPdfBytes) return "PDF_BYTES";
  if (number == kImageBytes) return "IMAGE_BYTES";
  if (!feast::types::ValueType_Enum_IsValid(number)) {
    return "UNKNOWN(" + std::to_string(number) + ")";
  }
  return feast::types::ValueType_Enum_Name(static_cast<feast::types::ValueType_Enum>(number));
}

std::shared_ptr<arrow::DataType> ArrowTypeOf(ValueType type) {
  static const ArrowTypes& types = *new ArrowTypes(MakeArrowTypes());
  return types[static_cast<size_t>(type)];
}

Result<ValueType> ValueTypeFromArrow(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST: {
      Result<ValueType> element = ScalarFromArrow(*type.field(0)->type());
      if (!element.ok()) return NoValueType(type);
      return ListOf(*element);
    }
    default:
      return ScalarFromArrow(type);
  }
}

}  // namespace featly
