// The kinds of online store: what feature_store.yaml may say of each, and how it is opened.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "online/online_store.h"

namespace featly {

/// A key of a store's block.
struct StoreKey {
  enum class Type : uint8_t {
    kPath,   ///< Relative to the repository.
    kBytes,  ///< A size such as 2GB.
    kFlag,
    kText,
  };
  std::string_view name;
  Type type;
  std::string_view fallback;   ///< As it would stand in the file.
  std::string_view not_built;  ///< A value of Feast's that this version does not have; "": none.
};

/// A key's value, by its type: text and paths, bytes, flags.
using StoreValue = std::variant<std::string, uint64_t, bool>;

/// What `text` says for `key`; paths relative to `folder`. kConfiguration naming key, text and what
/// was expected; kNotImplemented for a value of Feast's that is not built.
Result<StoreValue> ParseStoreValue(const StoreKey& key, const std::string& text,
                                   const std::string& folder);

struct OnlineStoreSettings;

/// A kind of store. One constant each, in the store's own file.
struct OnlineStoreKind {
  std::string_view name;  ///< The `type` in feature_store.yaml.
  std::span<const StoreKey> keys;
  Result<std::shared_ptr<OnlineStore>> (*open)(const OnlineStoreSettings&);
};

/// What a repository says of its online store: a value for each key of its kind, paths absolute.
struct OnlineStoreSettings {
  const OnlineStoreKind* kind = nullptr;
  std::map<std::string, StoreValue, std::less<>> values;

  // The value of a key of this type. REQUIRES: the kind has it.
  const std::string& Text(std::string_view key) const;
  uint64_t Bytes(std::string_view key) const;
  bool Flag(std::string_view key) const;
  /// The file or folder of a store that lies on this machine; "" for others.
  std::string LocalPath() const;

  bool operator==(const OnlineStoreSettings&) const = default;
};

/// What holds where the repository in `folder` gives no key.
OnlineStoreSettings DefaultOnlineSettings(const OnlineStoreKind& kind, const std::string& folder);

/// All kinds, in the order in which messages name them. A store is added by its line in
/// store_kinds.cc.
std::span<const OnlineStoreKind* const> OnlineStoreKinds();
/// Null for a name no kind has.
const OnlineStoreKind* FindOnlineStoreKind(std::string_view name);

/// The store of these settings, opened.
Result<std::shared_ptr<OnlineStore>> OpenOnlineStore(const OnlineStoreSettings& settings);

}  // namespace featly
