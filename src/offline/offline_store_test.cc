#include "offline/offline_store.h"

#include <algorithm>
#include <limits>
#include <random>
#include <tuple>

#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <gmock/gmock.h>

#include "offline/test_files.h"
#include "types/event_order.h"

namespace featly {
namespace {

using testing::HasSubstr;

ViewSpec MakeView(const std::string& path, std::vector<JoinKey> keys,
                  std::vector<RowColumn> features) {
  ViewSpec view;
  view.name = "stats";
  view.join_keys = std::move(keys);
  view.features = std::move(features);
  view.batch_source.name = "history";
  view.batch_source.path = path;
  view.batch_source.timestamp_field = "ts";
  return view;
}

ViewSpec IntView(const std::string& path = "h.parquet") {
  return MakeView(path, {{"id", ValueType::kInt64}}, {{"x", ValueType::kInt64}});
}

// All features of all views, under the keys' own names.
std::shared_ptr<ResolvedFeatures> AllOf(const std::vector<const ViewSpec*>& views) {
  auto all = std::make_shared<ResolvedFeatures>();
  for (uint32_t v = 0; v < views.size(); ++v) {
    ViewUse use{views[v], views[v]->name, {}};
    for (const JoinKey& key : views[v]->join_keys) use.key_columns.push_back(key.name);
    all->views.push_back(use);
    for (uint32_t f = 0; f < views[v]->features.size(); ++f) {
      all->features.push_back({v, f, views[v]->features[f].name});
    }
  }
  return all;
}

class OfflineStoreTest : public testing::Test {
 protected:
  Result<std::shared_ptr<arrow::Table>> Join(std::shared_ptr<const ResolvedFeatures> features,
                                             const std::shared_ptr<arrow::Table>& entities,
                                             int threads = 2) {
    TrainingPlan plan;
    plan.features = std::move(features);
    ARROW_ASSIGN_OR_RAISE(plan.entities, EntityTable::FromTable(entities));
    WorkContext work = WorkContext::Defaults();
    work.threads = threads;
    auto store = MakeLocalOfflineStore(folder_.path());
    ARROW_ASSIGN_OR_RAISE(auto reader, store->GetHistoricalFeatures(plan, work, &statistics_));
    return reader->ToTable();
  }

  // The one feature column of a view with feature "x".
  std::shared_ptr<arrow::Array> JoinX(const ViewSpec& view, const NamedColumns& entities) {
    auto table = Join(AllOf({&view}), MakeTable(entities));
    EXPECT_TRUE(table.ok()) << table.status().ToString();
    if (!table.ok()) return nullptr;
    EXPECT_EQ((*table)->num_columns(), static_cast<int>(entities.size()) + 1);
    EXPECT_TRUE((*table)->ValidateFull().ok());
    for (size_t i = 0; i < entities.size(); ++i) {
      const arrow::ChunkedArray given(entities[i].second);
      EXPECT_TRUE((*table)
                      ->column(static_cast<int>(i))
                      ->Equals(given, arrow::EqualOptions().nans_equal(true)));
    }
    return (*table)->CombineChunksToBatch().ValueOrDie()->GetColumnByName("x");
  }

  void ExpectX(const ViewSpec& view, const NamedColumns& entities,
               const std::shared_ptr<arrow::Array>& expected) {
    auto x = JoinX(view, entities);
    ASSERT_NE(x, nullptr);
    EXPECT_TRUE(x->Equals(*expected)) << x->ToString() << "\nexpected\n" << expected->ToString();
  }

  Status ErrorOf(const ViewSpec& view, const NamedColumns& entities) {
    return Join(AllOf({&view}), MakeTable(entities)).status();
  }

