// Arrays for this room's tests.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include "base/time.h"
#include "types/arrow_convert.h"
#include "types/json_value.h"
#include "types/text_forms.h"
#include "types/value_type.h"

namespace featly::testing_arrays {

/// An array from Arrow's JSON form: `ArrayOf(arrow::int32(), "[1, null]")`.
inline std::shared_ptr<arrow::Array> ArrayOf(const std::shared_ptr<arrow::DataType>& type,
                                             std::string_view json) {
  auto made = arrow::json::ArrayFromJSONString(type, json);
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  return made.ok() ? *made : nullptr;
}

/// The same of ArrowTypeOf(type).
inline std::shared_ptr<arrow::Array> ArrayOf(ValueType type, std::string_view json) {
  return ArrayOf(ArrowTypeOf(type), json);
}

using Random = std::mt19937_64;

/// Random JSON: numbers, texts, lists and objects, at most `depth` deep.
inline std::string RandomJson(Random& random, int depth) {
  const uint64_t kind = random() % (depth > 0 ? 7 : 5);
  std::string out;
  switch (kind) {
    case 0:
      return "null";
    case 1:
      return random() % 2 == 0 ? "true" : "false";
    case 2:
      return std::to_string(static_cast<int64_t>(random()));
    case 3:
      return JsonDouble(std::uniform_real_distribution<double>(-1e6, 1e6)(random));
    case 4:
      return "\"t" + std::to_string(random() % 100) + "\"";
    case 5:
      for (uint64_t i = random() % 4; i > 0; --i) {
        out += (out.empty() ? "" : ",") + RandomJson(random, depth - 1);
      }
      return "[" + out + "]";
    default:
      for (uint64_t i = random() % 4; i > 0; --i) {
        out += (out.empty() ? "\"k" : ",\"k") + std::to_string(i) +
               "\":" + RandomJson(random, depth - 1);
      }
      return "{" + out + "}";
  }
}

/// A random list of what `item()` gives.
template <typename Item>
std::string RandomList(Random& random, Item item) {
  std::string out;
  for (uint64_t i = random() % 4; i > 0; --i) out += (out.empty() ? "" : ",") + item();
  return "[" + out + "]";
}

inline std::string RandomObject(Random& random) {
  return R"({"a":)" + RandomJson(random, 2) + R"(,"b":)" + RandomJson(random, 2) + "}";
}

/// The text of a random value: of a text kind, a zoned time, or a message's JSON.
inline std::string RandomText(ValueType type, Random& random) {
  auto number = [&random] { return std::to_string(static_cast<int64_t>(random()) / 1000); };
  auto object = [&random] { return RandomObject(random); };
  switch (type) {
    case ValueType::kUuid:
    case ValueType::kTimeUuid: {
      std::string bytes;
      for (int i = 0; i < 16; ++i) bytes.push_back(static_cast<char>(random()));
      return UuidOfBytes(bytes);
    }
    case ValueType::kDecimal:
      return number() + "." + std::to_string(random() % 1000);
    case ValueType::kJson:
      return RandomJson(random, 3);
    case ValueType::kZonedTimestamp: {
      constexpr const char* kZones[] = {"", "Z", "-07:00", "+05:30", "+01:00[Europe/Paris]"};
      const auto seconds = static_cast<int64_t>(random() % 4000000000) - 2000000000;
      std::string text = FormatTimestamp(Timestamp::FromSeconds(seconds));
      text.pop_back();
      return text + kZones[random() % 5];
    }
    case ValueType::kMapList:
    case ValueType::kStructList:
      return RandomList(random, object);
    case ValueType::kValueList:
    case ValueType::kValueSet:
      return RandomList(random, [&] { return RandomList(random, number); });
    case ValueType::kScalarMap:
      return RandomList(random, [&] { return "[" + number() + "," + RandomJson(random, 1) + "]"; });
    default:
      return RandomObject(random);
  }
}

/// Appends a random value, now and then null, of an extreme, or empty.
inline void AppendRandom(ValueType type, Random& random, arrow::ArrayBuilder* builder) {
  if (random() % 5 == 0) {
    ASSERT_TRUE(builder->AppendNull().ok());
    return;
  }
  if (IsMessage(type)) {
    const std::string text = RandomText(type, random);
    ASSERT_TRUE(static_cast<arrow::StringBuilder*>(builder)->Append(text).ok());
    return;
  }
  if (IsList(type)) {
    auto* lists = static_cast<arrow::ListBuilder*>(builder);
    ASSERT_TRUE(lists->Append().ok());
    const uint64_t count = random() % 12;
    const bool nulls = random() % 2 == 0;
    for (uint64_t i = 0; i < count; ++i) {
      const auto before = lists->value_builder()->null_count();
      AppendRandom(ElementType(type), random, lists->value_builder());
      if (!nulls && lists->value_builder()->null_count() > before) break;
    }
    return;
  }
  const bool extreme = random() % 8 == 0;
  Status appended;
  switch (type) {
    case ValueType::kUuid:
    case ValueType::kTimeUuid:
    case ValueType::kDecimal:
    case ValueType::kJson:
    case ValueType::kZonedTimestamp:
      appended = static_cast<arrow::StringBuilder*>(builder)->Append(RandomText(type, random));
      break;
    case ValueType::kBytes:
    case ValueType::kPdfBytes:
    case ValueType::kImageBytes:
    case ValueType::kString: {
      std::string text;
      for (uint64_t left = random() % 20; left > 0; --left) {
        text.push_back(type == ValueType::kString ? static_cast<char>('a' + random() % 26)
                                                  : static_cast<char>(random()));
      }
      appended = static_cast<arrow::BinaryBuilder*>(builder)->Append(text);
      break;
    }
    case ValueType::kInt32:
      appended = static_cast<arrow::Int32Builder*>(builder)->Append(
          extreme ? std::numeric_limits<int32_t>::min() : static_cast<int32_t>(random()));
      break;
    case ValueType::kInt64:
      appended = static_cast<arrow::Int64Builder*>(builder)->Append(
          extreme ? std::numeric_limits<int64_t>::min() : static_cast<int64_t>(random()));
      break;
    case ValueType::kDouble:
      appended = static_cast<arrow::DoubleBuilder*>(builder)->Append(
          extreme ? std::numeric_limits<double>::infinity()
                  : std::uniform_real_distribution<double>(-1e6, 1e6)(random));
      break;
    case ValueType::kFloat:
      appended = static_cast<arrow::FloatBuilder*>(builder)->Append(
          extreme ? -0.0F : std::uniform_real_distribution<float>(-1e6F, 1e6F)(random));
      break;
    case ValueType::kBool:
      appended = static_cast<arrow::BooleanBuilder*>(builder)->Append(random() % 2 == 0);
      break;
    default:
      appended = static_cast<arrow::TimestampBuilder*>(builder)->Append(
          static_cast<int64_t>(random() % 4000000000000000) - 2000000000000000);
  }
  ASSERT_TRUE(appended.ok());
}

/// A column as CanonicalColumn leaves one.
inline std::shared_ptr<arrow::Array> RandomArray(ValueType type, int64_t length, Random& random) {
  if (type == ValueType::kNull) return std::make_shared<arrow::NullArray>(length);
  const bool as_text = IsMessage(type) || type == ValueType::kZonedTimestamp;
  std::unique_ptr<arrow::ArrayBuilder> builder;
  EXPECT_TRUE(arrow::MakeBuilder(arrow::default_memory_pool(),
                                 as_text ? arrow::utf8() : ArrowTypeOf(type), &builder)
                  .ok());
  for (int64_t i = 0; i < length; ++i) AppendRandom(type, random, builder.get());
  return CanonicalColumn(builder->Finish().ValueOrDie(), type, "random").ValueOrDie();
}

}  // namespace featly::testing_arrays
