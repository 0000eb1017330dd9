// Some rows of a column.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <arrow/type_fwd.h>

#include "base/error.h"

namespace featly {

/// The values of `column` at `rows` (each minus `first_row`), in that order, of the same type.
/// Plain numbers and times without nulls are copied directly; the rest goes through Arrow.
Result<std::shared_ptr<arrow::Array>> TakeRows(const std::shared_ptr<arrow::Array>& column,
                                               std::span<const uint32_t> rows, uint32_t first_row);

}  // namespace featly
