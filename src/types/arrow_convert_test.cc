#include "types/arrow_convert.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "types/test_arrays.h"

namespace featly {
namespace {

using testing_arrays::ArrayOf;
using ArrayPtr = std::shared_ptr<arrow::Array>;
using TypePtr = std::shared_ptr<arrow::DataType>;
using enum ValueType;

constexpr std::string_view kWhere = "column 'x' of a.parquet";

// Converts, checks that a slice converts alike, and that the answer is sound.
void ExpectBecomes(const ArrayPtr& from, ValueType to, std::string_view json,
                   TimeRounding rounding = TimeRounding::kUp) {
  SCOPED_TRACE(from->type()->ToString() + " to " + ValueTypeName(to));
  const ArrayPtr expected = ArrayOf(to, json);
  ASSERT_TRUE(CanConvert(*from->type(), to));
  const auto made = CanonicalColumn(from, to, kWhere, rounding);
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  ASSERT_TRUE((*made)->ValidateFull().ok()) << (*made)->ValidateFull().ToString();
  EXPECT_TRUE((*made)->Equals(*expected)) << (*made)->ToString();
  EXPECT_TRUE((*made)->type()->Equals(*ArrowTypeOf(to)));
  if (from->length() < 2) return;
  const auto sliced = CanonicalColumn(from->Slice(1), to, kWhere, rounding).ValueOrDie();
  ASSERT_TRUE(sliced->ValidateFull().ok());
  EXPECT_TRUE(sliced->Equals(*expected->Slice(1))) << sliced->ToString();
  const auto none = CanonicalColumn(from->Slice(0, 0), to, kWhere, rounding).ValueOrDie();
  EXPECT_TRUE(none->Equals(*expected->Slice(0, 0)));
}

std::string Refused(const ArrayPtr& from, ValueType to) {
  const Status status = CanonicalColumn(from, to, kWhere).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid) << from->type()->ToString();
  EXPECT_EQ(status.message().find(kWhere), 0u) << status.message();
  return status.message();
}

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(ArrowConvert, WhatIsCanonicalIsShared) {
  testing_arrays::Random random(6);
  for (ValueType type : AllValueTypes()) {
    const auto array = testing_arrays::RandomArray(type, 50, random);
    if (IsMessage(type) || type == ValueType::kZonedTimestamp) {
      // Their bytes are made here and nowhere else: a user's bytes are not taken for them.
      EXPECT_FALSE(CanConvert(*array->type(), type));
      continue;
    }
    EXPECT_EQ(CanonicalColumn(array, type, kWhere).ValueOrDie(), array) << ValueTypeName(type);
    const auto slice = array->Slice(3, 40);
    EXPECT_TRUE(CanonicalColumn(slice, type, kWhere).ValueOrDie()->Equals(*slice));
  }
}

TEST(ArrowConvert, IntegersOfEveryWidth) {
  for (const TypePtr& type : {arrow::int8(), arrow::int16(), arrow::int32(), arrow::int64(),
                              arrow::uint8(), arrow::uint16(), arrow::uint32(), arrow::uint64()}) {
    const auto from = ArrayOf(type, "[0, null, 127]");
    ExpectBecomes(from, kInt32, "[0, null, 127]");
    ExpectBecomes(from, kInt64, "[0, null, 127]");
    ExpectBecomes(from, kDouble, "[0, null, 127]");
    ExpectBecomes(from, kFloat, "[0, null, 127]");
    ExpectBecomes(from, kUnixTimestamp, "[0, null, 127000000]");
  }
}

TEST(ArrowConvert, IntegersNeverLoseDigits) {
  ExpectBecomes(ArrayOf(arrow::uint64(), "[9007199254740993, 9223372036854775807]"), kInt64,
                "[9007199254740993, 9223372036854775807]");
  ExpectBecomes(ArrayOf(arrow::int64(), "[-2147483648, 2147483647]"), kInt32,
                "[-2147483648, 2147483647]");
  const std::string overflow = Refused(ArrayOf(arrow::int64(), "[1, null, 2147483648]"), kInt32);
  EXPECT_TRUE(Contains(overflow, "row 2: 2147483648 (int64)")) << overflow;
  EXPECT_TRUE(Contains(overflow, "INT32"));
  Refused(ArrayOf(arrow::int64(), "[-2147483649]"), kInt32);
  EXPECT_TRUE(Contains(Refused(ArrayOf(arrow::uint64(), "[9223372036854775808]"), kInt64),
                       "9223372036854775808"));
  ExpectBecomes(ArrayOf(arrow::int64(), "[9007199254740992, -9223372036854775808]"), kDouble,
                "[9007199254740992, -9223372036854775808]");
  Refused(ArrayOf(arrow::int64(), "[9007199254740993]"), kDouble);
  Refused(ArrayOf(arrow::int64(), "[9223372036854775807]"), kDouble);
  Refused(ArrayOf(arrow::uint64(), "[18446744073709551615]"), kDouble);
  Refused(ArrayOf(arrow::int32(), "[16777217]"), kFloat);
  Refused(ArrayOf(arrow::int32(), "[2147483647]"), kFloat);
}

TEST(ArrowConvert, AnOverflowUnderANullIsNoError) {
  const auto values = ArrayOf(arrow::int64(), "[1, 99999999999]");
  auto data = values->data()->Copy();
  data->buffers[0] = arrow::Buffer::FromString("\x01");
  data->null_count = 1;
  ExpectBecomes(arrow::MakeArray(data), kInt32, "[1, null]");
}

TEST(ArrowConvert, Floats) {
  ExpectBecomes(ArrayOf(arrow::float64(), "[0.1, 1e300, null]"), kFloat, "[0.1, Inf, null]");
  ExpectBecomes(ArrayOf(arrow::float32(), "[0.5, null]"), kDouble, "[0.5, null]");
  ExpectBecomes(ArrayOf(arrow::float16(), "[0.5, null, -2]"), kFloat, "[0.5, null, -2]");
  ExpectBecomes(ArrayOf(arrow::float16(), "[0.5, NaN, -2]"), kDouble, "[0.5, null, -2]");
}

TEST(ArrowConvert, FloatsNeverBecomeIntegers) {
  for (const TypePtr& type : {arrow::float16(), arrow::float32(), arrow::float64()}) {
    const std::string message = Refused(ArrayOf(type, "[1, null]"), kInt64);
    EXPECT_TRUE(Contains(message, "pandas") && Contains(message, "Int64")) << message;
    Refused(ArrayOf(type, "[1]"), kInt32);
    Refused(ArrayOf(type, "[1]"), kUnixTimestamp);
    Refused(ArrayOf(arrow::list(type), "[[1]]"), kInt64List);
  }
}

TEST(ArrowConvert, NanBecomesNull) {
  ExpectBecomes(ArrayOf(arrow::float64(), "[1, NaN, null, 2]"), kDouble, "[1, null, null, 2]");
  ExpectBecomes(ArrayOf(arrow::float32(), "[NaN, 1]"), kFloat, "[null, 1]");
  ExpectBecomes(ArrayOf(arrow::list(arrow::float64()), "[[1, NaN], null, [], [NaN]]"), kDoubleList,
                "[[1, null], null, [], [null]]");
}

TEST(ArrowConvert, TextAndBytes) {
  for (const TypePtr& type : {arrow::utf8(), arrow::large_utf8(), arrow::utf8_view()}) {
    const auto from =
        ArrayOf(type, R"(["a", null, "", "a text longer than a view holds in place"])");
    ExpectBecomes(from, kString, R"(["a", null, "", "a text longer than a view holds in place"])");
    Refused(from, kBytes);
    Refused(from, kInt64);
    Refused(from, kUnixTimestamp);
  }
  for (const TypePtr& type : {arrow::binary(), arrow::large_binary(), arrow::binary_view()}) {
    const auto from = ArrayOf(type, R"(["a", null, ""])");
    ExpectBecomes(from, kBytes, R"(["a", null, ""])");
    ExpectBecomes(from, kString, R"(["a", null, ""])");
  }
  ExpectBecomes(ArrayOf(arrow::fixed_size_binary(2), R"(["ab", null])"), kBytes, R"(["ab", null])");
  arrow::BinaryBuilder builder;
  ASSERT_TRUE(builder.Append("good").ok());
  ASSERT_TRUE(builder.Append("\xFF").ok());
  const std::string message = Refused(builder.Finish().ValueOrDie(), kString);
  EXPECT_TRUE(Contains(message, "row 1") && Contains(message, "UTF-8")) << message;
}

TEST(ArrowConvert, TimesOfEveryUnit) {
  using arrow::TimeUnit;
  for (const char* zone : {"", "UTC", "America/New_York"}) {
    ExpectBecomes(ArrayOf(arrow::timestamp(TimeUnit::SECOND, zone), "[-1, null]"), kUnixTimestamp,
                  "[-1000000, null]");
    ExpectBecomes(ArrayOf(arrow::timestamp(TimeUnit::MILLI, zone), "[-1, null]"), kUnixTimestamp,
                  "[-1000, null]");
    ExpectBecomes(ArrayOf(arrow::timestamp(TimeUnit::MICRO, zone), "[-1, null]"), kUnixTimestamp,
                  "[-1, null]");
    const auto nanos =
        ArrayOf(arrow::timestamp(TimeUnit::NANO, zone), "[1000, 1001, 1999, -1, -1001, null]");
    ExpectBecomes(nanos, kUnixTimestamp, "[1, 2, 2, 0, -1, null]", TimeRounding::kUp);
    ExpectBecomes(nanos, kUnixTimestamp, "[1, 1, 1, -1, -2, null]", TimeRounding::kDown);
  }
  ExpectBecomes(ArrayOf(arrow::date32(), "[1, -1]"), kUnixTimestamp, "[86400000000, -86400000000]");
  ExpectBecomes(ArrayOf(arrow::date64(), "[86400000]"), kUnixTimestamp, "[86400000000]");
  Refused(ArrayOf(arrow::timestamp(TimeUnit::SECOND), "[9223372036855]"), kUnixTimestamp);
  Refused(ArrayOf(arrow::int64(), "[9223372036855]"), kUnixTimestamp);
  Refused(ArrayOf(arrow::date32(), "[2147483647]"), kUnixTimestamp);
  Refused(ArrayOf(arrow::timestamp(TimeUnit::SECOND), "[1]"), kInt64);
}

TEST(ArrowConvert, ListsOfEveryKind) {
  for (const TypePtr& type : {arrow::list(arrow::int32()), arrow::large_list(arrow::int32()),
                              arrow::list(arrow::field("element", arrow::int64(), false)),
                              arrow::list(arrow::dictionary(arrow::int8(), arrow::int64()))}) {
    ExpectBecomes(ArrayOf(type, "[[1, 2], null, [], [3]]"), kInt64List, "[[1, 2], null, [], [3]]");
  }
  ExpectBecomes(ArrayOf(arrow::fixed_size_list(arrow::float32(), 2), "[[1, 2], null, [3, 4]]"),
                kFloatList, "[[1, 2], null, [3, 4]]");
  ExpectBecomes(ArrayOf(arrow::list(arrow::utf8_view()), R"([["a", null]])"), kStringList,
                R"([["a", null]])");
  EXPECT_TRUE(
      Contains(Refused(ArrayOf(arrow::list(arrow::int64()), "[[1], [4294967296]]"), kInt32List),
               "(list items), row 1: 4294967296"));
  Refused(ArrayOf(arrow::int64(), "[1]"), kInt64List);
  Refused(ArrayOf(arrow::list(arrow::int64()), "[[1]]"), kInt64);
  Refused(ArrayOf(arrow::list(arrow::utf8()), "[]"), kInt64List);
}

TEST(ArrowConvert, DictionariesAndNulls) {
  ExpectBecomes(
      ArrayOf(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["a", null, "b", "a"])"), kString,
      R"(["a", null, "b", "a"])");
  ExpectBecomes(ArrayOf(arrow::dictionary(arrow::uint16(), arrow::int32()), "[5, null, 5]"), kInt64,
                "[5, null, 5]");
  for (ValueType type : AllValueTypes()) {
    ExpectBecomes(ArrayOf(arrow::null(), "[null, null]"), type, "[null, null]");
  }
}

TEST(ArrowConvert, OtherTypesAreNamed) {
  const std::string message = Refused(ArrayOf(arrow::decimal128(5, 2), R"(["1.00"])"), kDouble);
  EXPECT_TRUE(Contains(message, "decimal128(5, 2)") && Contains(message, "DOUBLE")) << message;
  Refused(ArrayOf(arrow::boolean(), "[true]"), kInt64);
  Refused(ArrayOf(arrow::int64(), "[1]"), kBool);
  EXPECT_FALSE(CanConvert(*arrow::int64(), ValueType::kInvalid));
  EXPECT_FALSE(CanConvert(*arrow::null(), ValueType::kInvalid));
}

TEST(ArrowConvert, TimeColumnsTakeTimesOnly) {
  const auto nanos = arrow::timestamp(arrow::TimeUnit::NANO, "Europe/Berlin");
  const auto up = TimeColumn(ArrayOf(nanos, "[1001, null]"), kWhere, TimeRounding::kUp);
  EXPECT_EQ((*up)->Value(0), 2);
  EXPECT_TRUE((*up)->IsNull(1));
  const auto down = TimeColumn(ArrayOf(nanos, "[1001]"), kWhere, TimeRounding::kDown);
  EXPECT_EQ((*down)->Value(0), 1);
  const auto days = TimeColumn(ArrayOf(arrow::date32(), "[1]"), kWhere, TimeRounding::kUp);
  EXPECT_EQ((*days)->Value(0), 86400000000);
  EXPECT_EQ(
      (*TimeColumn(ArrayOf(arrow::null(), "[null]"), kWhere, TimeRounding::kUp))->null_count(), 1);
  for (const auto& array : {ArrayOf(arrow::utf8(), R"(["2024-01-01"])"),
                            ArrayOf(arrow::int64(), "[1]"), ArrayOf(arrow::list(nanos), "[]")}) {
    const Status status = TimeColumn(array, kWhere, TimeRounding::kUp).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
    EXPECT_TRUE(Contains(status.message(), kWhere));
    EXPECT_TRUE(Contains(status.message(), array->type()->ToString()));
    EXPECT_TRUE(Contains(status.message(), "pd.to_datetime"));
  }
}

TEST(ArrowConvert, WholeSecondsInTheColumnsOwnUnit) {
  const auto nanos = arrow::timestamp(arrow::TimeUnit::NANO);
  EXPECT_TRUE(CheckWholeSeconds(*ArrayOf(nanos, "[1000000000, null]"), kWhere).ok());
  EXPECT_FALSE(CheckWholeSeconds(*ArrayOf(nanos, "[1000000001]"), kWhere).ok());
  EXPECT_FALSE(CheckWholeSeconds(*ArrayOf(nanos, "[999999999]"), kWhere).ok());
  EXPECT_TRUE(
      CheckWholeSeconds(*ArrayOf(arrow::timestamp(arrow::TimeUnit::SECOND), "[7]"), kWhere).ok());
  EXPECT_FALSE(
      CheckWholeSeconds(*ArrayOf(arrow::timestamp(arrow::TimeUnit::MILLI), "[7]"), kWhere).ok());
  EXPECT_FALSE(
      CheckWholeSeconds(*ArrayOf(arrow::timestamp(arrow::TimeUnit::MICRO), "[7]"), kWhere).ok());
  EXPECT_TRUE(CheckWholeSeconds(*ArrayOf(arrow::int64(), "[7]"), kWhere).ok());
}

// Any number that arrives at all arrives whole.
TEST(ArrowConvert, RandomIntegersAreExactOrRefused) {
  testing_arrays::Random random(7);
  for (int i = 0; i < 20000; ++i) {
    const auto value = static_cast<int64_t>(random()) >> (random() % 64);
    arrow::Int64Builder builder;
    ASSERT_TRUE(builder.Append(value).ok());
    const ArrayPtr from = builder.Finish().ValueOrDie();
    const auto narrow = CanonicalColumn(from, kInt32, kWhere);
    ASSERT_EQ(narrow.ok(), value == static_cast<int32_t>(value));
    const auto floating = CanonicalColumn(from, kDouble, kWhere);
    const auto digits = static_cast<__int128>(static_cast<double>(value));
    ASSERT_EQ(floating.ok(), digits == value) << value;
  }
}

}  // namespace
}  // namespace featly
