#include "types/json_parse.h"

#include <functional>
#include <limits>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "types/test_arrays.h"

namespace featly {
namespace {

using testing_arrays::ArrayOf;
using Append = std::function<Status(JsonColumnBuilder&)>;
using enum ValueType;

Append Int(int64_t v) {
  return [v](JsonColumnBuilder& b) { return b.AppendInt(v); };
}
Append Uint(uint64_t v) {
  return [v](JsonColumnBuilder& b) { return b.AppendUint(v); };
}
Append Double(double v) {
  return [v](JsonColumnBuilder& b) { return b.AppendDouble(v); };
}
Append Text(const std::string& v) {
  return [v](JsonColumnBuilder& b) { return b.AppendString(v); };
}
Append Bool(bool v) {
  return [v](JsonColumnBuilder& b) { return b.AppendBool(v); };
}
Append Null() {
  return [](JsonColumnBuilder& b) { return b.AppendNull(); };
}
Append List(const std::vector<Append>& items) {
  return [items](JsonColumnBuilder& b) {
    ARROW_RETURN_NOT_OK(b.BeginList());
    for (const Append& item : items) ARROW_RETURN_NOT_OK(item(b));
    return b.EndList();
  };
}

void ExpectColumn(JsonColumnBuilder builder, ValueType type, const std::vector<Append>& values,
                  std::string_view json) {
  SCOPED_TRACE(ValueTypeName(type));
  for (const Append& value : values) {
    const Status status = value(builder);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  EXPECT_EQ(builder.rows(), static_cast<int64_t>(values.size()));
  const auto array = builder.Finish().ValueOrDie();
  ASSERT_TRUE(array->ValidateFull().ok());
  EXPECT_TRUE(array->Equals(*ArrayOf(type, json))) << array->ToString();
}

void ExpectColumn(ValueType type, const std::vector<Append>& values, std::string_view json) {
  ExpectColumn(JsonColumnBuilder::Make("c", type).ValueOrDie(), type, values, json);
}

// The message for a value in row 1.
std::string Refused(JsonColumnBuilder builder, const Append& value) {
  EXPECT_TRUE(builder.AppendNull().ok());
  const Status status = value(builder);
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_EQ(status.message().find("column 'c', row 1: found "), 0u) << status.message();
  return status.message();
}

std::string Refused(ValueType type, const Append& value) {
  return Refused(JsonColumnBuilder::Make("c", type).ValueOrDie(), value);
}

TEST(JsonParse, Integers) {
  ExpectColumn(kInt64, {Int(9007199254740993), Null(), Double(-7.0), Text("9007199254740993")},
               "[9007199254740993, null, -7, 9007199254740993]");
  ExpectColumn(kInt32, {Int(-2147483648), Text("2147483647"), Uint(5)},
               "[-2147483648, 2147483647, 5]");
  EXPECT_EQ(Refused(kInt64, Text("abc")),
            "column 'c', row 1: found \"abc\", wanted an integer of 64 bits (INT64)");
  EXPECT_EQ(Refused(kInt32, Int(2147483648)),
            "column 'c', row 1: found 2147483648, wanted an integer of 32 bits (INT32)");
  Refused(kInt64, Uint(9223372036854775808ULL));
  Refused(kInt64, Double(1.5));
  Refused(kInt64, Double(9007199254740992.0));
  Refused(kInt64, Bool(true));
  Refused(kInt64, List({}));
}

TEST(JsonParse, Floats) {
  ExpectColumn(kDouble,
               {Double(0.1), Int(3), Uint(std::numeric_limits<uint64_t>::max()), Text("NaN"),
                Text("Infinity"), Text("-Infinity"), Null()},
               "[0.1, 3, 18446744073709551616, null, Inf, -Inf, null]");
  ExpectColumn(kFloat, {Double(0.1), Int(3), Text("Infinity")}, "[0.1, 3, Inf]");
  EXPECT_NE(Refused(kFloat, Double(1e300)).find("1e+300"), std::string::npos);
  Refused(kDouble, Text("1.5"));
  Refused(kDouble, Bool(false));
}

TEST(JsonParse, BooleansTextAndBytes) {
  ExpectColumn(kBool, {Bool(true), Bool(false), Null()}, "[true, false, null]");
  ExpectColumn(kString, {Text("a"), Text(""), Null()}, R"(["a", "", null])");
  ExpectColumn(kBytes, {Text("Y2Q="), Text(""), Null()}, R"(["cd", "", null])");
  Refused(kBool, Int(1));
  Refused(kBool, Text("true"));
  Refused(kString, Int(1));
  Refused(kString, Double(1.5));
  Refused(kString, Bool(true));
  Refused(kBytes, Text("not base64"));
  Refused(kBytes, Int(1));
}

TEST(JsonParse, TimestampFeaturesAreSecondsOrIso) {
  ExpectColumn(kUnixTimestamp,
               {Int(1700000000), Text("1700000000"), Text("2023-11-14T22:13:20.5+00:00"),
                Double(7.0), Null()},
               "[1700000000000000, 1700000000000000, 1700000000500000, 7000000, null]");
  Refused(kUnixTimestamp, Int(9223372036855));
  Refused(kUnixTimestamp, Text("yesterday"));
  Refused(kUnixTimestamp, Double(1.5));
}

TEST(JsonParse, TimeColumnsAreNanosecondsOrIsoAndRoundUp) {
  ExpectColumn(JsonColumnBuilder::MakeTime("c").ValueOrDie(), kUnixTimestamp,
               {Int(1700000000000000000), Int(315532800000000001), Text("2023-11-14 22:13:20"),
                Text("2023-11-14T22:13:20.000000001Z"), Text("2023-11-15T00:13:20+02:00"), Null()},
               "[1700000000000000, 315532800000001, 1700000000000000, 1700000000000001, "
               "1700000000000000, null]");
  auto time = [] { return JsonColumnBuilder::MakeTime("c").ValueOrDie(); };
  const std::string message = Refused(time(), Text("soon"));
  EXPECT_NE(message.find("wanted ISO 8601 text or an integer of nanoseconds since 1970"),
            std::string::npos);
  Refused(time(), Text("1700000000"));
  // Seconds, milliseconds and microseconds of today are nanoseconds of 1970.
  for (int64_t value : {int64_t{0}, int64_t{-1}, int64_t{1700000000}, int64_t{1700000000000},
                        int64_t{1700000000000000}, int64_t{315532799999999999}}) {
    const std::string said = Refused(time(), Int(value));
    EXPECT_NE(said.find(std::to_string(value)), std::string::npos) << said;
    EXPECT_NE(said.find("ISO 8601 text, or nanoseconds since 1970"), std::string::npos) << said;
  }
  Refused(time(), Double(1.5));
  Refused(time(), Bool(true));
  Refused(time(), List({}));
}

TEST(JsonParse, Lists) {
  ExpectColumn(kInt64List, {List({Int(1), Null(), Text("2")}), Null(), List({})},
               "[[1, null, 2], null, []]");
  ExpectColumn(kDoubleList, {List({Double(0.5), Text("NaN"), Int(2)})}, "[[0.5, null, 2]]");
  ExpectColumn(kStringList, {List({Text("a"), Text("")})}, R"([["a", ""]])");
  ExpectColumn(kBytesList, {List({Text("Y2Q=")})}, R"([["cd"]])");
  ExpectColumn(kBoolList, {List({Bool(true)})}, "[[true]]");
  ExpectColumn(kFloatList, {List({Int(1)})}, "[[1]]");
  ExpectColumn(kInt32List, {List({Int(1)})}, "[[1]]");
  ExpectColumn(kUnixTimestampList, {List({Int(1), Text("1970-01-01T00:00:02Z")})},
               "[[1000000, 2000000]]");
  EXPECT_EQ(Refused(kInt64List, Int(1)),
            "column 'c', row 1: found 1, wanted a list of an integer of 64 bits (INT64_LIST)");
  for (const Append& bare : {Uint(1), Double(1), Double(1.5), Text("1"), Bool(true)}) {
    Refused(kInt64List, bare);
    Refused(kDoubleList, bare);
  }
  Refused(kStringList, Text("a"));
  Refused(kBoolList, Bool(true));
  Refused(kUnixTimestampList, Text("1970-01-01"));
  Refused(kInt64List, List({Text("abc")}));
  Refused(kInt64List, List({List({})}));
}

TEST(JsonParse, OtherKindsAreRefusedByName) {
  JsonColumnBuilder builder = JsonColumnBuilder::Make("c", kInt64).ValueOrDie();
  EXPECT_EQ(builder.Refuse("an object").message(),
            "column 'c', row 0: found an object, wanted an integer of 64 bits (INT64)");
  EXPECT_EQ(builder.column(), "c");
}

}  // namespace
}  // namespace featly
