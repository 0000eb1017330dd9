#include "retrieval/lookup.h"

#include "retrieval/late_store_test_util.h"
#include "retrieval/retrieval_test_util.h"

namespace featly::testing {
namespace {

class LookupTest : public RetrievalTest {
 protected:
  FieldStatus StatusOf(const Lookup& lookup, size_t feature, size_t row) {
    const PlannedFeature& planned = lookup.plan().features[feature];
    return Lookup::StatusOf(planned, lookup.cell(planned.view, row));
  }
};

TEST_F(LookupTest, EveryStatus) {
  Write("stats", 1, {"9007199254740993", "0.5", "null"}, 10 * kHour);
  Write("stats", 2, {"5", "0.5", "\"Bern\""}, 9 * kHour - 1);  // a microsecond past the TTL
  Write("stats", 3, {"6", "0.5", "\"Bern\""}, 9 * kHour);      // exactly at its end
  auto plan = Must(Plan({"stats:trips", "stats:city"}));
  Lookup lookup;
  Run(&lookup, plan, {1, 2, 3, 4, 1}, 10 * kHour);
  EXPECT_EQ(StatusOf(lookup, 0, 0), FieldStatus::kPresent);
  EXPECT_EQ(StatusOf(lookup, 1, 0), FieldStatus::kNullValue);
  EXPECT_EQ(StatusOf(lookup, 0, 1), FieldStatus::kOutsideMaxAge);
  EXPECT_EQ(StatusOf(lookup, 0, 2), FieldStatus::kPresent);
  EXPECT_EQ(StatusOf(lookup, 0, 3), FieldStatus::kNotFound);
  const Lookup::Cell& cell = lookup.cell(0, 4);
  EXPECT_EQ(cell.row.Fixed<int64_t>(*cell.layout, 0), int64_t{9007199254740993});
}

TEST_F(LookupTest, ARowAfterNowIsServed) {
  Write("stats", 1, {"1", "0.5", "null"}, 11 * kHour);
  Lookup lookup;
  Run(&lookup, Must(Plan({"stats:trips"})), {1}, 10 * kHour);
  EXPECT_EQ(StatusOf(lookup, 0, 0), FieldStatus::kPresent);
}

TEST_F(LookupTest, RowsOfOlderLayouts) {
  OnlineViewSchema now = SchemaForStore(View("stats"));
  OnlineViewSchema before = now;
  // Another order, `rate` missing, `city` of another type.
  before.columns = {{"city", ValueType::kInt64}, {"trips", ValueType::kInt64}};
  Write(before, 1, {"7", "41"}, 10 * kHour);
  Write(now, 2, {"42", "0.5", "\"Bern\""}, 10 * kHour);
  auto plan = Must(Plan({"stats:trips", "stats:rate", "stats:city"}));
  Lookup lookup;
  Run(&lookup, plan, {1, 2}, 10 * kHour);
  EXPECT_EQ(StatusOf(lookup, 0, 0), FieldStatus::kPresent);
  EXPECT_EQ(StatusOf(lookup, 1, 0), FieldStatus::kNotFound);
  EXPECT_EQ(StatusOf(lookup, 2, 0), FieldStatus::kNotFound);
  EXPECT_EQ(StatusOf(lookup, 2, 1), FieldStatus::kPresent);
  const Lookup::Cell& older = lookup.cell(0, 0);
  auto column = static_cast<uint32_t>(Lookup::ColumnIn(plan->features[0], older));
  EXPECT_EQ(older.row.Fixed<int64_t>(*older.layout, column), 41);
}

TEST_F(LookupTest, ALayoutYoungerThanThePlanIsFound) {
  auto plan = Must(Plan({"stats:trips"}));
  OnlineViewSchema later = SchemaForStore(View("stats"));
  later.columns.insert(later.columns.begin(), {"added", ValueType::kInt64});
  Write(later, 1, {"1", "43", "0.5", "null"}, 10 * kHour);
  Lookup lookup;
  Run(&lookup, plan, {1}, 10 * kHour);
  const Lookup::Cell& cell = lookup.cell(0, 0);
  auto column = static_cast<uint32_t>(Lookup::ColumnIn(plan->features[0], cell));
  EXPECT_EQ(cell.row.Fixed<int64_t>(*cell.layout, column), 43);
}

TEST_F(LookupTest, ArrowColumns) {
  Write("stats", 1, {"9007199254740993", "0.5", "null"}, 10 * kHour);
  Write("stats", 2, {"5", "0.5", "\"Bern\""}, 1 * kHour);
  auto keys = Must(arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["1", "2", "3"])"));
  auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("driver_id", arrow::utf8())}),
                                        3, {keys});
  LookupColumns found = Must(LookupArrow(Must(Plan({"stats:city", "stats:trips"}, true)), *store_,
                                         *batch, Timestamp{10 * kHour}));
  EXPECT_EQ(found.names, (std::vector<std::string>{"driver_id", "stats__city", "stats__trips"}));
  auto expect = [](const std::shared_ptr<arrow::Array>& array, const char* json) {
    auto wanted = Must(arrow::json::ArrayFromJSONString(array->type(), json));
    EXPECT_TRUE(array->Equals(*wanted)) << array->ToString();
  };
  expect(found.values[0], "[1, 2, 3]");
  expect(found.values[1], "[null, null, null]");
  expect(found.values[2], "[9007199254740993, null, null]");
  expect(found.statuses[0], "[1, 1, 1]");
  expect(found.statuses[1], "[2, 4, 3]");
  expect(found.statuses[2], "[1, 4, 3]");
  EXPECT_EQ(static_cast<const arrow::TimestampArray&>(*found.event_times[2]).Value(1), 1 * kHour);
  EXPECT_EQ(static_cast<const arrow::TimestampArray&>(*found.event_times[2]).Value(2), 0);
}

