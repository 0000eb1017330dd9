// AppendValueJson of dynamic_value.h.
#include <algorithm>
#include <string>
#include <vector>

#include "types/dynamic_value.h"
#include "types/exact.h"
#include "types/json_value.h"
#include "types/list_value.h"
#include "types/zoned_time.h"

namespace featly {
namespace {

using feast::types::Value;

// `append(item)` for each, between brackets and commas.
template <typename Items, typename Append>
void AppendEach(const Items& items, char open, char close, std::string* out, Append append) {
  out->push_back(open);
  bool first = true;
  for (const auto& item : items) {
    if (!first) out->push_back(',');
    first = false;
    append(item);
  }
  out->push_back(close);
}

// Entries in the order of their keys, so that equal maps print alike.
void AppendMap(const feast::types::Map& map, std::string* out) {
  std::vector<const std::string*> keys;
  keys.reserve(static_cast<size_t>(map.val_size()));
  for (const auto& entry : map.val()) keys.push_back(&entry.first);
  std::sort(keys.begin(), keys.end(), [](auto* a, auto* b) { return *a < *b; });
  AppendEach(keys, '{', '}', out, [&](const std::string* key) {
    AppendJsonString(*key, out);
    out->push_back(':');
    AppendValueJson(map.val().at(*key), out);
  });
}

void AppendKey(const feast::types::MapKey& key, std::string* out) {
  using feast::types::MapKey;
  switch (key.key_case()) {
    case MapKey::kInt32Key:
      return AppendJsonInt(key.int32_key(), out);
    case MapKey::kInt64Key:
      return AppendJsonInt(key.int64_key(), out);
    case MapKey::kUnixTimestampKey:
      return AppendJsonInt(key.unix_timestamp_key(), out);
    case MapKey::kFloatKey:
      return AppendJsonDouble(key.float_key(), out);
    case MapKey::kDoubleKey:
      return AppendJsonDouble(key.double_key(), out);
    case MapKey::kBoolKey:
      out->append(key.bool_key() ? "true" : "false");
      return;
    case MapKey::kBytesKey:
      return AppendJsonBase64(key.bytes_key(), out);
    case MapKey::kUuidKey:
      return AppendJsonString(key.uuid_key(), out);
    case MapKey::kTimeUuidKey:
      return AppendJsonString(key.time_uuid_key(), out);
    case MapKey::kDecimalKey:
      return AppendJsonString(key.decimal_key(), out);
    default:
      out->append("null");
  }
}

void AppendZoned(const feast::types::ZonedTimestamp& time, std::string* out) {
  const auto micros = SecondsToMicros(time.unix_timestamp());
  if (!micros) {  // "not a time" among them
    out->append("null");
    return;
  }
  out->push_back('"');
  AppendZonedTime({*micros, time.zone()}, out);
  out->push_back('"');
}

}  // namespace

void AppendMessageJson(std::string_view bytes, std::string* out) {
  Value value;
  if (!value.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) value.Clear();
  AppendValueJson(value, out);
}

void AppendValueJson(const Value& value, std::string* out) {
  auto append_map = [out](const feast::types::Map& map) { AppendMap(map, out); };
  switch (value.val_case()) {
    case Value::VAL_NOT_SET:
    case Value::kNullVal:
      out->append("null");
      return;
    case Value::kBytesVal:
      return AppendJsonBase64(value.bytes_val(), out);
    case Value::kStringVal:
      return AppendJsonString(value.string_val(), out);
    case Value::kJsonVal:
      return AppendJsonString(value.json_val(), out);
    case Value::kUuidVal:
      return AppendJsonString(value.uuid_val(), out);
    case Value::kTimeUuidVal:
      return AppendJsonString(value.time_uuid_val(), out);
    case Value::kDecimalVal:
      return AppendJsonString(value.decimal_val(), out);
    case Value::kInt32Val:
      return AppendJsonInt(value.int32_val(), out);
    case Value::kInt64Val:
      return AppendJsonInt(value.int64_val(), out);
    case Value::kUnixTimestampVal:
      return AppendJsonInt(value.unix_timestamp_val(), out);
    case Value::kDoubleVal:
      return AppendJsonDouble(value.double_val(), out);
    case Value::kFloatVal:
      return AppendJsonDouble(value.float_val(), out);
    case Value::kBoolVal:
      out->append(value.bool_val() ? "true" : "false");
      return;
    case Value::kZonedTimestampVal:
      return AppendZoned(value.zoned_timestamp_val(), out);
    case Value::kMapVal:
      return AppendMap(value.map_val(), out);
    case Value::kStructVal:
      return AppendMap(value.struct_val(), out);
    case Value::kMapListVal:
      return AppendEach(value.map_list_val().val(), '[', ']', out, append_map);
    case Value::kStructListVal:
      return AppendEach(value.struct_list_val().val(), '[', ']', out, append_map);
    case Value::kScalarMapVal:
      return AppendEach(value.scalar_map_val().val(), '[', ']', out, [out](const auto& entry) {
        out->push_back('[');
        AppendKey(entry.key(), out);
        out->push_back(',');
        AppendValueJson(entry.value(), out);
        out->push_back(']');
      });
    default:
      return AppendEach(ItemsOf(value).val(), '[', ']', out,
                        [out](const Value& item) { AppendValueJson(item, out); });
  }
}

}  // namespace featly
