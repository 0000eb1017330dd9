#include "flows/materialize.h"

#include <algorithm>
#include <map>
#include <random>

#include <arrow/io/file.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include "online/lmdb_store.h"
#include "online/store_test_util.h"
#include "online/view_schema.h"

namespace featly {
namespace {

using testing::IntKey;
using testing::Must;
using testing::ReadOne;
using testing::TempFolder;

constexpr int64_t kSecond = 1000000;

// What one test row is; -1 in `id`, `time` or `created` is null.
struct Event {
  int64_t id, time, created, value;
};

std::shared_ptr<arrow::Array> Column(const std::vector<Event>& events, int64_t Event::* member,
                                     const std::shared_ptr<arrow::DataType>& type, int64_t scale) {
  auto builder = Must(arrow::MakeBuilder(type));
  for (const Event& event : events) {
    int64_t value = event.*member;
    Status appended = value == -1
                          ? builder->AppendNull()
                          : builder->AppendScalar(*Must(arrow::MakeScalar(type, value * scale)));
    EXPECT_TRUE(appended.ok()) << appended.ToString();
  }
  return Must(builder->Finish());
}

void WriteEvents(const std::string& path, const std::vector<Event>& events, int64_t group_rows) {
  auto time = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  auto table = arrow::Table::Make(
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("ts", time),
                     arrow::field("made", time), arrow::field("val", arrow::int64())}),
      {Column(events, &Event::id, arrow::int64(), 1), Column(events, &Event::time, time, kSecond),
       Column(events, &Event::created, time, kSecond),
       Column(events, &Event::value, arrow::int64(), 1)});
  auto file = Must(arrow::io::FileOutputStream::Open(path));
  ASSERT_OK(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), file, group_rows));
  ASSERT_OK(file->Close());
}

class MaterializeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    view_.project = "demo";
    view_.name = "v";
    view_.join_keys = {{"id", ValueType::kInt64}};
    view_.features = {{"value", ValueType::kInt64}};
    view_.batch_source.name = "events";
    view_.batch_source.path = "events";
    view_.batch_source.timestamp_field = "ts";
    view_.batch_source.created_timestamp_column = "made";
    view_.batch_source.field_mapping = {{"val", "value"}};
    std::filesystem::create_directory(folder_.path() + "/events");
    store_ = Must(OpenLmdbStore({.path = folder_.path() + "/online.lmdb"}));
    work_ = WorkContext::Defaults();
  }
  void Write(const std::string& file, const std::vector<Event>& events, int64_t group_rows = 1000) {
    WriteEvents(folder_.path() + "/events/" + file, events, group_rows);
  }
  Result<MaterializeResult> Run(int64_t start, int64_t end) {
    MaterializeRequest request;
    request.view = &view_;
    request.root = folder_.path();
    request.start = Timestamp::FromSeconds(start);
    request.end = Timestamp::FromSeconds(end);
    request.run_started = Timestamp::FromSeconds(5000);
    request.spill_folder = folder_.path();
    return MaterializeView(request, *store_, work_);
  }
  std::string Value(int64_t id) {
    return ReadOne(*store_, *Must(store_->Bind(SchemaForStore(view_))), IntKey(id), "value");
  }

  TempFolder folder_;
  ViewSpec view_;
  std::shared_ptr<OnlineStore> store_;
  WorkContext work_;
};

