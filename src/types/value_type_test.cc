#include "types/value_type.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "types/test_arrays.h"

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

TEST(ValueType, ListsAndElements) {
  EXPECT_EQ(testing_arrays::AllRowTypes().size(), 16u);
  for (ValueType type : testing_arrays::AllRowTypes()) {
    EXPECT_TRUE(IsRowType(type));
    EXPECT_EQ(IsList(type), type != ElementType(type));
    EXPECT_EQ(ValueTypeName(ListOf(ElementType(type))), ValueTypeName(ElementType(type)) + "_LIST");
    EXPECT_EQ(ValueTypeFromArrow(*ArrowTypeOf(type)).ValueOrDie(), type);
    EXPECT_EQ(ValueTypeFromNumber(static_cast<int>(type)).ValueOrDie(), type);
  }
  EXPECT_FALSE(IsRowType(ValueType::kInvalid));
  EXPECT_FALSE(IsRowType(static_cast<ValueType>(36)));
  EXPECT_EQ(ArrowTypeOf(ValueType::kUnixTimestampList)->ToString(),
            "list<item: timestamp[us, tz=UTC]>");
}

TEST(ValueType, KeysAreFiveTypes) {
  int keys = 0;
  for (ValueType type : testing_arrays::AllRowTypes()) keys += IsKeyType(type) ? 1 : 0;
  EXPECT_EQ(keys, 5);
  EXPECT_TRUE(IsKeyType(ValueType::kUnixTimestamp));
  EXPECT_FALSE(IsKeyType(ValueType::kDouble));
  EXPECT_FALSE(IsKeyType(ValueType::kBool));
}

TEST(ValueType, OtherTypesAreRefusedByName) {
  const Status uuid = ValueTypeFromNumber(36).status();
  EXPECT_EQ(KindOf(uuid), ErrorKind::kNotImplemented);
  EXPECT_NE(uuid.message().find("UUID"), std::string::npos);
  EXPECT_EQ(KindOf(ValueTypeFromNumber(30).status()), ErrorKind::kNotImplemented);
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
  const Status decimal = ValueTypeFromArrow(*arrow::decimal128(10, 2)).status();
  EXPECT_EQ(KindOf(decimal), ErrorKind::kInvalid);
  EXPECT_NE(decimal.message().find("decimal128(10, 2)"), std::string::npos);
  EXPECT_FALSE(ValueTypeFromArrow(*arrow::list(arrow::list(arrow::int64()))).ok());
  EXPECT_FALSE(ValueTypeFromArrow(*arrow::null()).ok());
}

}  // namespace
}  // namespace featly
