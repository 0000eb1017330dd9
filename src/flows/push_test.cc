#include "flows/push.h"

#include <future>

#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include "online/lmdb_store.h"
#include "online/store_test_util.h"
#include "online/view_schema.h"

namespace featly {
namespace {

using testing::IntKey;
using testing::Must;
using testing::ReadOne;
using testing::TempFolder;

void AddView(feast::core::Registry* registry, const std::string& name, const std::string& feature,
             const std::string& created_column) {
  auto* spec = registry->add_feature_views()->mutable_spec();
  spec->set_name(name);
  spec->set_project("demo");
  spec->set_online(true);
  spec->add_entities("driver");
  auto add = [](auto* field, const std::string& field_name, feast::types::ValueType::Enum type) {
    field->set_name(field_name);
    field->set_value_type(type);
  };
  add(spec->add_entity_columns(), "id", feast::types::ValueType_Enum_INT64);
  add(spec->add_features(), feature, feast::types::ValueType_Enum_INT64);
  auto* batch = spec->mutable_batch_source();
  batch->set_name("file");
  batch->set_type(feast::core::DataSource::BATCH_FILE);
  batch->mutable_file_options()->set_uri("file.parquet");
  batch->set_timestamp_field("ts");
  batch->set_created_timestamp_column(created_column);
  (*batch->mutable_field_mapping())["raw_" + feature] = feature;
  auto* push = spec->mutable_stream_source();
  push->set_name("live");
  push->set_type(feast::core::DataSource::PUSH_SOURCE);
}

class PushTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto registry = std::make_shared<feast::core::Registry>();
    AddView(registry.get(), "v", "n", "");
    AddView(registry.get(), "w", "m", "made");
    snapshot_ = Must(RegistrySnapshot::Make(registry));
    store_ = Must(OpenLmdbStore({.path = folder_.path() + "/online.lmdb"}));
  }
  // `rows` is a JSON array of objects.
  Result<WriteResult> PushRows(const std::string& rows, const std::string& source = "live") {
    auto time = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    auto type =
        arrow::struct_({arrow::field("id", arrow::int32()), arrow::field("ts", time),
                        arrow::field("made", time), arrow::field("raw_n", arrow::int64()),
                        arrow::field("m", arrow::int64()), arrow::field("extra", arrow::utf8())});
    auto batch = Must(
        arrow::RecordBatch::FromStructArray(Must(arrow::json::ArrayFromJSONString(type, rows))));
    return PushBatch(*batch, source);
  }
  Result<WriteResult> PushBatch(const arrow::RecordBatch& batch, const std::string& source) {
    std::promise<Result<WriteResult>> done;
    Push(*snapshot_, "demo", source, batch, Timestamp::FromSeconds(99), 3, *store_,
         [&](Result<WriteResult> result) { done.set_value(std::move(result)); });
    return done.get_future().get();
  }
  std::string Read(const char* view, int64_t id, const char* column) {
    auto bound = Must(store_->Bind(SchemaForStore(*Must(snapshot_->View("demo", view)))));
    return ReadOne(*store_, *bound, IntKey(id), column);
  }

  TempFolder folder_;
  std::shared_ptr<const RegistrySnapshot> snapshot_;
  std::shared_ptr<OnlineStore> store_;
};

TEST_F(PushTest, EveryViewOfTheSourceGetsTheRows) {
  WriteResult written = Must(PushRows(R"([
      {"id": 1, "ts": 1000000, "made": 5, "raw_n": 10, "m": 20, "extra": "x"},
      {"id": 2, "ts": 1000000, "made": null, "raw_n": null, "m": 21, "extra": null}])"));
  EXPECT_EQ(written.applied, 4);
  EXPECT_EQ(Read("v", 1, "n"), "10");
  EXPECT_EQ(Read("w", 1, "m"), "20");
  EXPECT_EQ(Read("v", 2, "n"), "null");
  // An older row changes nothing; the same pair replaces.
  written = Must(PushRows(R"([{"id": 1, "ts": 1000000, "made": 4, "raw_n": 11, "m": 22}])"));
  EXPECT_EQ(written.applied, 1);
  EXPECT_EQ(written.stale, 1);
  EXPECT_EQ(Read("v", 1, "n"), "11");
  EXPECT_EQ(Read("w", 1, "m"), "20");
}

TEST_F(PushTest, NoRowsAreNoError) { EXPECT_EQ(Must(PushRows("[]")).applied, 0); }

