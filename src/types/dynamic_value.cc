#include "types/dynamic_value.h"

#include <utility>

#include <boost/json.hpp>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "types/json_depth.h"
#include "types/list_value.h"
#include "types/text_forms.h"

namespace featly {
namespace {

using feast::types::MapKey;
using feast::types::RepeatedValue;
using feast::types::Value;
namespace json = boost::json;

Error Unfit(const std::string& found, ValueType wanted) {
  const char* form = "an object";
  if (wanted == ValueType::kMapList || wanted == ValueType::kStructList) form = "a list of objects";
  if (wanted == ValueType::kValueList || wanted == ValueType::kValueSet) form = "a list of lists";
  if (wanted == ValueType::kScalarMap) form = "a list of [key, value] pairs";
  return Error(ErrorKind::kInvalid,
               "found " + found + ", wanted " + form + " (" + ValueTypeName(wanted) + ")");
}

std::string KindOfJson(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "true or false";
    case json::kind::string:
      return "text";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

Status FromJson(const json::value& value, Value* out);

Status MapFromJson(const json::object& object, feast::types::Map* out) {
  for (const auto& entry : object) {
    ARROW_RETURN_NOT_OK(FromJson(entry.value(), &(*out->mutable_val())[std::string(entry.key())]));
  }
  return Status::OK();
}

Status ItemsFromJson(const json::array& array, RepeatedValue* out) {
  for (const json::value& item : array) ARROW_RETURN_NOT_OK(FromJson(item, out->add_val()));
  return Status::OK();
}

Status FromJson(const json::value& value, Value* out) {
  switch (value.kind()) {
    case json::kind::null:
      return Status::OK();
    case json::kind::bool_:
      out->set_bool_val(value.get_bool());
      return Status::OK();
    case json::kind::int64:
      out->set_int64_val(value.get_int64());
      return Status::OK();
    case json::kind::uint64:
      return Error(ErrorKind::kInvalid, "the integer " + std::to_string(value.get_uint64()) +
                                            " is larger than 64 bits with a sign hold");
    case json::kind::double_:
      out->set_double_val(value.get_double());
      return Status::OK();
    case json::kind::string:
      out->set_string_val(std::string(value.get_string()));
      return Status::OK();
    case json::kind::object:
      return MapFromJson(value.get_object(), out->mutable_map_val());
    case json::kind::array: {
      RepeatedValue items;
      ARROW_RETURN_NOT_OK(ItemsFromJson(value.get_array(), &items));
      ListOfValues(std::move(items), out);
      return Status::OK();
    }
  }
  return Status::OK();
}

// Keys of scalar maps are numbers and booleans; of text only what is a UUID.
Status KeyFromJson(const json::value& value, MapKey* out) {
  if (value.is_bool()) {
    out->set_bool_key(value.get_bool());
  } else if (value.is_int64()) {
    out->set_int64_key(value.get_int64());
  } else if (value.is_double()) {
    out->set_double_key(value.get_double());
  } else if (const auto uuid = value.is_string() ? UuidText(std::string_view(value.get_string()))
                                                 : std::nullopt) {
    out->set_uuid_key(*uuid);
  } else {
    return Error(ErrorKind::kInvalid, "found " + KindOfJson(value) +
                                          " as a key of a SCALAR_MAP, which can be a number, true "
                                          "or false, or the text of a UUID");
  }
  return Status::OK();
}

Status ScalarMapFromJson(const json::value& value, Value* out) {
  if (!value.is_array()) return Unfit(KindOfJson(value), ValueType::kScalarMap);
  auto* map = out->mutable_scalar_map_val();
  for (const json::value& pair : value.get_array()) {
    if (!pair.is_array() || pair.get_array().size() != 2) {
      return Unfit("an item that is no pair", ValueType::kScalarMap);
    }
    auto* entry = map->add_val();
    ARROW_RETURN_NOT_OK(KeyFromJson(pair.get_array()[0], entry->mutable_key()));
    ARROW_RETURN_NOT_OK(FromJson(pair.get_array()[1], entry->mutable_value()));
  }
  return Status::OK();
}

Status MapsFromJson(const json::value& value, ValueType type, feast::types::MapList* out) {
  if (!value.is_array()) return Unfit(KindOfJson(value), type);
  for (const json::value& item : value.get_array()) {
    if (!item.is_object()) return Unfit("a list with " + KindOfJson(item), type);
    ARROW_RETURN_NOT_OK(MapFromJson(item.get_object(), out->add_val()));
  }
  return Status::OK();
}

Status NestedFromJson(const json::value& value, ValueType type, Value* out) {
  if (!value.is_array()) return Unfit(KindOfJson(value), type);
  for (const json::value& item : value.get_array()) {
    if (!item.is_array() && !item.is_null()) return Unfit("a list with " + KindOfJson(item), type);
  }
  RepeatedValue items;
  ARROW_RETURN_NOT_OK(ItemsFromJson(value.get_array(), &items));
  SetNested(type, std::move(items), out);
  return Status::OK();
}

}  // namespace

std::string ValueBytes(const Value& value) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    value.SerializeWithCachedSizes((static_cast<void>(value.ByteSizeLong()), &coded));
  }
  return bytes;
}

Status ValueFromJson(std::string_view text, ValueType type, Value* out) {
  out->Clear();
  json::error_code error;
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  const json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) {
    return Error(ErrorKind::kInvalid, "the text is not JSON: " + error.message());
  }
  if (value.is_null()) return Status::OK();
  switch (type) {
    case ValueType::kMap:
    case ValueType::kStruct:
      if (!value.is_object()) return Unfit(KindOfJson(value), type);
      return MapFromJson(value.get_object(), type == ValueType::kMap ? out->mutable_map_val()
                                                                     : out->mutable_struct_val());
    case ValueType::kMapList:
      return MapsFromJson(value, type, out->mutable_map_list_val());
    case ValueType::kStructList:
      return MapsFromJson(value, type, out->mutable_struct_list_val());
    case ValueType::kScalarMap:
      return ScalarMapFromJson(value, out);
    default:
      return NestedFromJson(value, type, out);
  }
}

bool HoldsMessage(const Value& value, ValueType type) {
  return value.val_case() == static_cast<Value::ValCase>(type);
}

}  // namespace featly
