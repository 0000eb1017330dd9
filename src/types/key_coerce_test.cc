#include "types/key_coerce.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "types/test_arrays.h"

namespace featly {
namespace {

using testing_arrays::ArrayOf;
using enum ValueType;

const JoinKey kInt{"id", kInt64};
const JoinKey kSmall{"id", kInt32};
const JoinKey kText{"id", kString};
const JoinKey kRaw{"id", kBytes};
const JoinKey kTime{"id", kUnixTimestamp};

std::string Refused(const Status& status) {
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_NE(status.message().find("join key 'id', row 3"), std::string::npos) << status.message();
  return status.message();
}
std::string Refused(const Result<KeyValue>& result) { return Refused(result.status()); }

TEST(KeyCoerce, ExactIntegersInEveryForm) {
  Arena arena;
  for (const JoinKey& key : {kInt, kSmall, kTime}) {
    EXPECT_EQ(KeyFromInt(1001, key, 3, &arena)->integer, 1001);
    EXPECT_EQ(KeyFromUint(1001, key, 3, &arena)->integer, 1001);
    EXPECT_EQ(KeyFromDouble(1001.0, key, 3)->integer, 1001);
    EXPECT_EQ(KeyFromString("1001", key, 3, &arena)->integer, 1001);
    EXPECT_EQ(KeyFromString("-1001", key, 3, &arena)->integer, -1001);
  }
  EXPECT_EQ(KeyFromInt(9007199254740993, kInt, 3, &arena)->integer, 9007199254740993);
  EXPECT_EQ(KeyFromString("9007199254740993", kInt, 3, &arena)->integer, 9007199254740993);
}

TEST(KeyCoerce, WhatIsNotExactIsRefused) {
  Arena arena;
  EXPECT_NE(Refused(KeyFromString("abc", kInt, 3, &arena))
                .find("found \"abc\", wanted an integer of 64 bits (INT64)"),
            std::string::npos);
  for (const char* text : {"", "1001.0", "1e3", " 1", "9223372036854775808"}) {
    Refused(KeyFromString(text, kInt, 3, &arena));
  }
  EXPECT_NE(Refused(KeyFromDouble(1001.5, kInt, 3)).find("1001.5"), std::string::npos);
  Refused(KeyFromDouble(9007199254740992.0, kInt, 3));
  Refused(KeyFromUint(9223372036854775808ULL, kInt, 3, &arena));
  EXPECT_NE(Refused(KeyFromInt(2147483648, kSmall, 3, &arena)).find("32 bits"), std::string::npos);
  Refused(KeyFromDouble(2147483648.0, kSmall, 3));
  Refused(KeyFromString("2147483648", kSmall, 3, &arena));
  Refused(KeyFromBool(true, kInt, 3));
  EXPECT_NE(Refused(KeyFromNull(kInt, 3)).find("found null"), std::string::npos);
}

TEST(KeyCoerce, TextKeysTakeTextAndIntegers) {
  Arena arena;
  EXPECT_EQ(KeyFromString("1001", kText, 3, &arena)->bytes, "1001");
  EXPECT_EQ(KeyFromString("", kText, 3, &arena)->bytes, "");
  EXPECT_EQ(KeyFromInt(-1001, kText, 3, &arena)->bytes, "-1001");
  EXPECT_EQ(KeyFromInt(9007199254740993, kText, 3, &arena)->bytes, "9007199254740993");
  EXPECT_EQ(KeyFromUint(18446744073709551615ULL, kText, 3, &arena)->bytes, "18446744073709551615");
  EXPECT_NE(Refused(KeyFromDouble(1001.0, kText, 3)).find("wanted text or an integer (STRING)"),
            std::string::npos);
  Refused(KeyFromBool(false, kText, 3));
  Refused(KeyFromNull(kText, 3));
}

TEST(KeyCoerce, BytesAreBase64InJson) {
  Arena arena;
  EXPECT_EQ(KeyFromString("Y2Q=", kRaw, 3, &arena)->bytes, "cd");
  Refused(KeyFromString("cd!", kRaw, 3, &arena));
  Refused(KeyFromInt(1, kRaw, 3, &arena));
}

TEST(KeyCoerce, TimesAreWholeSeconds) {
  Arena arena;
  EXPECT_EQ(KeyFromString("2023-11-14T22:13:20Z", kTime, 3, &arena)->integer, 1700000000);
  EXPECT_EQ(KeyFromString("2023-11-14T22:13:20.000Z", kTime, 3, &arena)->integer, 1700000000);
  EXPECT_EQ(KeyFromString("2023-11-14", kTime, 3, &arena)->integer, 1699920000);
  Refused(KeyFromString("2023-11-14T22:13:20.5Z", kTime, 3, &arena));
  Refused(KeyFromString("2023-11-14T22:13:20.000000001Z", kTime, 3, &arena));
  Refused(KeyFromString("yesterday", kTime, 3, &arena));
  Refused(KeyFromInt(9223372036855, kTime, 3, &arena));
}

void ExpectKeys(const std::shared_ptr<arrow::Array>& from, const JoinKey& key,
                std::string_view json) {
  const auto keys = CoerceKeyColumn(from, key, NullKeys::kKeep);
  ASSERT_TRUE(keys.ok()) << keys.status().ToString();
  EXPECT_TRUE((*keys)->Equals(*ArrayOf(key.type, json))) << (*keys)->ToString();
}

TEST(KeyCoerce, Columns) {
  ExpectKeys(ArrayOf(arrow::int32(), "[1, null]"), kInt, "[1, null]");
  ExpectKeys(ArrayOf(arrow::uint64(), "[1]"), kSmall, "[1]");
  ExpectKeys(ArrayOf(arrow::float64(), "[1, NaN]"), kInt, "[1, null]");
  ExpectKeys(ArrayOf(arrow::float32(), "[16777215, NaN]"), kInt, "[16777215, null]");
  ExpectKeys(ArrayOf(arrow::float16(), "[5]"), kSmall, "[5]");
  ExpectKeys(ArrayOf(arrow::float64(), "[7]"), kTime, "[7000000]");
  ExpectKeys(ArrayOf(arrow::null(), "[null]"), kTime, "[null]");
  ExpectKeys(ArrayOf(arrow::utf8(), R"(["1001", null])"), kInt, "[1001, null]");
  ExpectKeys(ArrayOf(arrow::large_utf8(), R"(["-7"])"), kSmall, "[-7]");
  ExpectKeys(ArrayOf(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["5", "5"])"), kInt,
             "[5, 5]");
  ExpectKeys(ArrayOf(arrow::utf8_view(), R"(["x", ""])"), kText, R"(["x", ""])");
  ExpectKeys(ArrayOf(arrow::int64(), "[9007199254740993, null]"), kText,
             R"(["9007199254740993", null])");
  ExpectKeys(ArrayOf(arrow::uint8(), "[7]"), kText, R"(["7"])");
  ExpectKeys(ArrayOf(arrow::dictionary(arrow::int8(), arrow::int32()), "[5, 5]"), kText,
             R"(["5", "5"])");
  ExpectKeys(ArrayOf(arrow::binary(), R"(["x"])"), kRaw, R"(["x"])");
  ExpectKeys(ArrayOf(arrow::utf8(), R"(["2023-11-14T22:13:20Z", "7"])"), kTime,
             "[1700000000000000, 7000000]");
  ExpectKeys(ArrayOf(arrow::timestamp(arrow::TimeUnit::NANO), "[1000000000]"), kTime, "[1000000]");
  ExpectKeys(ArrayOf(arrow::int64(), "[7]"), kTime, "[7000000]");
  const auto own = ArrayOf(arrow::int64(), "[1]");
  EXPECT_EQ(CoerceKeyColumn(own, kInt, NullKeys::kRefuse).ValueOrDie(), own);
}

TEST(KeyCoerce, ColumnsNameTheRow) {
  auto refused = [](const std::shared_ptr<arrow::Array>& from, const JoinKey& key, NullKeys nulls) {
    const Status status = CoerceKeyColumn(from, key, nulls).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
    EXPECT_NE(status.message().find("join key 'id'"), std::string::npos);
    return status.message();
  };
  const auto keep = NullKeys::kKeep;
  EXPECT_NE(
      refused(ArrayOf(arrow::utf8(), R"(["1", "abc"])"), kInt, keep).find("row 1: found \"abc\""),
      std::string::npos);
  EXPECT_NE(
      refused(ArrayOf(arrow::int64(), "[1, 4294967296]"), kSmall, keep).find("row 1: 4294967296"),
      std::string::npos);
  EXPECT_NE(refused(ArrayOf(arrow::int64(), "[1, null]"), kInt, NullKeys::kRefuse)
                .find("row 1: found null"),
            std::string::npos);
  refused(ArrayOf(arrow::float64(), "[NaN]"), kInt, NullKeys::kRefuse);
  refused(ArrayOf(arrow::float64(), "[1.5]"), kInt, keep);
  refused(ArrayOf(arrow::float32(), "[16777216]"), kInt, keep);
  refused(ArrayOf(arrow::float64(), "[9007199254740992]"), kInt, keep);
  refused(ArrayOf(arrow::float64(), "[1]"), kText, keep);
  refused(ArrayOf(arrow::boolean(), "[true]"), kText, keep);
  refused(ArrayOf(arrow::int64(), "[null]"), kText, NullKeys::kRefuse);
  refused(ArrayOf(arrow::utf8(), R"(["x"])"), kRaw, keep);
  refused(ArrayOf(arrow::boolean(), "[true]"), kInt, keep);
  refused(ArrayOf(arrow::timestamp(arrow::TimeUnit::NANO), "[1]"), kTime, keep);
}

TEST(KeyCoerce, ValuesOfColumns) {
  EXPECT_EQ(KeyAt(*ArrayOf(kInt32, "[0, -5]"), kSmall, 1).integer, -5);
  EXPECT_EQ(KeyAt(*ArrayOf(kInt64, "[9007199254740993]"), kInt, 0).integer, 9007199254740993);
  EXPECT_EQ(KeyAt(*ArrayOf(kString, R"(["a", "bc"])"), kText, 1).bytes, "bc");
  EXPECT_EQ(KeyAt(*ArrayOf(kBytes, R"(["a"])"), kRaw, 0).bytes, "a");
  EXPECT_EQ(KeyAt(*ArrayOf(kUnixTimestamp, "[7000000]"), kTime, 0).integer, 7);
}

}  // namespace
}  // namespace featly
