// What tests of online stores have in common: folders, views, rows, reads.
#pragma once

#include <filesystem>
#include <memory>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include "online/online_store.h"

namespace featly::testing {

/// A new folder, deleted with all that is in it.
class TempFolder {
 public:
  TempFolder() : path_(::testing::TempDir() + "featly-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) abort();
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

#define ASSERT_OK(expression)                                            \
  do {                                                                   \
    ::featly::Status ok_status = ::arrow::ToStatus((expression));        \
    ASSERT_TRUE(ok_status.ok()) << ::featly::FormatForPeople(ok_status); \
  } while (false)

/// The value of a result; ends the program with its message where there is none.
template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << FormatForPeople(result.status());
    abort();
  }
  return std::move(result).ValueUnsafe();
}

inline OnlineViewSchema MakeSchema(std::string view, std::vector<RowColumn> columns,
                                   std::string project = "demo") {
  return {std::move(project), std::move(view), {{"id", ValueType::kInt64}}, std::move(columns)};
}

/// The version-3 key of {id: value}.
inline std::string IntKey(int64_t value) {
  static const EntityKeyCodec codec = Must(EntityKeyCodec::Make({{"id", ValueType::kInt64}}, 3));
  std::string key;
  KeyValue key_value{value, {}};
  codec.Append({&key_value, 1}, &key);
  return key;
}

/// Row bytes in the view's layout. `values[i]` is the JSON of column i.
inline std::string MakeRow(const OnlineView& view, const std::vector<std::string>& values,
                           EventOrder order) {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (size_t i = 0; i < values.size(); ++i) {
    columns.push_back(Must(arrow::json::ArrayFromJSONString(
        ArrowTypeOf(view.schema().columns[i].type), "[" + values[i] + "]")));
  }
  RowEncoder encoder = Must(RowEncoder::Make(view.write_layout(), std::move(columns)));
  std::string row;
  Status status = encoder.Append(0, order, &row);
  if (!status.ok()) ADD_FAILURE() << status.ToString();
  return row;
}

/// Column `name` of a row as text: "null", "absent" for no row, "lacking" where its layout has no
/// such column.
inline std::string Show(const OnlineView& view, RowView row, std::string_view name) {
  if (!row.present()) return "absent";
  const RowLayout* layout = view.LayoutOf(row.layout_id());
  if (layout == nullptr) return "unknown layout";
  auto column = layout->Find(name);
  if (!column) return "lacking";
  auto array = Must(RowsToArray({&row, 1}, {&layout, 1}, name, layout->columns()[*column].type));
  return Must(array->GetScalar(0))->ToString();
}

inline Result<WriteResult> WriteOne(OnlineStore& store, std::shared_ptr<const OnlineView> view,
                                    std::string_view key, std::string_view row) {
  KeyedRow keyed{key, row};
  return WriteAndWait(store, {std::move(view), {&keyed, 1}});
}

/// Reads `keys` of one view; the rows live as long as `result`.
inline Status ReadKeys(OnlineStore& store, const OnlineView& view,
                       const std::vector<std::string>& keys, ReadResult* result) {
  std::vector<std::string_view> views_of_keys(keys.begin(), keys.end());
  const OnlineView* views[] = {&view};
  std::vector<uint32_t> all(view.schema().columns.size());
  for (uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  std::span<const uint32_t> columns[] = {all};
  ReadGroup group{views_of_keys, views, columns};
  return ReadAndWait(store, {{&group, 1}}, result);
}

/// One column of one row as text; see Show.
inline std::string ReadOne(OnlineStore& store, const OnlineView& view, std::string_view key,
                           std::string_view column) {
  ReadResult result;
  Status status = ReadKeys(store, view, {std::string(key)}, &result);
  if (!status.ok()) return status.ToString();
  return Show(view, result.row(0, 0, 0), column);
}

}  // namespace featly::testing
