// feature_store.yaml: Feast's keys, and featly's own under `featly:`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "online/store_kinds.h"

namespace featly {

/// Settings of one repository. Paths are absolute.
struct Config {
  std::string repo_path;
  std::string file;  ///< What the settings stand in, for messages.
  std::string project;
  std::string project_description;
  std::string registry_path;
  int64_t registry_cache_ttl_seconds = 600;
  std::optional<OnlineStoreSettings> online;  ///< nullopt: the repository has no online store.
  int entity_key_version = 3;
  // The featly: block.
  int64_t memory_limit_bytes = 0;  ///< 0: each work's default.
  int threads = 0;
  int64_t max_body_bytes = int64_t{64} << 20;
  int64_t max_lookup_values = 2'500'000;
  Duration idle_timeout = Duration::Seconds(30);
};

/// Reads `<repo>/feature_store.yaml` (or `file`), with $VAR and ${VAR} expanded. kConfiguration
/// with file, line and the nearest known key for an unknown or duplicate one; kNotImplemented for a
/// store or registry type that is not built yet, naming it and what is. Where no online_store is
/// named and Feast's default SQLite file lies at data/online.db, asks for the key instead of
/// guessing.
Result<Config> LoadConfig(const std::string& repo_path, const std::string& file = "");
/// The same settings as text (YAML or JSON), for callers that have no file. Nothing is expanded.
Result<Config> ParseConfig(const std::string& repo_path, std::string_view text);

}  // namespace featly
