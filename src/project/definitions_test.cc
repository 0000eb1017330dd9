#include "project/definitions.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/interpreter.h"
#include "project/test_repository.h"

namespace featly {
namespace {

using testing::HasSubstr;

TEST(DefinitionsFromJsonTest, ReadsObjects) {
  std::vector<Definition> definitions = DriverDefinitions();
  ASSERT_EQ(definitions.size(), 3);
  EXPECT_EQ(definitions[0].kind, ObjectKind::kEntity);
  EXPECT_EQ(definitions[0].file, "d.py");
  EXPECT_EQ(definitions[0].line, 3);
  EXPECT_EQ(ObjectName(definitions[2].kind, *definitions[2].object), "driver_stats");
}

TEST(DefinitionsFromJsonTest, RefusesWhatItCannotRead) {
  EXPECT_EQ(KindOf(DefinitionsFromJson("{").status()), ErrorKind::kMalformed);
  EXPECT_EQ(KindOf(DefinitionsFromJson("[1]").status()), ErrorKind::kMalformed);
  EXPECT_FALSE(DefinitionsFromJson(R"([{"kind":"planet","json":{}}])").ok());
  EXPECT_FALSE(DefinitionsFromJson(R"([{"kind":"entity"}])").ok());
  EXPECT_FALSE(DefinitionsFromJson(R"([{"kind":"entity","proto":"%%%"}])").ok());
  Status unknown_field =
      DefinitionsFromJson(
          R"([{"kind":"entity","name":"e","file":"a.py","line":7,"json":{"spek":{}}}])")
          .status();
  EXPECT_THAT(FormatForPeople(unknown_field), HasSubstr("a.py:7"));
}

TEST(AtDefinitionTest, GivesAPlaceAndKeepsTheRest) {
  Definition definition;
  definition.file = "a.py";
  definition.line = 9;
  Status status =
      AtDefinition(definition, Error(ErrorKind::kMalformed, "truncated").Subject("x").Near({"y"}));
  EXPECT_EQ(KindOf(status), ErrorKind::kMalformed);
  EXPECT_EQ(DetailOf(status)->file, "a.py");
  EXPECT_EQ(DetailOf(status)->line, 9);
  EXPECT_EQ(DetailOf(status)->subject, "x");
  EXPECT_THAT(DetailOf(status)->near_names, testing::ElementsAre("y"));
  Status placed = AtDefinition(definition, Error(ErrorKind::kMalformed, "bad").At("b.csv", 2));
  EXPECT_EQ(DetailOf(placed)->file, "b.csv");
}

TEST(CompileDefinitionsTest, ReportsWhatTheFilesRaise) {
  TestRepository repo;
  repo.Write("broken.py", "def f():\n    raise ValueError('no good')\n\nf()\n");
  Status status = CompileDefinitions(repo.path()).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kDefinition);
  EXPECT_THAT(FormatForPeople(status), HasSubstr("ValueError: no good"));
  EXPECT_EQ(DetailOf(status)->file, "broken.py");
  EXPECT_EQ(DetailOf(status)->line, 2);
}

TEST(CompileDefinitionsTest, AFolderWithoutDefinitions) {
  TestRepository repo;
  repo.Write("helper.py", "x = 1\n");
  CompiledDefinitions compiled = CompileDefinitions(repo.path()).ValueOrDie();
  EXPECT_TRUE(compiled.definitions.empty());
}

class FindInterpreterTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"FEATLY_PYTHON", "VIRTUAL_ENV"}) {
      const char* value = std::getenv(name);
      saved_.emplace_back(name, value ? value : "");
      unsetenv(name);
    }
  }
  void TearDown() override {
    for (const auto& [name, value] : saved_) {
      if (!value.empty()) setenv(name.c_str(), value.c_str(), 1);
    }
  }
  void Program(const std::string& name) {
    repo_.Write(name, "#!/bin/sh\n");
    std::filesystem::permissions(repo_.path() + "/" + name, std::filesystem::perms::owner_all);
  }

  TestRepository repo_;
  std::vector<std::pair<std::string, std::string>> saved_;
};

TEST_F(FindInterpreterTest, TheSettingWins) {
  Program("my-python");
  setenv("FEATLY_PYTHON", (repo_.path() + "/my-python").c_str(), 1);
  EXPECT_EQ(FindInterpreter(repo_.path()).ValueOrDie(), repo_.path() + "/my-python");
  setenv("FEATLY_PYTHON", (repo_.path() + "/other").c_str(), 1);
  EXPECT_EQ(KindOf(FindInterpreter(repo_.path()).status()), ErrorKind::kConfiguration);
  unsetenv("FEATLY_PYTHON");
}

TEST_F(FindInterpreterTest, EnvironmentsAroundTheRepository) {
  Program(".venv/bin/python3");
  repo_.Write("deep/down/feature_store.yaml", "");
  EXPECT_EQ(FindInterpreter(repo_.path() + "/deep/down").ValueOrDie(),
            repo_.path() + "/.venv/bin/python3");
  Program("env/bin/python3");
  setenv("VIRTUAL_ENV", (repo_.path() + "/env").c_str(), 1);
  EXPECT_EQ(FindInterpreter(repo_.path()).ValueOrDie(), repo_.path() + "/env/bin/python3");
  unsetenv("VIRTUAL_ENV");
}

}  // namespace
}  // namespace featly
