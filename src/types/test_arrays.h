// Arrays for this room's tests.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <string_view>

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include "types/value_type.h"

namespace featly::testing_arrays {

/// Every type a row can hold.
inline const std::vector<ValueType>& AllRowTypes() {
  static const std::vector<ValueType> types = [] {
    std::vector<ValueType> all;
    for (int scalar = 1; scalar <= 8; ++scalar) {
      all.push_back(static_cast<ValueType>(scalar));
      all.push_back(ListOf(static_cast<ValueType>(scalar)));
    }
    return all;
  }();
  return types;
}

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

/// Appends a random value, now and then null, of an extreme, or empty.
inline void AppendRandom(ValueType type, Random& random, arrow::ArrayBuilder* builder) {
  if (random() % 5 == 0) {
    ASSERT_TRUE(builder->AppendNull().ok());
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
    case ValueType::kBytes:
    case ValueType::kString: {
      std::string text;
      for (uint64_t left = random() % 20; left > 0; --left) {
        text.push_back(type == ValueType::kBytes ? static_cast<char>(random())
                                                 : static_cast<char>('a' + random() % 26));
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

inline std::shared_ptr<arrow::Array> RandomArray(ValueType type, int64_t length, Random& random) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  EXPECT_TRUE(arrow::MakeBuilder(arrow::default_memory_pool(), ArrowTypeOf(type), &builder).ok());
  for (int64_t i = 0; i < length; ++i) AppendRandom(type, random, builder.get());
  return builder->Finish().ValueOrDie();
}

}  // namespace featly::testing_arrays
