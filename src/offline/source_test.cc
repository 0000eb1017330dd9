#include "offline/source.h"

#include <map>

#include <gmock/gmock.h>

#include "offline/test_files.h"

namespace featly {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

SourceSpec SpecOf(const std::string& path) {
  SourceSpec spec;
  spec.name = "history";
  spec.path = path;
  spec.timestamp_field = "ts";
  return spec;
}

// Every value of one column, as text, in the order of units.
std::vector<std::string> ReadColumn(const Source& source, const std::string& column,
                                    std::vector<ValueType> types = {}) {
  std::vector<std::string> values;
  ScanRequest request;
  request.columns = {column};
  request.types = std::move(types);
  for (int unit = 0; unit < source.unit_count(); ++unit) {
    auto expected_row = source.unit(unit).first_row;
    Status read = source.ReadUnit(unit, request, [&](const SourceBatch& batch) {
      EXPECT_EQ(batch.file, source.unit(unit).file);
      EXPECT_EQ(batch.first_row, expected_row);
      expected_row += batch.columns->num_rows();
      for (int64_t i = 0; i < batch.columns->num_rows(); ++i) {
        values.push_back(batch.columns->column(0)->GetScalar(i).ValueOrDie()->ToString());
      }
      return Status::OK();
    });
    EXPECT_TRUE(read.ok()) << read.ToString();
  }
  return values;
}

class SourceTest : public testing::Test {
 protected:
  std::unique_ptr<Source> Open(const std::string& path) {
    auto source = Source::Open(SpecOf(path), folder_.path());
    EXPECT_TRUE(source.ok()) << source.status().ToString();
    return source.ok() ? *std::move(source) : nullptr;
  }
  Status OpenError(const std::string& path) {
    return Source::Open(SpecOf(path), folder_.path()).status();
  }

