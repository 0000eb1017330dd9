// What every online store must do with rows: values, keys, times, requests. Every registered kind
// is held to it.
#include <algorithm>
#include <future>
#include <random>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "online/conformance_test_util.h"
#include "types/proto_value.h"
#include "types/test_arrays.h"

namespace featly {
namespace {

using testing::IntKey;
using testing::MakeRow;
using testing::MakeSchema;
using testing::Must;
using testing::ReadKeys;
using testing::ReadOne;
using testing::Show;
using testing::WriteOne;

class OnlineRows : public OnlineConformance {};

TEST_P(OnlineRows, WhatIsWrittenIsRead) {
  auto view = Bind(MakeSchema("v", {{"n", ValueType::kInt64}, {"s", ValueType::kString}}));
  WriteResult written = Must(WriteOne(*store_, view, IntKey(1),
                                      MakeRow(*view, {"9007199254740993", "\"one\""}, At(5, 7))));
  EXPECT_EQ(written.applied, 1);
  EXPECT_EQ(written.stale, 0);
  ReadResult result;
  ASSERT_OK(ReadKeys(*store_, *view, {IntKey(1), IntKey(2)}, &result));
  RowView row = result.row(0, 0, 0);
  EXPECT_EQ(Show(*view, row, "n"), "9007199254740993");
  EXPECT_EQ(Show(*view, row, "s"), "one");
  EXPECT_EQ(row.order().event_micros, At(5, 7).event_micros);
  if (Declared(can().keeps_created_time, "no created time")) {
    EXPECT_EQ(row.order().created_micros, At(5, 7).created_micros);
  }
  EXPECT_FALSE(result.row(0, 0, 1).present());
}

TEST_P(OnlineRows, OneReadOfManyViewsAndGroups) {
  std::vector<std::shared_ptr<const OnlineView>> views;
  for (int i = 0; i < 12; ++i) {
    views.push_back(BindInt("v" + std::to_string(i)));
    for (int key = 0; key < 3; ++key) {
      // Every view lacks one of the keys.
      if (i % 3 != key) Put(views[i], IntKey(key), std::to_string(100 * i + key), At(1, 1));
    }
  }
  std::vector<std::string> keys = {IntKey(2), IntKey(0), IntKey(9), IntKey(1), IntKey(0)};
  std::vector<int> numbers = {2, 0, 9, 1, 0};
  std::vector<std::string_view> key_views(keys.begin(), keys.end());
  uint32_t column[] = {0};
  // A few, out of order, one twice; then one; then none.
  const OnlineView* first[] = {views[11].get(), views[3].get(), views[3].get(), views[0].get()};
  const OnlineView* second[] = {views[7].get()};
  std::vector<std::span<const uint32_t>> columns(4, column);
  ReadGroup groups[] = {{key_views, first, columns}, {key_views, second, columns}, {{}, {}, {}}};
  std::vector<std::vector<int>> expected = {{11, 3, 3, 0}, {7}, {}};
  ReadResult result;
  for (int repeat = 0; repeat < 2; ++repeat) {
    ASSERT_OK(ReadAndWait(*store_, {groups}, &result));
    for (size_t g = 0; g < expected.size(); ++g) {
      for (size_t v = 0; v < expected[g].size(); ++v) {
        for (size_t k = 0; k < numbers.size(); ++k) {
          int view = expected[g][v];
          bool there = numbers[k] < 3 && view % 3 != numbers[k];
          EXPECT_EQ(Show(*views[view], result.row(g, v, k), "n"),
                    there ? std::to_string(100 * view + numbers[k]) : "absent");
        }
      }
    }
  }
}

// What a store that keeps `row` as Feast's protobuf gives back of a column.
std::string ThroughProtobuf(const RowLayout& layout, uint32_t column, RowView row) {
  feast::types::Value value;
  RowToProto(layout, column, row, &value);
  const feast::types::Value* values[] = {&value};
  auto array = Must(ProtoToArray(values, layout.columns()[column].type));
  return Must(array->GetScalar(0))->ToString();
}

// Types join by themselves: all that rows can hold, with random values and nulls.
TEST_P(OnlineRows, EveryTypeAndNull) {
  constexpr int64_t kRows = 12;
  testing_arrays::Random random(17);
  std::vector<RowColumn> columns;
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (ValueType type : AllValueTypes()) {
    columns.push_back({"c" + std::to_string(static_cast<int>(type)), type});
    auto nothing = Must(arrow::MakeArrayOfNull(ArrowTypeOf(type), 1));
    arrays.push_back(Must(arrow::Concatenate(
        {testing_arrays::RandomArray(type, kRows - 1, random), std::move(nothing)})));
  }
  auto view = Bind(MakeSchema("all", columns));
  RowEncoder encoder = Must(RowEncoder::Make(view->write_layout(), std::move(arrays)));
  std::vector<std::string> keys;
  std::vector<std::string> rows(kRows);
  for (int64_t i = 0; i < kRows; ++i) {
    keys.push_back(IntKey(i));
    ASSERT_OK(encoder.Append(i, At(1, 2), &rows[static_cast<size_t>(i)]));
    ASSERT_OK(WriteOne(*store_, view, keys.back(), rows[static_cast<size_t>(i)]));
  }
  const bool exact = Declared(!can().values_as_protobuf, "values as protobuf holds them");
  ReadResult result;
  ASSERT_OK(ReadKeys(*store_, *view, keys, &result));
  for (size_t key = 0; key < keys.size(); ++key) {
    RowView row = result.row(0, 0, key);
    ASSERT_TRUE(row.present());
    const RowLayout* layout = view->LayoutOf(row.layout_id());
    ASSERT_NE(layout, nullptr);
    ASSERT_OK(row.Validate(*layout));
    const RowView written(rows[key]);
    for (uint32_t i = 0; i < columns.size(); ++i) {
      EXPECT_EQ(Show(*view, row, columns[i].name),
                exact ? Show(*view, written, columns[i].name)
                      : ThroughProtobuf(*view->write_layout(), i, written))
          << ValueTypeName(columns[i].type);
    }
  }
}

TEST_P(OnlineRows, PartialRequestsGiveWhatTheyAskFor) {
  auto view = Bind(MakeSchema(
      "v", {{"a", ValueType::kInt64}, {"b", ValueType::kString}, {"c", ValueType::kDouble}}));
  ASSERT_OK(WriteOne(*store_, view, IntKey(1), MakeRow(*view, {"1", "\"x\"", "null"}, At(1, 1))));
  const std::string key = IntKey(1);
  const std::string_view keys[] = {key};
  const OnlineView* views[] = {view.get()};
  const std::vector<std::string> expected = {"1", "x", "null"};
  for (const std::vector<uint32_t>& wanted :
       std::vector<std::vector<uint32_t>>{{0}, {1}, {2}, {2, 0}, {1, 2}, {}}) {
    std::span<const uint32_t> columns[] = {wanted};
    ReadGroup group{keys, views, columns};
    ReadResult result;
    ASSERT_OK(ReadAndWait(*store_, {{&group, 1}}, &result));
    RowView row = result.row(0, 0, 0);
    ASSERT_TRUE(row.present());
    EXPECT_EQ(row.order().event_micros, At(1, 1).event_micros);
    for (uint32_t column : wanted) {
      EXPECT_EQ(Show(*view, row, view->schema().columns[column].name), expected[column]);
    }
  }
}

TEST_P(OnlineRows, TimesAreKeptToTheResolution) {
  auto view = BindInt("v");
  const int64_t unit = can().time_resolution.micros;
  Declared(unit == 1, "whole seconds");
  // Around 1970, a second's ends, and now: what a TTL is held against.
  for (int64_t micros :
       {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{999999}, int64_t{1000000}, int64_t{1000001},
        int64_t{-1000001}, int64_t{1700000000123456}, int64_t{253402300799999999}}) {
    const std::string key = IntKey(micros);
    EXPECT_EQ(Put(view, key, "1", {micros, micros}).applied, 1);
    ReadResult result;
    ASSERT_OK(ReadKeys(*store_, *view, {key}, &result));
    const int64_t kept = result.row(0, 0, 0).order().event_micros;
    EXPECT_LE(kept, micros);  // never later than it was
    EXPECT_LT(micros - kept, unit);
    EXPECT_EQ(kept % unit, 0);
    // The same time again is a correction, and what the store cannot tell apart is the same time.
    EXPECT_EQ(Put(view, key, "2", {micros, micros}).applied, 1);
    EXPECT_EQ(Put(view, key, "3", {micros - unit, micros}).stale, 1);
    EXPECT_EQ(ReadOne(*store_, *view, key, "n"), "2");
  }
}

TEST_P(OnlineRows, KeysOfAllShapes) {
  auto view = BindInt("v");
  auto other = BindInt("w");
  std::vector<std::string> keys = {"", "a", "ab", "abc", std::string(4, '\0'), IntKey(-1)};
  // Keys that begin with others, followed by bytes like a view id's.
  for (char c : {'\0', '\1', '\2', '\xFE'}) keys.push_back(std::string("a\0\0\0", 4) + c);
  for (size_t size : {100, 505, 506, 507, 508, 509, 511, 512, 1024, 4096}) {
    keys.push_back(std::string(size, 'k'));
    keys.push_back(std::string(size - 1, 'k') + "x");
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    Put(view, keys[i], std::to_string(i), At(1, 1));
    if (i % 2 == 0) Put(other, keys[i], std::to_string(1000 + i), At(1, 1));
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(ReadOne(*store_, *view, keys[i], "n"), std::to_string(i)) << keys[i].size();
    EXPECT_EQ(ReadOne(*store_, *other, keys[i], "n"),
              i % 2 == 0 ? std::to_string(1000 + i) : "absent");
  }
  EXPECT_EQ(Put(view, keys.back(), "7", At(0, 0)).stale, 1);
  EXPECT_EQ(Put(view, keys.back(), "8", At(2, 0)).applied, 1);
  EXPECT_EQ(ReadOne(*store_, *view, keys.back(), "n"), "8");
  std::vector<std::string_view> all(keys.begin(), keys.end());
  EXPECT_EQ(Must(store_->DeleteEntities(*view, all)), static_cast<int64_t>(keys.size()));
  for (const std::string& key : keys) EXPECT_EQ(ReadOne(*store_, *view, key, "n"), "absent");
  EXPECT_EQ(ReadOne(*store_, *other, keys[0], "n"), "1000");
}

TEST_P(OnlineRows, NewestWinsAndTiesReplace) {
  auto view = BindInt("v");
  const int64_t second = 1000000;
  const int64_t none = kNoCreatedTime;
  EXPECT_EQ(Put(view, IntKey(1), "1", {10 * second, none}).applied, 1);
  EXPECT_EQ(Put(view, IntKey(1), "2", {9 * second, none}).stale, 1);
  EXPECT_EQ(ReadOne(*store_, *view, IntKey(1), "n"), "1");
  EXPECT_EQ(Put(view, IntKey(1), "3", {10 * second, none}).applied, 1);  // a correction
  EXPECT_EQ(ReadOne(*store_, *view, IntKey(1), "n"), "3");
  if (Declared(can().keeps_created_time, "no created time")) {
    EXPECT_EQ(Put(view, IntKey(1), "4", {10 * second, 5 * second}).applied, 1);
    EXPECT_EQ(Put(view, IntKey(1), "5", {10 * second, none}).stale, 1);
    EXPECT_EQ(Put(view, IntKey(1), "6", {10 * second, 4 * second}).stale, 1);
    EXPECT_EQ(ReadOne(*store_, *view, IntKey(1), "n"), "4");
  }
  EXPECT_EQ(Put(view, IntKey(1), "7", {11 * second, none}).applied, 1);
  EXPECT_EQ(ReadOne(*store_, *view, IntKey(1), "n"), "7");
  EXPECT_EQ(Put(view, IntKey(2), "8", {-5 * second, none}).applied, 1);  // before 1970
  EXPECT_EQ(Put(view, IntKey(2), "9", {-6 * second, none}).stale, 1);
  EXPECT_EQ(ReadOne(*store_, *view, IntKey(2), "n"), "8");
}

TEST_P(OnlineRows, SeveralRowsOfOneKeyInOneRequest) {
  auto view = BindInt("v");
  // Enough rows that a store may sort them: the last of the newest pair must win.
  std::vector<std::string> rows;
  std::vector<std::string> keys;
  for (int i = 0; i < 300; ++i) {
    keys.push_back(IntKey(299 - i % 100));
    int64_t event = i < 200 ? 1000000 * (1 + i / 100) : 2000000;
    rows.push_back(MakeRow(*view, {std::to_string(i)}, {event, 1}));
  }
  std::vector<KeyedRow> keyed;
  for (size_t i = 0; i < rows.size(); ++i) keyed.push_back({keys[i], rows[i]});
  WriteResult written = Must(WriteAndWait(*store_, {view, keyed}));
  EXPECT_EQ(written.applied + written.stale, 300);
  for (int i = 200; i < 300; ++i) {
    EXPECT_EQ(ReadOne(*store_, *view, keys[i], "n"), std::to_string(i));
  }
}

TEST_P(OnlineRows, AnEmptyWriteIsDone) {
  WriteResult written = Must(WriteAndWait(*store_, {BindInt("v"), {}}));
  EXPECT_EQ(written.applied + written.stale, 0);
}

TEST_P(OnlineRows, AWriteOfSeveralViewsIsWhole) {
  auto first = BindInt("v");
  auto second = Bind(MakeSchema("w", {{"s", ValueType::kString}}));
  std::string key = IntKey(1);
  auto write_both = [&](const std::string& number, const std::string& text, EventOrder order) {
    std::string rows[] = {MakeRow(*first, {number}, order), MakeRow(*second, {text}, order)};
    KeyedRow keyed[] = {{key, rows[0]}, {key, rows[1]}};
    WriteRequest requests[] = {{first, {&keyed[0], 1}}, {second, {&keyed[1], 1}}};
    std::promise<Result<WriteResult>> done;
    store_->Write(requests, [&](Result<WriteResult> result) { done.set_value(std::move(result)); });
    return done.get_future().get();
  };
  EXPECT_EQ(Must(write_both("1", "\"one\"", At(1, 1))).applied, 2);
  EXPECT_EQ(Must(write_both("0", "\"zero\"", At(0, 1))).stale, 2);
  ASSERT_OK(store_->DropView("demo", "w"));
  auto refused = write_both("2", "\"two\"", At(2, 1));
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kConflict) << refused.status().ToString();
  if (Declared(can().atomic_batches, "writes are not whole")) {
    EXPECT_EQ(ReadOne(*store_, *first, key, "n"), "1");
  }
}

TEST_P(OnlineRows, BatchesOfTenThousandKeys) {
  auto view = BindInt("v");
  std::vector<int64_t> ids(10000);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int64_t>(i * 7919);
  std::shuffle(ids.begin(), ids.end(), std::mt19937(1));
  std::vector<std::string> keys;
  std::vector<std::string> rows;
  for (int64_t id : ids) {
    keys.push_back(IntKey(id));
    rows.push_back(MakeRow(*view, {std::to_string(id)}, At(id, 1)));
  }
  std::vector<KeyedRow> keyed;
  for (size_t i = 0; i < keys.size(); ++i) keyed.push_back({keys[i], rows[i]});
  EXPECT_EQ(Must(WriteAndWait(*store_, {view, keyed})).applied, 10000);
  EXPECT_EQ(Must(WriteAndWait(*store_, {view, keyed})).applied, 10000);
  ReadResult result;
  ASSERT_OK(ReadKeys(*store_, *view, keys, &result));
  for (size_t i = 0; i < keys.size(); ++i) {
    ASSERT_TRUE(result.row(0, 0, i).present());
    EXPECT_EQ(result.row(0, 0, i).Fixed<int64_t>(*view->write_layout(), 0), ids[i]);
  }
}

TEST_P(OnlineRows, DeletedEntitiesAreGone) {
  auto view = BindInt("v");
  auto other = BindInt("w");
  for (int i = 0; i < 10; ++i) {
    Put(view, IntKey(i), std::to_string(i), At(1, 1));
    Put(other, IntKey(i), std::to_string(i), At(1, 1));
  }
  std::vector<std::string> keys = {IntKey(3), IntKey(5), IntKey(77)};
  std::vector<std::string_view> doomed(keys.begin(), keys.end());
  EXPECT_EQ(Must(store_->DeleteEntities(*view, doomed)), 2);
  EXPECT_EQ(Must(store_->DeleteEntities(*view, doomed)), 0);
  for (int i = 0; i < 10; ++i) {
    bool gone = i == 3 || i == 5;
    EXPECT_EQ(ReadOne(*store_, *view, IntKey(i), "n"), gone ? "absent" : std::to_string(i));
    EXPECT_EQ(ReadOne(*store_, *other, IntKey(i), "n"), std::to_string(i));
  }
  // An older row may come again: the deletion leaves nothing to compare with.
  EXPECT_EQ(Put(view, IntKey(3), "33", At(0, 0)).applied, 1);
}

TEST_P(OnlineRows, ReopenedStoresHoldWhatWasAcknowledged) {
  auto view = BindInt("v");
  Put(view, IntKey(1), "1", At(1, 1));
  view.reset();
  Reopen();
  EXPECT_EQ(Must(store_->ListViews("demo")), std::vector<std::string>{"v"});
  EXPECT_EQ(ReadOne(*store_, *BindInt("v"), IntKey(1), "n"), "1");
}

FEATLY_FOR_EVERY_STORE(OnlineRows);

}  // namespace
}  // namespace featly
