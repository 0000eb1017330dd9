#include "types/entity_key.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "types/test_arrays.h"

namespace featly {
namespace {

using testing_arrays::ArrayOf;

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (char c : bytes) {
    hex.push_back("0123456789abcdef"[static_cast<uint8_t>(c) >> 4]);
    hex.push_back("0123456789abcdef"[static_cast<uint8_t>(c) & 15]);
  }
  return hex;
}

// Hex with the spaces of the documentation taken out.
std::string Spaced(std::string_view hex) {
  std::string plain;
  for (char c : hex) {
    if (c != ' ') plain.push_back(c);
  }
  return plain;
}

std::string KeyHex(std::vector<JoinKey> keys, int version, std::vector<KeyValue> values) {
  const EntityKeyCodec codec = EntityKeyCodec::Make(std::move(keys), version).ValueOrDie();
  std::string bytes;
  codec.Append(values, &bytes);
  const std::vector<KeyValue> back = codec.Decode(bytes).ValueOrDie();
  EXPECT_EQ(back.size(), values.size());
  for (size_t i = 0; i < back.size(); ++i) {
    EXPECT_EQ(back[i].integer, values[i].integer);
    EXPECT_EQ(back[i].bytes, values[i].bytes);
  }
  return Hex(bytes);
}

using enum ValueType;

// The worked examples of docs/format/entity_key.md, as Feast 0.67 writes them.
TEST(EntityKey, WorkedExamplesOfVersion3) {
  EXPECT_EQ(KeyHex({{"driver_id", kInt64}}, 3, {{1001, {}}}),
            Spaced("01000000 02000000 09000000 6472697665725f6964 04000000 08000000 "
                   "e903000000000000"));
  EXPECT_EQ(KeyHex({{"driver_id", kInt32}}, 3, {{1001, {}}}),
            Spaced("01000000 02000000 09000000 6472697665725f6964 03000000 04000000 e9030000"));
  EXPECT_EQ(KeyHex({{"user", kString}, {"driver_id", kInt64}}, 3, {{-1, {}}, {0, "\xC3\xA9"}}),
            Spaced("02000000 02000000 09000000 6472697665725f6964 02000000 04000000 75736572 "
                   "04000000 08000000 ffffffffffffffff 02000000 02000000 c3a9"));
  EXPECT_EQ(KeyHex({{"b", kBytes}}, 3, {{0, std::string_view("\x00\xFF", 2)}}),
            Spaced("01000000 02000000 01000000 62 01000000 02000000 00ff"));
  EXPECT_EQ(KeyHex({{"t", kUnixTimestamp}}, 3, {{1700000000, {}}}),
            Spaced("01000000 02000000 01000000 74 08000000 08000000 00f1536500000000"));
  EXPECT_EQ(KeyHex({}, 3, {}),
            Spaced("01000000 02000000 0a000000 5f5f64756d6d795f6964 02000000 00000000"));
}

TEST(EntityKey, WorkedExamplesOfVersion2) {
  EXPECT_EQ(KeyHex({{"driver_id", kInt64}}, 2, {{1001, {}}}),
            Spaced("02000000 6472697665725f6964 04000000 08000000 e903000000000000"));
  EXPECT_EQ(KeyHex({{"driver_id", kInt32}}, 2, {{1001, {}}}),
            Spaced("02000000 6472697665725f6964 03000000 04000000 e9030000"));
  EXPECT_EQ(KeyHex({{"user", kString}, {"driver_id", kInt64}}, 2, {{-1, {}}, {0, "\xC3\xA9"}}),
            Spaced("02000000 6472697665725f6964 02000000 75736572 04000000 08000000 "
                   "ffffffffffffffff 02000000 02000000 c3a9"));
  EXPECT_EQ(KeyHex({{"b", kBytes}}, 2, {{0, std::string_view("\x00\xFF", 2)}}),
            Spaced("02000000 62 01000000 02000000 00ff"));
  EXPECT_EQ(KeyHex({{"t", kUnixTimestamp}}, 2, {{1700000000, {}}}),
            Spaced("02000000 74 08000000 08000000 00f1536500000000"));
  EXPECT_EQ(KeyHex({}, 2, {}), Spaced("02000000 5f5f64756d6d795f6964 02000000 00000000"));
}

TEST(EntityKey, NamesSortByTheirBytes) {
  // U+FF5E sorts before U+1F600 in UTF-8, after it in UTF-16.
  const EntityKeyCodec codec =
      EntityKeyCodec::Make({{"\xF0\x9F\x98\x80", kInt64}, {"\xEF\xBD\x9E", kInt64}, {"Z", kInt64}},
                           3)
          .ValueOrDie();
  EXPECT_EQ(codec.keys()[0].name, "Z");
  EXPECT_EQ(codec.keys()[1].name, "\xEF\xBD\x9E");
  EXPECT_EQ(codec.version(), 3);
}

TEST(EntityKey, WhatCannotBeAKeyIsRefused) {
  auto refused = [](std::vector<JoinKey> keys, int version) {
    const Status status = EntityKeyCodec::Make(std::move(keys), version).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
    return status.message();
  };
  EXPECT_NE(refused({{"a", kInt64}, {"a", kInt32}}, 3).find("'a' is given twice"),
            std::string::npos);
  EXPECT_NE(refused({{"a", kDouble}}, 3).find("DOUBLE"), std::string::npos);
  EXPECT_NE(refused({{"a", kInt64List}}, 3).find("INT64_LIST"), std::string::npos);
  EXPECT_NE(refused({}, 1).find("entity_key_serialization_version 1"), std::string::npos);
  std::vector<JoinKey> many;
  for (int i = 0; i < 255; ++i) many.push_back({"k" + std::to_string(i), kInt64});
  EXPECT_NE(refused(many, 3).find("254"), std::string::npos);
  many.pop_back();
  EXPECT_TRUE(EntityKeyCodec::Make(many, 3).ok());
}

TEST(EntityKey, ForeignBytesAreCorrupt) {
  const EntityKeyCodec codec =
      EntityKeyCodec::Make({{"a", kInt64}, {"b", kString}}, 3).ValueOrDie();
  std::string bytes;
  codec.Append(std::vector<KeyValue>{{7, {}}, {0, "text"}}, &bytes);
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(KindOf(codec.Decode(bytes.substr(0, length)).status()), ErrorKind::kCorrupt);
  }
  EXPECT_EQ(KindOf(codec.Decode(bytes + "x").status()), ErrorKind::kCorrupt);
  testing_arrays::Random random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string garbled = bytes;
    garbled[random() % garbled.size()] ^= static_cast<char>(1 + random() % 255);
    const auto decoded = codec.Decode(garbled);
    if (decoded.ok()) {
      EXPECT_EQ(decoded->size(), 2u);
    }
  }
  const EntityKeyCodec other =
      EntityKeyCodec::Make({{"a", kInt32}, {"b", kString}}, 3).ValueOrDie();
  EXPECT_EQ(KindOf(other.Decode(bytes).status()), ErrorKind::kCorrupt);
}

