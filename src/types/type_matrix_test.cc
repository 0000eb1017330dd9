// Every type in every case that can go wrong with values, cell by cell: type_matrix.inc says what
// is given and what comes of it, and docs/semantics.md shows it (tests/test_type_matrix.py).
#include <iostream>
#include <map>
#include <string>

#include <arrow/api.h>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "types/arrow_convert.h"
#include "types/dynamic_value.h"
#include "types/json_value.h"
#include "types/proto_value.h"
#include "types/row.h"
#include "types/test_arrays.h"
#include "types/user_type.h"

namespace featly {
namespace {

namespace json = boost::json;
using DataTypePtr = std::shared_ptr<arrow::DataType>;

constexpr std::string_view kMatrix =
#include "types/type_matrix.inc"
    ;

// "list<map<string, int32>>", as Arrow prints types but for the names of items.
class TypeParser {
 public:
  explicit TypeParser(std::string_view text) : left_(text) {}

  DataTypePtr Parse() {
    const size_t end = left_.find_first_of("<>,[(");
    const std::string name(left_.substr(0, end));
    left_.remove_prefix(std::min(end, left_.size()));
    static const std::map<std::string, DataTypePtr> kPlain = {
        {"null", arrow::null()},
        {"bool", arrow::boolean()},
        {"uint8", arrow::uint8()},
        {"int32", arrow::int32()},
        {"int64", arrow::int64()},
        {"uint64", arrow::uint64()},
        {"float", arrow::float32()},
        {"double", arrow::float64()},
        {"string", arrow::utf8()},
        {"binary", arrow::binary()},
        {"large_string", arrow::large_utf8()}};
    if (const auto plain = kPlain.find(name); plain != kPlain.end()) return plain->second;
    if (name == "timestamp") return Timestamp();
    if (name == "fixed_size_binary") return arrow::fixed_size_binary(std::stoi(Inside(']')));
    if (name == "decimal128" || name == "decimal256") {
      const std::string sizes = Inside(')');
      const int precision = std::stoi(sizes);
      const int scale = std::stoi(sizes.substr(sizes.find(',') + 1));
      return name == "decimal128" ? arrow::decimal128(precision, scale)
                                  : arrow::decimal256(precision, scale);
    }
    left_.remove_prefix(1);  // <
    if (name == "list") {
      auto item = Parse();
      left_.remove_prefix(1);
      return arrow::list(arrow::field("item", item));
    }
    if (name == "map") {
      auto key = Parse();
      left_.remove_prefix(2);
      auto value = Parse();
      left_.remove_prefix(1);
      return arrow::map(key, value);
    }
    arrow::FieldVector fields;  // a struct's
    while (true) {
      const size_t colon = left_.find(": ");
      const std::string field(left_.substr(0, colon));
      left_.remove_prefix(colon + 2);
      fields.push_back(arrow::field(field, Parse()));
      const char next = left_.front();
      left_.remove_prefix(next == ',' ? 2 : 1);
      if (next == '>') return arrow::struct_(fields);
    }
  }

 private:
  std::string Inside(char close) {
    const size_t end = left_.find(close);
    std::string inside(left_.substr(1, end - 1));
    left_.remove_prefix(end + 1);
    return inside;
  }

  DataTypePtr Timestamp() {
    const std::string inside = Inside(']');
    const size_t comma = inside.find(", ");
    const std::string unit = inside.substr(0, comma);
    const auto made = unit == "s"    ? arrow::TimeUnit::SECOND
                      : unit == "ms" ? arrow::TimeUnit::MILLI
                      : unit == "us" ? arrow::TimeUnit::MICRO
                                     : arrow::TimeUnit::NANO;
    return comma == std::string::npos ? arrow::timestamp(made)
                                      : arrow::timestamp(made, inside.substr(comma + 2));
  }

  std::string_view left_;
};

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    hex.push_back("0123456789abcdef"[static_cast<uint8_t>(c) >> 4]);
    hex.push_back("0123456789abcdef"[static_cast<uint8_t>(c) & 15]);
  }
  return hex;
}

ValueType TypeNamed(std::string_view name) {
  for (const ValueType type : AllValueTypes()) {
    if (ValueTypeName(type) == name) return type;
  }
  return ValueType::kInvalid;
}

// What becomes of the one value of `given`: {"json", "proto", "arrow"}, or {"refused"}.
Result<json::object> Walk(const std::shared_ptr<arrow::Array>& given, ValueType type,
                          const DataTypePtr& user_type) {
  ARROW_ASSIGN_OR_RAISE(auto column, CanonicalColumn(given, type, "c"));
  ARROW_ASSIGN_OR_RAISE(auto user, UserColumn(column, type, user_type, "c"));
  ARROW_ASSIGN_OR_RAISE(auto layout, RowLayout::Make(1, {{"c", type}}));
  ARROW_ASSIGN_OR_RAISE(auto encoder, RowEncoder::Make(layout, {column}));
  std::string bytes;
  ARROW_RETURN_NOT_OK(encoder.Append(0, {0, 0}, &bytes));
  const RowView row(bytes);
  ARROW_RETURN_NOT_OK(row.Validate(*layout));
  std::string text;
  AppendJsonValue(*layout, 0, row, &text);
  feast::types::Value proto;
  RowToProto(*layout, 0, row, &proto);
  ARROW_ASSIGN_OR_RAISE(auto scalar, user->GetScalar(0));
  return json::object{{"json", text},
                      {"proto", Hex(ValueBytes(proto))},
                      {"arrow", scalar->is_valid ? scalar->ToString() : "null"}};
}

json::object Found(const json::object& cell, ValueType type, const DataTypePtr& user_type) {
  const auto given =
      testing_arrays::ArrayOf(TypeParser(std::string_view(cell.at("from").as_string())).Parse(),
                              std::string_view(cell.at("given").as_string()));
  Result<json::object> found = Walk(given, type, user_type);
  return found.ok() ? *found : json::object{{"refused", found.status().message()}};
}

TEST(TypeMatrix, EveryCell) {
  int cells = 0;
  size_t types = 0;
  const json::value matrix = json::parse({kMatrix.data(), kMatrix.size()});
  for (const json::value& entry : matrix.as_array()) {
    const json::object& row = entry.as_object();
    const std::string name(row.at("type").as_string());
    const ValueType type = TypeNamed(name);
    ASSERT_EQ(static_cast<size_t>(type) > 0, true) << name;
    EXPECT_EQ(type, AllValueTypes()[types++]) << "in the order of the numbers";
    google::protobuf::Map<std::string, std::string> tags;
    if (const json::value* given = row.if_contains("tags")) {
      for (const auto& tag : given->as_object()) {
        tags[std::string(tag.key())] = std::string(tag.value().as_string());
      }
    }
    const DataTypePtr user_type = UserArrowType(type, tags).ValueOrDie();
    EXPECT_EQ(row.at("arrow").as_string(), user_type->ToString()) << name;
    for (const auto& item : row.at("cells").as_object()) {
      const json::object& cell = item.value().as_object();
      json::object wanted = cell;
      wanted.erase("from");
      wanted.erase("given");
      const json::object found = Found(cell, type, user_type);
      EXPECT_EQ(found, wanted) << "CELL " << name << " " << std::string(item.key()) << " "
                               << json::serialize(found);
      ++cells;
    }
  }
  EXPECT_EQ(types, AllValueTypes().size());
  std::cout << cells << " cells of " << types << " types\n";
}

}  // namespace
}  // namespace featly
