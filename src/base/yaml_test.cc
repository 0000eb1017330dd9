#include "base/yaml.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/test_folder.h"

namespace featly {
namespace {

using testing::HasSubstr;

std::string ErrorOf(std::string_view text) {
  Result<YamlNode> node = YamlNode::Parse(text, "feature_store.yaml");
  EXPECT_FALSE(node.ok()) << text;
  EXPECT_EQ(KindOf(node.status()), ErrorKind::kConfiguration);
  return FormatForPeople(node.status());
}

YamlNode Parsed(std::string_view text) {
  return YamlNode::Parse(text, "feature_store.yaml").ValueOrDie();
}

TEST(YamlTest, ReadsTypedValues) {
  YamlNode root = Parsed(
      "project: taxi\nport: 6566\nratio: 0.5\nonline: Yes\nquoted: \"007\"\nempty:\n"
      "store:\n  path: data/online\n  list: [a, b]\n");
  std::string project, missing = "default", quoted, empty = "kept";
  int64_t port = 0;
  double ratio = 0;
  bool online = false;
  const YamlNode* store = nullptr;
  ASSERT_TRUE(root.Get("project", &project).ok());
  ASSERT_TRUE(root.Get("missing", &missing).ok());
  ASSERT_TRUE(root.Get("quoted", &quoted).ok());
  ASSERT_TRUE(root.Get("empty", &empty).ok());
  ASSERT_TRUE(root.Get("port", &port, 1, 65535).ok());
  ASSERT_TRUE(root.Get("ratio", &ratio).ok());
  ASSERT_TRUE(root.Get("online", &online).ok());
  ASSERT_TRUE(root.Get("store", &store).ok());
  EXPECT_EQ(project, "taxi");
  EXPECT_EQ(missing, "default");
  EXPECT_EQ(quoted, "007");
  EXPECT_EQ(empty, "kept");
  EXPECT_EQ(port, 6566);
  EXPECT_EQ(ratio, 0.5);
  EXPECT_TRUE(online);
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->line(), 7);
  ASSERT_NE(store->Find("list"), nullptr);
  EXPECT_EQ(store->Find("list")->items().size(), 2u);
}

TEST(YamlTest, WrongTypesNameTheLine) {
  YamlNode root = Parsed("project: [a]\nport: http\nonline: maybe\nstore: lmdb\nsmall: 0\n");
  std::string text;
  int64_t number = 0;
  bool flag = false;
  const YamlNode* block = nullptr;
  EXPECT_EQ(FormatForPeople(root.Get("project", &text)),
            "'project' must be text, found a list (feature_store.yaml:1:1)");
  EXPECT_EQ(FormatForPeople(root.Get("port", &number)),
            "'port' must be a whole number, found 'http' (feature_store.yaml:2:1)");
  EXPECT_THAT(FormatForPeople(root.Get("online", &flag)), HasSubstr("true or false"));
  EXPECT_THAT(FormatForPeople(root.Get("store", &block)),
              HasSubstr("a block of keys, found 'lmdb'"));
  EXPECT_THAT(FormatForPeople(root.Get("small", &number, 1)), HasSubstr("at least 1, found '0'"));
  EXPECT_THAT(FormatForPeople(root.Get("small", &number, 1, 9)), HasSubstr("from 1 to 9"));
  EXPECT_EQ(number, 0);
}

TEST(YamlTest, RefusesWhatOtherParsersTakeSilently) {
  EXPECT_EQ(ErrorOf("a: 1\nb:\n  c: 1\n  c: 2\n"), "'c' is there twice (feature_store.yaml:4:3)");
  EXPECT_THAT(ErrorOf("a: 1\n---\nb: 2\n"), HasSubstr("more than one YAML document"));
  for (const char* text : {",", ",ll", "a: 1\n,\n", "]", "a: [1]]\n"}) {
    EXPECT_NE(ErrorOf(text), "") << text;  // yaml-cpp finds documents without end in some
  }
  EXPECT_THAT(ErrorOf("base: &x {a: 1}\nb:\n  <<: *x\n"), HasSubstr("merge keys"));
  EXPECT_THAT(ErrorOf("[a, b]: 1\n"), HasSubstr("plain word"));
  EXPECT_EQ(ErrorOf("a: 1\nb: \"data/r.db\n"),
            "a quote is opened here and never closed (feature_store.yaml:2:4)");
  EXPECT_THAT(ErrorOf("a: 'it''s\n"), HasSubstr("never closed"));
  EXPECT_THAT(ErrorOf("a: \"x\\\"\n"), HasSubstr("never closed"));
  EXPECT_THAT(ErrorOf("a: !!python/object:os.system b\n"), HasSubstr("tags like !!python"));
  EXPECT_THAT(ErrorOf("a: !mine b\n"), HasSubstr("tags like !mine"));
}

TEST(YamlTest, QuotesAndPlainTagsAreRead) {
  YamlNode root = Parsed("a: 'it''s'\nb: \"a \\\"b\\\" é\"\nc: !!str 5\nd: it's \"x\ne: ''\n");
  std::string text;
  for (auto [key, value] :
       {std::pair{"a", "it's"}, {"b", "a \"b\" é"}, {"c", "5"}, {"d", "it's \"x"}, {"e", ""}}) {
    ASSERT_TRUE(root.Get(key, &text).ok()) << key;
    EXPECT_EQ(text, value) << key;
  }
}

TEST(YamlTest, SyntaxErrorsNameLineAndColumn) {
  EXPECT_THAT(ErrorOf("project: taxi\n  registry: [\n"), HasSubstr("feature_store.yaml:"));
  EXPECT_THAT(ErrorOf("a: b: c\n"), HasSubstr("this is not YAML"));
}

TEST(YamlTest, AliasesThatExplodeAreRefused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) text += (j ? ", " : "") + before;
    text += "]\n";
  }
  EXPECT_THAT(ErrorOf(text), HasSubstr("refers to itself too often"));
}

