// Columns of the kinds of values that Arrow has no type for: checked texts, messages, zoned times.
// CanonicalColumn of arrow_convert.h is who calls them.
#pragma once

#include <memory>
#include <string_view>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "types/value_type.h"

namespace featly {

/// Whether TextKindColumn takes a column of type `from` for `kind` (kUuid, kTimeUuid, kDecimal,
/// kJson): text, and for UUIDs 16 bytes, for decimals Arrow's decimals and integers.
bool CanHoldTextKind(const arrow::DataType& from, ValueType kind);
/// Such a column as utf8, each value as TextAs has it; a decimal NaN is null. kInvalid names
/// `where`, the row and the value. Shares the buffers where every value is in its form already.
Result<std::shared_ptr<arrow::Array>> TextKindColumn(const std::shared_ptr<arrow::Array>& column,
                                                     ValueType kind, std::string_view where);

/// A column that CanHoldMessage as binary: the ValueBytes of each.
Result<std::shared_ptr<arrow::Array>> MessageColumn(const arrow::Array& column, ValueType type,
                                                    std::string_view where);

/// Times (timestamp[us, UTC]) of one zone, which is named as Arrow does ("" for none), as binary:
/// EncodeZonedTime of each.
Result<std::shared_ptr<arrow::Array>> ZonedColumn(const arrow::Array& times, std::string_view zone);
/// The same of text (utf8), as ParseZonedTime reads it.
Result<std::shared_ptr<arrow::Array>> ZonedColumnOfText(const arrow::Array& texts,
                                                        std::string_view where);

}  // namespace featly