  TemporaryFolder folder_;
  TrainingStatistics statistics_;
};

TEST_F(OfflineStoreTest, TheNewestRowThatIsNotLater) {
  WriteParquet(folder_ / "h.parquet", {{"id", Ints({1, 1, 2, 1})},
                                       {"ts", Times({10, 20, 15, 30})},
                                       {"x", Ints({110, 120, 215, 130})}});
  ExpectX(IntView(),
          {{"id", Ints({1, 1, 1, 2, 3, 1, 1})},
           {"event_timestamp", Times({9, 10, 29, 40, 40, 30, 29})}},
          Ints({{}, 110, 120, 215, {}, 130, 120}));
  EXPECT_EQ(statistics_.entity_rows, 7);
  EXPECT_EQ(statistics_.source_rows_read, 4);
}

TEST_F(OfflineStoreTest, BothEndsOfTheTtlAreInclusive) {
  WriteParquet(folder_ / "h.parquet",
               {{"id", Ints({1, 1})}, {"ts", Times({10, 50})}, {"x", Ints({1, 2})}});
  ViewSpec view = IntView();
  view.ttl = Duration::Micros(5);
  ExpectX(view,
          {{"id", Ints({1, 1, 1, 1, 1, 1})}, {"event_timestamp", Times({10, 15, 16, 50, 55, 56})}},
          Ints({1, 1, {}, 2, 2, {}}));
}

TEST_F(OfflineStoreTest, TiesGoByCreatedThenFileThenRow) {
  // One event time; created times decide, null first; then the later file, then the later row.
  WriteParquet(folder_ / "d/a.parquet",
               {{"id", Ints({1, 1, 2, 2, 3, 3})},
                {"ts", Times({10, 10, 10, 10, 10, 10})},
                {"made", Times({7, 6, {}, -5, 4, 4})},
                {"x", Ints({11, 12, 21, 22, 31, 32})}},
               1);
  WriteParquet(folder_ / "d/b.parquet", {{"id", Ints({1, 3})},
                                         {"ts", Times({10, 10})},
                                         {"made", Times({5, 4})},
                                         {"x", Ints({13, 33})}});
  ViewSpec view = IntView("d");
  const NamedColumns entities = {{"id", Ints({1, 2, 3})}, {"event_timestamp", Times({10, 11, 12})}};
  ExpectX(view, entities, Ints({13, 22, 33}));
  view.batch_source.created_timestamp_column = "made";
  ExpectX(view, entities, Ints({11, 22, 33}));
}

TEST_F(OfflineStoreTest, NullKeysAndTimesMatchNothing) {
  WriteParquet(folder_ / "h.parquet",
               {{"id", Ints({1, {}, 1})}, {"ts", Times({10, 10, {}})}, {"x", Ints({1, 2, 3})}});
  ExpectX(IntView(), {{"id", Ints({1, {}})}, {"event_timestamp", Times({20, 20})}}, Ints({1, {}}));
  EXPECT_EQ(statistics_.source_rows_without_time, 1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ExpectX(IntView(), {{"id", Doubles({1, nan})}, {"event_timestamp", Times({20, 20})}},
          Ints({1, {}}));
}

TEST_F(OfflineStoreTest, NanosecondsNeverShowTheFuture) {
  WriteParquet(
      folder_ / "h.parquet",
      {{"id", Ints({1})}, {"ts", Times({10001}, arrow::TimeUnit::NANO, "")}, {"x", Ints({1})}});
  ExpectX(IntView(),
          {{"id", Ints({1, 1, 1})},
           {"event_timestamp", Times({10000, 10999, 11000}, arrow::TimeUnit::NANO, "")}},
          Ints({{}, {}, 1}));
}

TEST_F(OfflineStoreTest, UnitsAndZonesOfTimes) {
  WriteParquet(folder_ / "h.parquet", {{"id", Ints({1})},
                                       {"ts", Times({5}, arrow::TimeUnit::MILLI, "Asia/Tokyo")},
                                       {"x", Ints({1})}});
  for (const char* zone : {"", "UTC", "America/New_York"}) {
    ExpectX(IntView(),
            {{"id", Ints({1, 1})},
             {"event_timestamp", Times({4999, 5000}, arrow::TimeUnit::MICRO, zone)}},
            Ints({{}, 1}));
  }
}

TEST_F(OfflineStoreTest, StringAndSeveralKeys) {
  WriteParquet(folder_ / "h.parquet", {{"a", Strings({"x", "xy", "x", "x"})},
                                       {"b", Strings({"yz", "z", {}, "yz"})},
                                       {"n", Ints32({1, 1, 1, 2})},
                                       {"ts", Times({1, 1, 1, 1})},
                                       {"x", Ints({1, 2, 3, 4})}});
  const ViewSpec view = MakeView(
      "h.parquet", {{"a", ValueType::kString}, {"b", ValueType::kString}, {"n", ValueType::kInt32}},
      {{"x", ValueType::kInt64}});
  ExpectX(view,
          {{"n", Ints({1, 1, 1, 2, 3})},
           {"b", Strings({"yz", "z", {}, "yz", "yz"})},
           {"a", Strings({"x", "xy", "x", "x", "x"})},
           {"event_timestamp", Times({5, 5, 5, 5, 5})}},
          Ints({1, 2, {}, 4, {}}));
}

TEST_F(OfflineStoreTest, WithoutEntitiesOnlyTimeDecides) {
  WriteParquet(folder_ / "h.parquet", {{"ts", Times({10, 20, 20})}, {"x", Ints({1, 2, 3})}}, 1);
  const ViewSpec view = MakeView("h.parquet", {}, {{"x", ValueType::kInt64}});
  ExpectX(view, {{"label", Ints({0, 0, 0})}, {"event_timestamp", Times({25, 9, 10})}},
          Ints({3, {}, 1}));
}

TEST_F(OfflineStoreTest, ASourceOfThePresentNeedsNoTimes) {
  WriteParquet(folder_ / "h.parquet",
               {{"id", Ints({1, 1, 2})}, {"made", Times({9, 8, {}})}, {"x", Ints({1, 2, 3})}}, 1);
  ViewSpec view = IntView();
  view.batch_source.timestamp_field = "";
  view.ttl = Duration::Micros(1);
  ExpectX(view, {{"id", Ints({2, 1, 7, 1})}}, Ints({3, 2, {}, 2}));
  view.batch_source.created_timestamp_column = "made";
  ExpectX(view, {{"id", Ints({2, 1, 1})}, {"event_timestamp", Times({1, 2, 1})}}, Ints({3, 1, 1}));
}

TEST_F(OfflineStoreTest, FieldMappingNamesTheColumnsOfTheSource) {
  WriteParquet(folder_ / "h.parquet",
               {{"driver", Ints({1})}, {"when", Times({10})}, {"raw", Ints({7})}});
  ViewSpec view = IntView();
  view.batch_source.field_mapping = {{"driver", "id"}, {"when", "ts"}, {"raw", "x"}};
  ExpectX(view, {{"id", Ints({1})}, {"event_timestamp", Times({10})}}, Ints({7}));
}

TEST_F(OfflineStoreTest, EveryTypeOfFeature) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  WriteParquet(folder_ / "h.parquet",
               {{"id", Ints({1, 2, 3})},
                {"ts", Times({1, 1, 1})},
                {"i32", Ints({1, {}, -3})},
                {"f64", Doubles({0.5, nan, {}})},
                {"f32", Doubles({0.5, nan, 2})},
                {"flag", Bools({true, false, {}})},
                {"text", Strings({"a", {}, "ccc"})},
                {"at", Times({1, 2, {}}, arrow::TimeUnit::MILLI)},
                {"list", IntLists({{{1, 2}}, {}, std::vector<int64_t>{}})}},
               2);
  const ViewSpec view = MakeView("h.parquet", {{"id", ValueType::kInt64}},
                                 {{"i32", ValueType::kInt32},
                                  {"f64", ValueType::kDouble},
                                  {"f32", ValueType::kFloat},
                                  {"flag", ValueType::kBool},
                                  {"text", ValueType::kString},
                                  {"at", ValueType::kUnixTimestamp},
                                  {"list", ValueType::kInt64List}});
  auto table =
      Join(AllOf({&view}),
           MakeTable({{"id", Ints({3, 9, 1, 2, 3})}, {"event_timestamp", Times({1, 1, 1, 1, 0})}}));
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  ASSERT_TRUE((*table)->ValidateFull().ok());
  const NamedColumns expected = {
      {"i32", Ints32({-3, {}, 1, {}, {}})},
      {"f64", Doubles({{}, {}, 0.5, {}, {}})},
      {"f32", Fill(arrow::FloatBuilder(), Values<float>{2.0F, {}, 0.5F, {}, {}})},
      {"flag", Bools({{}, {}, true, false, {}})},
      {"text", Strings({"ccc", {}, "a", {}, {}})},
      {"at", Times({{}, {}, 1000, 2000, {}})},
      {"list", IntLists({std::vector<int64_t>{}, {}, {{1, 2}}, {}, {}})},
  };
  for (const auto& [name, values] : expected) {
    EXPECT_TRUE((*table)->GetColumnByName(name)->Equals(arrow::ChunkedArray(values)))
        << name << (*table)->GetColumnByName(name)->ToString();
  }
}

TEST_F(OfflineStoreTest, CsvSourceAndFeaturesOfSeveralViewsInTheOrderAskedFor) {
  folder_.Write("h.csv",
                "id,ts,code,x\n01,1970-01-01 00:00:01,007,5\n01,1970-01-01 00:00:02,008,\n");
  WriteParquet(folder_ / "h.parquet", {{"id", Ints({1})}, {"ts", Times({10})}, {"y", Ints({7})}});
  const ViewSpec text = MakeView("h.csv", {{"id", ValueType::kString}},
                                 {{"x", ValueType::kInt64}, {"code", ValueType::kString}});
  const ViewSpec numbers =
      MakeView("h.parquet", {{"id", ValueType::kInt64}}, {{"y", ValueType::kInt64}});
  auto features = std::make_shared<ResolvedFeatures>();
  features->views = {{&text, "text", {"code"}}, {&numbers, "numbers", {"number"}}};
  features->features = {{0, 1, "text__code"}, {1, 0, "y"}, {0, 0, "x"}};
  auto table = Join(features, MakeTable({{"code", Strings({"01", "01", "1"})},
                                         {"number", Ints({1, 2, 1})},
                                         {"event_timestamp", Times({1000000, 2000000, 3000000})}}));
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  EXPECT_THAT((*table)->schema()->field_names(),
              testing::ElementsAre("code", "number", "event_timestamp", "text__code", "y", "x"));
  EXPECT_TRUE((*table)->column(3)->Equals(arrow::ChunkedArray(Strings({"007", "008", {}}))));
  EXPECT_TRUE((*table)->column(4)->Equals(arrow::ChunkedArray(Ints({7, {}, 7}))));
  EXPECT_TRUE((*table)->column(5)->Equals(arrow::ChunkedArray(Ints({5, {}, {}}))));
}

TEST_F(OfflineStoreTest, TextKeysOfCsvEntities) {
  WriteParquet(folder_ / "h.parquet",
               {{"id", Strings({"1001"})}, {"ts", Times({10})}, {"x", Ints({7})}});
  folder_.Write("e.csv", "id,event_timestamp\n1001,2024-01-01\n7,2024-01-01\n");
  const ViewSpec view =
      MakeView("h.parquet", {{"id", ValueType::kString}}, {{"x", ValueType::kInt64}});
  TrainingPlan plan{AllOf({&view}), EntityTable::FromFile(folder_ / "e.csv").ValueOrDie()};
  auto reader = MakeLocalOfflineStore(folder_.path())
                    ->GetHistoricalFeatures(plan, WorkContext::Defaults(), &statistics_);
  ASSERT_TRUE(reader.ok()) << reader.status().ToString();
  EXPECT_TRUE((*reader)->ToTable().ValueOrDie()->GetColumnByName("x")->Equals(
      arrow::ChunkedArray(Ints({7, {}}))));
}

TEST_F(OfflineStoreTest, NoRowsOnEitherSide) {
  WriteParquet(folder_ / "h.parquet", {{"id", Ints({})}, {"ts", Times({})}, {"x", Ints({})}});
  ExpectX(IntView(), {{"id", Ints({1})}, {"event_timestamp", Times({20})}},
          Ints(Values<int64_t>{{}}));
  auto table = Join(AllOf({}), MakeTable({{"id", Ints({})}, {"event_timestamp", Times({})}}));
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  ExpectX(IntView(), {{"id", Ints({})}, {"event_timestamp", Times({})}}, Ints({}));
}

TEST_F(OfflineStoreTest, ErrorsSayWhatIsMissing) {
  WriteParquet(folder_ / "h.parquet",
               {{"id", Ints({1})}, {"ts", Times({10})}, {"xx", Ints({1})}, {"s", Strings({"1"})}});
  const NamedColumns entities = {{"id", Ints({1})}, {"event_timestamp", Times({10})}};
  Status missing = ErrorOf(IntView(), entities);
  EXPECT_EQ(KindOf(missing), ErrorKind::kDefinition);
  EXPECT_THAT(DetailOf(missing)->near_names, testing::Contains("xx"));
  const ViewSpec typed =
      MakeView("h.parquet", {{"id", ValueType::kInt64}}, {{"s", ValueType::kInt64}});
  EXPECT_EQ(KindOf(ErrorOf(typed, entities)), ErrorKind::kDefinition);
  const ViewSpec view =
      MakeView("h.parquet", {{"id", ValueType::kInt64}}, {{"xx", ValueType::kInt64}});
  Status key = ErrorOf(view, {{"idd", Ints({1})}, {"event_timestamp", Times({10})}});
  EXPECT_EQ(KindOf(key), ErrorKind::kInvalid);
  EXPECT_THAT(DetailOf(key)->near_names, testing::Contains("idd"));
  EXPECT_EQ(KindOf(ErrorOf(view, {{"id", Ints({1})}})), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(ErrorOf(view, {{"id", Strings({"abc"})}, {"t", Times({1})}})),
            ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(ErrorOf(view, {{"id", Doubles({1.5})}, {"t", Times({1})}})),
            ErrorKind::kInvalid);
  EXPECT_THAT(ErrorOf(view, {{"id", Ints({1})}, {"xx", Ints({1})}, {"t", Times({1})}}).message(),
              HasSubstr("'xx'"));
}

TEST_F(OfflineStoreTest, StopsWhenAsked) {
  WriteParquet(folder_ / "h.parquet", {{"id", Ints({1})}, {"ts", Times({10})}, {"x", Ints({1})}});
  const ViewSpec view = IntView();
  TrainingPlan plan{
      AllOf({&view}),
      EntityTable::FromTable(MakeTable({{"id", Ints({1})}, {"t", Times({20})}})).ValueOrDie()};
  StopToken stop;
  stop.Stop();
  WorkContext work = WorkContext::Defaults();
  work.stop = &stop;
  auto reader =
      MakeLocalOfflineStore(folder_.path())->GetHistoricalFeatures(plan, work, &statistics_);
  EXPECT_EQ(KindOf(reader.status()), ErrorKind::kCancelled);
}

// Random histories against the meaning said naively.
struct HistoryRow {
  std::optional<int64_t> key;
  std::optional<int64_t> event, created;
  uint32_t file;
  int64_t value;
};

std::optional<int64_t> NaiveLookup(const std::vector<HistoryRow>& rows, std::optional<int64_t> key,
                                   int64_t time, int64_t ttl) {
  const HistoryRow* best = nullptr;
  auto rank = [](const HistoryRow& row) {
    return std::tuple(*row.event, row.created.value_or(kNoCreatedTime));
  };
  for (const HistoryRow& row : rows) {  // in order of files and rows: the last of equals wins
    if (!key || row.key != key || !row.event || *row.event > time) continue;
    if (ttl > 0 && *row.event < time - ttl) continue;
    if (best == nullptr || rank(row) >= rank(*best)) best = &row;
  }
  return best == nullptr ? std::nullopt : std::optional(best->value);
}

std::string BytesOf(const arrow::Table& table) {
  auto stream = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto writer = arrow::ipc::MakeStreamWriter(stream, table.schema()).ValueOrDie();
  EXPECT_TRUE(writer->WriteTable(table).ok() && writer->Close().ok());
  return stream->Finish().ValueOrDie()->ToString();
}

class RandomJoin : public OfflineStoreTest {
 protected:
  int64_t Below(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(random_); }
  std::optional<int64_t> Nullable(int64_t value) {
    return Below(12) == 0 ? std::nullopt : std::optional(value);
  }

