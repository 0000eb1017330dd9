#include "types/row.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "types/arrow_convert.h"
#include "types/json_value.h"
#include "types/proto_value.h"
#include "types/test_arrays.h"

namespace featly {
namespace {

using testing_arrays::ArrayOf;
using testing_arrays::Random;
using testing_arrays::RandomArray;
using enum ValueType;

std::shared_ptr<const RowLayout> LayoutOf(std::vector<RowColumn> columns, uint32_t id = 7) {
  return RowLayout::Make(id, std::move(columns)).ValueOrDie();
}

// One column of each type, in an order that mixes the widths.
std::vector<RowColumn> EveryColumn() {
  std::vector<RowColumn> columns;
  for (ValueType type : AllValueTypes()) {
    columns.push_back({"f_" + ValueTypeName(type), type});
  }
  return columns;
}

std::vector<std::shared_ptr<arrow::Array>> RandomColumns(const RowLayout& layout, int64_t rows,
                                                         Random& random) {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const RowColumn& column : layout.columns()) {
    arrays.push_back(RandomArray(column.type, rows, random));
  }
  return arrays;
}

std::string RowBytes(const std::shared_ptr<const RowLayout>& layout,
                     std::vector<std::shared_ptr<arrow::Array>> arrays, int64_t row,
                     EventOrder order) {
  std::string bytes;
  const RowEncoder encoder = RowEncoder::Make(layout, std::move(arrays)).ValueOrDie();
  EXPECT_TRUE(encoder.Append(row, order, &bytes).ok());
  return bytes;
}

std::string Spaceless(std::string_view hex) {
  std::string plain;
  for (char c : hex) {
    if (c != ' ') plain.push_back(c);
  }
  return plain;
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (char c : bytes) {
    hex.push_back("0123456789abcdef"[static_cast<uint8_t>(c) >> 4]);
    hex.push_back("0123456789abcdef"[static_cast<uint8_t>(c) & 15]);
  }
  return hex;
}

// The worked example of docs/format/row.md.
TEST(Row, WorkedExample) {
  const auto layout =
      LayoutOf({{"trips", kInt32}, {"rate", kDouble}, {"name", kString}, {"tags", kStringList}});
  const std::string bytes =
      RowBytes(layout,
               {ArrayOf(kInt32, "[1001]"), ArrayOf(kDouble, "[null]"),
                ArrayOf(kString, R"(["Ana"])"), ArrayOf(kStringList, R"([["a", null, "bc"]])")},
               0, {1704164645000000, kNoCreatedTime});
  EXPECT_EQ(Hex(bytes), Spaceless("01 00 0400 07000000 40d34dc0ed0d0600 0000000000000080"
                                  "0d"
                                  "e9030000 0000000000000000 3500000003000000 3800000014000000"
                                  "416e61"
                                  "03000080 05 01000000 01000000 03000000 616263"));

  const RowView row(bytes);
  EXPECT_TRUE(row.Validate(*layout).ok());
  EXPECT_EQ(row.layout_id(), 7u);
  EXPECT_EQ(row.order(), (EventOrder{1704164645000000, kNoCreatedTime}));
  EXPECT_EQ(row.Fixed<int32_t>(*layout, 0), 1001);
  EXPECT_TRUE(row.IsNull(1));
  EXPECT_EQ(row.Bytes(*layout, 2), "Ana");
  const ListView tags = row.List(*layout, 3);
  ASSERT_EQ(tags.count, 3u);
  EXPECT_EQ(tags.Bytes(0), "a");
  EXPECT_TRUE(tags.IsNull(1));
  EXPECT_EQ(tags.Bytes(2), "bc");
}

// The second worked example of docs/format/row.md: kinds of values in the forms that store them.
TEST(Row, WorkedExampleOfKinds) {
  const auto layout = LayoutOf({{"nothing", kNull},
                                {"price", kDecimal},
                                {"tags", kStringSet},
                                {"size", kStruct},
                                {"seen", kZonedTimestamp}});
  auto column = [](ValueType type, std::string_view json) {
    return CanonicalColumn(ArrayOf(arrow::utf8(), json), type, "c").ValueOrDie();
  };
  const auto tags =
      CanonicalColumn(ArrayOf(arrow::list(arrow::utf8()), R"([["b", "a", "b"]])"), kStringSet, "c")
          .ValueOrDie();
  const std::string bytes =
      RowBytes(layout,
               {ArrayOf(arrow::null(), "[null]"), column(kDecimal, R"(["1.50"])"), tags,
                column(kStruct, R"(["{\"w\": 2}"])"),
                column(kZonedTimestamp, R"(["2024-01-02T03:04:05-07:00"])")},
               0, {1704164645000000, kNoCreatedTime});
  EXPECT_EQ(Hex(bytes), Spaceless("01 00 0500 07000000 40d34dc0ed0d0600 0000000000000080"
                                  "1e"
                                  "3900000004000000 3d0000000e000000 4b0000000c000000"
                                  "5700000011000000"
                                  "312e3530"
                                  "02000000 01000000 02000000 6261"
                                  "9202090a070a017712022002"
                                  "404f579ef30d0600 5554432d30373a3030"));
  const RowView row(bytes);
  EXPECT_TRUE(row.Validate(*layout).ok());
  EXPECT_TRUE(row.IsNull(0));
  EXPECT_EQ(row.Bytes(*layout, 1), "1.50");
}

TEST(Row, LayoutsRefuseWhatRowsDoNotHold) {
  EXPECT_EQ(KindOf(RowLayout::Make(1, {{"a", static_cast<ValueType>(9)}}).status()),
            ErrorKind::kInvalid);
  const Status twice = RowLayout::Make(1, {{"b", kInt64}, {"a", kInt64}, {"b", kBool}}).status();
  EXPECT_EQ(KindOf(twice), ErrorKind::kInvalid);
  EXPECT_NE(twice.message().find("'b'"), std::string::npos);
  std::vector<RowColumn> many;
  for (int i = 0; i < 65536; ++i) many.push_back({"c" + std::to_string(i), kBool});
  EXPECT_EQ(KindOf(RowLayout::Make(1, many).status()), ErrorKind::kInvalid);
}

TEST(Row, LayoutsFindTheirColumns) {
  const auto layout = LayoutOf({{"b", kInt64}, {"", kBool}, {"a", kInt32}});
  EXPECT_EQ(layout->Find("a"), 2u);
  EXPECT_EQ(layout->Find("b"), 0u);
  EXPECT_EQ(layout->Find(""), 1u);
  EXPECT_EQ(layout->Find("ab"), std::nullopt);
  EXPECT_EQ(LayoutOf({})->Find("a"), std::nullopt);
}

TEST(Row, TheMostColumnsThereCanBe) {
  std::vector<RowColumn> columns;
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  const auto one = ArrayOf(kInt64, "[7]");
  const auto null = ArrayOf(kInt64, "[null]");
  for (int i = 0; i < 65535; ++i) {
    columns.push_back({"c" + std::to_string(i), kInt64});
    arrays.push_back(i % 3 == 0 ? null : one);
  }
  const auto layout = LayoutOf(columns);
  const std::string bytes = RowBytes(layout, arrays, 0, {1, 2});
  const RowView row(bytes);
  ASSERT_TRUE(row.Validate(*layout).ok());
  for (uint32_t i = 0; i < 65535; ++i) {
    ASSERT_EQ(row.IsNull(i), i % 3 == 0);
    ASSERT_EQ(row.Fixed<int64_t>(*layout, i), i % 3 == 0 ? 0 : 7);
  }
}

TEST(Row, ARowWithoutColumns) {
  const auto layout = LayoutOf({});
  const std::string bytes = RowBytes(layout, {}, 5, {1, 2});
  EXPECT_EQ(bytes.size(), kRowHeaderSize);
  EXPECT_TRUE(RowView(bytes).Validate(*layout).ok());
}

TEST(Row, EveryTypeGoesThereAndBack) {
  Random random(3);
  const auto layout = LayoutOf(EveryColumn());
  for (int round = 0; round < 20; ++round) {
    const int64_t length = 150;
    auto arrays = RandomColumns(*layout, length, random);
    for (auto& array : arrays) array = array->Slice(11);  // offsets count too
    const RowEncoder encoder = RowEncoder::Make(layout, arrays).ValueOrDie();
    std::string bytes;
    std::vector<size_t> ends;
    for (int64_t i = 0; i < arrays[0]->length(); ++i) {
      ASSERT_TRUE(encoder.Append(i, {i, -i}, &bytes).ok());
      ends.push_back(bytes.size());
    }
    std::vector<RowView> rows;
    for (size_t i = 0; i < ends.size(); ++i) {
      const size_t begin = i == 0 ? 0 : ends[i - 1];
      rows.emplace_back(std::string_view(bytes).substr(begin, ends[i] - begin));
      ASSERT_TRUE(rows[i].Validate(*layout).ok()) << rows[i].Validate(*layout).ToString();
      ASSERT_EQ(rows[i].order().event_micros, static_cast<int64_t>(i));
    }
    const std::vector<const RowLayout*> layouts(rows.size(), layout.get());
    for (size_t c = 0; c < arrays.size(); ++c) {
      const RowColumn& column = layout->columns()[c];
      const auto back = RowsToArray(rows, layouts, column.name, column.type).ValueOrDie();
      ASSERT_TRUE(back->ValidateFull().ok());
      ASSERT_TRUE(back->Equals(*arrays[c])) << column.name << back->ToString();
    }
  }
}

TEST(Row, NanIsNeverStored) {
  const auto layout = LayoutOf({{"d", kDouble}, {"f", kFloat}, {"l", kDoubleList}});
  const std::string bytes = RowBytes(
      layout,
      {ArrayOf(kDouble, "[NaN]"), ArrayOf(kFloat, "[NaN]"), ArrayOf(kDoubleList, "[[1, NaN]]")}, 0,
      {0, 0});
  const RowView row(bytes);
  ASSERT_TRUE(row.Validate(*layout).ok());
  EXPECT_TRUE(row.IsNull(0));
  EXPECT_TRUE(row.IsNull(1));
  EXPECT_EQ(row.Fixed<double>(*layout, 0), 0);
  const ListView list = row.List(*layout, 2);
  EXPECT_FALSE(list.IsNull(0));
  EXPECT_TRUE(list.IsNull(1));
  EXPECT_EQ(list.Fixed<double>(1), 0);
}

TEST(Row, EmptyIsNotNull) {
  const auto layout = LayoutOf({{"s", kString}, {"b", kBytes}, {"l", kInt64List}});
  const std::string bytes = RowBytes(
      layout,
      {ArrayOf(kString, R"([""])"), ArrayOf(kBytes, R"([""])"), ArrayOf(kInt64List, "[[]]")}, 0,
      {0, 0});
  const RowView row(bytes);
  ASSERT_TRUE(row.Validate(*layout).ok());
  for (uint32_t i = 0; i < 3; ++i) EXPECT_FALSE(row.IsNull(i));
  EXPECT_EQ(row.Bytes(*layout, 0), "");
  EXPECT_EQ(row.List(*layout, 2).count, 0u);
}

TEST(Row, EncodersRefuseOtherColumns) {
  const auto layout = LayoutOf({{"a", kInt64}, {"b", kInt64}});
  const auto int64 = ArrayOf(kInt64, "[1]");
  EXPECT_FALSE(RowEncoder::Make(layout, {int64}).ok());
  EXPECT_FALSE(RowEncoder::Make(layout, {int64, ArrayOf(kInt32, "[1]")}).ok());
  EXPECT_FALSE(RowEncoder::Make(layout, {int64, ArrayOf(kInt64, "[1, 2]")}).ok());
}

TEST(Row, ARowOf2GibIsRefusedAndLeavesNothing) {
  // The refusal looks at the offsets alone, so the bytes they claim need not be there.
  const int32_t ends[2] = {0, std::numeric_limits<int32_t>::max()};
  const auto offsets =
      arrow::Buffer::FromString(std::string(reinterpret_cast<const char*>(ends), sizeof(ends)));
  const auto large =
      std::make_shared<arrow::StringArray>(1, offsets, arrow::Buffer::FromString("x"));
  std::string out = "kept";
  const RowEncoder encoder = RowEncoder::Make(LayoutOf({{"small", kString}, {"large", kString}}),
                                              {ArrayOf(kString, R"(["x"])"), large})
                                 .ValueOrDie();
  const Status status = encoder.Append(0, {0, 0}, &out);
  EXPECT_EQ(KindOf(status), ErrorKind::kTooLarge);
  EXPECT_EQ(out, "kept");
}

TEST(Row, AbsentRowsForeignLayoutsAndOtherTypesGiveNull) {
  const auto layout = LayoutOf({{"a", kInt64}}, 1);
  const auto older = LayoutOf({{"b", kInt64}}, 2);
  const auto retyped = LayoutOf({{"a", kString}}, 3);
  const std::string first = RowBytes(layout, {ArrayOf(kInt64, "[5]")}, 0, {0, 0});
  const std::string second = RowBytes(older, {ArrayOf(kInt64, "[6]")}, 0, {0, 0});
  const std::string third = RowBytes(retyped, {ArrayOf(kString, R"(["x"])")}, 0, {0, 0});
  const std::vector<RowView> rows = {RowView(first), RowView(), RowView(second), RowView(third),
                                     RowView(first)};
  const std::vector<const RowLayout*> layouts = {layout.get(), nullptr, older.get(), retyped.get(),
                                                 layout.get()};
  EXPECT_TRUE(RowsToArray(rows, layouts, "a", kInt64)
                  .ValueOrDie()
                  ->Equals(*ArrayOf(kInt64, "[5, null, null, null, 5]")));
}

// Reads everything of a row that Validate let pass; the sanitizers watch.
size_t ReadAll(const RowLayout& layout, RowView row) {
  size_t sum = 0;
  feast::types::Value value;
  std::string json;
  for (uint32_t i = 0; i < layout.columns().size(); ++i) {
    const ValueType type = layout.columns()[i].type;
    value.Clear();
    RowToProto(layout, i, row, &value);
    AppendJsonValue(layout, i, row, &json);
    const std::vector<RowView> one = {row};
    const std::vector<const RowLayout*> layouts = {&layout};
    const auto array = RowsToArray(one, layouts, layout.columns()[i].name, type);
    if (array.ok()) sum += static_cast<size_t>((*array)->null_count());
    sum += value.ByteSizeLong();
  }
  return sum + json.size();
}

TEST(Row, AValueOfTypeNullIsRefused) {
  const auto layout = LayoutOf({{"nothing", kNull}});
  std::string bytes = RowBytes(layout, {ArrayOf(arrow::null(), "[null]")}, 0, {1, 2});
  bytes[kRowHeaderSize] = 1;
  const Status status = RowView(bytes).Validate(*layout);
  EXPECT_EQ(KindOf(status), ErrorKind::kCorrupt);
  EXPECT_NE(status.message().find("'nothing' has a value"), std::string::npos) << status.message();
}

TEST(Row, DamagedRowsAreRefusedOrReadInBounds) {
  Random random(4);
  const auto layout = LayoutOf(EveryColumn());
  int refused = 0;
  for (int round = 0; round < 200; ++round) {
    const auto arrays = RandomColumns(*layout, 1, random);
    const std::string bytes = RowBytes(layout, arrays, 0, {1, 2});
    for (size_t length = 0; length < bytes.size(); length += 1 + random() % 7) {
      // Copied to a block of its own size, so that a read past the end is seen.
      const std::unique_ptr<char[]> cut(new char[length]);
      std::memcpy(cut.get(), bytes.data(), length);
      const RowView row(std::string_view(cut.get(), length));
      if (row.Validate(*layout).ok()) ReadAll(*layout, row);
    }
    for (int flip = 0; flip < 100; ++flip) {
      const std::unique_ptr<char[]> garbled(new char[bytes.size()]);
      std::memcpy(garbled.get(), bytes.data(), bytes.size());
      for (uint64_t n = 1 + random() % 3; n > 0; --n) {
        garbled[random() % bytes.size()] ^= static_cast<char>(1U << (random() % 8));
      }
      const RowView row(std::string_view(garbled.get(), bytes.size()));
      const Status status = row.Validate(*layout);
      if (status.ok()) {
        ReadAll(*layout, row);
      } else {
        ASSERT_EQ(KindOf(status), ErrorKind::kCorrupt);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(Row, DamageIsNamed) {
  const auto layout = LayoutOf({{"name", kString}, {"tags", kStringList}});
  const std::string bytes = RowBytes(
      layout, {ArrayOf(kString, R"(["Ana"])"), ArrayOf(kStringList, R"([["a", "b"]])")}, 0, {0, 0});
  auto damaged = [&](size_t at, char value) {
    std::string copy = bytes;
    copy[at] = value;
    const Status status = RowView(copy).Validate(*layout);
    return status.ok() ? std::string("OK") : status.message();
  };
  EXPECT_NE(damaged(0, 2).find("format 2"), std::string::npos);
  EXPECT_NE(damaged(1, 1).find("flags"), std::string::npos);
  EXPECT_NE(damaged(2, 9).find("9 columns"), std::string::npos);
  EXPECT_NE(damaged(4, 8).find("layout 8"), std::string::npos);
  EXPECT_NE(damaged(layout->slot(0) + 3, 1).find("'name'"), std::string::npos);
  EXPECT_NE(damaged(layout->slot(1) + 4, 1).find("'tags'"), std::string::npos);
  EXPECT_NE(damaged(layout->fixed_size() + 3, 9).find("9 elements"), std::string::npos);
  const Status cut = RowView(std::string_view(bytes).substr(0, 30)).Validate(*layout);
  EXPECT_EQ(KindOf(cut), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace featly