KeyColumns ColumnsOf(const EntityKeyCodec& codec,
                     std::vector<std::shared_ptr<arrow::Array>> arrays) {
  std::vector<int> columns;
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (size_t i = 0; i < arrays.size(); ++i) {
    columns.push_back(static_cast<int>(i));
    fields.push_back(arrow::field("c" + std::to_string(i), arrays[i]->type()));
  }
  const int64_t rows = arrays[0]->length();
  auto batch = arrow::RecordBatch::Make(arrow::schema(fields), rows, std::move(arrays));
  return KeyColumns::Make(codec, *batch, columns).ValueOrDie();
}

TEST(KeyColumns, GiveTheBytesOfTheCodec) {
  testing_arrays::Random random(2);
  const EntityKeyCodec codec =
      EntityKeyCodec::Make(
          {{"a", kInt32}, {"b", kInt64}, {"c", kString}, {"d", kBytes}, {"e", kUnixTimestamp}}, 3)
          .ValueOrDie();
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const JoinKey& key : codec.keys()) {
    arrays.push_back(testing_arrays::RandomArray(key.type, 500, random));
  }
  arrow::TimestampBuilder whole(ArrowTypeOf(kUnixTimestamp), arrow::default_memory_pool());
  for (int64_t i = 0; i < 500; ++i) ASSERT_TRUE(whole.Append((i - 250) * 1000000).ok());
  arrays[4] = whole.Finish().ValueOrDie();
  for (auto& array : arrays) array = array->Slice(7);  // offsets count too
  const KeyColumns keys = ColumnsOf(codec, arrays);
  int compared = 0;
  for (int64_t row = 0; row < arrays[0]->length(); ++row) {
    bool null = false;
    for (const auto& array : arrays) null |= array->IsNull(row);
    ASSERT_EQ(keys.HasNull(row), null);
    if (null) continue;
    const std::vector<KeyValue> values = {
        {static_cast<const arrow::Int32Array&>(*arrays[0]).Value(row), {}},
        {static_cast<const arrow::Int64Array&>(*arrays[1]).Value(row), {}},
        {0, static_cast<const arrow::StringArray&>(*arrays[2]).GetView(row)},
        {0, static_cast<const arrow::BinaryArray&>(*arrays[3]).GetView(row)},
        {static_cast<const arrow::TimestampArray&>(*arrays[4]).Value(row) / 1000000, {}}};
    std::string expected;
    codec.Append(values, &expected);
    std::string found;
    keys.Append(row, &found);
    ASSERT_EQ(Hex(found), Hex(expected));
    ++compared;
  }
  EXPECT_GT(compared, 100);
}

