#include "offline/take_rows.h"

#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

namespace featly {
namespace {

template <typename T>
void Copy(const arrow::Array& column, std::span<const uint32_t> rows, uint32_t first_row,
          uint8_t* out) {
  const T* values = column.data()->GetValues<T>(1);
  T* to = reinterpret_cast<T*>(out);
  for (const uint32_t row : rows) *to++ = values[row - first_row];
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> TakeRows(const std::shared_ptr<arrow::Array>& column,
                                               std::span<const uint32_t> rows, uint32_t first_row) {
  const arrow::Type::type id = column->type_id();
  const bool plain = id != arrow::Type::BOOL && arrow::is_primitive(id);
  const int width = plain ? column->type()->byte_width() : 0;
  const auto count = static_cast<int64_t>(rows.size());
  if (column->null_count() == 0 && (width == 4 || width == 8)) {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(count * width));
    if (width == 4) Copy<uint32_t>(*column, rows, first_row, buffer->mutable_data());
    if (width == 8) Copy<uint64_t>(*column, rows, first_row, buffer->mutable_data());
    return arrow::MakeArray(arrow::ArrayData::Make(
        column->type(), count, {nullptr, std::shared_ptr<arrow::Buffer>(std::move(buffer))}, 0));
  }
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(count * 4));
  auto* indices = reinterpret_cast<uint32_t*>(buffer->mutable_data());
  for (const uint32_t row : rows) *indices++ = row - first_row;
  const arrow::UInt32Array positions(count, std::shared_ptr<arrow::Buffer>(std::move(buffer)));
  return arrow::compute::Take(*column, positions, arrow::compute::TakeOptions::NoBoundsCheck());
}

}  // namespace featly