TEST_F(LookupTest, ArrowEchoesTheKeysOfTheRequest) {
  Write("home", 1, {"\"Bern\""}, 10 * kHour);
  auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("customer_id", arrow::utf8()), arrow::field("x", arrow::int64()),
                     arrow::field("driver_id", arrow::int64())}),
      1,
      {Must(arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["c"])")),
       Must(arrow::json::ArrayFromJSONString(arrow::int64(), "[5]")),
       Must(arrow::json::ArrayFromJSONString(arrow::int64(), "[1]"))});
  LookupColumns found =
      Must(LookupArrow(Must(Plan({"home:town"})), *store_, *batch, Timestamp{10 * kHour}));
  // In the request's order; a key that is not needed too, what is no key not.
  EXPECT_EQ(found.names, (std::vector<std::string>{"customer_id", "driver_id", "town"}));
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*found.values[0]).GetString(0), "c");
  EXPECT_EQ(static_cast<const arrow::Int8Array&>(*found.statuses[0]).Value(0), 1);
}

TEST_F(LookupTest, AStoreThatReadsLater) {
  for (int64_t driver = 0; driver < 100; ++driver) {
    Write("stats", driver, {std::to_string(driver * 7), "0.5", "null"}, 10 * kHour);
  }
  auto plan = Must(Plan({"stats:trips"}));
  LateStore late(*store_);
  for (int64_t driver = 0; driver < 100; ++driver) {
    auto keys = Must(
        arrow::json::ArrayFromJSONString(arrow::int64(), "[" + std::to_string(driver) + ", 1]"));
    auto batch = arrow::RecordBatch::Make(
        arrow::schema({arrow::field("driver_id", arrow::int64())}), 2, {keys});
    LookupColumns found = Must(LookupArrow(plan, late, *batch, Timestamp{10 * kHour}));
    const auto& trips = static_cast<const arrow::Int64Array&>(*found.values[1]);
    EXPECT_EQ(trips.Value(0), driver * 7);
    EXPECT_EQ(trips.Value(1), 7);
  }
  late.FailWith(Error(ErrorKind::kUnavailable, "the network is down"));
  auto keys = Must(arrow::json::ArrayFromJSONString(arrow::int64(), "[1]"));
  auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("driver_id", arrow::int64())}),
                                        1, {keys});
  EXPECT_EQ(KindOf(LookupArrow(plan, late, *batch, Timestamp{0}).status()),
            ErrorKind::kUnavailable);
}

TEST_F(LookupTest, ArrowKeysAreCheckedByName) {
  auto keys = Must(arrow::json::ArrayFromJSONString(arrow::int64(), "[1]"));
  auto batch =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("driver", arrow::int64())}), 1, {keys});
  Status status = LookupArrow(Must(Plan({"stats:city"})), *store_, *batch, Timestamp{0}).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_NE(status.message().find("\"driver_id\""), std::string::npos);
}

}  // namespace
}  // namespace featly::testing
