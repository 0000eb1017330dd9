// Values in Feast's protobuf form (feast.types.Value), for the stores and wires that use it.
#pragma once

#include <memory>
#include <span>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "feast/types/Value.pb.h"
#include "types/row.h"
#include "types/value_type.h"

namespace featly {

/// Column `column` of `row` as a Value; left unset for null, as Feast's null is. Unix timestamps in
/// whole seconds (floor). A null inside a list becomes the type's zero, as in Feast. Every type has
/// a form; a message's is the one the row holds.
void RowToProto(const RowLayout& layout, uint32_t column, RowView row, feast::types::Value* out);

/// Values of `type` as an array of ArrowTypeOf(type); unset and null_val are null. kInvalid naming
/// position and both types where a value is of another type.
Result<std::shared_ptr<arrow::Array>> ProtoToArray(
    std::span<const feast::types::Value* const> values, ValueType type);

}  // namespace featly
