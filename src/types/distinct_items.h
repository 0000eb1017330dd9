// Sets: lists without an item twice.
#pragma once

#include <memory>

#include <arrow/type_fwd.h>

#include "base/error.h"

namespace featly {

/// A list column with, in each list, every value once and no null: the first of equal ones stays,
/// in its place. 0.0 and -0.0 are equal. Items are of one of the first eight value types. The
/// column itself where nothing has to go.
Result<std::shared_ptr<arrow::Array>> DistinctItems(const std::shared_ptr<arrow::Array>& lists);

}  // namespace featly
