// Arrow's decimals as the text Feast keeps.
#pragma once

#include <cstdint>
#include <string>

#include <arrow/type_fwd.h>

namespace featly {

/// True for Arrow's decimal types, of any width.
bool IsDecimalType(const arrow::DataType& type);

/// A value of a decimal column as DecimalText. REQUIRES: IsDecimalType, and the value is not null.
std::string DecimalAt(const arrow::Array& column, int64_t row);

}  // namespace featly
