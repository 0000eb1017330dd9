#include "online/store_kinds.h"

#include <filesystem>
#include <optional>

#include "base/byte_size.h"

namespace featly {

extern const OnlineStoreKind kLmdbKind;
extern const OnlineStoreKind kSqliteKind;

std::span<const OnlineStoreKind* const> OnlineStoreKinds() {
  static const OnlineStoreKind* const kinds[] = {
      &kLmdbKind,
      &kSqliteKind,
  };
  return kinds;
}

const OnlineStoreKind* FindOnlineStoreKind(std::string_view name) {
  for (const OnlineStoreKind* kind : OnlineStoreKinds()) {
    if (kind->name == name) return kind;
  }
  return nullptr;
}

Result<StoreValue> ParseStoreValue(const StoreKey& key, const std::string& text,
                                   const std::string& folder) {
  const std::string name(key.name);
  auto expected = [&](const char* what) {
    return Error(ErrorKind::kConfiguration,
                 "'" + name + "' is '" + text + "'; " + what + " was expected")
        .Subject(name);
  };
  if (!key.not_built.empty() && text == key.not_built) {
    return Error(ErrorKind::kNotImplemented, "'" + name + ": " + text + "' is not built yet")
        .Subject(name);
  }
  switch (key.type) {
    case StoreKey::Type::kPath:
      if (text.empty()) return expected("a path");
      return (std::filesystem::path(folder) / text).lexically_normal().string();
    case StoreKey::Type::kBytes:
      if (std::optional<uint64_t> bytes = ParseByteSize(text)) return *bytes;
      return expected("a size such as 512MB or 2GB");
    case StoreKey::Type::kFlag:
      if (text != "true" && text != "false") return expected("true or false");
      return text == "true";
    case StoreKey::Type::kText:
      break;
  }
  return text;
}

OnlineStoreSettings DefaultOnlineSettings(const OnlineStoreKind& kind, const std::string& folder) {
  OnlineStoreSettings settings{&kind, {}};
  for (const StoreKey& key : kind.keys) {
    // A kind's own fallback is a value of its key, as the tests of the configuration see.
    settings.values.emplace(key.name,
                            ParseStoreValue(key, std::string(key.fallback), folder).ValueOrDie());
  }
  return settings;
}

Result<std::shared_ptr<OnlineStore>> OpenOnlineStore(const OnlineStoreSettings& settings) {
  return settings.kind->open(settings);
}

const std::string& OnlineStoreSettings::Text(std::string_view key) const {
  return std::get<std::string>(values.find(key)->second);
}
uint64_t OnlineStoreSettings::Bytes(std::string_view key) const {
  return std::get<uint64_t>(values.find(key)->second);
}
bool OnlineStoreSettings::Flag(std::string_view key) const {
  return std::get<bool>(values.find(key)->second);
}

std::string OnlineStoreSettings::LocalPath() const {
  for (const StoreKey& key : kind->keys) {
    if (key.type == StoreKey::Type::kPath) return Text(key.name);
  }
  return "";
}

}  // namespace featly