  std::vector<HistoryRow> WriteHistory(const std::string& folder, int64_t keys, int64_t span) {
    std::vector<HistoryRow> rows;
    const auto files = static_cast<uint32_t>(1 + Below(3));
    for (uint32_t file = 0; file < files; ++file) {
      Values<int64_t> key, event, created, x;
      Values<std::string> text, name;
      const int64_t count = Below(60);
      for (int64_t i = 0; i < count; ++i) {
        HistoryRow row{Nullable(Below(keys)), Nullable(Below(span)), Nullable(Below(4)), file,
                       static_cast<int64_t>(rows.size())};
        rows.push_back(row);
        key.push_back(row.key);
        name.push_back(row.key ? std::optional("k" + std::to_string(*row.key)) : std::nullopt);
        event.push_back(row.event);
        created.push_back(row.created);
        x.push_back(row.value);
        text.push_back("v" + std::to_string(row.value));
      }
      WriteParquet(folder_ / (folder + "/" + std::to_string(file) + ".parquet"),
                   {{"id", Ints(key)},
                    {"name", Strings(name)},
                    {"ts", Times(event)},
                    {"made", Times(created)},
                    {"x", Ints(x)},
                    {"text", Strings(text)}},
                   1 + Below(20));
    }
    return rows;
  }

