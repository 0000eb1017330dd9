#include "project/config.h"

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/byte_size.h"
#include "base/file.h"
#include "base/logging.h"
#include "base/yaml.h"

namespace featly {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kDefaultRegistry = "data/registry.db";
constexpr std::string_view kDefaultOnline = "lmdb";
constexpr std::string_view kFeastDefaultOnline = "data/online.db";

// Feast's names: which are built, and which are only known.
const std::vector<std::string> kOnlineTypes = {"lmdb",
                                               "sqlite",
                                               "redis",
                                               "dynamodb",
                                               "postgres",
                                               "mysql",
                                               "cassandra",
                                               "scylladb",
                                               "datastore",
                                               "bigtable",
                                               "snowflake.online",
                                               "hbase",
                                               "hazelcast",
                                               "elasticsearch",
                                               "milvus",
                                               "mongodb",
                                               "qdrant",
                                               "singlestore",
                                               "couchbase.online",
                                               "aerospike",
                                               "remote",
                                               "hybrid",
                                               "chronon"};
const std::vector<std::string> kOfflineTypes = {
    "file",   "dask",     "duckdb", "bigquery", "redshift",   "snowflake.offline", "spark",
    "trino",  "postgres", "athena", "mssql",    "clickhouse", "couchbase.offline", "ray",
    "oracle", "chronon",  "hybrid", "remote"};
const std::vector<std::string> kRegistryTypes = {"file", "sql", "snowflake.registry", "remote"};
const std::vector<std::string> kEngineTypes = {"local",        "snowflake.engine",  "lambda",
                                               "k8s",          "spark.engine",      "ray.engine",
                                               "flink.engine", "spark_application", "trino.engine"};
const std::vector<std::string> kAuthTypes = {"no_auth", "kubernetes", "oidc"};
const std::vector<std::string> kProviders = {"local", "gcp",     "aws",
                                             "azure", "chronon", "unity_catalog"};

/// A key's node, also where it is YAML's null; nullptr where it is missing.
const YamlNode* FindEntry(const YamlNode& map, std::string_view key) {
  for (const auto& [name, node] : map.entries()) {
    if (name == key) return &node;
  }
  return nullptr;
}

/// Refuses a type that is not among `built`: as unknown, or as known and not built yet.
Status CheckType(const YamlNode& at, std::string_view what, const std::string& type,
                 const std::vector<std::string_view>& built,
                 const std::vector<std::string>& known) {
  std::string names;
  for (std::string_view name : built) {
    if (name == type) return Status::OK();
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  for (const std::string& name : known) {
    if (name != type) continue;
    std::string message(what);
    message.append(" '").append(type).append("' is not built yet; this version has: ");
    return at.ErrorHere(message.append(names), ErrorKind::kNotImplemented).Subject(type);
  }
  return at
      .ErrorHere("there is no " + std::string(what) + " '" + type + "'; this version has: " + names)
      .Subject(type)
      .Near(NearNames(type, known));
}

Status ReadBytes(const YamlNode& block, std::string_view key, uint64_t* out) {
  const YamlNode* node = block.Find(key);
  if (!node) return Status::OK();
  std::optional<uint64_t> bytes = ParseByteSize(node->text());
  if (!bytes) {
    return node->ErrorHere("'" + std::string(key) + "' is '" + node->text() +
                           "'; a size such as 512MB or 2GB was expected");
  }
  *out = *bytes;
  return Status::OK();
}

std::string AbsolutePath(const std::string& folder, std::string_view path) {
  return (fs::path(folder) / path).lexically_normal().string();
}

/// The `type` of a block, or the whole value where it is a plain string.
Status ReadType(const YamlNode& node, std::string* type) {
  if (node.kind() == YamlNode::Kind::kScalar) {
    *type = node.text();
    return Status::OK();
  }
  return node.Get("type", type);
}

/// Fills a Config from the parsed file.
class ConfigReader {
 public:
  ConfigReader(const YamlNode& root, Config* config) : root_(root), config_(config) {}

  Status Read() {
    ARROW_RETURN_NOT_OK(root_.OnlyKeys(
        "the configuration",
        {"project", "project_description", "provider", "registry", "online_store", "offline_store",
         "batch_engine", "auth", "feature_server", "embedding_model", "flags",
         "entity_key_serialization_version", "coerce_tz_aware", "materialization", "openlineage",
         "mlflow", "data_quality_monitoring", "featly"}));
    ARROW_RETURN_NOT_OK(ReadProject());
    ARROW_RETURN_NOT_OK(ReadRegistry());
    ARROW_RETURN_NOT_OK(ReadFeatlyBlock());
    ARROW_RETURN_NOT_OK(ReadOnlineStore());
    ARROW_RETURN_NOT_OK(ReadOtherParts());
    return ReadEntityKeyVersion();
  }

 private:
  Status ReadProject() {
    ARROW_RETURN_NOT_OK(root_.Get("project", &config_->project));
    ARROW_RETURN_NOT_OK(root_.Get("project_description", &config_->project_description));
    const std::string& name = config_->project;
    if (name.empty()) {
      return root_.ErrorHere("'project' is missing: the name under which features are registered");
    }
    bool valid = name[0] != '_' && name[0] != '-';
    for (char c : name) {
      valid = valid && (std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-');
    }
    const YamlNode& node = *root_.Find("project");
    if (!valid) {
      return node.ErrorHere(
          "the project name '" + name +
          "' may have letters, digits, '_' and '-' only, and not begin with '_' or '-'");
    }
    if (!node.is_plain() || ReadsAsText(name)) return Status::OK();
    return node.ErrorHere("'project: " + name +
                          "' is no text to YAML, but a number, a date or a truth value, which "
                          "Feast refuses; write project: \"" +
                          name + "\", or choose another name");
  }

  Status ReadRegistry() {
    std::string path(kDefaultRegistry);
    if (const YamlNode* registry = root_.Find("registry")) {
      if (registry->kind() == YamlNode::Kind::kScalar) {
        path = registry->text();
      } else {
        ARROW_RETURN_NOT_OK(ReadRegistryBlock(*registry, &path));
      }
      if (size_t scheme = path.find("://"); scheme != std::string::npos) {
        // The rest is left out: a database's address holds its password.
        return registry->ErrorHere("the registry '" + path.substr(0, scheme) +
                                       "://...' is remote, which is not built yet; this version "
                                       "keeps it in a local file",
                                   ErrorKind::kNotImplemented);
      }
    }
    config_->registry_path = Absolute(path);
    return Status::OK();
  }

  Status ReadRegistryBlock(const YamlNode& registry, std::string* path) {
    ARROW_RETURN_NOT_OK(registry.OnlyKeys(
        "the registry block",
        {"registry_type", "path", "registry_store_type", "cache_ttl_seconds", "cache_mode",
         "s3_additional_kwargs", "purge_feast_metadata", "enable_online_feature_view_versioning",
         "serve_features_while_materializing", "mcp", "read_path", "sqlalchemy_config_kwargs",
         "thread_pool_executor_worker_count", "schema_mode", "cert", "is_tls", "client_cert",
         "client_key", "authority"}));
    std::string type = "file";
    ARROW_RETURN_NOT_OK(registry.Get("registry_type", &type));
    ARROW_RETURN_NOT_OK(CheckType(registry, "registry type", type, {"file"}, kRegistryTypes));
    std::string store = "FileRegistryStore";
    ARROW_RETURN_NOT_OK(registry.Get("registry_store_type", &store));
    ARROW_RETURN_NOT_OK(CheckType(
        registry, "registry store", store, {"FileRegistryStore"},
        {"S3RegistryStore", "GCSRegistryStore", "AzureRegistryStore", "HDFSRegistryStore"}));
    bool versioned = false;
    ARROW_RETURN_NOT_OK(registry.Get("enable_online_feature_view_versioning", &versioned));
    if (versioned) {
      // Feast then keeps each version's rows in a place of its own: not where featly looks.
      return registry.Find("enable_online_feature_view_versioning")
          ->ErrorHere("'enable_online_feature_view_versioning: true' is not built yet",
                      ErrorKind::kNotImplemented);
    }
    ARROW_RETURN_NOT_OK(registry.Get("path", path));
    return registry.Get("cache_ttl_seconds", &config_->registry_cache_ttl_seconds, 0);
  }

  Status ReadOnlineStore() {
    const YamlNode* own = nullptr;  // featly: online
    if (const YamlNode* featly = root_.Find("featly")) {
      ARROW_RETURN_NOT_OK(featly->Get("online", &own));
    }
    const YamlNode* node = FindEntry(root_, "online_store");
    std::string type(kDefaultOnline);
    if (node == nullptr) {
      if (own == nullptr || own->Find("path") == nullptr) {
        ARROW_RETURN_NOT_OK(CheckFeastsDefaultIsNotThere());
      }
    } else {
      // Switched off, as in Feast.
      if (node->is_null() || node->text() == "none") return Status::OK();
      type.clear();
      ARROW_RETURN_NOT_OK(ReadType(*node, &type));
      if (type.empty()) type = "sqlite";  // what a block without a type means to Feast
      std::vector<std::string_view> built;
      for (const OnlineStoreKind* kind : OnlineStoreKinds()) built.push_back(kind->name);
      ARROW_RETURN_NOT_OK(CheckType(*node, "online store", type, built, kOnlineTypes));
    }
    const OnlineStoreKind& kind = *FindOnlineStoreKind(type);
    config_->online = DefaultOnlineSettings(kind, config_->repo_path);
    std::vector<std::string_view> known;
    for (const StoreKey& key : kind.keys) known.push_back(key.name);
    if (own != nullptr) {
      ARROW_RETURN_NOT_OK(
          own->OnlyKeys("the featly: online block (online store '" + type + "')", known));
      ARROW_RETURN_NOT_OK(ReadStoreBlock(*own, nullptr));
    }
    if (node == nullptr || !node->is_map()) return Status::OK();
    known.push_back("type");
    ARROW_RETURN_NOT_OK(node->OnlyKeys("the online_store block (type '" + type + "')", known));
    return ReadStoreBlock(*node, own);
  }

  /// `other` is the block that was read before, of which no key may come again.
  Status ReadStoreBlock(const YamlNode& block, const YamlNode* other) {
    for (const StoreKey& key : config_->online->kind->keys) {
      const YamlNode* node = block.Find(key.name);
      if (node == nullptr) continue;
      if (other != nullptr && other->Find(key.name) != nullptr) {
        return block.ErrorHere("the online store's " + std::string(key.name) +
                               " is given twice: here and in the featly block; remove one");
      }
      std::string text;
      if (key.type == StoreKey::Type::kFlag) {
        bool flag = false;
        ARROW_RETURN_NOT_OK(block.Get(key.name, &flag));
        text = flag ? "true" : "false";
      } else {
        ARROW_RETURN_NOT_OK(block.Get(key.name, &text));
      }
      auto value = ParseStoreValue(key, text, config_->repo_path);
      if (!value.ok()) return node->ErrorHere(value.status().message(), KindOf(value.status()));
      config_->online->values.find(key.name)->second = *std::move(value);
    }
    return Status::OK();
  }

  Status CheckFeastsDefaultIsNotThere() {
    const std::string feasts = Absolute(std::string(kFeastDefaultOnline));
    ARROW_ASSIGN_OR_RAISE(auto found, Fingerprint(feasts));
    if (!found) return Status::OK();
    return root_.ErrorHere("no online_store is named, and Feast's default store lies at '" +
                           feasts +
                           "'; say which to use: 'online_store: {type: sqlite}' reads and writes "
                           "Feast's, 'online_store: {type: lmdb}' begins with featly's own, empty, "
                           "store");
  }

  /// The parts of which there is one kind in this version.
  Status ReadOtherParts() {
    std::string provider = "local";
    ARROW_RETURN_NOT_OK(root_.Get("provider", &provider));
    if (const YamlNode* node = root_.Find("provider")) {
      // Feast's cloud providers are the local one under another name.
      ARROW_RETURN_NOT_OK(
          CheckType(*node, "provider", provider, {"local", "gcp", "aws", "azure"}, kProviders));
    }
    if (const YamlNode* node = root_.Find("offline_store")) {
      std::string type = "dask";
      ARROW_RETURN_NOT_OK(ReadType(*node, &type));
      ARROW_RETURN_NOT_OK(
          CheckType(*node, "offline store", type, {"file", "dask", "duckdb"}, kOfflineTypes));
    }
    if (const YamlNode* node = root_.Find("batch_engine")) {
      std::string type = "local";
      ARROW_RETURN_NOT_OK(ReadType(*node, &type));
      ARROW_RETURN_NOT_OK(CheckType(*node, "batch engine", type, {"local"}, kEngineTypes));
    }
    if (const YamlNode* node = root_.Find("auth")) {
      std::string type = "no_auth";
      ARROW_RETURN_NOT_OK(ReadType(*node, &type));
      ARROW_RETURN_NOT_OK(CheckType(*node, "auth type", type, {"no_auth"}, kAuthTypes));
    }
    return WarnOfUnusedParts();
  }

  /// Feast's parts that this version does not have: said where they are switched on.
  Status WarnOfUnusedParts() {
    for (std::string_view key : {"feature_server", "openlineage", "mlflow"}) {
      const YamlNode* node = root_.Find(key);
      if (!node || !node->is_map()) continue;
      bool enabled = false;
      ARROW_RETURN_NOT_OK(node->Get("enabled", &enabled));
      if (!enabled) continue;
      Log(LogLevel::kWarning, config_->file + ":" + std::to_string(node->line()) + ": '" +
                                  std::string(key) + "' is enabled, but not used by this version");
    }
    return Status::OK();
  }

  Status ReadEntityKeyVersion() {
    int64_t version = config_->entity_key_version;
    ARROW_RETURN_NOT_OK(root_.Get("entity_key_serialization_version", &version));
    if (version != 2 && version != 3) {
      return root_.Find("entity_key_serialization_version")
          ->ErrorHere("entity_key_serialization_version is " + std::to_string(version) +
                      "; this version writes 3 and 2");
    }
    config_->entity_key_version = static_cast<int>(version);
    return Status::OK();
  }

  Status ReadFeatlyBlock() {
    const YamlNode* block = nullptr;
    ARROW_RETURN_NOT_OK(root_.Get("featly", &block));
    if (!block) return Status::OK();
    ARROW_RETURN_NOT_OK(
        block->OnlyKeys("the featly block", {"online", "memory_limit", "threads", "server"}));
    uint64_t memory = 0;
    ARROW_RETURN_NOT_OK(ReadBytes(*block, "memory_limit", &memory));
    config_->memory_limit_bytes = static_cast<int64_t>(memory);
    int64_t threads = 0;
    ARROW_RETURN_NOT_OK(block->Get("threads", &threads, 1, 1024));
    config_->threads = static_cast<int>(threads);

    const YamlNode* server = nullptr;
    ARROW_RETURN_NOT_OK(block->Get("server", &server));
    if (!server) return Status::OK();
    ARROW_RETURN_NOT_OK(
        server->OnlyKeys("the featly: server block",
                         {"max_body_size", "max_lookup_values", "idle_timeout_seconds"}));
    uint64_t body = static_cast<uint64_t>(config_->max_body_bytes);
    ARROW_RETURN_NOT_OK(ReadBytes(*server, "max_body_size", &body));
    config_->max_body_bytes = static_cast<int64_t>(body);
    ARROW_RETURN_NOT_OK(
        server->Get("max_lookup_values", &config_->max_lookup_values, 1, int64_t{1} << 40));
    int64_t idle = config_->idle_timeout.micros / 1000000;
    ARROW_RETURN_NOT_OK(server->Get("idle_timeout_seconds", &idle, 1, 86400));
    config_->idle_timeout = Duration::Seconds(idle);
    return Status::OK();
  }

  std::string Absolute(const std::string& path) const {
    return AbsolutePath(config_->repo_path, path);
  }

  const YamlNode& root_;
  Config* config_;
};

/// Defaults for a repository in this folder.
Result<Config> ConfigIn(const std::string& repo_path) {
  Config config;
  std::error_code error;
  fs::path repo = fs::absolute(repo_path, error);
  if (error) return ErrnoError(error.value(), "the folder '" + repo_path + "'");
  config.repo_path = repo.lexically_normal().string();
  while (config.repo_path.size() > 1 && config.repo_path.ends_with('/'))
    config.repo_path.pop_back();
  return config;
}

}  // namespace

Result<Config> LoadConfig(const std::string& repo_path, const std::string& file) {
  ARROW_ASSIGN_OR_RAISE(Config config, ConfigIn(repo_path));
  std::error_code error;
  const char* from_environment = std::getenv("FEAST_FS_YAML_FILE_PATH");
  fs::path path = fs::path(config.repo_path) / "feature_store.yaml";
  if (!file.empty()) {
    path = fs::absolute(file, error);
  } else if (from_environment && *from_environment) {
    path = fs::absolute(from_environment, error);
  }
  if (error) return ErrnoError(error.value(), "the configuration file '" + file + "'");
  ARROW_ASSIGN_OR_RAISE(auto found, Fingerprint(path));
  if (!found) {
    return Error(ErrorKind::kConfiguration,
                 "there is no '" + path.string() +
                     "': run featly in the folder of a feature repository, name it with "
                     "-c/--chdir, or make one with 'featly init NAME'");
  }
  fs::path shown = path.lexically_relative(config.repo_path);
  config.file = shown.empty() || *shown.begin() == ".." ? path.string() : shown.string();
  ARROW_ASSIGN_OR_RAISE(YamlNode root, YamlNode::ReadFile(path, config.file));
  ARROW_RETURN_NOT_OK(ConfigReader(root, &config).Read());
  return config;
}

Result<Config> ParseConfig(const std::string& repo_path, std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(Config config, ConfigIn(repo_path));
  config.file = "RepoConfig";
  ARROW_ASSIGN_OR_RAISE(YamlNode root, YamlNode::Parse(text, config.file));
  ARROW_RETURN_NOT_OK(ConfigReader(root, &config).Read());
  return config;
}

}  // namespace featly