TEST_F(MaterializeTest, NewestOfEachKeyInTheRange) {
  Write("a.parquet", {{1, 10, 1, 100},
                      {1, 20, 1, 101},   // the end: inclusive
                      {1, 21, 1, 102},   // after it
                      {2, 10, 1, 200},   // the start: inclusive
                      {3, 9, 1, 300},    // before it
                      {-1, 15, 1, 400},  // no key
                      {4, -1, 1, 500},   // no time
                      {5, 15, -1, 501},  // null created time comes first
                      {5, 15, 0, 502},
                      {5, 15, -1, 503}});
  MaterializeResult result = Must(Run(10, 20));
  EXPECT_EQ(result.rows_read, 7);
  EXPECT_EQ(result.rows_without_time, 1);
  EXPECT_EQ(result.rows_with_null_key, 1);
  EXPECT_EQ(result.entities, 3);
  EXPECT_EQ(result.written.applied, 3);
  EXPECT_FALSE(result.source_range.has_value());
  EXPECT_EQ(Value(1), "101");
  EXPECT_EQ(Value(2), "200");
  EXPECT_EQ(Value(3), "absent");
  EXPECT_EQ(Value(4), "absent");
  EXPECT_EQ(Value(5), "502");
}

TEST_F(MaterializeTest, TiesGoToTheLaterFileAndRow) {
  Write("a.parquet", {{1, 10, 1, 1}, {2, 10, 1, 2}, {2, 10, 1, 3}});
  Write("b.parquet", {{1, 10, 1, 4}}, 1);
  for (int threads : {1, 4}) {
    work_.threads = threads;
    ASSERT_OK(Run(0, 100));
    EXPECT_EQ(Value(1), "4");
    EXPECT_EQ(Value(2), "3");
  }
}

TEST_F(MaterializeTest, RepeatingChangesNothingAndOldRangesDoNotOverwrite) {
  Write("a.parquet", {{1, 10, 1, 1}, {1, 20, 1, 2}, {2, 10, 1, 3}});
  EXPECT_EQ(Must(Run(0, 100)).written.applied, 2);
  EXPECT_EQ(Must(Run(0, 100)).written.stale, 0);
  MaterializeResult old_range = Must(Run(0, 15));
  EXPECT_EQ(old_range.written.stale, 1);
  EXPECT_EQ(Value(1), "2");
  EXPECT_EQ(Value(2), "3");
}

TEST_F(MaterializeTest, AnEmptyRangeSaysWhatThereIs) {
  Write("a.parquet", {{1, 10, 1, 1}, {1, 20, 1, 2}});
  MaterializeResult result = Must(Run(100, 200));
  EXPECT_EQ(result.rows_read, 0);
  ASSERT_TRUE(result.source_range.has_value());
  EXPECT_EQ(result.source_range->earliest, Timestamp::FromSeconds(10));
  EXPECT_EQ(result.source_range->latest, Timestamp::FromSeconds(20));
  auto backwards = Run(200, 100);
  EXPECT_EQ(KindOf(backwards.status()), ErrorKind::kInvalid);
}

TEST_F(MaterializeTest, ASourceOfThePresent) {
  view_.batch_source.timestamp_field.clear();
  view_.batch_source.created_timestamp_column.clear();
  Write("a.parquet", {{1, -1, 1, 1}, {1, 30, 1, 2}, {2, -1, -1, 3}});
  MaterializeResult result = Must(Run(0, 1));
  EXPECT_EQ(result.rows_read, 3);
  EXPECT_EQ(Value(1), "2");
  EXPECT_EQ(Value(2), "3");
  auto view = Must(store_->Bind(SchemaForStore(view_)));
  ReadResult read;
  ASSERT_OK(testing::ReadKeys(*store_, *view, {IntKey(1)}, &read));
  EXPECT_EQ(read.row(0, 0, 0).order().event_micros, 5000 * kSecond);
}

TEST_F(MaterializeTest, AViewWithoutEntities) {
  view_.join_keys.clear();
  Write("a.parquet", {{1, 10, 1, 1}, {2, 30, 1, 2}, {3, 20, 1, 3}});
  EXPECT_EQ(Must(Run(0, 100)).entities, 1);
  auto codec = Must(EntityKeyCodec::Make({}, 3));
  std::string key;
  codec.Append({}, &key);
  EXPECT_EQ(ReadOne(*store_, *Must(store_->Bind(SchemaForStore(view_))), key, "value"), "2");
}

