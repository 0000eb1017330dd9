// Feature rows, as a damaged store may hold them. What passes Validate is read without leaving the
// bytes, and encoding what was read gives a row that reads the same.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/api.h>

#include "fuzz/require.h"
#include "types/proto_value.h"
#include "types/row.h"

namespace {

using featly::RowLayout;
using featly::RowView;
using featly::ValueType;

std::shared_ptr<const RowLayout> MakeLayout() {
  std::vector<featly::RowColumn> columns;
  for (int number = 1; number < 64; ++number) {
    auto type = static_cast<ValueType>(number);
    if (featly::IsRowType(type)) columns.push_back({"f" + std::to_string(number), type});
  }
  return RowLayout::Make(1, columns).ValueOrDie();
}

std::vector<std::shared_ptr<arrow::Array>> ReadAll(const RowLayout& layout, RowView row) {
  const RowLayout* layouts[] = {&layout};
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const featly::RowColumn& column : layout.columns()) {
    auto array = featly::RowsToArray({&row, 1}, layouts, column.name, column.type);
    if (!array.ok()) return {};
    arrays.push_back(*array);
  }
  return arrays;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::shared_ptr<const RowLayout> layout = MakeLayout();
  RowView row(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!row.Validate(*layout).ok()) return 0;
  feast::types::Value value;
  for (uint32_t i = 0; i < layout->columns().size(); ++i) {
    if (row.IsNull(i)) continue;
    value.Clear();
    featly::RowToProto(*layout, i, row, &value);
  }
  std::vector<std::shared_ptr<arrow::Array>> arrays = ReadAll(*layout, row);
  if (arrays.empty()) return 0;
  auto encoder = featly::RowEncoder::Make(layout, arrays);
  if (!encoder.ok()) return 0;
  std::string again;
  if (!encoder->Append(0, row.order(), &again).ok()) return 0;
  RowView copy{std::string_view(again)};
  FEATLY_REQUIRE(copy.Validate(*layout).ok());
  std::vector<std::shared_ptr<arrow::Array>> copied = ReadAll(*layout, copy);
  FEATLY_REQUIRE(copied.size() == arrays.size());
  std::string third;
  FEATLY_REQUIRE(
      featly::RowEncoder::Make(layout, copied).ValueOrDie().Append(0, copy.order(), &third).ok());
  FEATLY_REQUIRE(third == again);
  return 0;
}
