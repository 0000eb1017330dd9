#include "project/config_json.h"

#include <optional>

#include "types/json_value.h"

namespace featly {

namespace {

void AppendText(const char* before, const std::string& text, std::string* json) {
  *json += before;
  AppendJsonString(text, json);
}

void AppendStore(const std::optional<OnlineStoreSettings>& store, std::string* json) {
  if (!store) {
    *json += "null";
    return;
  }
  AppendText("{\"type\": ", std::string(store->kind->name), json);
  for (const StoreKey& key : store->kind->keys) {
    const std::string before = ", \"" + std::string(key.name) + "\": ";
    switch (key.type) {
      case StoreKey::Type::kBytes:
        *json += before + std::to_string(store->Bytes(key.name));
        break;
      case StoreKey::Type::kFlag:
        *json += before + (store->Flag(key.name) ? "true" : "false");
        break;
      default:
        AppendText(before.c_str(), store->Text(key.name), json);
    }
  }
  *json += '}';
}

}  // namespace

std::string ConfigAsJson(const Config& config) {
  std::string json = "{\n";
  AppendText("  \"project\": ", config.project, &json);
  if (!config.project_description.empty()) {
    AppendText(",\n  \"project_description\": ", config.project_description, &json);
  }
  AppendText(",\n  \"registry\": {\"path\": ", config.registry_path, &json);
  json += ", \"cache_ttl_seconds\": " + std::to_string(config.registry_cache_ttl_seconds) + "}";
  json += ",\n  \"online_store\": ";
  AppendStore(config.online, &json);
  json += ",\n  \"entity_key_serialization_version\": " + std::to_string(config.entity_key_version);
  json += ",\n  \"featly\": {";
  // Where they are not set, each work has its own default.
  if (config.memory_limit_bytes != 0) {
    json += "\"memory_limit\": " + std::to_string(config.memory_limit_bytes) + ", ";
  }
  if (config.threads != 0) json += "\"threads\": " + std::to_string(config.threads) + ", ";
  json += "\"server\": {\"max_body_size\": " + std::to_string(config.max_body_bytes) +
          ", \"max_lookup_values\": " + std::to_string(config.max_lookup_values) +
          ", \"idle_timeout_seconds\": " + std::to_string(config.idle_timeout.micros / 1000000) +
          "}}\n}\n";
  return json;
}

}  // namespace featly
