#include "types/value_type.h"

#include <array>
#include <utility>

#include <arrow/extension_type.h>
#include <arrow/type.h>

#include "feast/types/Value.pb.h"

namespace featly {
namespace {

constexpr int kListOffset = 10;  // BYTES = 1, BYTES_LIST = 11, and so on for the eight scalars.
constexpr size_t kTypeCount = 49;

enum class Shape : uint8_t { kNone, kScalar, kList, kSet, kMessage };

// What a type is made of.
struct Facts {
  Shape shape = Shape::kNone;
  ValueType element = ValueType::kInvalid;  // itself, where it has none
  ValueType stored = ValueType::kInvalid;
};

using FactsTable = std::array<Facts, kTypeCount>;

constexpr FactsTable MakeFacts() {
  using enum ValueType;
  FactsTable table{};
  auto at = [&table](ValueType type) -> Facts& { return table[static_cast<size_t>(type)]; };
  auto scalar = [&at](ValueType type, ValueType stored) {
    at(type) = {Shape::kScalar, type, stored};
  };
  auto lists = [&at](ValueType element, ValueType list, ValueType set) {
    const auto stored = static_cast<ValueType>(static_cast<int>(at(element).stored) + kListOffset);
    at(list) = {Shape::kList, element, stored};
    if (set != kInvalid) at(set) = {Shape::kSet, element, stored};
  };
  for (int i = 1; i <= 8; ++i) {
    const auto type = static_cast<ValueType>(i);
    scalar(type, type);
    lists(type, static_cast<ValueType>(i + kListOffset),
          static_cast<ValueType>(i + static_cast<int>(kBytesSet) - 1));
  }
  scalar(kNull, kNull);
  scalar(kPdfBytes, kBytes);
  scalar(kImageBytes, kBytes);
  for (const ValueType text : {kJson, kUuid, kTimeUuid, kDecimal}) scalar(text, kString);
  lists(kJson, kJsonList, kInvalid);
  lists(kUuid, kUuidList, kUuidSet);
  lists(kTimeUuid, kTimeUuidList, kTimeUuidSet);
  lists(kDecimal, kDecimalList, kDecimalSet);
  scalar(kZonedTimestamp, kBytes);
  for (const ValueType message :
       {kMap, kMapList, kStruct, kStructList, kValueList, kValueSet, kScalarMap}) {
    at(message) = {Shape::kMessage, message, kBytes};
  }
  return table;
}

constexpr FactsTable kFacts = MakeFacts();

const Facts& FactsOf(ValueType type) {
  const auto number = static_cast<size_t>(type);
  return kFacts[number < kTypeCount ? number : 0];
}

using ArrowTypes = std::array<std::shared_ptr<arrow::DataType>, kTypeCount>;

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
  types[static_cast<size_t>(ValueType::kNull)] = arrow::null();
  for (size_t i = 0; i < kTypeCount; ++i) {
    const ValueType stored = kFacts[i].stored;
    if (types[i] == nullptr) types[i] = types[static_cast<size_t>(stored)];
  }
  return types;
}

Error NoValueType(const arrow::DataType& type) {
  return Error(ErrorKind::kInvalid,
               "columns of Arrow type " + type.ToString() +
                   " cannot be features or keys: convert to an integer, float, decimal, boolean, "
                   "string, binary, timestamp, struct, map or a list of those");
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
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      return ValueType::kDecimal;
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      const Result<ValueType> key = ScalarFromArrow(*map.key_type());
      if (!key.ok()) return NoValueType(type);
      return *key == ValueType::kString ? ValueType::kMap : ValueType::kScalarMap;
    }
    case arrow::Type::STRUCT:
      return ValueType::kStruct;
    case arrow::Type::EXTENSION: {
      const auto& extension = static_cast<const arrow::ExtensionType&>(type);
      if (extension.extension_name() == "arrow.uuid") return ValueType::kUuid;
      if (extension.extension_name() == "arrow.json") return ValueType::kJson;
      return ScalarFromArrow(*extension.storage_type());
    }
    default:
      return NoValueType(type);
  }
}

// The list type of an element that was inferred.
Result<ValueType> ListOfInferred(ValueType element, const arrow::DataType& list) {
  if (IsList(element) || element == ValueType::kValueList) return ValueType::kValueList;
  for (const ValueType type : AllValueTypes()) {
    if (IsList(type) && !IsSet(type) && ElementType(type) == element) return type;
  }
  if (element == ValueType::kMap) return ValueType::kMapList;
  if (element == ValueType::kStruct) return ValueType::kStructList;
  return NoValueType(list);
}

}  // namespace

const std::vector<ValueType>& AllValueTypes() {
  static const std::vector<ValueType> types = [] {
    std::vector<ValueType> all;
    for (size_t i = 1; i < kTypeCount; ++i) {
      if (IsRowType(static_cast<ValueType>(i))) all.push_back(static_cast<ValueType>(i));
    }
    return all;
  }();
  return types;
}

bool IsRowType(ValueType type) { return FactsOf(type).shape != Shape::kNone; }

bool IsList(ValueType type) {
  const Shape shape = FactsOf(type).shape;
  return shape == Shape::kList || shape == Shape::kSet;
}

bool IsSet(ValueType type) { return FactsOf(type).shape == Shape::kSet; }

bool IsMessage(ValueType type) { return FactsOf(type).shape == Shape::kMessage; }

ValueType ElementType(ValueType type) { return FactsOf(type).element; }

ValueType StoredAs(ValueType type) { return FactsOf(type).stored; }

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
  const auto type = static_cast<ValueType>(number);
  if (number > 0 && number < static_cast<int>(kTypeCount) && IsRowType(type)) return type;
  return Error(ErrorKind::kInvalid,
               "value type " + ValueTypeName(number) + " is not one of Feast's value types");
}

std::string ValueTypeName(int number) {
  if (number == static_cast<int>(ValueType::kPdfBytes)) return "PDF_BYTES";
  if (number == static_cast<int>(ValueType::kImageBytes)) return "IMAGE_BYTES";
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
      Result<ValueType> element = ValueTypeFromArrow(*type.field(0)->type());
      if (!element.ok()) return NoValueType(type);
      return ListOfInferred(*element, type);
    }
    default:
      return ScalarFromArrow(type);
  }
}

}  // namespace featly
