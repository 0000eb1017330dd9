// Tables, cells, YAML and file output: what subcommands print with.
#include <filesystem>
#include <fstream>

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.h"
#include "cli/init_template.h"
#include "cli/message_text.h"
#include "cli/progress_bar.h"
#include "cli/table_text.h"
#include "cli/table_writer.h"
#include "feast/core/Entity.pb.h"
#include "feast/core/FeatureView.pb.h"

namespace featly::cli {
namespace {

using testing::HasSubstr;

TEST(FormatTableTest, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(FormatTable({"NAME", "N"}, {{"a", "1"}, {"longer", "2"}}),
            "NAME    N\n"
            "a       1\n"
            "longer  2\n");
  EXPECT_EQ(FormatTable({"É", "N"}, {{"a\nb", "1"}}), "É    N\na b  1\n");
}

TEST(CellTest, EveryKindOfValue) {
  arrow::ListBuilder builder(arrow::default_memory_pool(),
                             std::make_shared<arrow::DoubleBuilder>());
  ASSERT_TRUE(builder.Append().ok());
  auto* values = static_cast<arrow::DoubleBuilder*>(builder.value_builder());
  ASSERT_TRUE(values->Append(1.0).ok() && values->AppendNull().ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  auto lists = builder.Finish().ValueOrDie();
  EXPECT_EQ(CellText(*lists, 0), "[1.0,null]");
  EXPECT_EQ(CellText(*lists, 1), "null");

  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::MILLI, "UTC"),
                                arrow::default_memory_pool());
  ASSERT_TRUE(times.Append(1'700'000'000'500).ok());
  auto time = times.Finish().ValueOrDie();
  EXPECT_EQ(CellText(*time, 0), "2023-11-14T22:13:20.500Z");

  auto text = arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["say \"x\""])").ValueOrDie();
  EXPECT_EQ(CellText(*text, 0), "say \"x\"");
  std::string json;
  AppendJsonCell(*text, 0, &json);
  EXPECT_EQ(json, R"("say \"x\"")");
}

std::string Yaml(const google::protobuf::Message& message) {
  return JsonAsYaml(MessageAsJson(message).ValueOrDie()).ValueOrDie();
}

TEST(MessageTextTest, YamlOfAMessage) {
  feast::core::FeatureView view;
  view.mutable_spec()->set_name("stats");
  view.mutable_spec()->set_description("yes: and 'no'");
  view.mutable_spec()->add_entities("driver");
  auto* feature = view.mutable_spec()->add_features();
  feature->set_name("trips");
  feature->set_value_type(feast::types::ValueType::INT64);
  (*view.mutable_spec()->mutable_tags())["version"] = "3";
  EXPECT_EQ(Yaml(view),
            "spec:\n"
            "  name: stats\n"
            "  entities:\n"
            "  - driver\n"
            "  features:\n"
            "  - name: trips\n"
            "    valueType: INT64\n"
            "  tags:\n"
            "    version: '3'\n"
            "  description: 'yes: and ''no'''\n");
  EXPECT_EQ(JsonAsYaml("{}").ValueOrDie(), "{}\n");
  EXPECT_EQ(JsonAsYaml(R"([{"a": "x\ny"}])").ValueOrDie(), "- a: \"x\\ny\"\n");
}

TEST(MessageTextTest, TextThatYamlReadsAsSomethingElseIsQuoted) {
  for (const char* text : {"no", "Yes", "ON", "null", "1e3", "0x1F", "1_000", "2024-01-02", ".5",
                           "+1", "~", "- a", "a: b", "a #b", "a:", "<<", "", " a"}) {
    feast::core::Entity entity;
    (*entity.mutable_spec()->mutable_tags())["k"] = text;
    EXPECT_THAT(Yaml(entity), HasSubstr("k: '")) << text;
  }
  for (const char* text : {"a", "nobody", "driver_id", "a:b", "it's", "x-1", "v1.0", "259200s"}) {
    feast::core::Entity entity;
    (*entity.mutable_spec()->mutable_tags())["k"] = text;
    EXPECT_THAT(Yaml(entity), HasSubstr(std::string("k: ") + text + "\n"));
  }
}

