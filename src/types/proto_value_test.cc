#include "types/proto_value.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "types/dynamic_value.h"
#include "types/test_arrays.h"

namespace featly {
namespace {

using feast::types::Value;
using testing_arrays::ArrayOf;
using enum ValueType;

Value ProtoOf(ValueType type, const std::shared_ptr<arrow::Array>& array, int64_t i) {
  const auto layout = RowLayout::Make(1, {{"f", type}}).ValueOrDie();
  const RowEncoder encoder = RowEncoder::Make(layout, {array}).ValueOrDie();
  std::string bytes;
  EXPECT_TRUE(encoder.Append(i, {0, 0}, &bytes).ok());
  Value value;
  RowToProto(*layout, 0, RowView(bytes), &value);
  return value;
}

std::string BytesOf(ValueType type, std::string_view json) {
  return ProtoOf(type, ArrayOf(type, json), 0).SerializeAsString();
}

// As Feast 0.67 stores them.
TEST(ProtoValue, BytesAreFeasts) {
  EXPECT_EQ(BytesOf(kFloat, "[0.5]"), std::string("\x35\x00\x00\x00\x3f", 5));
  EXPECT_EQ(BytesOf(kInt64, "[0]"), std::string("\x20\x00", 2));
  EXPECT_EQ(BytesOf(kInt64, "[null]"), "");
}

TEST(ProtoValue, TimesAreWholeSeconds) {
  EXPECT_EQ(ProtoOf(kUnixTimestamp, ArrayOf(kUnixTimestamp, "[-1]"), 0).unix_timestamp_val(), -1);
  EXPECT_EQ(ProtoOf(kUnixTimestamp, ArrayOf(kUnixTimestamp, "[1999999]"), 0).unix_timestamp_val(),
            1);
}

TEST(ProtoValue, NullsInListsBecomeZeros) {
  const Value ints = ProtoOf(kInt64List, ArrayOf(kInt64List, "[[7, null]]"), 0);
  EXPECT_EQ(ints.int64_list_val().val(0), 7);
  EXPECT_EQ(ints.int64_list_val().val(1), 0);
  const Value texts = ProtoOf(kStringList, ArrayOf(kStringList, R"([[null, "x"]])"), 0);
  EXPECT_EQ(texts.string_list_val().val(0), "");
  EXPECT_EQ(texts.string_list_val().val(1), "x");
  const Value times = ProtoOf(kUnixTimestampList, ArrayOf(kUnixTimestampList, "[[null]]"), 0);
  EXPECT_EQ(times.unix_timestamp_list_val().val(0), std::numeric_limits<int64_t>::min());
  EXPECT_TRUE(ProtoOf(kBoolList, ArrayOf(kBoolList, "[[]]"), 0).has_bool_list_val());
}

TEST(ProtoValue, EveryTypeGoesThereAndBack) {
  testing_arrays::Random random(5);
  for (ValueType type : AllValueTypes()) {
    auto array = testing_arrays::RandomArray(type, 200, random);
    std::vector<Value> values;
    for (int64_t i = 0; i < array->length(); ++i) values.push_back(ProtoOf(type, array, i));
    std::vector<const Value*> pointers;
    for (const Value& value : values) pointers.push_back(&value);
    const auto back = ProtoToArray(pointers, type).ValueOrDie();
    ASSERT_TRUE(back->ValidateFull().ok());
    ASSERT_TRUE(back->type()->Equals(*ArrowTypeOf(type)));
    ASSERT_EQ(back->length(), array->length());
    // Times lose their microseconds and lists their nulls, so the second trip is the exact one.
    for (int64_t i = 0; i < back->length(); ++i) {
      ASSERT_EQ(back->IsNull(i), array->IsNull(i));
      const std::string again = ValueBytes(ProtoOf(type, back, i));
      ASSERT_EQ(again, ValueBytes(values[static_cast<size_t>(i)])) << ValueTypeName(type);
    }
  }
}

TEST(ProtoValue, NullsOfEitherForm) {
  Value unset;
  Value null;
  null.set_null_val(feast::types::NULL_);
  Value nan;
  nan.set_double_val(std::numeric_limits<double>::quiet_NaN());
  const std::vector<const Value*> values = {&unset, &null, &nan};
  EXPECT_EQ(ProtoToArray(values, kDouble).ValueOrDie()->null_count(), 3);
}

TEST(ProtoValue, OtherTypesAreNamed) {
  Value good;
  good.set_int64_val(1);
  Value bad;
  bad.set_string_val("1");
  const std::vector<const Value*> values = {&good, &bad};
  const Status status = ProtoToArray(values, kInt64).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_EQ(status.message().find("value 1 is STRING, expected INT64"), 0u) << status.message();
  Value late;
  late.set_unix_timestamp_val(std::numeric_limits<int64_t>::max());
  const std::vector<const Value*> times = {&late};
  EXPECT_EQ(KindOf(ProtoToArray(times, kUnixTimestamp).status()), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace featly
