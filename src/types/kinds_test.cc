// The kinds of values that Arrow has no type for, from sources to rows and out again.
#include <arrow/api.h>
#include <gtest/gtest.h>

#include "types/arrow_convert.h"
#include "types/distinct_items.h"
#include "types/json_value.h"
#include "types/proto_value.h"
#include "types/row.h"
#include "types/test_arrays.h"
#include "types/text_forms.h"
#include "types/user_type.h"
#include "types/zoned_time.h"

namespace featly {
namespace {

using testing_arrays::ArrayOf;
using testing_arrays::Random;
using testing_arrays::RandomArray;
using enum ValueType;
using ArrayPtr = std::shared_ptr<arrow::Array>;

TEST(TextForms, Uuids) {
  const std::string canonical = "12345678-9abc-def0-1234-56789abcdef0";
  for (const char* text :
       {"12345678-9abc-def0-1234-56789abcdef0", "12345678-9ABC-DEF0-1234-56789ABCDEF0",
        "123456789abcdef0123456789abcdef0", "{12345678-9abc-def0-1234-56789abcdef0}",
        "urn:uuid:12345678-9abc-def0-1234-56789abcdef0"}) {
    EXPECT_EQ(UuidText(text), canonical) << text;
  }
  for (const char* text :
       {"", "abc", "12345678-9abc-def0-1234-56789abcdef", "12345678-9abc-def0-1234_56789abcdef0",
        "1234567g-9abc-def0-1234-56789abcdef0"}) {
    EXPECT_EQ(UuidText(text), std::nullopt) << text;
  }
  EXPECT_EQ(UuidOfBytes(std::string(15, '\0') + "\x05"), "00000000-0000-0000-0000-000000000005");
}

TEST(TextForms, Decimals) {
  for (const char* text : {"1", "-1.50", "+.5", "5.", "1E-8", "1.2e+3", "Infinity", "-inf"}) {
    EXPECT_TRUE(IsDecimalText(text)) << text;
  }
  for (const char* text : {"", ".", "1,5", "e5", "1e", "1 ", "NaN", "0x1", "--1"}) {
    EXPECT_FALSE(IsDecimalText(text)) << text;
  }
  EXPECT_TRUE(IsDecimalNan("NaN") && IsDecimalNan("-nan"));
  // As str(decimal.Decimal) of Python has them.
  EXPECT_EQ(DecimalText("150", 2), "1.50");
  EXPECT_EQ(DecimalText("-1", 2), "-0.01");
  EXPECT_EQ(DecimalText("1", 8), "1E-8");
  EXPECT_EQ(DecimalText("0", 8), "0E-8");
  EXPECT_EQ(DecimalText("0", 2), "0.00");
  EXPECT_EQ(DecimalText("12300000000", 8), "123.00000000");
  EXPECT_EQ(DecimalText("12", -2), "1.2E+3");
  EXPECT_EQ(DecimalText("5", 0), "5");
  EXPECT_EQ(DecimalText("1", 6), "0.000001");
}

TEST(TextForms, JsonIsOneValue) {
  for (const char* text : {"{}", " [1, 2.5e3] ", "null", "\"\\u00e9\"", "0"}) {
    EXPECT_TRUE(IsJsonText(text)) << text;
  }
  for (const char* text : {"", " ", "{", "{} {}", "NaN", "'a'", "[1,]", "01"}) {
    EXPECT_FALSE(IsJsonText(text)) << text;
  }
  EXPECT_FALSE(IsJsonText(std::string(1000, '[') + std::string(1000, ']')));
}

std::string Zoned(std::string_view text) {
  std::string zone;
  const auto micros = ParseZonedTime(text, &zone);
  if (!micros) return "none";
  std::string out = std::to_string(*micros) + " " + zone + " ";
  AppendZonedTime({*micros, zone}, &out);
  return out;
}

TEST(ZonedTime, KeepsItsZoneAndPrintsAsPythonDoes) {
  EXPECT_EQ(Zoned("2024-01-02T03:04:05-07:00"),
            "1704189845000000 UTC-07:00 2024-01-02T03:04:05-07:00");
  EXPECT_EQ(Zoned("2024-01-02T03:04:05+0530"),
            "1704144845000000 UTC+05:30 2024-01-02T03:04:05+05:30");
  EXPECT_EQ(Zoned("2024-01-02T03:04:05Z"), "1704164645000000 UTC 2024-01-02T03:04:05+00:00");
  EXPECT_EQ(Zoned("2024-01-02 03:04:05"), "1704164645000000  2024-01-02T03:04:05+00:00");
  EXPECT_EQ(Zoned("2024-07-02T03:04:05+02:00[Europe/Paris]"),
            "1719882245000000 Europe/Paris 2024-07-02T03:04:05+02:00");
  EXPECT_EQ(Zoned("2024-01-02T03:04:05.25-07:00"),
            "1704189845250000 UTC-07:00 2024-01-02T03:04:05-07:00");
  EXPECT_EQ(Zoned("yesterday"), "none");
  EXPECT_EQ(Zoned("2024-01-02T03:04:05Z[]"), "none");
  std::string unknown;
  AppendZonedTime({0, "Mars/Olympus"}, &unknown);
  EXPECT_EQ(unknown, "1970-01-01T00:00:00+00:00");
}

TEST(DistinctItems, FirstOfEqualOnesStays) {
  auto distinct = [](const std::shared_ptr<arrow::DataType>& item, std::string_view json,
                     std::string_view wanted) {
    const auto type = arrow::list(arrow::field("item", item));
    const auto found = DistinctItems(ArrayOf(type, json)).ValueOrDie();
    ASSERT_TRUE(found->ValidateFull().ok());
    EXPECT_TRUE(found->Equals(*ArrayOf(type, wanted))) << found->ToString();
  };
  distinct(arrow::int64(), "[[3, 1, 3, 2], null, [], [null, 1, null]]", "[[3,1,2],null,[],[1]]");
  distinct(arrow::utf8(), R"([["a", "", "a", ""]])", R"([["a", ""]])");
  distinct(arrow::float64(), "[[0.0, -0.0, 1]]", "[[0.0, 1]]");
  distinct(arrow::float32(), "[[1, 1]]", "[[1]]");
  distinct(arrow::boolean(), "[[true, false, true]]", "[[true, false]]");
  const auto as_it_is = ArrayOf(kInt32List, "[[1, 2], [1]]");
  EXPECT_EQ(DistinctItems(as_it_is).ValueOrDie(), as_it_is);
}

std::string Refused(const ArrayPtr& column, ValueType type) {
  const Status status = CanonicalColumn(column, type, "column 'c'").status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid) << status.ToString();
  EXPECT_EQ(status.message().find("column 'c'"), 0u) << status.message();
  return status.message();
}

void ExpectColumn(const ArrayPtr& from, ValueType type, std::string_view json) {
  const auto column = CanonicalColumn(from, type, "column 'c'");
  ASSERT_TRUE(column.ok()) << column.status().ToString();
  EXPECT_TRUE((*column)->Equals(*ArrayOf(type, json))) << (*column)->ToString();
}

TEST(KindColumns, UuidsAndDecimals) {
  const auto uuids = ArrayOf(arrow::utf8(), R"(["12345678-9ABC-def0-1234-56789abcdef0", null])");
  ExpectColumn(uuids, kUuid, R"(["12345678-9abc-def0-1234-56789abcdef0", null])");
  ExpectColumn(ArrayOf(arrow::fixed_size_binary(16), R"(["0000000000000000", null])"), kTimeUuid,
               R"(["30303030-3030-3030-3030-303030303030", null])");
  ExpectColumn(ArrayOf(arrow::large_list(arrow::large_utf8()),
                       R"([["12345678-9abc-def0-1234-56789abcdef0", null]])"),
               kUuidList, R"([["12345678-9abc-def0-1234-56789abcdef0", null]])");
  EXPECT_NE(Refused(ArrayOf(arrow::utf8(), R"([null, "abc"])"), kUuid)
                .find("row 1: \"abc\" is not a UUID (UUID)"),
            std::string::npos);
  Refused(ArrayOf(arrow::fixed_size_binary(3), R"(["abc"])"), kUuid);
  Refused(ArrayOf(arrow::binary(), R"(["abc"])"), kUuid);
  ExpectColumn(ArrayOf(arrow::decimal128(10, 2), R"(["1.50", null, "-0.01"])"), kDecimal,
               R"(["1.50", null, "-0.01"])");
  ExpectColumn(ArrayOf(arrow::decimal256(60, 1), R"(["12345678901234567890123456789012345678.5"])"),
               kDecimal, R"(["12345678901234567890123456789012345678.5"])");
  ExpectColumn(ArrayOf(arrow::uint64(), "[18446744073709551615]"), kDecimal,
               R"(["18446744073709551615"])");
  ExpectColumn(ArrayOf(arrow::utf8(), R"(["1.50", "NaN"])"), kDecimal, R"(["1.50", null])");
  Refused(ArrayOf(arrow::float64(), "[1.5]"), kDecimal);
  const auto own = ArrayOf(kDecimal, R"(["1.50"])");
  EXPECT_EQ(CanonicalColumn(own, kDecimal, "c").ValueOrDie(), own);
}

// A column of one type to what users see of it.
ArrayPtr User(const ArrayPtr& from, ValueType type,
              const std::map<std::string, std::string>& tags) {
  const auto column = CanonicalColumn(from, type, "column 'c'").ValueOrDie();
  const google::protobuf::Map<std::string, std::string> proto_tags(tags.begin(), tags.end());
  const auto user_type = UserArrowType(type, proto_tags).ValueOrDie();
  return UserColumn(column, type, user_type, "column 'c'").ValueOrDie();
}

const char* const kSchema =
    R"js({"a": "INT32", "b": "Array(STRING)", "c": "{\"__struct__\": {\"d\": \"FLOAT64\"}}"})js";