TEST(GroupedDigitsTest, Thousands) {
  EXPECT_EQ(GroupedDigits(0), "0");
  EXPECT_EQ(GroupedDigits(999), "999");
  EXPECT_EQ(GroupedDigits(1000), "1,000");
  EXPECT_EQ(GroupedDigits(1234567), "1,234,567");
  EXPECT_EQ(GroupedDigits(-1234), "-1,234");
  EXPECT_EQ(GroupedDigits(-123), "-123");
}

TEST(RepositoryTemplateTest, IsTheSameForTheSameTime) {
  const TemplateRequest request = {"shop", "my-shop", Timestamp::FromSeconds(1'700'000'000)};
  for (const std::string& name : TemplateNames()) {
    const RepositoryTemplate& chosen = **FindTemplate(name);
    const auto files = chosen.files(chosen, request);
    const auto again = chosen.files(chosen, request);
    ASSERT_EQ(files.size(), again.size());
    bool configured = false;
    for (size_t i = 0; i < files.size(); ++i) {
      EXPECT_EQ(files[i].text, again[i].text);
      EXPECT_FALSE(files[i].text.empty()) << files[i].path;
      configured = configured || (files[i].path.ends_with("feature_store.yaml") &&
                                  files[i].text.find("\nproject: shop\n") != std::string::npos);
    }
    EXPECT_TRUE(configured) << name;
  }
}

TEST(RepositoryTemplateTest, FeastsOthersAreKnown) {
  EXPECT_EQ(KindOf(FindTemplate("gcp").status()), ErrorKind::kNotImplemented);
  EXPECT_EQ(KindOf(FindTemplate("taxis").status()), ErrorKind::kUsage);
  EXPECT_THAT(FormatForPeople(FindTemplate("taxis").status()), HasSubstr("did you mean 'taxi'"));
}

class TableWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "featly-cli-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  std::shared_ptr<arrow::Schema> schema_ = arrow::schema({arrow::field("n", arrow::int64())});
};

TEST_F(TableWriterTest, AnUnfinishedFileLeavesTheOldOne) {
  const std::string path = folder_ / "t.csv";
  std::ofstream(path) << "old\n";
  auto batch = arrow::RecordBatch::Make(
      schema_, 1, {arrow::json::ArrayFromJSONString(arrow::int64(), "[5]").ValueOrDie()});
  {
    auto writer = TableWriter::Open(path, schema_).ValueOrDie();
    ASSERT_TRUE(writer->Write(*batch).ok());
  }
  std::string line;
  std::getline(std::ifstream(path), line);
  EXPECT_EQ(line, "old");
  auto writer = TableWriter::Open(path, schema_).ValueOrDie();
  ASSERT_TRUE(writer->Write(*batch).ok());
  ASSERT_TRUE(writer->Finish().ok());
  writer.reset();
  std::getline(std::ifstream(path), line);
  EXPECT_EQ(line, "\"n\"");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(TableWriterTest, CsvHoldsWhatItHasNoFormForAsJson) {
  const auto schema =
      arrow::schema({arrow::field("l", arrow::list(arrow::int64())),
                     arrow::field("s", arrow::struct_({arrow::field("a", arrow::utf8())})),
                     arrow::field("m", arrow::map(arrow::utf8(), arrow::utf8())),
                     arrow::field("b", arrow::binary())});
  const std::string path = folder_ / "t.csv";
  auto writer = TableWriter::Open(path, schema).ValueOrDie();
  auto batch = arrow::json::ArrayFromJSONString(
                   arrow::struct_(schema->fields()),
                   R"([[[1, null], {"a": "x"}, [["k", "v"]], "cd"], [null, null, null, null]])")
                   .ValueOrDie();
  ASSERT_TRUE(writer->Write(**arrow::RecordBatch::FromStructArray(batch)).ok());
  ASSERT_TRUE(writer->Finish().ok());
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::getline(file, line);
  EXPECT_EQ(line, R"("[1,null]","{""a"":""x""}","{""k"":""v""}","Y2Q=")");
  std::getline(file, line);
  EXPECT_EQ(line, ",,,");
}

TEST_F(TableWriterTest, SaysWhatIsWrong) {
  EXPECT_EQ(KindOf(TableWriter::Open(folder_ / "t.xls", schema_).status()), ErrorKind::kUsage);
  EXPECT_EQ(KindOf(TableWriter::Open(folder_ / "no" / "t.csv", schema_).status()),
            ErrorKind::kNotFound);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

}  // namespace
}  // namespace featly::cli
