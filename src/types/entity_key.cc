#include "types/entity_key.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "types/entity_key_internal.h"

namespace featly {
namespace {

// More would let a first byte of 0xFF into version 3, which marks hashed keys in LMDB.
constexpr size_t kMaxKeys = 254;

// The key of views without entities, as Feast writes it: one text key with an empty value.
constexpr std::string_view kDummyName = "__dummy_id";

void AppendU32(uint32_t value, std::string* out) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out->append(bytes, sizeof(bytes));
}

uint32_t ReadU32(std::string_view bytes) {
  uint32_t value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

bool IsBytes(ValueType type) { return type == ValueType::kString || type == ValueType::kBytes; }

Error Corrupt(std::string why) {
  return Error(ErrorKind::kCorrupt, "entity key bytes are not of this view: " + std::move(why));
}

}  // namespace

Result<EntityKeyCodec> EntityKeyCodec::Make(std::vector<JoinKey> keys, int version) {
  if (version != 2 && version != 3) {
    return Error(ErrorKind::kInvalid, "entity_key_serialization_version " +
                                          std::to_string(version) +
                                          " is not supported: use 3, or 2 for stores that hold "
                                          "such keys");
  }
  if (keys.size() > kMaxKeys) {
    return Error(ErrorKind::kInvalid, "a view can have at most " + std::to_string(kMaxKeys) +
                                          " join keys, found " + std::to_string(keys.size()));
  }
  std::sort(keys.begin(), keys.end(),
            [](const JoinKey& a, const JoinKey& b) { return a.name < b.name; });
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i > 0 && keys[i].name == keys[i - 1].name) {
      return Error(ErrorKind::kInvalid, "join key '" + keys[i].name + "' is given twice")
          .Subject(keys[i].name);
    }
    if (!IsKeyType(keys[i].type)) {
      return Error(ErrorKind::kInvalid,
                   "join key '" + keys[i].name + "' has type " + ValueTypeName(keys[i].type) +
                       ": a join key is INT32, INT64, STRING, BYTES or UNIX_TIMESTAMP")
          .Subject(keys[i].name);
    }
  }

  EntityKeyCodec codec;
  codec.version_ = version;
  auto append_name = [&codec](std::string_view name) {
    AppendU32(static_cast<uint32_t>(ValueType::kString), &codec.prefix_);
    if (codec.version_ == 3) AppendU32(static_cast<uint32_t>(name.size()), &codec.prefix_);
    codec.prefix_.append(name);
  };
  if (version == 3) AppendU32(std::max<uint32_t>(1, keys.size()), &codec.prefix_);
  for (const JoinKey& key : keys) append_name(key.name);
  if (keys.empty()) {
    append_name(kDummyName);
    internal::AppendKeyBytes(ValueType::kString, {}, &codec.prefix_);
  }
  codec.keys_ = std::move(keys);
  return codec;
}

void EntityKeyCodec::Append(std::span<const KeyValue> values, std::string* out) const {
  out->append(prefix_);
  for (size_t i = 0; i < keys_.size(); ++i) {
    const ValueType type = keys_[i].type;
    if (IsBytes(type)) {
      internal::AppendKeyBytes(type, values[i].bytes, out);
    } else if (type == ValueType::kInt32) {
      internal::AppendKeyInteger(type, static_cast<int32_t>(values[i].integer), out);
    } else {
      internal::AppendKeyInteger(type, values[i].integer, out);
    }
  }
}

Result<std::vector<KeyValue>> EntityKeyCodec::Decode(std::string_view bytes) const {
  if (!bytes.starts_with(prefix_)) return Corrupt("the join key names differ");
  bytes.remove_prefix(prefix_.size());
  std::vector<KeyValue> values(keys_.size());
  for (size_t i = 0; i < keys_.size(); ++i) {
    const JoinKey& key = keys_[i];
    if (bytes.size() < 8) return Corrupt("they end before the value of '" + key.name + "'");
    const uint32_t code = ReadU32(bytes);
    const uint32_t size = ReadU32(bytes.substr(4));
    bytes.remove_prefix(8);
    if (code != static_cast<uint32_t>(key.type)) {
      return Corrupt("'" + key.name + "' is " + ValueTypeName(key.type) + " and the bytes hold " +
                     ValueTypeName(static_cast<int>(code)));
    }
    const uint32_t width = key.type == ValueType::kInt32 ? 4 : 8;
    if (size > bytes.size() || (!IsBytes(key.type) && size != width)) {
      return Corrupt("the value of '" + key.name + "' has length " + std::to_string(size) + ", " +
                     std::to_string(bytes.size()) + " bytes are left");
    }
    if (IsBytes(key.type)) {
      values[i].bytes = bytes.substr(0, size);
    } else if (key.type == ValueType::kInt32) {
      values[i].integer = static_cast<int32_t>(ReadU32(bytes));
    } else {
      std::memcpy(&values[i].integer, bytes.data(), sizeof(int64_t));
    }
    bytes.remove_prefix(size);
  }
  if (!bytes.empty()) return Corrupt(std::to_string(bytes.size()) + " bytes follow the last value");
  return values;
}

}  // namespace featly
