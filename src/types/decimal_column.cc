#include "types/decimal_column.h"

#include <arrow/array/array_decimal.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include "types/text_forms.h"

namespace featly {
namespace {

template <typename Decimal>
std::string Digits(const arrow::Array& column, int64_t row) {
  const auto& values = static_cast<const arrow::FixedSizeBinaryArray&>(column);
  return Decimal(values.GetValue(row)).ToIntegerString();
}

}  // namespace

bool IsDecimalType(const arrow::DataType& type) {
  return type.id() == arrow::Type::DECIMAL32 || type.id() == arrow::Type::DECIMAL64 ||
         type.id() == arrow::Type::DECIMAL128 || type.id() == arrow::Type::DECIMAL256;
}

std::string DecimalAt(const arrow::Array& column, int64_t row) {
  const int32_t scale = static_cast<const arrow::DecimalType&>(*column.type()).scale();
  switch (column.type_id()) {
    case arrow::Type::DECIMAL32:
      return DecimalText(Digits<arrow::Decimal32>(column, row), scale);
    case arrow::Type::DECIMAL64:
      return DecimalText(Digits<arrow::Decimal64>(column, row), scale);
    case arrow::Type::DECIMAL128:
      return DecimalText(Digits<arrow::Decimal128>(column, row), scale);
    default:
      return DecimalText(Digits<arrow::Decimal256>(column, row), scale);
  }
}

}  // namespace featly
