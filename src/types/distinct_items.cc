#include "types/distinct_items.h"

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <arrow/api.h>
#include <arrow/compute/api_vector.h>

namespace featly {
namespace {

// Bytes that are equal for equal values, one item after another.
class ItemBytes {
 public:
  explicit ItemBytes(const arrow::Array& items) : items_(items) {
    const int bits = items.type()->bit_width();
    if (bits >= 8) width_ = bits / 8;
  }

  // `scratch` lives as long as what is returned.
  std::string_view Of(int64_t i, std::string* scratch) const {
    switch (items_.type_id()) {
      case arrow::Type::STRING:
      case arrow::Type::BINARY:
        return static_cast<const arrow::BinaryArray&>(items_).GetView(i);
      case arrow::Type::BOOL:
        return static_cast<const arrow::BooleanArray&>(items_).Value(i) ? "1" : "0";
      case arrow::Type::DOUBLE:  // + 0.0 makes -0.0 zero
        return Copy(static_cast<const arrow::DoubleArray&>(items_).Value(i) + 0.0, scratch);
      case arrow::Type::FLOAT:
        return Copy(static_cast<const arrow::FloatArray&>(items_).Value(i) + 0.0F, scratch);
      default: {
        const uint8_t* values = items_.data()->GetValues<uint8_t>(1, 0);
        return {reinterpret_cast<const char*>(values) + (items_.offset() + i) * width_,
                static_cast<size_t>(width_)};
      }
    }
  }

 private:
  template <typename T>
  static std::string_view Copy(T value, std::string* scratch) {
    scratch->assign(reinterpret_cast<const char*>(&value), sizeof(value));
    return *scratch;
  }

  const arrow::Array& items_;
  int64_t width_ = 0;
};

}  // namespace

Result<std::shared_ptr<arrow::Array>> DistinctItems(const std::shared_ptr<arrow::Array>& lists) {
  const auto& column = static_cast<const arrow::ListArray&>(*lists);
  const arrow::Array& items = *column.values();
  const ItemBytes bytes(items);
  arrow::Int64Builder kept;
  arrow::Int32Builder offsets;
  ARROW_RETURN_NOT_OK(offsets.Append(0));
  std::unordered_set<std::string> seen;
  std::string scratch;
  bool all = true;
  for (int64_t row = 0; row < column.length(); ++row) {
    seen.clear();
    if (column.IsValid(row)) {
      for (int64_t i = column.value_offset(row); i < column.value_offset(row + 1); ++i) {
        if (items.IsValid(i) && seen.emplace(bytes.Of(i, &scratch)).second) {
          ARROW_RETURN_NOT_OK(kept.Append(i));
        } else {
          all = false;
        }
      }
    }
    ARROW_RETURN_NOT_OK(offsets.Append(static_cast<int32_t>(kept.length())));
  }
  if (all) return lists;
  ARROW_ASSIGN_OR_RAISE(auto indices, kept.Finish());
  ARROW_ASSIGN_OR_RAISE(auto distinct, arrow::compute::Take(items, *indices));
  ARROW_ASSIGN_OR_RAISE(auto ends, offsets.Finish());
  std::shared_ptr<arrow::Buffer> validity;
  if (column.null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateEmptyBitmap(column.length()));
    for (int64_t row = 0; row < column.length(); ++row) {
      if (column.IsValid(row)) arrow::bit_util::SetBit(validity->mutable_data(), row);
    }
  }
  return std::make_shared<arrow::ListArray>(column.type(), column.length(),
                                            ends->data()->buffers[1], std::move(distinct),
                                            std::move(validity), column.null_count());
}

}  // namespace featly
