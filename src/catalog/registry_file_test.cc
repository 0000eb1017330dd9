#include "catalog/registry_file.h"

#include <filesystem>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace featly {
namespace {

using feast::core::Registry;
using testing::HasSubstr;

std::function<Status(Registry*)> AddEntity(std::string name) {
  return [name = std::move(name)](Registry* registry) {
    feast::core::Entity* entity = registry->add_entities();
    entity->mutable_spec()->set_name(name);
    entity->mutable_spec()->set_project("p");
    return Status::OK();
  };
}

TEST(RegistryFileTest, IsEmptyWhereNothingWasApplied) {
  TestFolder folder;
  RegistryFile store(folder.File("data/registry.db"));
  auto snapshot = store.Load();
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ((*snapshot)->proto().ByteSizeLong(), 0u);
  EXPECT_FALSE(std::filesystem::exists(folder.File("data")));
  EXPECT_TRUE(store.RemoveIf([](const Registry&) { return true; }).ok());
  EXPECT_FALSE(std::filesystem::exists(folder.File("data")));
}

TEST(RegistryFileTest, CommitsAreSeenByOthers) {
  TestFolder folder;
  RegistryFile store(folder.File("data/registry.db"));
  RegistryFile other(folder.File("data/registry.db"));
  auto committed = store.Commit(AddEntity("zone"));
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_EQ((*committed)->proto().registry_schema_version(), "1");
  EXPECT_FALSE((*committed)->version().empty());
  EXPECT_NE((*(*other.Load())).Find(ObjectKind::kEntity, "p", "zone"), nullptr);
  for (int i = 0; i < 20; ++i) {
    std::string name = "entity" + std::to_string(i);
    ASSERT_TRUE(store.Commit(AddEntity(name)).ok());
    EXPECT_NE((*(*other.Load())).Find(ObjectKind::kEntity, "p", name), nullptr);
  }
}

TEST(RegistryFileTest, AnUnchangedFileGivesTheSameSnapshot) {
  TestFolder folder;
  RegistryFile store(folder.File("registry.db"));
  auto committed = store.Commit(AddEntity("zone"));
  ASSERT_TRUE(committed.ok());
  EXPECT_EQ(*store.Load(), *committed);
  EXPECT_EQ(*store.Load(), *committed);
}

TEST(RegistryFileTest, AFailedChangeWritesNothing) {
  TestFolder folder;
  RegistryFile store(folder.File("registry.db"));
  ASSERT_TRUE(store.Commit(AddEntity("zone")).ok());
  std::string before = *ReadFile(folder.File("registry.db"));
  auto failed = store.Commit([](Registry* registry) -> Status {
    registry->clear_entities();
    return Error(ErrorKind::kConflict, "no");
  });
  EXPECT_EQ(KindOf(failed.status()), ErrorKind::kConflict);
  EXPECT_EQ(*ReadFile(folder.File("registry.db")), before);
  EXPECT_EQ((*store.Load())->proto().entities_size(), 1);
}

TEST(RegistryFileTest, EveryCommitRenewsTheVersion) {
  TestFolder folder;
  RegistryFile store(folder.File("registry.db"));
  std::set<std::string> versions;
  for (int i = 0; i < 5; ++i) {
    auto snapshot = store.Commit([](Registry*) { return Status::OK(); });
    ASSERT_TRUE(snapshot.ok());
    EXPECT_TRUE(versions.insert((*snapshot)->version()).second);
    EXPECT_GT((*snapshot)->proto().last_updated().seconds(), 0);
  }
}

TEST(RegistryFileTest, UnknownFieldsAreKept) {
  TestFolder folder;
  Registry registry;
  registry.set_registry_schema_version("1");
  registry.GetReflection()->MutableUnknownFields(&registry)->AddLengthDelimited(999, "later");
  auto* entity = registry.add_entities();
  entity->GetReflection()->MutableUnknownFields(entity)->AddVarint(999, 7);
  ASSERT_TRUE(WriteFileAtomically(folder.File("registry.db"), registry.SerializeAsString()).ok());
  RegistryFile store(folder.File("registry.db"));
  ASSERT_TRUE(store.Commit(AddEntity("zone")).ok());
  Registry read;
  ASSERT_TRUE(read.ParseFromString(*ReadFile(folder.File("registry.db"))));
  EXPECT_EQ(read.GetReflection()->GetUnknownFields(read).field_count(), 1);
  const auto& first = read.entities(0);
  EXPECT_EQ(first.GetReflection()->GetUnknownFields(first).field_count(), 1);
}

TEST(RegistryFileTest, AForeignFileIsRefusedAndKept) {
  TestFolder folder;
  Registry later;
  later.set_registry_schema_version("2");
  for (const std::string& content :
       {std::string(), std::string("SQLite format 3\0 and so on", 26), std::string("PAR1....PAR1"),
        std::string("project: taxi\n"), later.SerializeAsString()}) {
    ASSERT_TRUE(WriteFileAtomically(folder.File("registry.db"), content).ok());
    RegistryFile store(folder.File("registry.db"));
    for (const Status& status : {store.Load().status(), store.Commit(AddEntity("a")).status()}) {
      EXPECT_EQ(KindOf(status), ErrorKind::kCorrupt) << content;
      EXPECT_THAT(status.message(), HasSubstr(content.empty() ? "0 bytes" : "feast.core.Registry"));
      EXPECT_THAT(status.message(), HasSubstr(folder.File("registry.db")));
    }
    EXPECT_EQ(*ReadFile(folder.File("registry.db")), content);
  }
}

// Feast truncates the file and then writes it: a reader in between waits for the rest.
TEST(RegistryFileTest, ATornReadIsTriedAgain) {
  TestFolder folder;
  Registry registry;
  registry.set_registry_schema_version("1");
  registry.set_version_id("v");
  registry.add_entities()->mutable_spec()->set_name("zone");
  std::string whole = registry.SerializeAsString();
  ASSERT_TRUE(WriteFileAtomically(folder.File("registry.db"), whole.substr(0, 5)).ok());
  RegistryFile store(folder.File("registry.db"));
  Result<std::shared_ptr<const RegistrySnapshot>> loaded = nullptr;
  std::thread reader([&] { loaded = store.Load(); });
  ASSERT_TRUE(WriteFileAtomically(folder.File("registry.db"), whole).ok());
  reader.join();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ((*loaded)->proto().entities_size(), 1);
}

TEST(RegistryFileTest, NothingIsLostBetweenThreads) {
  TestFolder folder;
  RegistryFile shared(folder.File("registry.db"));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      RegistryFile own(folder.File("registry.db"));
      for (int i = 0; i < 20; ++i) {
        RegistryFile& store = i % 2 == 0 ? shared : own;
        Status status =
            store.Commit(AddEntity(std::to_string(t) + "." + std::to_string(i))).status();
        ASSERT_TRUE(status.ok()) << status;
        ASSERT_TRUE(store.Load().ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ((*shared.Load())->proto().entities_size(), 80);
}

TEST(RegistryFileTest, NothingIsLostBetweenProcesses) {
  TestFolder folder;
  std::vector<pid_t> children;
  for (int t = 0; t < 4; ++t) {
    pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      RegistryFile store(folder.File("registry.db"));
      for (int i = 0; i < 20; ++i) {
        std::string name = std::to_string(t) + "." + std::to_string(i);
        if (!store.Commit(AddEntity(name)).ok()) ::_exit(1);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  std::set<std::string> names;
  RegistryFile store(folder.File("registry.db"));
  for (const auto& entity : (*store.Load())->proto().entities()) names.insert(entity.spec().name());
  EXPECT_EQ(names.size(), 80u);
}

TEST(RegistryFileTest, FollowsALink) {
  TestFolder folder;
  std::filesystem::create_directory(folder.File("shared"));
  std::filesystem::create_symlink("shared/registry.db", folder.File("registry.db"));
  RegistryFile store(folder.File("registry.db"));
  ASSERT_TRUE(store.Commit(AddEntity("zone")).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(folder.File("registry.db")));
  EXPECT_TRUE(std::filesystem::exists(folder.File("shared/registry.db")));
}

TEST(RegistryFileTest, IsRemovedOnlyWhereNothingIsInIt) {
  TestFolder folder;
  RegistryFile store(folder.File("registry.db"));
  RegistryFile other(folder.File("registry.db"));
  ASSERT_TRUE(store.Commit(AddEntity("zone")).ok());
  ASSERT_TRUE(other.Commit(AddEntity("borough")).ok());
  auto at_most_one = [](const Registry& registry) { return registry.entities_size() <= 1; };
  ASSERT_TRUE(store.RemoveIf(at_most_one).ok());
  EXPECT_EQ((*store.Load())->proto().entities_size(), 2);
  auto remove_one = [](Registry* registry) {
    registry->mutable_entities()->RemoveLast();
    return Status::OK();
  };
  ASSERT_TRUE(other.Commit(remove_one).ok());
  ASSERT_TRUE(store.RemoveIf(at_most_one).ok());
  EXPECT_FALSE(std::filesystem::exists(folder.File("registry.db")));
  EXPECT_EQ((*store.Load())->proto().entities_size(), 0);
  EXPECT_EQ((*other.Load())->proto().entities_size(), 0);
  EXPECT_TRUE(store.RemoveIf(at_most_one).ok());
}

TEST(RegistryFileTest, TheNextWriterRemovesWhatAKilledOneLeft) {
  TestFolder folder;
  const std::string left = folder.File(".registry.db.4711.tmp");
  const std::string not_ours = folder.File(".other.db.4711.tmp");
  ASSERT_TRUE(WriteFileAtomically(left, "half of a regis").ok());
  ASSERT_TRUE(WriteFileAtomically(not_ours, "another's").ok());
  RegistryFile store(folder.File("registry.db"));
  ASSERT_TRUE(store.Load().ok());
  EXPECT_TRUE(std::filesystem::exists(left));  // a reader may not know whose it is
  ASSERT_TRUE(store.Commit(AddEntity("zone")).ok());
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(not_ours));
}

TEST(RegistryFileTest, AFolderThatCannotBeMadeIsNamed) {
  TestFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("data"), "").ok());
  RegistryFile store(folder.File("data/registry.db"));
  Status status = store.Commit(AddEntity("zone")).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr("cannot be changed"));
  EXPECT_EQ(store.location(), folder.File("data/registry.db"));
}

}  // namespace
}  // namespace featly
