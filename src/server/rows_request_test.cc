#include "server/rows_request.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

namespace featly {
namespace {

class RowsRequestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    view_.name = "stats";
    view_.join_keys = {{"driver_id", ValueType::kInt64}};
    view_.features = {{"trips", ValueType::kInt64}, {"tags", ValueType::kStringList}};
    view_.batch_source.timestamp_field = "ts";
    view_.batch_source.created_timestamp_column = "made";
    view_.batch_source.field_mapping = {{"n", "trips"}};
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Rows(const std::string& body) {
    return ParseRows(body, {&view_});
  }

  ViewSpec view_;
};

TEST_F(RowsRequestTest, FieldsComeInAnyOrder) {
  std::string body = R"({"df": {"to": [{"df": 1}]}, "to": "offline", "push_source_name": "p"})";
  RowsRequest request = ParseRowsRequest(body, RowsTarget::kPushSource).ValueOrDie();
  EXPECT_EQ(request.target, "p");
  EXPECT_EQ(request.to, "offline");
}

TEST_F(RowsRequestTest, AFeatureViewIsNamedOtherwise) {
  std::string body =
      R"({"df": {}, "to": 7, "feature_view_name": "v", "transform_on_write": false})";
  EXPECT_EQ(ParseRowsRequest(body, RowsTarget::kFeatureView).ValueOrDie().target, "v");
  Status status = ParseRowsRequest(body, RowsTarget::kPushSource).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_EQ(DetailOf(status)->subject, "to");
}

TEST_F(RowsRequestTest, ColumnsHaveTheViewsTypes) {
  auto rows = Rows(R"({"push_source_name": "p", "df": {
      "driver_id": ["1", 2], "n": [9007199254740993, null], "tags": [["a", null], []],
      "ts": ["2024-01-01", 1700000000000000000], "made": [null, "2024-01-01T00:00:00+01:00"],
      "extra": [[{"df": {}}], "x"]}})");
  ASSERT_TRUE(rows.ok()) << FormatForPeople(rows.status());
  const arrow::RecordBatch& batch = **rows;
  ASSERT_EQ(batch.num_rows(), 2);
  EXPECT_EQ(batch.schema()->field_names(),
            (std::vector<std::string>{"driver_id", "n", "tags", "ts", "made"}));
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*batch.GetColumnByName("n")).Value(0),
            int64_t{9007199254740993});
  EXPECT_TRUE(batch.GetColumnByName("tags")->type()->Equals(*ArrowTypeOf(ValueType::kStringList)));
  EXPECT_EQ(static_cast<const arrow::TimestampArray&>(*batch.GetColumnByName("ts")).Value(1),
            int64_t{1700000000000000});
}

TEST_F(RowsRequestTest, NoRows) {
  EXPECT_EQ(Rows(R"({"df": {}})").ValueOrDie()->num_columns(), 0);
  auto none = Rows(R"({"df": {"driver_id": [], "ts": []}})").ValueOrDie();
  EXPECT_EQ(none->num_rows(), 0);
  EXPECT_EQ(none->schema()->field_names(), (std::vector<std::string>{"driver_id", "ts"}));
}

TEST_F(RowsRequestTest, WhatDoesNotFitIsNamed) {
  for (auto [body, column] : std::vector<std::pair<const char*, const char*>>{
           {R"({"df": {"driver_id": [1], "trips": ["x"]}})", "trips"},
           {R"({"df": {"driver_id": [1], "tags": ["x"]}})", "tags"},
           {R"({"df": {"driver_id": [1], "tags": [[["x"]]]}})", "tags"},
           {R"({"df": {"driver_id": [{}]}})", "driver_id"},
           {R"({"df": {"driver_id": [1], "ts": [1.5]}})", "ts"},
           {R"({"df": {"driver_id": [1], "ts": [1700000000]}})", "ts"},
           {R"({"df": {"driver_id": [1], "made": [1700000000000]}})", "made"},
           {R"({"df": {"driver_id": {"a": 1}}})", "driver_id"},
           {R"({"df": {"driver_id": [1], "ts": []}})", "ts"},
       }) {
    Status status = Rows(body).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid) << body;
    EXPECT_NE(status.message().find(column), std::string::npos) << status.message();
  }
  Status twice = Rows(R"({"df": {"driver_id": [1], "driver_id": [1]}})").status();
  EXPECT_EQ(KindOf(twice), ErrorKind::kMalformed);
}

}  // namespace
}  // namespace featly
