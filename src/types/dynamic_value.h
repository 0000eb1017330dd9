// Values with a shape of their own (IsMessage): maps, structs, nested lists. They are
// feast.types.Value messages, typed value by value as Feast types what Python gives it; rows and
// Arrow carry their bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "feast/types/Value.pb.h"
#include "types/value_type.h"

namespace featly {

/// The bytes of a Value, the same for equal values: entries of maps in the order of their keys.
std::string ValueBytes(const feast::types::Value& value);

/// A value of the message type `type` from its JSON text: an object for maps and structs, a list of
/// objects for lists of them, a list of lists (or nulls) for nested ones, a list of [key, value]
/// pairs for SCALAR_MAP. null leaves `out` unset. Integers become int64, other numbers double, text
/// string. kInvalid says what was found instead.
Status ValueFromJson(std::string_view json, ValueType type, feast::types::Value* out);

/// The same of one value of an Arrow column that CanHoldMessage. Inside of structs and maps,
/// integers become int64 and floats double, as they do on their way through Python in Feast; lists
/// keep their items' type. NaN is null.
Status ValueFromArrow(const arrow::Array& column, int64_t row, ValueType type,
                      feast::types::Value* out);

/// Whether a column of type `from` can hold values of the message type `to`: structs and maps with
/// text keys for MAP and STRUCT, lists of those, lists of lists, maps of other keys for SCALAR_MAP,
/// or text, which is then JSON.
bool CanHoldMessage(const arrow::DataType& from, ValueType to);

/// Appends any Value as Feast's server prints it. A SCALAR_MAP is a list of [key, value] pairs,
/// where Feast prints null.
void AppendValueJson(const feast::types::Value& value, std::string* out);

/// The same of ValueBytes; bytes that are none print null.
void AppendMessageJson(std::string_view bytes, std::string* out);

/// Whether a Value is one of the message type `type`. "struct" and "map" values are no other's.
bool HoldsMessage(const feast::types::Value& value, ValueType type);

}  // namespace featly