TEST(YamlTest, UnknownKeysNameTheNearest) {
  YamlNode root = Parsed("project: a\nregistri: b\n");
  EXPECT_TRUE(root.OnlyKeys("feature_store.yaml", {"project", "registri"}).ok());
  EXPECT_EQ(FormatForPeople(root.OnlyKeys("the file", {"project", "registry", "provider"})),
            "unknown key 'registri' in the file (feature_store.yaml:2:1); did you mean "
            "'registry'?");
  EXPECT_FALSE(Parsed("- a\n").OnlyKeys("the file", {"project"}).ok());
}

TEST(YamlTest, AnEmptyFileIsNull) {
  EXPECT_TRUE(Parsed("").is_null());
  EXPECT_TRUE(Parsed("# only this\n").is_null());
  EXPECT_TRUE(Parsed("").OnlyKeys("the file", {}).ok());
}

TEST(YamlTest, ExpandsTheEnvironmentAsPythonDoes) {
  ASSERT_EQ(::setenv("FEATLY_TEST_A", "value", 1), 0);
  ::unsetenv("FEATLY_TEST_NONE");
  EXPECT_EQ(ExpandEnvironment("x $FEATLY_TEST_A y"), "x value y");
  EXPECT_EQ(ExpandEnvironment("${FEATLY_TEST_A}b"), "valueb");
  EXPECT_EQ(ExpandEnvironment("$FEATLY_TEST_NONE ${FEATLY_TEST_NONE}"),
            "$FEATLY_TEST_NONE ${FEATLY_TEST_NONE}");
  EXPECT_EQ(ExpandEnvironment("5$ $$ $ ${open ${}"), "5$ $$ $ ${open ${}");
  EXPECT_EQ(ExpandEnvironment("$FEATLY_TEST_A$FEATLY_TEST_A"), "valuevalue");

  TestFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("c.yaml"), "project: ${FEATLY_TEST_A}\n").ok());
  Result<YamlNode> node = YamlNode::ReadFile(folder.File("c.yaml"), "c.yaml");
  ASSERT_TRUE(node.ok()) << node.status();
  EXPECT_EQ(node->Find("project")->text(), "value");
}

}  // namespace
}  // namespace featly
