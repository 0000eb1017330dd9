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

/// Feast's ValueType numbers (feast/types/Value.proto), which the registry stores. Types that rows
/// do not hold yet are numbers that pass through the registry: see IsRowType.
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
};

/// True for the types above: those that rows hold, from and to Arrow, JSON and protobuf.
bool IsRowType(ValueType type);
/// True for the eight list types.
bool IsList(ValueType type);
/// The element's type of a list type; `type` itself for a scalar.
ValueType ElementType(ValueType type);
/// The list of `element`. REQUIRES: a scalar row type.
ValueType ListOf(ValueType element);
/// True for what a join key can be: bytes, string, int32, int64, unix timestamp.
bool IsKeyType(ValueType type);

/// The type of a registry's number. kNotImplemented naming the type (Map, Json, Uuid ...) where
/// rows do not hold it; kInvalid for a number Feast does not have.
Result<ValueType> ValueTypeFromNumber(int number);
/// Feast's name of any of its numbers ("INT64", "UUID_LIST"); "UNKNOWN(n)" for others.
std::string ValueTypeName(int number);
inline std::string ValueTypeName(ValueType type) { return ValueTypeName(static_cast<int>(type)); }

/// The one Arrow type in which featly carries values of `type` between rooms: binary, utf8, int32,
/// int64, float64, float32, bool, timestamp[us, UTC], and list<those> with the field name "item".
std::shared_ptr<arrow::DataType> ArrowTypeOf(ValueType type);

/// Which value type a source's column has, for schema inference, as Feast maps Parquet types: small
/// integers widen to int32, uint32 and wider to int64, decimals are refused, dictionaries count as
/// their values. kInvalid naming the column's Arrow type where there is none.
Result<ValueType> ValueTypeFromArrow(const arrow::DataType& type);

}  // namespace featly
