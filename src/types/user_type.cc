#include "types/user_type.h"

#include <utility>

#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <boost/json.hpp>

#include "types/json_value.h"

namespace featly {
namespace {

using DataTypePtr = std::shared_ptr<arrow::DataType>;
namespace json = boost::json;

// Where Feast's Field keeps what a value type cannot say.
constexpr const char* kStructTag = "feast:struct_schema";
constexpr const char* kNestedTag = "feast:nested_inner_type";

Error BadType(std::string_view text) {
  return Error(ErrorKind::kInvalid, "the registry describes a type as '" + std::string(text) +
                                        "', which is none of Feast's; apply the definitions again");
}

// Feast's names of the types that are not made of others.
Result<ValueType> PrimitiveType(std::string_view name) {
  if (name == "FLOAT64") return ValueType::kDouble;
  if (name == "FLOAT32") return ValueType::kFloat;
  for (const ValueType type : AllValueTypes()) {
    const bool primitive = !IsList(type) && type != ValueType::kNull &&
                           type != ValueType::kDouble && type != ValueType::kFloat;
    if (primitive && ValueTypeName(type) == name) return type;
  }
  return BadType(name);
}

// A map's values may each have a type of their own, which no Arrow map can say: it is its JSON.
DataTypePtr UserPrimitive(ValueType type) {
  if (type == ValueType::kZonedTimestamp) return ArrowTypeOf(ValueType::kUnixTimestamp);
  return IsMessage(type) ? arrow::utf8() : ArrowTypeOf(type);
}

DataTypePtr ListType(DataTypePtr item) {
  return arrow::list(arrow::field("item", std::move(item)));
}

Result<DataTypePtr> TypeFromText(std::string_view text, int depth);

Result<DataTypePtr> StructType(const json::value& fields, std::string_view text, int depth) {
  if (!fields.is_object()) return BadType(text);
  arrow::FieldVector made;
  for (const auto& field : fields.get_object()) {
    if (!field.value().is_string()) return BadType(text);
    ARROW_ASSIGN_OR_RAISE(auto type,
                          TypeFromText(std::string_view(field.value().get_string()), depth + 1));
    made.push_back(arrow::field(std::string(field.key()), std::move(type)));
  }
  return arrow::struct_(made);
}

Result<json::value> ParseTag(std::string_view text) {
  json::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  if (error) return BadType(text);
  return value;
}

// "INT32", "Array(INT32)", "Set(Array(STRING))", {"__struct__": {"a": "INT32"}}.
Result<DataTypePtr> TypeFromText(std::string_view text, int depth) {
  constexpr int kMaxDepth = 32;
  if (depth > kMaxDepth) return BadType(text);
  for (const std::string_view opening : {"Array(", "Set("}) {
    if (!text.starts_with(opening) || !text.ends_with(')')) continue;
    const auto inner = text.substr(opening.size(), text.size() - opening.size() - 1);
    ARROW_ASSIGN_OR_RAISE(auto item, TypeFromText(inner, depth + 1));
    return ListType(std::move(item));
  }
  if (!text.starts_with('{')) {
    ARROW_ASSIGN_OR_RAISE(const ValueType type, PrimitiveType(text));
    return UserPrimitive(type);
  }
  ARROW_ASSIGN_OR_RAISE(const json::value value, ParseTag(text));
  const json::value* fields =
      value.is_object() ? value.get_object().if_contains("__struct__") : nullptr;
  if (fields == nullptr) return BadType(text);
  return StructType(*fields, text, depth);
}

Result<std::string> TextOf(const arrow::DataType& type);

// {"a": "INT32", "b": "Array(STRING)"}, as Python prints it.
Result<std::string> FieldsText(const arrow::DataType& type) {
  std::string text = "{";
  for (const auto& field : type.fields()) {
    if (text.size() > 1) text += ", ";
    AppendJsonString(field->name(), &text);
    text += ": ";
    ARROW_ASSIGN_OR_RAISE(const std::string item, TextOf(*field->type()));
    AppendJsonString(item, &text);
  }
  return text + "}";
}

// What TypeFromText reads.
Result<std::string> TextOf(const arrow::DataType& type) {
  ARROW_ASSIGN_OR_RAISE(const ValueType value_type, ValueTypeFromArrow(type));
  if (type.id() == arrow::Type::STRUCT) {
    ARROW_ASSIGN_OR_RAISE(const std::string fields, FieldsText(type));
    return "{\"__struct__\": " + fields + "}";
  }
  if (is_list_like(type.id()) && type.id() != arrow::Type::MAP) {
    ARROW_ASSIGN_OR_RAISE(const std::string item, TextOf(*type.field(0)->type()));
    return "Array(" + item + ")";
  }
  if (value_type == ValueType::kDouble) return "FLOAT64";
  if (value_type == ValueType::kFloat) return "FLOAT32";
  return ValueTypeName(value_type);
}

}  // namespace

Result<DataTypePtr> UserArrowType(ValueType type,
                                  const google::protobuf::Map<std::string, std::string>& tags) {
  switch (type) {
    case ValueType::kStruct:
    case ValueType::kStructList: {
      const auto tag = tags.find(kStructTag);
      if (tag == tags.end()) break;
      ARROW_ASSIGN_OR_RAISE(const json::value fields, ParseTag(tag->second));
      ARROW_ASSIGN_OR_RAISE(auto made, StructType(fields, tag->second, 0));
      return type == ValueType::kStruct ? made : ListType(made);
    }
    case ValueType::kValueList:
    case ValueType::kValueSet: {
      const auto tag = tags.find(kNestedTag);
      if (tag == tags.end()) break;
      return TypeFromText(tag->second, 0);
    }
    default:
      break;
  }
  return UserPrimitive(type);
}

Status DescribeType(const arrow::DataType& from, ValueType type,
                    google::protobuf::Map<std::string, std::string>* tags) {
  if (type == ValueType::kStruct || type == ValueType::kStructList) {
    const bool list = type == ValueType::kStructList;
    ARROW_ASSIGN_OR_RAISE((*tags)[kStructTag], FieldsText(list ? *from.field(0)->type() : from));
  } else if (type == ValueType::kValueList) {
    ARROW_ASSIGN_OR_RAISE((*tags)[kNestedTag], TextOf(from));
  }
  return Status::OK();
}

}  // namespace featly