TEST(KindColumns, StructsComeBackTyped) {
  const auto type = arrow::struct_(
      {arrow::field("a", arrow::int32()), arrow::field("b", arrow::list(arrow::utf8())),
       arrow::field("c", arrow::struct_({arrow::field("d", arrow::float64())}))});
  const auto structs =
      ArrayOf(type, R"([{"a": 1, "b": ["x", null], "c": {"d": 0.5}}, null, {"a": null}])");
  EXPECT_TRUE(User(structs, kStruct, {{"feast:struct_schema", kSchema}})->Equals(*structs));
  const auto lists = ArrayOf(arrow::list(type), R"([[{"a": 1, "b": [], "c": null}], [], null])");
  EXPECT_TRUE(User(lists, kStructList, {{"feast:struct_schema", kSchema}})->Equals(*lists));
  const auto texts = ArrayOf(arrow::utf8(), R"(["{\"a\": 7}", "null", null])");
  EXPECT_TRUE(User(texts, kStruct, {{"feast:struct_schema", kSchema}})
                  ->Equals(*ArrayOf(type, R"([{"a": 7}, null, null])")));
  EXPECT_TRUE(
      User(texts, kStruct, {})->Equals(*ArrayOf(arrow::utf8(), R"(["{\"a\":7}", null, null])")));
  const auto bad = CanonicalColumn(ArrayOf(arrow::utf8(), R"(["{\"a\": \"x\"}"])"), kStruct, "c");
  const google::protobuf::Map<std::string, std::string> tags = [] {
    google::protobuf::Map<std::string, std::string> made;
    made["feast:struct_schema"] = kSchema;
    return made;
  }();
  const Status unfit =
      UserColumn(*bad, kStruct, UserArrowType(kStruct, tags).ValueOrDie(), "column 'c'").status();
  EXPECT_NE(unfit.message().find("column 'c', row 0: field 'a': found \"x\", declared as int32"),
            std::string::npos)
      << unfit.message();
  EXPECT_NE(Refused(ArrayOf(arrow::utf8(), R"([null, "[1]"])"), kStruct)
                .find("row 1: found a list, wanted an object (STRUCT)"),
            std::string::npos);
}

TEST(KindColumns, MapsAndNestedListsComeBack) {
  const auto map = arrow::map(arrow::utf8(), arrow::utf8());
  const auto maps = ArrayOf(map, R"([[["a", "x"], ["b", null]], [], null])");
  EXPECT_TRUE(User(maps, kMap, {})
                  ->Equals(*ArrayOf(arrow::utf8(), R"(["{\"a\":\"x\",\"b\":null}", "{}", null])")));
  const auto lists = ArrayOf(arrow::list(map), R"([[[["a", "x"]], []], null])");
  EXPECT_TRUE(User(lists, kMapList, {})
                  ->Equals(*ArrayOf(arrow::utf8(), R"(["[{\"a\":\"x\"},{}]", null])")));
  const auto numbers = ArrayOf(arrow::map(arrow::utf8(), arrow::int64()), R"([[["a", 1]]])");
  EXPECT_TRUE(User(numbers, kMap, {})->Equals(*ArrayOf(arrow::utf8(), R"(["{\"a\":1}"])")));
  const auto nested = arrow::list(arrow::list(arrow::int32()));
  const auto deep = ArrayOf(nested, "[[[1, 2], [], null, [3, null]], [], null]");
  const std::map<std::string, std::string> tags = {
      {"feast:nested_inner_type", "Array(Array(INT32))"}};
  EXPECT_TRUE(User(deep, kValueList, tags)->Equals(*deep));
  EXPECT_TRUE(User(ArrayOf(nested, "[[[1], [2], [1], null]]"), kValueSet, tags)
                  ->Equals(*ArrayOf(nested, "[[[1], [2]]]")));
  EXPECT_FALSE(UserArrowType(kValueList,
                             [] {
                               google::protobuf::Map<std::string, std::string> made;
                               made["feast:nested_inner_type"] = "Array(NONSENSE)";
                               return made;
                             }())
                   .ok());
  const auto zoned = ArrayOf(arrow::timestamp(arrow::TimeUnit::MILLI, "Europe/Paris"), "[5, null]");
  EXPECT_TRUE(User(zoned, kZonedTimestamp, {})->Equals(*ArrayOf(kUnixTimestamp, "[5000, null]")));
}

TEST(KindColumns, InferredTypesAreDescribedAsFeastDoes) {
  google::protobuf::Map<std::string, std::string> tags;
  const auto type = arrow::struct_(
      {arrow::field("a", arrow::int32()), arrow::field("b", arrow::list(arrow::utf8())),
       arrow::field("c", arrow::struct_({arrow::field("d", arrow::float64())}))});
  ASSERT_TRUE(DescribeType(*type, kStruct, &tags).ok());
  EXPECT_EQ(tags["feast:struct_schema"], kSchema);
  EXPECT_TRUE(UserArrowType(kStruct, tags).ValueOrDie()->Equals(*type));
  tags.clear();
  ASSERT_TRUE(DescribeType(*arrow::list(type), kStructList, &tags).ok());
  EXPECT_EQ(tags["feast:struct_schema"], kSchema);
  tags.clear();
  const auto nested = arrow::list(arrow::list(arrow::int8()));
  ASSERT_TRUE(DescribeType(*nested, kValueList, &tags).ok());
  EXPECT_EQ(tags["feast:nested_inner_type"], "Array(Array(INT32))");
  tags.clear();
  ASSERT_TRUE(DescribeType(*arrow::int64(), kInt64, &tags).ok());
  EXPECT_TRUE(tags.empty());
}

// Any value of any type, through rows, protobuf and JSON.
TEST(KindColumns, EveryTypeThroughEveryForm) {
  Random random(11);
  int values = 0;
  for (const ValueType type : AllValueTypes()) {
    SCOPED_TRACE(ValueTypeName(type));
    const auto array = RandomArray(type, 300, random);
    const auto layout = RowLayout::Make(1, {{"f", type}}).ValueOrDie();
    const auto encoder = RowEncoder::Make(layout, {array}).ValueOrDie();
    std::vector<std::string> rows(300);
    std::vector<feast::types::Value> protos(300);
    for (int64_t i = 0; i < 300; ++i) {
      const auto at = static_cast<size_t>(i);
      ASSERT_TRUE(encoder.Append(i, {0, 0}, &rows[at]).ok());
      const RowView row(rows[at]);
      ASSERT_TRUE(row.Validate(*layout).ok());
      RowToProto(*layout, 0, row, &protos[at]);
      ++values;
    }
    std::vector<RowView> views;
    std::vector<const feast::types::Value*> pointers;
    for (size_t i = 0; i < 300; ++i) {
      views.emplace_back(rows[i]);
      pointers.push_back(&protos[i]);
    }
    const std::vector<const RowLayout*> layouts(300, layout.get());
    const auto back = RowsToArray(views, layouts, "f", type).ValueOrDie();
    EXPECT_TRUE(back->Equals(*array));
    // Protobuf has no nulls in lists and whole seconds only; all else comes back as it was.
    const auto from_proto = ProtoToArray(pointers, type).ValueOrDie();
    ASSERT_TRUE(from_proto->ValidateFull().ok());
    const ValueType item = StoredAs(ElementType(type));
    const bool loses = IsList(type) || item == kUnixTimestamp;
    EXPECT_TRUE(loses || from_proto->Equals(*array)) << from_proto->ToString();
    EXPECT_EQ(from_proto->null_count(), array->null_count());
  }
  RecordProperty("values", values);
}

}  // namespace
}  // namespace featly
