#include "types/value_type.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

namespace featly {
namespace {

TEST(ValueType, NumbersAndNamesAreFeasts) {
  EXPECT_EQ(ValueTypeName(ValueType::kDouble), "DOUBLE");
  EXPECT_EQ(static_cast<int>(ValueType::kDouble), 5);
  EXPECT_EQ(static_cast<int>(ValueType::kFloat), 6);
  EXPECT_EQ(ValueTypeName(ValueType::kUnixTimestampList), "UNIX_TIMESTAMP_LIST");
  EXPECT_EQ(ValueTypeName(38), "UUID_LIST");
  EXPECT_EQ(ValueTypeName(30), "PDF_BYTES");
  EXPECT_EQ(ValueTypeName(49), "UNKNOWN(49)");
}

TEST(ValueType, EveryTypeIsStoredAsOneOfTheFirst) {
  EXPECT_EQ(AllValueTypes().size(), 46u);
  for (const ValueType type : AllValueTypes()) {
    SCOPED_TRACE(ValueTypeName(type));
    EXPECT_TRUE(IsRowType(type));
    EXPECT_EQ(ValueTypeFromNumber(static_cast<int>(type)).ValueOrDie(), type);
    EXPECT_EQ(IsList(type), type != ElementType(type));
    EXPECT_EQ(StoredAs(StoredAs(type)), StoredAs(type));
    EXPECT_TRUE(ArrowTypeOf(type)->Equals(*ArrowTypeOf(StoredAs(type))));
    if (IsList(type)) {
      EXPECT_EQ(ValueTypeName(type),
                ValueTypeName(ElementType(type)) + (IsSet(type) ? "_SET" : "_LIST"));
      EXPECT_EQ(StoredAs(type), ListOf(StoredAs(ElementType(type))));
    }
    EXPECT_EQ(IsMessage(type) && IsList(type), false);
  }
  EXPECT_FALSE(IsRowType(ValueType::kInvalid));
  EXPECT_FALSE(IsRowType(static_cast<ValueType>(9)));
  EXPECT_FALSE(IsRowType(static_cast<ValueType>(200)));
  EXPECT_EQ(ArrowTypeOf(ValueType::kUnixTimestampSet)->ToString(),
            "list<item: timestamp[us, tz=UTC]>");
  EXPECT_EQ(StoredAs(ValueType::kUuidSet), ValueType::kStringList);
}

TEST(ValueType, KeysAreFiveTypes) {
  int keys = 0;
  for (ValueType type : AllValueTypes()) keys += IsKeyType(type) ? 1 : 0;
  EXPECT_EQ(keys, 5);
  EXPECT_TRUE(IsKeyType(ValueType::kUnixTimestamp));
  EXPECT_FALSE(IsKeyType(ValueType::kDouble));
  EXPECT_FALSE(IsKeyType(ValueType::kBool));
}

TEST(ValueType, NumbersThatAreNoTypeAreRefused) {
  EXPECT_EQ(KindOf(ValueTypeFromNumber(0).status()), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(ValueTypeFromNumber(9).status()), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(ValueTypeFromNumber(-1).status()), ErrorKind::kInvalid);
}

TEST(ValueType, InferenceWidensAndRefuses) {
  auto inferred = [](const std::shared_ptr<arrow::DataType>& type) {
    return ValueTypeFromArrow(*type).ValueOr(ValueType::kInvalid);
  };
  EXPECT_EQ(inferred(arrow::int8()), ValueType::kInt32);
  EXPECT_EQ(inferred(arrow::uint16()), ValueType::kInt32);
  EXPECT_EQ(inferred(arrow::uint32()), ValueType::kInt64);
  EXPECT_EQ(inferred(arrow::uint64()), ValueType::kInt64);
  EXPECT_EQ(inferred(arrow::large_utf8()), ValueType::kString);
  EXPECT_EQ(inferred(arrow::utf8_view()), ValueType::kString);
  EXPECT_EQ(inferred(arrow::date32()), ValueType::kUnixTimestamp);
  EXPECT_EQ(inferred(arrow::timestamp(arrow::TimeUnit::NANO)), ValueType::kUnixTimestamp);
  EXPECT_EQ(inferred(arrow::dictionary(arrow::int8(), arrow::utf8())), ValueType::kString);
  EXPECT_EQ(inferred(arrow::fixed_size_list(arrow::float32(), 3)), ValueType::kFloatList);
  EXPECT_EQ(inferred(arrow::large_list(arrow::int16())), ValueType::kInt32List);
  EXPECT_EQ(inferred(arrow::decimal128(10, 2)), ValueType::kDecimal);
  EXPECT_EQ(inferred(arrow::list(arrow::decimal256(40, 2))), ValueType::kDecimalList);
  EXPECT_EQ(inferred(arrow::list(arrow::list(arrow::int64()))), ValueType::kValueList);
  const auto map = arrow::map(arrow::utf8(), arrow::int32());
  const auto structs = arrow::struct_({arrow::field("a", arrow::int32())});
  EXPECT_EQ(inferred(map), ValueType::kMap);
  EXPECT_EQ(inferred(arrow::list(map)), ValueType::kMapList);
  EXPECT_EQ(inferred(arrow::map(arrow::int32(), arrow::utf8())), ValueType::kScalarMap);
  EXPECT_EQ(inferred(structs), ValueType::kStruct);
  EXPECT_EQ(inferred(arrow::list(structs)), ValueType::kStructList);
  const Status duration = ValueTypeFromArrow(*arrow::duration(arrow::TimeUnit::MICRO)).status();
  EXPECT_EQ(KindOf(duration), ErrorKind::kInvalid);
  EXPECT_NE(duration.message().find("duration[us]"), std::string::npos);
  EXPECT_FALSE(ValueTypeFromArrow(*arrow::list(arrow::duration(arrow::TimeUnit::MICRO))).ok());
  EXPECT_FALSE(ValueTypeFromArrow(*arrow::null()).ok());
}

}  // namespace
}  // namespace featly
