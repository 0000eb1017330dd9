#include "types/list_value.h"

#include <set>
#include <string>
#include <utility>

#include "types/dynamic_value.h"

namespace featly {
namespace {

using feast::types::RepeatedValue;
using feast::types::Value;

// The member that all items have; VAL_NOT_SET where they differ or are null. Whole numbers among
// doubles count as doubles.
Value::ValCase CommonCase(const RepeatedValue& items) {
  Value::ValCase common = Value::VAL_NOT_SET;
  for (const Value& item : items.val()) {
    Value::ValCase found = item.val_case();
    if (found == Value::VAL_NOT_SET) return found;
    if (common == Value::VAL_NOT_SET || common == found) {
      common = found;
      continue;
    }
    const bool numbers = (common == Value::kInt64Val || common == Value::kDoubleVal) &&
                         (found == Value::kInt64Val || found == Value::kDoubleVal);
    if (!numbers) return Value::VAL_NOT_SET;
    common = Value::kDoubleVal;
  }
  return common;
}

bool StayExact(const RepeatedValue& items) {
  for (const Value& item : items.val()) {
    if (item.has_int64_val() &&
        (item.int64_val() > (int64_t{1} << 53) || item.int64_val() < -(int64_t{1} << 53))) {
      return false;
    }
  }
  return true;
}

double AsDouble(const Value& item) {
  return item.has_int64_val() ? static_cast<double>(item.int64_val()) : item.double_val();
}

template <typename List, typename Set>
void Expand(const List& list, Set set, RepeatedValue* out) {
  out->mutable_val()->Reserve(list.val_size());
  for (const auto& item : list.val()) set(item, out->add_val());
}

}  // namespace

void ListOfValues(RepeatedValue items, Value* out) {
  auto fill = [&items](auto* list, auto get) {
    list->mutable_val()->Reserve(items.val_size());
    for (Value& item : *items.mutable_val()) get(item, list);
  };
  switch (CommonCase(items)) {
    case Value::kBytesVal:
      return fill(out->mutable_bytes_list_val(),
                  [](Value& v, auto* l) { l->add_val(std::move(*v.mutable_bytes_val())); });
    case Value::kStringVal:
      return fill(out->mutable_string_list_val(),
                  [](Value& v, auto* l) { l->add_val(std::move(*v.mutable_string_val())); });
    case Value::kInt32Val:
      return fill(out->mutable_int32_list_val(),
                  [](Value& v, auto* l) { l->add_val(v.int32_val()); });
    case Value::kInt64Val:
      return fill(out->mutable_int64_list_val(),
                  [](Value& v, auto* l) { l->add_val(v.int64_val()); });
    case Value::kDoubleVal:
      if (!StayExact(items)) break;
      return fill(out->mutable_double_list_val(),
                  [](Value& v, auto* l) { l->add_val(AsDouble(v)); });
    case Value::kFloatVal:
      return fill(out->mutable_float_list_val(),
                  [](Value& v, auto* l) { l->add_val(v.float_val()); });
    case Value::kBoolVal:
      return fill(out->mutable_bool_list_val(),
                  [](Value& v, auto* l) { l->add_val(v.bool_val()); });
    case Value::kUnixTimestampVal:
      return fill(out->mutable_unix_timestamp_list_val(),
                  [](Value& v, auto* l) { l->add_val(v.unix_timestamp_val()); });
    case Value::kDecimalVal:
      return fill(out->mutable_decimal_list_val(),
                  [](Value& v, auto* l) { l->add_val(std::move(*v.mutable_decimal_val())); });
    case Value::kUuidVal:
      return fill(out->mutable_uuid_list_val(),
                  [](Value& v, auto* l) { l->add_val(std::move(*v.mutable_uuid_val())); });
    case Value::kMapVal:
      return fill(out->mutable_map_list_val(),
                  [](Value& v, auto* l) { *l->add_val() = std::move(*v.mutable_map_val()); });
    default:
      break;
  }
  *out->mutable_list_val() = std::move(items);
}

RepeatedValue ItemsOf(const Value& list) {
  RepeatedValue out;
  auto texts = [&out](const auto& from, void (*set)(const std::string&, Value*)) {
    Expand(from, set, &out);
  };
  auto bytes = [](const std::string& v, Value* o) { o->set_bytes_val(v); };
  auto string = [](const std::string& v, Value* o) { o->set_string_val(v); };
  auto uuid = [](const std::string& v, Value* o) { o->set_uuid_val(v); };
  auto time_uuid = [](const std::string& v, Value* o) { o->set_time_uuid_val(v); };
  auto decimal = [](const std::string& v, Value* o) { o->set_decimal_val(v); };
  auto json = [](const std::string& v, Value* o) { o->set_json_val(v); };
  auto int32 = [](int32_t v, Value* o) { o->set_int32_val(v); };
  auto int64 = [](int64_t v, Value* o) { o->set_int64_val(v); };
  auto number = [](double v, Value* o) { o->set_double_val(v); };
  auto narrow = [](float v, Value* o) { o->set_float_val(v); };
  auto boolean = [](bool v, Value* o) { o->set_bool_val(v); };
  auto time = [](int64_t v, Value* o) { o->set_unix_timestamp_val(v); };
  auto map = [](const feast::types::Map& v, Value* o) { *o->mutable_map_val() = v; };
  switch (list.val_case()) {
    case Value::kBytesListVal:
      texts(list.bytes_list_val(), bytes);
      break;
    case Value::kBytesSetVal:
      texts(list.bytes_set_val(), bytes);
      break;
    case Value::kStringListVal:
      texts(list.string_list_val(), string);
      break;
    case Value::kStringSetVal:
      texts(list.string_set_val(), string);
      break;
    case Value::kUuidListVal:
      texts(list.uuid_list_val(), uuid);
      break;
    case Value::kUuidSetVal:
      texts(list.uuid_set_val(), uuid);
      break;
    case Value::kTimeUuidListVal:
      texts(list.time_uuid_list_val(), time_uuid);
      break;
    case Value::kTimeUuidSetVal:
      texts(list.time_uuid_set_val(), time_uuid);
      break;
    case Value::kDecimalListVal:
      texts(list.decimal_list_val(), decimal);
      break;
    case Value::kDecimalSetVal:
      texts(list.decimal_set_val(), decimal);
      break;
    case Value::kJsonListVal:
      texts(list.json_list_val(), json);
      break;
    case Value::kInt32ListVal:
      Expand(list.int32_list_val(), int32, &out);
      break;
    case Value::kInt32SetVal:
      Expand(list.int32_set_val(), int32, &out);
      break;
    case Value::kInt64ListVal:
      Expand(list.int64_list_val(), int64, &out);
      break;
    case Value::kInt64SetVal:
      Expand(list.int64_set_val(), int64, &out);
      break;
    case Value::kDoubleListVal:
      Expand(list.double_list_val(), number, &out);
      break;
    case Value::kDoubleSetVal:
      Expand(list.double_set_val(), number, &out);
      break;
    case Value::kFloatListVal:
      Expand(list.float_list_val(), narrow, &out);
      break;
    case Value::kFloatSetVal:
      Expand(list.float_set_val(), narrow, &out);
      break;
    case Value::kBoolListVal:
      Expand(list.bool_list_val(), boolean, &out);
      break;
    case Value::kBoolSetVal:
      Expand(list.bool_set_val(), boolean, &out);
      break;
    case Value::kUnixTimestampListVal:
      Expand(list.unix_timestamp_list_val(), time, &out);
      break;
    case Value::kUnixTimestampSetVal:
      Expand(list.unix_timestamp_set_val(), time, &out);
      break;
    case Value::kMapListVal:
      Expand(list.map_list_val(), map, &out);
      break;
    case Value::kStructListVal:
      Expand(list.struct_list_val(), map, &out);
      break;
    case Value::kSetVal:
      return list.set_val();
    default:
      return list.list_val();
  }
  return out;
}

void SetNested(ValueType type, RepeatedValue items, Value* out) {
  if (type == ValueType::kValueList) {
    *out->mutable_list_val() = std::move(items);
    return;
  }
  std::set<std::string> seen;
  RepeatedValue* set = out->mutable_set_val();
  for (Value& item : *items.mutable_val()) {
    if (item.val_case() == Value::VAL_NOT_SET || !seen.insert(ValueBytes(item)).second) continue;
    *set->add_val() = std::move(item);
  }
}

}  // namespace featly
