#include "types/json_value.h"

#include <bit>
#include <limits>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "types/test_arrays.h"

namespace featly {
namespace {

using testing_arrays::ArrayOf;
using enum ValueType;

std::string Text(std::string_view value) {
  std::string out;
  AppendJsonString(value, &out);
  return out;
}

struct DoubleRepr {
  uint64_t bits;
  const char* repr;
};
constexpr DoubleRepr kDoubleReprs[] = {
#include "types/double_repr.inc"
};

TEST(JsonValue, DoublesPrintAsPythonsRepr) {
  for (const DoubleRepr& expected : kDoubleReprs) {
    EXPECT_EQ(JsonDouble(std::bit_cast<double>(expected.bits)), expected.repr);
  }
}

TEST(JsonValue, DoublesThatAreNoNumbers) {
  EXPECT_EQ(JsonDouble(std::numeric_limits<double>::quiet_NaN()), "\"NaN\"");
  EXPECT_EQ(JsonDouble(std::numeric_limits<double>::infinity()), "\"Infinity\"");
  EXPECT_EQ(JsonDouble(-std::numeric_limits<double>::infinity()), "\"-Infinity\"");
}

TEST(JsonValue, IntegersKeepTheirDigits) {
  std::string out;
  AppendJsonInt(std::numeric_limits<int64_t>::min(), &out);
  out += ' ';
  AppendJsonInt(9007199254740993, &out);
  EXPECT_EQ(out, "-9223372036854775808 9007199254740993");
}

TEST(JsonValue, TextIsEscapedAndKept) {
  EXPECT_EQ(Text("plain"), "\"plain\"");
  EXPECT_EQ(Text(""), "\"\"");
  EXPECT_EQ(Text("a\"b\\c\n\r\t\b\f"), R"("a\"b\\c\n\r\t\b\f")");
  EXPECT_EQ(Text(std::string_view("\x00\x1F\x7F", 3)), "\"\\u0000\\u001f\x7F\"");
  EXPECT_EQ(Text("é \xE2\x82\xAC \xF0\x9F\x98\x80/"), "\"é \xE2\x82\xAC \xF0\x9F\x98\x80/\"");
}

// As bytes.decode("utf-8", "replace") has them.
TEST(JsonValue, BadUtf8BecomesReplacementCharacters) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(Text("a\xFF"
                 "b"),
            "\"a" + r + "b\"");
  EXPECT_EQ(Text("\xE2\x82"), "\"" + r + "\"");
  EXPECT_EQ(Text("\xE2\x82x"), "\"" + r + "x\"");
  EXPECT_EQ(Text("\xC0\xAF"), "\"" + r + r + "\"");
  EXPECT_EQ(Text("\xED\xA0\x80"), "\"" + r + r + r + "\"");
  EXPECT_EQ(Text("\xF0\x80\x80\x80"), "\"" + r + r + r + r + "\"");
  EXPECT_EQ(Text("\xF4\x90\x80\x80"), "\"" + r + r + r + r + "\"");
  EXPECT_EQ(Text("\xF0\x9F\x98\"\n"), "\"" + r + "\\\"\\n\"");
}

std::string ValueOf(ValueType type, std::string_view json) {
  const auto layout = RowLayout::Make(1, {{"before", kBool}, {"f", type}}).ValueOrDie();
  const RowEncoder encoder =
      RowEncoder::Make(layout, {ArrayOf(kBool, "[true]"), ArrayOf(type, json)}).ValueOrDie();
  std::string bytes;
  EXPECT_TRUE(encoder.Append(0, {0, 0}, &bytes).ok());
  std::string out;
  AppendJsonValue(*layout, 1, RowView(bytes), &out);
  return out;
}

TEST(JsonValue, ValuesOfRows) {
  EXPECT_EQ(ValueOf(kInt32, "[-5]"), "-5");
  EXPECT_EQ(ValueOf(kInt64, "[9007199254740993]"), "9007199254740993");
  EXPECT_EQ(ValueOf(kFloat, "[0.3]"), "0.30000001192092896");
  EXPECT_EQ(ValueOf(kDouble, "[2.5]"), "2.5");
  EXPECT_EQ(ValueOf(kDouble, "[3]"), "3.0");
  EXPECT_EQ(ValueOf(kBool, "[true]"), "true");
  EXPECT_EQ(ValueOf(kBool, "[false]"), "false");
  EXPECT_EQ(ValueOf(kString, R"(["a\"b"])"), R"("a\"b")");
  EXPECT_EQ(ValueOf(kBytes, R"(["cd"])"), "\"Y2Q=\"");
  EXPECT_EQ(ValueOf(kUnixTimestamp, "[1795239855999999]"), "1795239855");
  EXPECT_EQ(ValueOf(kUnixTimestamp, "[-1]"), "-1");
  for (ValueType type : AllValueTypes()) EXPECT_EQ(ValueOf(type, "[null]"), "null");
}

TEST(JsonValue, ListsOfRows) {
  EXPECT_EQ(ValueOf(kInt32List, "[[4, null, 6]]"), "[4,null,6]");
  EXPECT_EQ(ValueOf(kInt64List, "[[]]"), "[]");
  EXPECT_EQ(ValueOf(kFloatList, "[[0.1]]"), "[0.10000000149011612]");
  EXPECT_EQ(ValueOf(kDoubleList, "[[1, 1e16]]"), "[1.0,1e+16]");
  EXPECT_EQ(ValueOf(kBoolList, "[[true, false]]"), "[true,false]");
  EXPECT_EQ(ValueOf(kStringList, R"([["d", ""]])"), R"(["d",""])");
  EXPECT_EQ(ValueOf(kBytesList, R"([["cd"]])"), R"(["Y2Q="])");
  EXPECT_EQ(ValueOf(kUnixTimestampList, "[[1795239855000000]]"), "[1795239855]");
}

}  // namespace
}  // namespace featly
