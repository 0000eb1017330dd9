#include "project/config.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/test_repository.h"

namespace featly {
namespace {

using testing::HasSubstr;

TEST(LoadConfigTest, DefaultsLieInTheRepository) {
  TestRepository repo;
  repo.Write("feature_store.yaml", "project: shop\n");
  Config config = LoadConfig(repo.path()).ValueOrDie();
  EXPECT_EQ(config.project, "shop");
  EXPECT_EQ(config.registry_path, repo.path() + "/data/registry.db");
  EXPECT_EQ(config.online->kind->name, "lmdb");
  EXPECT_EQ(config.online->Text("path"), repo.path() + "/data/online.lmdb");
  EXPECT_EQ(config.file, "feature_store.yaml");
  EXPECT_EQ(config.entity_key_version, 3);
  EXPECT_EQ(config.online->Bytes("map_size"), uint64_t{1} << 40);
}

TEST(LoadConfigTest, ReadsEverySetting) {
  TestRepository repo;
  repo.Write("feature_store.yaml",
             "project: shop\n"
             "project_description: all of it\n"
             "provider: local\n"
             "registry: {path: ../r.db, cache_ttl_seconds: 5}\n"
             "online_store: {type: lmdb, path: /var/online}\n"
             "offline_store: {type: file}\n"
             "entity_key_serialization_version: 2\n"
             "featly:\n"
             "  memory_limit: 2 GB\n"
             "  threads: 3\n"
             "  online: {map_size: 16GiB}\n"
             "  server: {max_body_size: 1MB, idle_timeout_seconds: 7}\n");
  Config config = LoadConfig(repo.path()).ValueOrDie();
  EXPECT_EQ(config.project_description, "all of it");
  EXPECT_EQ(config.registry_path,
            std::filesystem::path(repo.path()).parent_path().string() + "/r.db");
  EXPECT_EQ(config.registry_cache_ttl_seconds, 5);
  EXPECT_EQ(config.online->Text("path"), "/var/online");
  EXPECT_EQ(config.entity_key_version, 2);
  EXPECT_EQ(config.memory_limit_bytes, int64_t{2} << 30);
  EXPECT_EQ(config.threads, 3);
  EXPECT_EQ(config.online->Bytes("map_size"), uint64_t{16} << 30);
  EXPECT_EQ(config.max_body_bytes, 1 << 20);
  EXPECT_EQ(config.idle_timeout, Duration::Seconds(7));
}

TEST(LoadConfigTest, AProjectThatYamlTakesForANumberIsRefused) {
  TestRepository repo;
  for (const char* name : {"1", "1_000", "0x1F", "2024-01-02", "on", "False"}) {
    repo.Write("feature_store.yaml", std::string("project: ") + name + "\n");
    Status refused = LoadConfig(repo.path()).status();
    EXPECT_EQ(KindOf(refused), ErrorKind::kConfiguration) << name;
    EXPECT_THAT(refused.message(), HasSubstr(std::string("write project: \"") + name + "\""));
    EXPECT_EQ(DetailOf(refused)->line, 1);
    repo.Write("feature_store.yaml", std::string("project: \"") + name + "\"\n");
    EXPECT_EQ(LoadConfig(repo.path()).ValueOrDie().project, name);
  }
  for (const char* name : {"1a", "v1", "0xyz", "1e5", "2024-january", "yesterday"}) {
    repo.Write("feature_store.yaml", std::string("project: ") + name + "\n");
    EXPECT_EQ(LoadConfig(repo.path()).ValueOrDie().project, name);
  }
}

TEST(LoadConfigTest, ExpandsTheEnvironment) {
  TestRepository repo;
  repo.Write("feature_store.yaml", "project: ${FEATLY_TEST_PROJECT}\n");
  setenv("FEATLY_TEST_PROJECT", "from_environment", 1);
  EXPECT_EQ(LoadConfig(repo.path()).ValueOrDie().project, "from_environment");
  unsetenv("FEATLY_TEST_PROJECT");
}

TEST(LoadConfigTest, AnotherFileAndItsNameInMessages) {
  TestRepository repo;
  repo.Write("conf/other.yaml", "project: shop\nregistr: x\n");
  Status status = LoadConfig(repo.path(), repo.path() + "/conf/other.yaml").status();
  EXPECT_EQ(KindOf(status), ErrorKind::kConfiguration);
  EXPECT_THAT(FormatForPeople(status), HasSubstr("conf/other.yaml:2"));
  EXPECT_THAT(FormatForPeople(status), HasSubstr("registry"));
}

TEST(LoadConfigTest, TheOnlineStoreCanBeSwitchedOff) {
  TestRepository repo;
  repo.Write("feature_store.yaml", "project: shop\nonline_store: null\n");
  EXPECT_EQ(LoadConfig(repo.path()).ValueOrDie().online, std::nullopt);
}

TEST(LoadConfigTest, AStoreThatIsNotBuiltYetIsNoGuess) {
  TestRepository repo;
  for (const char* store : {"{type: redis}", "redis", "{type: sqlite, vector_enabled: true}"}) {
    repo.Write("feature_store.yaml", std::string("project: shop\nonline_store: ") + store + "\n");
    EXPECT_EQ(KindOf(LoadConfig(repo.path()).status()), ErrorKind::kNotImplemented) << store;
  }
}

TEST(LoadConfigTest, FeastsSqliteStore) {
  TestRepository repo;
  for (const char* store : {"sqlite", "{type: sqlite}", "{path: data/online.db}"}) {
    repo.Write("feature_store.yaml", std::string("project: shop\nonline_store: ") + store + "\n");
    Config config = LoadConfig(repo.path()).ValueOrDie();
    EXPECT_EQ(config.online->kind->name, "sqlite") << store;
    EXPECT_EQ(config.online->Text("path"), repo.path() + "/data/online.db");
    EXPECT_FALSE(config.online->Flag("enable_openai_compatible_store"));
  }
  repo.Write("feature_store.yaml",
             "project: shop\nonline_store:\n  type: sqlite\n  path: ../o.db\n"
             "  vector_enabled: false\n  enable_openai_compatible_store: true\n");
  Config config = LoadConfig(repo.path()).ValueOrDie();
  EXPECT_EQ(config.online->Text("path"),
            std::filesystem::path(repo.path()).parent_path().string() + "/o.db");
  EXPECT_TRUE(config.online->Flag("enable_openai_compatible_store"));
}

TEST(LoadConfigTest, RowsOfVersionedViewsLieElsewhere) {
  TestRepository repo;
  for (const char* versioned : {"false", "true"}) {
    repo.Write("feature_store.yaml",
               "project: shop\nregistry:\n  path: r.db\n"
               "  enable_online_feature_view_versioning: " +
                   std::string(versioned) + "\n");
    Status status = LoadConfig(repo.path()).status();
    EXPECT_EQ(status.ok(), versioned == std::string("false"));
    if (status.ok()) continue;
    EXPECT_EQ(KindOf(status), ErrorKind::kNotImplemented);
    EXPECT_THAT(FormatForPeople(status), HasSubstr("feature_store.yaml:4"));
  }
}

TEST(LoadConfigTest, KeysOfAnotherStoreAreUnknown) {
  TestRepository repo;
  for (const char* text : {"online_store: {type: sqlite, map_size: 1GB}\n",
                           "online_store: sqlite\nfeatly: {online: {map_size: 1GB}}\n",
                           "online_store: {type: lmdb, vector_enabled: false}\n"}) {
    repo.Write("feature_store.yaml", std::string("project: shop\n") + text);
    EXPECT_THAT(FormatForPeople(LoadConfig(repo.path()).status()), HasSubstr("unknown key"))
        << text;
  }
}

TEST(LoadConfigTest, OnePathForTheOnlineStore) {
  TestRepository repo;
  repo.Write("feature_store.yaml", "project: shop\nfeatly: {online: {path: here}}\n");
  EXPECT_EQ(LoadConfig(repo.path()).ValueOrDie().online->Text("path"), repo.path() + "/here");
  repo.Write("feature_store.yaml",
             "project: shop\nonline_store: {type: lmdb, path: there}\n"
             "featly: {online: {path: here}}\n");
  EXPECT_THAT(FormatForPeople(LoadConfig(repo.path()).status()), HasSubstr("twice"));
}

TEST(LoadConfigTest, SizesOutOfRange) {
  TestRepository repo;
  for (const char* size : {"0", "-1", "1.5GB", "99999999TB", "GB"}) {
    repo.Write("feature_store.yaml",
               std::string("project: shop\nfeatly: {memory_limit: ") + size + "}\n");
    EXPECT_EQ(KindOf(LoadConfig(repo.path()).status()), ErrorKind::kConfiguration) << size;
  }
}

}  // namespace
}  // namespace featly