  std::mt19937_64 random_{20240601};
};

TEST_F(RandomJoin, AgreesWithTheNaiveMeaningForAnyNumberOfThreads) {
  for (int round = 0; round < 150; ++round) {
    SCOPED_TRACE(round);
    const std::string folder = "r" + std::to_string(round);
    const int64_t keys = 1 + Below(6), span = 1 + Below(40);
    const auto history = WriteHistory(folder, keys, span);
    ViewSpec view = MakeView(folder, {{"id", ValueType::kInt64}},
                             {{"x", ValueType::kInt64}, {"text", ValueType::kString}});
    if (Below(2) == 0) view.join_keys = {{"name", ValueType::kString}};
    view.batch_source.created_timestamp_column = "made";
    view.ttl = Duration::Micros(Below(2) * Below(15));
    Values<int64_t> key, time, expected;
    Values<std::string> name, text;
    for (int64_t i = Below(50); i >= 0; --i) {
      key.push_back(Nullable(Below(keys + 1)));
      name.push_back(key.back() ? std::optional("k" + std::to_string(*key.back())) : std::nullopt);
      time.push_back(Below(span + 10));
      expected.push_back(NaiveLookup(history, key.back(), *time.back(), view.ttl.micros));
      text.push_back(expected.back() ? std::optional("v" + std::to_string(*expected.back()))
                                     : std::nullopt);
    }
    const auto entities =
        MakeTable({{"id", Ints(key)}, {"name", Strings(name)}, {"event_timestamp", Times(time)}});
    auto one = Join(AllOf({&view}), entities, 1);
    ASSERT_TRUE(one.ok()) << one.status().ToString();
    ASSERT_TRUE((*one)->GetColumnByName("x")->Equals(arrow::ChunkedArray(Ints(expected))))
        << (*one)->ToString();
    ASSERT_TRUE((*one)->GetColumnByName("text")->Equals(arrow::ChunkedArray(Strings(text))));
    auto many = Join(AllOf({&view}), entities, 8);
    ASSERT_TRUE(many.ok()) << many.status().ToString();
    ASSERT_EQ(BytesOf(**one), BytesOf(**many));
  }
}

}  // namespace
}  // namespace featly