TEST_F(MaterializeTest, SpillingAndThreadsChangeNothing) {
  std::mt19937 random(3);
  std::map<int64_t, std::pair<std::tuple<int64_t, int64_t, int, size_t>, int64_t>> expected;
  for (int file = 0; file < 2; ++file) {
    std::vector<Event> events;
    for (size_t row = 0; row < 60000; ++row) {
      Event event{static_cast<int64_t>(random() % 30000), static_cast<int64_t>(random() % 5),
                  static_cast<int64_t>(random() % 2), static_cast<int64_t>(random())};
      auto order = std::tuple(event.time, event.created, file, row);
      auto [it, first] = expected.try_emplace(event.id, order, event.value);
      if (!first && order > it->second.first) it->second = {order, event.value};
      events.push_back(event);
    }
    Write(std::to_string(file) + ".parquet", events, 7000);
  }
  work_.threads = 3;
  work_.memory_limit_bytes = 1 << 20;
  MaterializeResult result = Must(Run(0, 100));
  EXPECT_EQ(result.rows_read, 120000);
  EXPECT_EQ(result.entities, static_cast<int64_t>(expected.size()));
  auto view = Must(store_->Bind(SchemaForStore(view_)));
  std::vector<std::string> keys;
  for (const auto& [id, newest] : expected) keys.push_back(IntKey(id));
  ReadResult read;
  ASSERT_OK(testing::ReadKeys(*store_, *view, keys, &read));
  size_t at = 0;
  for (const auto& [id, newest] : expected) {
    RowView row = read.row(0, 0, at++);
    ASSERT_TRUE(row.present());
    ASSERT_EQ(row.Fixed<int64_t>(*view->write_layout(), 0), newest.second) << id;
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_TRUE(entry.is_directory()) << entry.path() << " is left over";
  }
}

TEST_F(MaterializeTest, StopsWhenAsked) {
  Write("a.parquet", {{1, 10, 1, 1}});
  StopToken stop;
  stop.Stop();
  work_.stop = &stop;
  EXPECT_EQ(KindOf(Run(0, 100).status()), ErrorKind::kCancelled);
}

// Asks the work to stop as soon as the phase it waits for begins or goes on.
class StopIn : public Progress {
 public:
  StopIn(StopToken* stop, std::string phase) : stop_(stop), phase_(std::move(phase)) {}
  void Begin(std::string_view phase, int64_t) override { now_ = phase; }
  void Add(int64_t) override {
    if (now_.ends_with(phase_)) stop_->Stop();
  }
  void End() override {}

 private:
  StopToken* stop_;
  std::string phase_;
  std::string now_;  // set between the phases, by one thread
};

TEST_F(MaterializeTest, StoppedMidwayItIsSimplyRepeated) {
  std::vector<Event> events;
  for (int64_t id = 0; id < 100000; ++id) events.push_back({id, 10, 1, id});
  Write("a.parquet", events, 20000);
  work_.threads = 2;
  work_.memory_limit_bytes = 1 << 20;
  for (const char* phase : {"reading", "writing"}) {
    StopToken stop;
    StopIn progress(&stop, phase);
    work_.stop = &stop;
    work_.progress = &progress;
    EXPECT_EQ(KindOf(Run(0, 100).status()), ErrorKind::kCancelled) << phase;
  }
  WorkContext defaults = WorkContext::Defaults();
  work_.stop = defaults.stop;
  work_.progress = defaults.progress;
  EXPECT_EQ(Must(Run(0, 100)).written.applied, 100000);
  EXPECT_EQ(Value(0), "0");
  EXPECT_EQ(Value(99999), "99999");
}

TEST_F(MaterializeTest, AMissingColumnIsNamed) {
  Write("a.parquet", {{1, 10, 1, 1}});
  view_.features.push_back({"valeu", ValueType::kInt64});
  Status status = Run(0, 100).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kDefinition);
  EXPECT_NE(status.message().find("valeu"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace featly
