// The types a feature or a join key can have.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/error.h"

namespace featly {

/// Feast's ValueType numbers (feast/types/Value.proto), which the registry stores.
enum class ValueType : uint8_t {
  kInvalid = 0,
  kBytes = 1,
  kString = 2,
  kInt32 = 3,
  kInt64 = 4,
  kDouble = 5,
  kFloat = 6,
  kBool = 7,
  kUnixTimestamp = 8,  ///< Microseconds in rows and offline; seconds in JSON and protobuf.
  kBytesList = 11,
  kStringList = 12,
  kInt32List = 13,
  kInt64List = 14,
  kDoubleList = 15,
  kFloatList = 16,
  kBoolList = 17,
  kUnixTimestampList = 18,
  kNull = 19,  ///< A column that holds nothing but nulls.
  kMap = 20,
  kMapList = 21,
  kBytesSet = 22,
  kStringSet = 23,
  kInt32Set = 24,
  kInt64Set = 25,
  kDoubleSet = 26,
  kFloatSet = 27,
  kBoolSet = 28,
  kUnixTimestampSet = 29,
  kPdfBytes = 30,  ///< Not in the protobuf enum; Feast's registries hold it all the same.
  kImageBytes = 31,
  kJson = 32,
  kJsonList = 33,
  kStruct = 34,
  kStructList = 35,
  kUuid = 36,
  kTimeUuid = 37,
  kUuidList = 38,
  kTimeUuidList = 39,
  kUuidSet = 40,
  kTimeUuidSet = 41,
  kValueList = 42,  ///< A list of lists or sets.
  kValueSet = 43,   ///< A set of lists or sets.
  kDecimal = 44,
  kDecimalList = 45,
  kDecimalSet = 46,
  kScalarMap = 47,  ///< A map whose keys are not text.
  kZonedTimestamp = 48,
};

/// Every type above except kInvalid, in the order of the numbers.
const std::vector<ValueType>& AllValueTypes();

/// True for every type but kInvalid and numbers that are none.
bool IsRowType(ValueType type);
/// True for lists and sets of scalars: what Arrow and rows hold as a list.
bool IsList(ValueType type);
/// True for the sets among them: no item twice, none null (docs/semantics.md).
bool IsSet(ValueType type);
/// True for types whose values have a shape of their own each: maps, structs, nested lists. Rows
/// hold such a value as the bytes of its feast.types.Value.
bool IsMessage(ValueType type);
/// The element's type of a list or set; `type` itself for all others.
ValueType ElementType(ValueType type);
/// The list of `element`. REQUIRES: one of the first eight types.
ValueType ListOf(ValueType element);
/// The type whose form rows and Arrow use for values of `type`: one of the first eight, their
/// lists, or kNull. Text kinds are strings (a UUID), byte kinds, messages and zoned times bytes,
/// sets lists.
ValueType StoredAs(ValueType type);
/// True for what a join key can be: bytes, string, int32, int64, unix timestamp.
bool IsKeyType(ValueType type);

/// The type of a registry's number; kInvalid for a number Feast does not have.
Result<ValueType> ValueTypeFromNumber(int number);
/// Feast's name of any of its numbers ("INT64", "UUID_LIST"); "UNKNOWN(n)" for others.
std::string ValueTypeName(int number);
inline std::string ValueTypeName(ValueType type) { return ValueTypeName(static_cast<int>(type)); }

/// The one Arrow type in which featly carries values of `type` between rooms: binary, utf8, int32,
/// int64, float64, float32, bool, timestamp[us, UTC], list<those> with the field name "item", or
/// null. What users see of messages and zoned times is user_type.h's.
std::shared_ptr<arrow::DataType> ArrowTypeOf(ValueType type);

/// Which value type a source's column has, for schema inference, as Feast maps Parquet types: small
/// integers widen to int32, uint32 and wider to int64; decimals, Parquet's UUIDs and JSON keep
/// their meaning; structs, maps and lists of them are STRUCT, MAP, ..., dictionaries count as their
/// values. kInvalid naming the column's Arrow type where there is none.
Result<ValueType> ValueTypeFromArrow(const arrow::DataType& type);

}  // namespace featly