  TemporaryFolder folder_;
};

TEST_F(SourceTest, ReadsRowGroupsOfAFile) {
  WriteParquet(folder_ / "a.parquet",
               {{"ts", Times({1, 2, 3, 4, 5})}, {"x", Ints({10, 20, {}, 40, 50})}}, 2);
  auto source = Open("a.parquet");
  EXPECT_EQ(source->unit_count(), 3);
  EXPECT_EQ(source->row_count(), 5);
  EXPECT_EQ(source->unit(2).first_row, 4);
  EXPECT_EQ(source->unit(2).rows, 1);
  EXPECT_THAT(ReadColumn(*source, "x"), ElementsAre("10", "20", "null", "40", "50"));
}

TEST_F(SourceTest, ColumnsComeInTheOrderAskedForAndMayRepeat) {
  WriteParquet(folder_ / "a.parquet", {{"ts", Times({1})}, {"x", Ints({7})}, {"y", Ints({8})}});
  auto source = Open("a.parquet");
  ScanRequest request;
  request.columns = {"y", "ts", "y", "x"};
  ASSERT_TRUE(source
                  ->ReadUnit(0, request,
                             [](const SourceBatch& batch) {
                               EXPECT_THAT(batch.columns->schema()->field_names(),
                                           ElementsAre("y", "ts", "y", "x"));
                               EXPECT_TRUE(batch.columns->column(0)->Equals(*Ints({8})));
                               EXPECT_TRUE(batch.columns->column(3)->Equals(*Ints({7})));
                               return Status::OK();
                             })
                  .ok());
  request.columns = {"yy"};
  Status status = source->ReadUnit(0, request, [](const SourceBatch&) { return Status::OK(); });
  EXPECT_EQ(KindOf(status), ErrorKind::kNotFound);
  EXPECT_THAT(DetailOf(status)->near_names, testing::Contains("y"));
}

TEST_F(SourceTest, FolderFilesAreSortedAndOthersAreLeftOut) {
  WriteParquet(folder_ / "d/b.parquet", {{"ts", Times({2})}, {"x", Ints({2})}});
  WriteParquet(folder_ / "d/a.parquet", {{"ts", Times({1})}, {"x", Ints({1})}});
  WriteParquet(folder_ / "d/sub/c.pq", {{"ts", Times({3})}, {"x", Ints({3})}});
  WriteParquet(folder_ / "d/_tmp/e.parquet", {{"ts", Times({9})}, {"x", Ints({9})}});
  folder_.Write("d/_SUCCESS", "");
  folder_.Write("d/.a.parquet.crc", "x");
  folder_.Write("d/notes.txt", "x");
  auto source = Open("d");
  EXPECT_THAT(source->files(), ElementsAre(folder_ / "d/a.parquet", folder_ / "d/b.parquet",
                                           folder_ / "d/sub/c.pq"));
  EXPECT_THAT(ReadColumn(*source, "x"), ElementsAre("1", "2", "3"));
}

TEST_F(SourceTest, Globs) {
  for (const char* name : {"d/2023/a.parquet", "d/2024/a.parquet", "d/2024/b.parquet"}) {
    WriteParquet(folder_ / name, {{"ts", Times({1})}, {"x", Ints({1})}});
  }
  EXPECT_EQ(Open("d/*/a.parquet")->files().size(), 2);
  EXPECT_EQ(Open("d/202[4-5]/?.parquet")->files().size(), 2);
  EXPECT_EQ(Open("**/*.parquet")->files().size(), 3);
  EXPECT_EQ(Open("d/202*")->files().size(), 3);
  EXPECT_EQ(KindOf(OpenError("d/*/z.parquet")), ErrorKind::kNotFound);
}

TEST_F(SourceTest, HivePartitionsBecomeColumns) {
  WriteParquet(folder_ / "d/year=2023/city=New%20York/a.parquet",
               {{"ts", Times({1})}, {"x", Ints({1})}});
  WriteParquet(folder_ / "d/year=2024/city=__HIVE_DEFAULT_PARTITION__/a.parquet",
               {{"ts", Times({2})}, {"x", Ints({2})}});
  auto source = Open("d");
  EXPECT_TRUE(source->schema()->GetFieldByName("year")->type()->Equals(*arrow::int64()));
  EXPECT_THAT(ReadColumn(*source, "year"), ElementsAre("2023", "2024"));
  EXPECT_THAT(ReadColumn(*source, "city"), ElementsAre("New York", "null"));
  EXPECT_THAT(ReadColumn(*Open("d/*/*/a.parquet"), "year"), ElementsAre("2023", "2024"));
}

TEST_F(SourceTest, AFileMayLackAColumnOrKnowOnlyNulls) {
  WriteParquet(folder_ / "d/a.parquet", {{"ts", Times({1})}, {"x", Ints({1})}});
  WriteParquet(
      folder_ / "d/b.parquet",
      {{"ts", Times({2})}, {"x", std::make_shared<arrow::NullArray>(1)}, {"y", Strings({"b"})}});
  auto source = Open("d");
  EXPECT_THAT(ReadColumn(*source, "x"), ElementsAre("1", "null"));
  EXPECT_THAT(ReadColumn(*source, "y"), ElementsAre("null", "b"));
}

TEST_F(SourceTest, FilesOfDifferentTypesAreRefusedByName) {
  WriteParquet(folder_ / "d/a.parquet", {{"ts", Times({1})}, {"x", Ints({1})}});
  WriteParquet(folder_ / "d/b.parquet", {{"ts", Times({2})}, {"x", Strings({"1"})}});
  Status status = OpenError("d");
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_THAT(status.message(),
              testing::AllOf(HasSubstr("'x'"), HasSubstr("a.parquet"), HasSubstr("b.parquet"),
                             HasSubstr("int64"), HasSubstr("string"), HasSubstr("history")));
}

TEST_F(SourceTest, WhatIsNotThereOrNotData) {
  EXPECT_EQ(KindOf(OpenError("none.parquet")), ErrorKind::kNotFound);
  std::filesystem::create_directories(folder_ / "empty");
  EXPECT_EQ(KindOf(OpenError("empty")), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf(OpenError("s3://bucket/x.parquet")), ErrorKind::kNotImplemented);
  folder_.Write("x.json", "{}");
  EXPECT_EQ(KindOf(OpenError("x.json")), ErrorKind::kInvalid);
  folder_.Write("mixed/a.csv", "ts,x\n");
  WriteParquet(folder_ / "mixed/b.parquet", {{"ts", Times({1})}});
  EXPECT_EQ(KindOf(OpenError("mixed")), ErrorKind::kInvalid);
  EXPECT_NE(Open("file://" + (folder_ / "mixed/b.parquet")), nullptr);
}

TEST_F(SourceTest, DamagedParquetFiles) {
  folder_.Write("empty.parquet", "");
  EXPECT_EQ(KindOf(OpenError("empty.parquet")), ErrorKind::kMalformed);
  folder_.Write("foreign.parquet", "a,b\n1,2\n");
  EXPECT_EQ(KindOf(OpenError("foreign.parquet")), ErrorKind::kMalformed);
  WriteParquet(folder_ / "whole.parquet", {{"ts", Times({1, 2, 3})}});
  std::filesystem::copy(folder_ / "whole.parquet", folder_ / "cut.parquet");
  std::filesystem::resize_file(folder_ / "cut.parquet",
                               std::filesystem::file_size(folder_ / "cut.parquet") - 20);
  Status status = OpenError("cut.parquet");
  EXPECT_EQ(KindOf(status), ErrorKind::kMalformed);
  EXPECT_THAT(status.message(), HasSubstr("cut.parquet"));
}

TEST_F(SourceTest, AFileReplacedAfterOpeningIsAConflict) {
  WriteParquet(folder_ / "a.parquet", {{"ts", Times({1, 2})}});
  auto source = Open("a.parquet");
  WriteParquet(folder_ / "a.parquet", {{"ts", Times({1, 2, 3, 4})}});
  ScanRequest request;
  request.columns = {"ts"};
  Status status = source->ReadUnit(0, request, [](const SourceBatch&) { return Status::OK(); });
  EXPECT_EQ(KindOf(status), ErrorKind::kConflict);
}

TEST_F(SourceTest, StatisticsRuleRowGroupsOut) {
  constexpr int64_t kNanos = 1000;
  WriteParquet(folder_ / "a.parquet",
               {{"ts", Times({10 * kNanos, 20 * kNanos + 1, 30 * kNanos, 40 * kNanos},
                             arrow::TimeUnit::NANO)}},
               2);
  auto source = Open("a.parquet");
  ScanRequest request;
  request.newest = Timestamp{29};
  EXPECT_TRUE(source->MayMatch(0, request));
  EXPECT_FALSE(source->MayMatch(1, request));
  request = {};
  request.oldest = Timestamp{21};  // the time of row 1, rounded up
  EXPECT_TRUE(source->MayMatch(0, request));
  request.oldest = Timestamp{22};
  EXPECT_FALSE(source->MayMatch(0, request));
}

TEST_F(SourceTest, EventTimeRange) {
  const WorkContext work = WorkContext::Defaults();
  WriteParquet(folder_ / "d/a.parquet", {{"ts", Times({5, {}, 3})}});
  WriteParquet(folder_ / "d/b.parquet", {{"ts", Times({9})}});
  auto range = Open("d")->EventTimeRange(work).ValueOrDie();
  EXPECT_EQ(range->earliest.micros, 3);
  EXPECT_EQ(range->latest.micros, 9);
  folder_.Write("t.csv", "ts\n1970-01-01 00:00:02\n1970-01-01 00:00:01\n");
  range = Open("t.csv")->EventTimeRange(work).ValueOrDie();
  EXPECT_EQ(range->earliest, Timestamp::FromSeconds(1));
  EXPECT_EQ(range->latest, Timestamp::FromSeconds(2));
  WriteParquet(folder_ / "none.parquet", {{"ts", Times({})}});
  EXPECT_FALSE(Open("none.parquet")->EventTimeRange(work).ValueOrDie());
}

TEST_F(SourceTest, CsvTypesComeFromAllRows) {
  std::string text = "ts,n,late,code,big,flag,mixed\n";
  for (int i = 0; i < 200000; ++i) {
    text += "2024-01-02T03:04:05Z," + std::to_string(i) + ",1,01,9007199254740993,true,\n";
  }
  text += "2024-01-02T03:04:05.5Z,,2.5,7,1,false,\"a, \"\"b\"\"\"\n";
  folder_.Write("a.csv", text);
  auto source = Open("a.csv");
  EXPECT_EQ(source->row_count(), 200001);
  std::map<std::string, std::string> types;
  for (const auto& field : source->schema()->fields()) {
    types[field->name()] = field->type()->ToString();
  }
  EXPECT_EQ(types["ts"], "timestamp[us, tz=UTC]");
  EXPECT_EQ(types["n"], "int64");
  EXPECT_EQ(types["late"], "double");
  EXPECT_EQ(types["code"], "string");
  EXPECT_EQ(types["big"], "int64");
  EXPECT_EQ(types["flag"], "bool");
  EXPECT_EQ(types["mixed"], "string");
  EXPECT_EQ(ReadColumn(*source, "mixed").back(), "a, \"b\"");
  EXPECT_EQ(ReadColumn(*source, "n").back(), "null");
  EXPECT_EQ(ReadColumn(*source, "n", {ValueType::kString})[7], "7");
}

TEST_F(SourceTest, CsvSmallPrint) {
  folder_.Write("header.csv", "ts,x\n");
  EXPECT_EQ(Open("header.csv")->row_count(), 0);
  folder_.Write("short.csv", "ts,x\n1,2\n3\n");
  EXPECT_EQ(KindOf(OpenError("short.csv")), ErrorKind::kMalformed);
  folder_.Write("empty.csv", "");
  EXPECT_EQ(KindOf(OpenError("empty.csv")), ErrorKind::kMalformed);
  folder_.Write("twice.csv", "x,x\n1,2\n");
  EXPECT_EQ(KindOf(OpenError("twice.csv")), ErrorKind::kInvalid);
  folder_.Write("a.tsv", "x\ty\n1\ta,b\n");
  EXPECT_THAT(ReadColumn(*Open("a.tsv"), "y"), ElementsAre("a,b"));
}

}  // namespace
}  // namespace featly
