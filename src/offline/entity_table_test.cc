#include "offline/entity_table.h"

#include <arrow/ipc/writer.h>
#include <gmock/gmock.h>

#include "offline/test_files.h"

namespace featly {
namespace {

using testing::HasSubstr;

std::vector<int64_t> MicrosOf(const EntityTable& entities) {
  std::vector<int64_t> micros;
  for (const auto& chunk : entities.times->chunks()) {
    const auto& times = static_cast<const arrow::TimestampArray&>(*chunk);
    for (int64_t i = 0; i < times.length(); ++i) micros.push_back(times.Value(i));
  }
  return micros;
}

Status ErrorOf(const NamedColumns& columns) {
  return EntityTable::FromTable(MakeTable(columns)).status();
}

TEST(EntityTableTest, FindsTheTimeColumn) {
  auto named = EntityTable::FromTable(
      MakeTable({{"at", Times({1})}, {"event_timestamp", Times({2})}, {"id", Ints({1})}}));
  ASSERT_TRUE(named.ok()) << named.status().ToString();
  EXPECT_EQ(named->timestamp_column, "event_timestamp");
  EXPECT_THAT(MicrosOf(*named), testing::ElementsAre(2));
  auto only = EntityTable::FromTable(MakeTable({{"id", Ints({1})}, {"at", Times({3})}}));
  EXPECT_EQ(only->timestamp_column, "at");
  auto none = EntityTable::FromTable(MakeTable({{"id", Ints({1})}}));
  EXPECT_EQ(none->timestamp_column, "");
  EXPECT_EQ(none->times, nullptr);
}

TEST(EntityTableTest, TimesAreMicrosecondsUtcRoundedDown) {
  for (const char* zone : {"", "UTC", "America/New_York"}) {
    auto entities = EntityTable::FromTable(
        MakeTable({{"t", Times({1999, -1, 2000}, arrow::TimeUnit::NANO, zone)}}));
    ASSERT_TRUE(entities.ok()) << entities.status().ToString();
    EXPECT_THAT(MicrosOf(*entities), testing::ElementsAre(1, -1, 2)) << zone;
  }
  auto millis = EntityTable::FromTable(MakeTable({{"t", Times({7}, arrow::TimeUnit::MILLI, "")}}));
  EXPECT_THAT(MicrosOf(*millis), testing::ElementsAre(7000));
}

TEST(EntityTableTest, RefusesWhatIsAmbiguousOrNoTime) {
  EXPECT_EQ(KindOf(ErrorOf({})), ErrorKind::kInvalid);
  EXPECT_THAT(ErrorOf({{"a", Times({1})}, {"b", Times({1})}}).message(), HasSubstr("'a', 'b'"));
  EXPECT_THAT(ErrorOf({{"a", Ints({1})}, {"a", Ints({1})}}).message(), HasSubstr("'a'"));
  EXPECT_THAT(ErrorOf({{"event_timestamp", Times({1, {}, {}})}}).message(),
              testing::AllOf(HasSubstr("2 empty"), HasSubstr("row 1")));
  EXPECT_THAT(ErrorOf({{"event_timestamp", Strings({"2024-01-01"})}}).message(),
              HasSubstr("to_datetime"));
  EXPECT_EQ(KindOf(ErrorOf({{"event_timestamp", Ints({1})}})), ErrorKind::kInvalid);
}

TEST(EntityTableTest, ReadsFiles) {
  TemporaryFolder folder;
  const auto table = MakeTable({{"id", Ints({1, 2})}, {"event_timestamp", Times({5, 6})}});
  WriteParquet(folder / "e.parquet", table);
  auto stream = arrow::io::FileOutputStream::Open(folder / "e.arrow").ValueOrDie();
  auto writer = arrow::ipc::MakeFileWriter(stream, table->schema()).ValueOrDie();
  ASSERT_TRUE(writer->WriteTable(*table).ok() && writer->Close().ok() && stream->Close().ok());
  folder.Write("e.csv",
               "id,event_timestamp\n1,1970-01-01 00:00:00.000005\n"
               "2,1970-01-01 00:00:00.000006\n");
  for (const char* name : {"e.parquet", "e.arrow", "e.csv"}) {
    auto entities = EntityTable::FromFile(folder / name);
    ASSERT_TRUE(entities.ok()) << name << entities.status().ToString();
    EXPECT_THAT(MicrosOf(*entities), testing::ElementsAre(5, 6)) << name;
    EXPECT_EQ(entities->table->num_rows(), 2);
  }
}

TEST(EntityTableTest, CsvTimes) {
  TemporaryFolder folder;
  folder.Write("mixed.csv", "event_timestamp\n1970-01-01T00:00:01\n1970-01-01T01:00:01+01:00\n");
  auto mixed = EntityTable::FromFile(folder / "mixed.csv");
  ASSERT_TRUE(mixed.ok()) << mixed.status().ToString();
  EXPECT_THAT(MicrosOf(*mixed), testing::ElementsAre(1000000, 1000000));
  folder.Write("bad.csv", "id,event_timestamp\n1,2024-01-01\n2,yesterday\n");
  EXPECT_THAT(EntityTable::FromFile(folder / "bad.csv").status().message(),
              testing::AllOf(HasSubstr("row 1"), HasSubstr("yesterday")));
  folder.Write("header.csv", "id,event_timestamp\n");
  auto none = EntityTable::FromFile(folder / "header.csv");
  ASSERT_TRUE(none.ok()) << none.status().ToString();
  EXPECT_EQ(none->table->num_rows(), 0);
}

TEST(EntityTableTest, BadFiles) {
  TemporaryFolder folder;
  EXPECT_EQ(KindOf(EntityTable::FromFile(folder / "none.parquet").status()), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf(EntityTable::FromFile(folder / "x.xlsx").status()), ErrorKind::kInvalid);
  for (const char* name : {"e.parquet", "e.csv", "e.arrow"}) {
    folder.Write(name, "");
    EXPECT_EQ(KindOf(EntityTable::FromFile(folder / name).status()), ErrorKind::kMalformed);
  }
  folder.Write("bad.arrow", "ARROW1 and then nothing");
  EXPECT_EQ(KindOf(EntityTable::FromFile(folder / "bad.arrow").status()), ErrorKind::kMalformed);
}

}  // namespace
}  // namespace featly