TEST_F(PushTest, ABadRowWritesNothingAnywhere) {
  auto no_key = PushRows(R"([{"id": 1, "ts": 1, "raw_n": 1, "m": 1},
                             {"id": null, "ts": 1, "raw_n": 1, "m": 1}])");
  EXPECT_EQ(KindOf(no_key.status()), ErrorKind::kInvalid);
  EXPECT_NE(no_key.status().message().find("row 1"), std::string::npos);
  EXPECT_NE(no_key.status().message().find("'id'"), std::string::npos) << no_key.status().message();
  EXPECT_EQ(DetailOf(no_key.status())->subject, "id");
  auto no_time = PushRows(R"([{"id": 1, "ts": null, "raw_n": 1, "m": 1}])");
  EXPECT_EQ(KindOf(no_time.status()), ErrorKind::kInvalid);
  EXPECT_NE(no_time.status().message().find("'ts'"), std::string::npos);
  EXPECT_EQ(Read("v", 1, "n"), "absent");
}

TEST_F(PushTest, AViewThatIsRefusedKeepsTheOthersOut) {
  OnlineViewSchema other = SchemaForStore(*Must(snapshot_->View("demo", "w")));
  other.join_keys = {{"id", ValueType::kString}};  // as an apply elsewhere has it by now
  ASSERT_OK(store_->Rekey({&other, 1}));
  auto refused = PushRows(R"([{"id": 1, "ts": 1, "raw_n": 1, "m": 1}])");
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kConflict) << refused.status().ToString();
  EXPECT_EQ(Read("v", 1, "n"), "absent");
}

TEST_F(PushTest, AMissingOrUnfitColumnIsNamed) {
  auto batch_of = [](const std::shared_ptr<arrow::DataType>& n_type, const char* name) {
    auto time = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    auto type = arrow::struct_({arrow::field("id", arrow::int64()), arrow::field("ts", time),
                                arrow::field("made", time), arrow::field("m", arrow::int64()),
                                arrow::field(name, n_type)});
    std::string row = std::string(R"([{"id": 1, "ts": 1, "made": 1, "m": 1, ")") + name +
                      (n_type->id() == arrow::Type::STRING ? R"(": "x"}])" : R"(": 1}])");
    return Must(
        arrow::RecordBatch::FromStructArray(Must(arrow::json::ArrayFromJSONString(type, row))));
  };
  Status missing = PushBatch(*batch_of(arrow::int64(), "raw_nn"), "live").status();
  EXPECT_EQ(KindOf(missing), ErrorKind::kInvalid);
  EXPECT_NE(missing.message().find("'raw_n'"), std::string::npos) << missing.message();
  EXPECT_EQ(DetailOf(missing)->near_names, std::vector<std::string>{"raw_nn"});
  Status unfit = PushBatch(*batch_of(arrow::utf8(), "n"), "live").status();
  EXPECT_EQ(KindOf(unfit), ErrorKind::kInvalid);
  EXPECT_NE(unfit.message().find("'n'"), std::string::npos) << unfit.message();
  EXPECT_EQ(KindOf(PushBatch(*batch_of(arrow::int64(), "n"), "life").status()),
            ErrorKind::kNotFound);
  ASSERT_OK(PushBatch(*batch_of(arrow::int64(), "n"), "live"));
  EXPECT_EQ(Read("v", 1, "n"), "1");
}

TEST_F(PushTest, AnIoThreadPreparesNothing) {
  auto batch = arrow::RecordBatch::MakeEmpty(arrow::schema({})).ValueOrDie();
  std::promise<Result<WriteResult>> done;
  Push(
      *snapshot_, "demo", "live", *batch, Timestamp{0}, 3, *store_,
      [&](Result<WriteResult> result) { done.set_value(std::move(result)); }, MissingView::kRefuse);
  EXPECT_EQ(KindOf(done.get_future().get().status()), ErrorKind::kUnavailable);
  EXPECT_TRUE(Must(store_->ListViews("demo")).empty());
}

TEST_F(PushTest, OneViewAlone) {
  auto batch = Must(arrow::RecordBatch::FromStructArray(Must(arrow::json::ArrayFromJSONString(
      arrow::struct_({arrow::field("id", arrow::int32()),
                      arrow::field("ts", arrow::timestamp(arrow::TimeUnit::SECOND)),
                      arrow::field("n", arrow::int64())}),
      R"([{"id": 1, "ts": 5, "n": 7}])"))));
  auto write = [&](const char* view) {
    std::promise<Result<WriteResult>> done;
    WriteToView(*snapshot_, "demo", view, *batch, Timestamp::FromSeconds(99), 3, *store_,
                [&](Result<WriteResult> result) { done.set_value(std::move(result)); });
    return done.get_future().get();
  };
  EXPECT_EQ(Must(write("v")).applied, 1);
  EXPECT_EQ(Read("v", 1, "n"), "7");
  EXPECT_EQ(Must(write("v")).applied, 1);                       // the same again
  EXPECT_EQ(KindOf(write("w").status()), ErrorKind::kInvalid);  // lacks m
  EXPECT_EQ(KindOf(write("u").status()), ErrorKind::kNotFound);
}

}  // namespace
}  // namespace featly