TEST(KeyColumns, TakeWhatHoldsTheKeyExactly) {
  const EntityKeyCodec codec = EntityKeyCodec::Make({{"id", kInt64}}, 3).ValueOrDie();
  std::string expected;
  codec.Append(std::vector<KeyValue>{{42, {}}}, &expected);
  const auto dictionary = arrow::DictionaryArray::FromArrays(ArrayOf(arrow::int8(), "[1]"),
                                                             ArrayOf(arrow::int32(), "[7, 42]"))
                              .ValueOrDie();
  for (const auto& array : {ArrayOf(arrow::int8(), "[42]"), ArrayOf(arrow::uint64(), "[42]"),
                            std::shared_ptr<arrow::Array>(dictionary)}) {
    std::string found;
    ColumnsOf(codec, {array}).Append(0, &found);
    EXPECT_EQ(Hex(found), Hex(expected)) << array->type()->ToString();
  }
  const KeyColumns nulls = ColumnsOf(codec, {ArrayOf(arrow::null(), "[null]")});
  EXPECT_TRUE(nulls.HasNull(0));
}

TEST(KeyColumns, RefuseOtherTypesAndLostDigits) {
  auto refused = [](ValueType type, const std::shared_ptr<arrow::Array>& array) {
    const EntityKeyCodec codec = EntityKeyCodec::Make({{"id", type}}, 3).ValueOrDie();
    auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("id", array->type())}),
                                          array->length(), {array});
    const Status status = KeyColumns::Make(codec, *batch, {0}).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid) << array->type()->ToString();
    EXPECT_NE(status.message().find("'id'"), std::string::npos);
    return status.message();
  };
  EXPECT_NE(refused(kInt64, ArrayOf(arrow::utf8(), R"(["1"])")).find("string"), std::string::npos);
  EXPECT_NE(refused(kInt32, ArrayOf(arrow::int64(), "[1, 4294967296]")).find("4294967296"),
            std::string::npos);
  refused(kString, ArrayOf(arrow::int64(), "[1]"));
  refused(kInt64, ArrayOf(arrow::float64(), "[1]"));
  const auto nanos = arrow::timestamp(arrow::TimeUnit::NANO);
  EXPECT_NE(refused(kUnixTimestamp, ArrayOf(nanos, "[1000000000, 1000000001]")).find("row 1"),
            std::string::npos);
}

}  // namespace
}  // namespace featly
