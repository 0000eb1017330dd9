// What every online store must do. A store is added with one line at the end.
#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "online/lmdb_store.h"
#include "online/online_store.h"
#include "online/store_test_util.h"

namespace featly {
namespace {

using testing::IntKey;
using testing::MakeRow;
using testing::MakeSchema;
using testing::Must;
using testing::ReadKeys;
using testing::ReadOne;
using testing::Show;
using testing::TempFolder;
using testing::WriteOne;

struct StoreKind {
  std::string name;
  std::function<Result<std::shared_ptr<OnlineStore>>(const std::string& folder)> open;
};

class OnlineConformance : public ::testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override { Reopen(); }
  void Reopen() {
    store_.reset();
    store_ = Must(GetParam().open(folder_.path()));
  }
  std::shared_ptr<const OnlineView> Bind(const OnlineViewSchema& schema) {
    return Must(store_->Bind(schema));
  }
  std::shared_ptr<const OnlineView> BindInt(const std::string& name) {
    return Bind(MakeSchema(name, {{"n", ValueType::kInt64}}));
  }
  WriteResult Put(const std::shared_ptr<const OnlineView>& view, std::string_view key,
                  const std::string& value, EventOrder order) {
    return Must(WriteOne(*store_, view, key, MakeRow(*view, {value}, order)));
  }

  TempFolder folder_;
  std::shared_ptr<OnlineStore> store_;
};

TEST_P(OnlineConformance, WhatIsWrittenIsRead) {
  auto view = Bind(MakeSchema("v", {{"n", ValueType::kInt64}, {"s", ValueType::kString}}));
  WriteResult written = Must(WriteOne(
      *store_, view, IntKey(1), MakeRow(*view, {"9007199254740993", "\"one\""}, {5000000, 7})));
  EXPECT_EQ(written.applied, 1);
  EXPECT_EQ(written.stale, 0);
  ReadResult result;
  ASSERT_OK(ReadKeys(*store_, *view, {IntKey(1), IntKey(2)}, &result));
  RowView row = result.row(0, 0, 0);
  EXPECT_EQ(Show(*view, row, "n"), "9007199254740993");
  EXPECT_EQ(Show(*view, row, "s"), "one");
  EXPECT_EQ(row.order().event_micros, 5000000);
  if (store_->capabilities().keeps_created_time) {
    EXPECT_EQ(row.order().created_micros, 7);
  }
  EXPECT_FALSE(result.row(0, 0, 1).present());
}

TEST_P(OnlineConformance, OneReadOfManyViewsAndGroups) {
  std::vector<std::shared_ptr<const OnlineView>> views;
  for (int i = 0; i < 12; ++i) {
    views.push_back(BindInt("v" + std::to_string(i)));
    for (int key = 0; key < 3; ++key) {
      // Every view lacks one of the keys.
      if (i % 3 != key) Put(views[i], IntKey(key), std::to_string(100 * i + key), {1, 1});
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

TEST_P(OnlineConformance, EveryTypeAndNull) {
  std::vector<RowColumn> columns;
  std::vector<std::string> values;
  auto add = [&](ValueType type, const std::string& value) {
    columns.push_back({"c" + std::to_string(columns.size()), type});
    values.push_back(value);
  };
  add(ValueType::kBytes, "\"b\\u0000y\"");
  add(ValueType::kString, "\"tëxt\"");
  add(ValueType::kInt32, "-2147483648");
  add(ValueType::kInt64, "-9223372036854775808");
  add(ValueType::kDouble, "0.1");
  add(ValueType::kFloat, "0.5");
  add(ValueType::kBool, "true");
  add(ValueType::kUnixTimestamp, "1700000000123456");
  add(ValueType::kBytesList, "[\"a\", \"\", null]");
  add(ValueType::kStringList, "[\"x\", \"yy\"]");
  add(ValueType::kInt32List, "[1, null, -3]");
  add(ValueType::kInt64List, "[9007199254740993]");
  add(ValueType::kDoubleList, "[]");
  add(ValueType::kFloatList, "[1.5, 2.5]");
  add(ValueType::kBoolList, "[true, false, null]");
  add(ValueType::kUnixTimestampList, "[0, 1]");
  auto view = Bind(MakeSchema("all", columns));
  std::string full = MakeRow(*view, values, {1, 2});
  ASSERT_OK(WriteOne(*store_, view, IntKey(1), full));
  std::string empty = MakeRow(*view, std::vector<std::string>(values.size(), "null"), {1, 2});
  ASSERT_OK(WriteOne(*store_, view, IntKey(2), empty));

  ReadResult result;
  ASSERT_OK(ReadKeys(*store_, *view, {IntKey(1), IntKey(2)}, &result));
  for (size_t key = 0; key < 2; ++key) {
    RowView row = result.row(0, 0, key);
    ASSERT_TRUE(row.present());
    const RowLayout* layout = view->LayoutOf(row.layout_id());
    ASSERT_NE(layout, nullptr);
    ASSERT_OK(row.Validate(*layout));
    RowView written(key == 0 ? full : empty);
    for (const RowColumn& column : columns) {
      EXPECT_EQ(Show(*view, row, column.name), Show(*view, written, column.name)) << column.name;
    }
  }
}

TEST_P(OnlineConformance, KeysOfAllShapes) {
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
    Put(view, keys[i], std::to_string(i), {1, 1});
    if (i % 2 == 0) Put(other, keys[i], std::to_string(1000 + i), {1, 1});
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(ReadOne(*store_, *view, keys[i], "n"), std::to_string(i)) << keys[i].size();
    EXPECT_EQ(ReadOne(*store_, *other, keys[i], "n"),
              i % 2 == 0 ? std::to_string(1000 + i) : "absent");
  }
  EXPECT_EQ(Put(view, keys.back(), "7", {0, 0}).stale, 1);
  EXPECT_EQ(Put(view, keys.back(), "8", {2, 0}).applied, 1);
  EXPECT_EQ(ReadOne(*store_, *view, keys.back(), "n"), "8");
  std::vector<std::string_view> all(keys.begin(), keys.end());
  EXPECT_EQ(Must(store_->DeleteEntities(*view, all)), static_cast<int64_t>(keys.size()));
  for (const std::string& key : keys) EXPECT_EQ(ReadOne(*store_, *view, key, "n"), "absent");
  EXPECT_EQ(ReadOne(*store_, *other, keys[0], "n"), "1000");
}

TEST_P(OnlineConformance, NewestWinsAndTiesReplace) {
  auto view = BindInt("v");
  const int64_t second = 1000000;
  const int64_t none = kNoCreatedTime;
  EXPECT_EQ(Put(view, IntKey(1), "1", {10 * second, none}).applied, 1);
  EXPECT_EQ(Put(view, IntKey(1), "2", {9 * second, none}).stale, 1);
  EXPECT_EQ(ReadOne(*store_, *view, IntKey(1), "n"), "1");
  EXPECT_EQ(Put(view, IntKey(1), "3", {10 * second, none}).applied, 1);  // a correction
  EXPECT_EQ(ReadOne(*store_, *view, IntKey(1), "n"), "3");
  if (store_->capabilities().keeps_created_time) {
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

TEST_P(OnlineConformance, SeveralRowsOfOneKeyInOneRequest) {
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

TEST_P(OnlineConformance, AnEmptyWriteIsDone) {
  WriteResult written = Must(WriteAndWait(*store_, {BindInt("v"), {}}));
  EXPECT_EQ(written.applied + written.stale, 0);
}

TEST_P(OnlineConformance, AWriteOfSeveralViewsIsWhole) {
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
  EXPECT_EQ(Must(write_both("1", "\"one\"", {1, 1})).applied, 2);
  EXPECT_EQ(Must(write_both("0", "\"zero\"", {0, 1})).stale, 2);
  ASSERT_OK(store_->DropView("demo", "w"));
  auto refused = write_both("2", "\"two\"", {2, 1});
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kConflict) << refused.status().ToString();
  if (store_->capabilities().atomic_batches) {
    EXPECT_EQ(ReadOne(*store_, *first, key, "n"), "1");
  }
}

TEST_P(OnlineConformance, OlderRowsAnswerForAChangedView) {
  auto first = Bind(MakeSchema("v", {{"a", ValueType::kInt64}, {"b", ValueType::kString}}));
  ASSERT_OK(WriteOne(*store_, first, IntKey(1), MakeRow(*first, {"1", "\"x\""}, {1, 1})));
  // b goes, c comes, a gets another type.
  auto second = Bind(MakeSchema("v", {{"c", ValueType::kBool}, {"a", ValueType::kDouble}}));
  ASSERT_OK(WriteOne(*store_, second, IntKey(2), MakeRow(*second, {"true", "2.5"}, {1, 1})));

  EXPECT_EQ(ReadOne(*store_, *second, IntKey(1), "a"), "1");
  EXPECT_EQ(ReadOne(*store_, *second, IntKey(1), "c"), "lacking");
  EXPECT_EQ(ReadOne(*store_, *second, IntKey(2), "a"), "2.5");
  EXPECT_EQ(ReadOne(*store_, *second, IntKey(2), "c"), "true");
  // A handle from before the change reads rows written after it, and may still write.
  EXPECT_EQ(ReadOne(*store_, *first, IntKey(2), "a"), "2.5");
  EXPECT_EQ(ReadOne(*store_, *first, IntKey(2), "b"), "lacking");
  EXPECT_EQ(first->LayoutOf(12345), nullptr);
  ASSERT_OK(WriteOne(*store_, first, IntKey(3), MakeRow(*first, {"3", "\"z\""}, {1, 1})));
  EXPECT_EQ(ReadOne(*store_, *second, IntKey(3), "b"), "z");
  // Going back uses the layout that is there.
  auto third = Bind(first->schema());
  EXPECT_EQ(third->write_layout()->id(), first->write_layout()->id());
  Reopen();
  EXPECT_EQ(ReadOne(*store_, *Bind(second->schema()), IntKey(1), "b"), "x");
}

TEST_P(OnlineConformance, ChangedJoinKeysBeginAnewOnlyWhenRekeyed) {
  OnlineViewSchema old_schema = MakeSchema("v", {{"n", ValueType::kInt64}});
  auto before = Bind(old_schema);
  Put(before, IntKey(1), "1", {1, 1});
  OnlineViewSchema schema = old_schema;
  schema.join_keys = {{"id", ValueType::kString}};

  // An apply that has not committed yet, and a process that asks too early: the rows stay.
  ASSERT_OK(store_->Prepare({&schema, 1}));
  Status early = store_->Bind(schema).status();
  EXPECT_EQ(KindOf(early), ErrorKind::kConflict) << early.ToString();
  EXPECT_NE(early.message().find("'id' STRING"), std::string::npos) << early.message();
  EXPECT_EQ(Must(store_->Find(schema)), nullptr);
  EXPECT_EQ(ReadOne(*store_, *before, IntKey(1), "n"), "1");

  OnlineViewSchema both[] = {schema, MakeSchema("w", {{"n", ValueType::kInt64}})};
  ASSERT_OK(store_->Rekey(both));
  EXPECT_EQ(ReadOne(*store_, *before, IntKey(1), "n"), "absent");
  auto after = Bind(schema);
  EXPECT_EQ(ReadOne(*store_, *after, IntKey(1), "n"), "absent");
  Put(after, IntKey(1), "2", {1, 1});

  // A process that has not heard of it, and an apply repeated: what is newer stays.
  EXPECT_EQ(KindOf(store_->Bind(old_schema).status()), ErrorKind::kConflict);
  ASSERT_OK(store_->Prepare({&old_schema, 1}));
  ASSERT_OK(store_->Rekey(both));
  EXPECT_EQ(ReadOne(*store_, *after, IntKey(1), "n"), "2");
  EXPECT_EQ(Must(store_->Sweep(1000)), 1);
}

TEST_P(OnlineConformance, ManyViewsArePreparedAtOnce) {
  std::vector<OnlineViewSchema> schemas;
  for (int i = 0; i < 100; ++i) {
    schemas.push_back(MakeSchema("v" + std::to_string(i), {{"n", ValueType::kInt64}}));
  }
  // The same view with other features: one view, two layouts.
  schemas.push_back(MakeSchema("v7", {{"m", ValueType::kString}}));
  ASSERT_OK(store_->Prepare(schemas));
  EXPECT_EQ(Must(store_->ListViews("demo")).size(), 100u);
  auto first = Must(store_->Find(schemas[7]));
  auto second = Must(store_->Find(schemas[100]));
  ASSERT_TRUE(first && second);
  ASSERT_OK(WriteOne(*store_, first, IntKey(1), MakeRow(*first, {"1"}, {1, 1})));
  EXPECT_EQ(ReadOne(*store_, *second, IntKey(1), "n"), "1");
}

TEST_P(OnlineConformance, FindNeverPrepares) {
  OnlineViewSchema schema = MakeSchema("v", {{"n", ValueType::kInt64}});
  EXPECT_EQ(Must(store_->Find(schema)), nullptr);
  EXPECT_TRUE(Must(store_->ListViews("demo")).empty());
  Put(Bind(schema), IntKey(1), "5", {1, 1});
  EXPECT_EQ(ReadOne(*store_, *Must(store_->Find(schema)), IntKey(1), "n"), "5");
  for (bool keys : {false, true}) {
    OnlineViewSchema changed = schema;
    if (keys) {
      changed.join_keys = {{"id", ValueType::kString}};
    } else {
      changed.columns.push_back({"m", ValueType::kInt64});
    }
    EXPECT_EQ(Must(store_->Find(changed)), nullptr);
    EXPECT_EQ(KindOf(BindView(*store_, changed, MissingView::kRefuse).status()),
              ErrorKind::kUnavailable);
  }
  EXPECT_EQ(ReadOne(*store_, *Bind(schema), IntKey(1), "n"), "5");
}

TEST_P(OnlineConformance, DeletedEntitiesAreGone) {
  auto view = BindInt("v");
  auto other = BindInt("w");
  for (int i = 0; i < 10; ++i) {
    Put(view, IntKey(i), std::to_string(i), {1, 1});
    Put(other, IntKey(i), std::to_string(i), {1, 1});
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
  EXPECT_EQ(Put(view, IntKey(3), "33", {0, 0}).applied, 1);
}

TEST_P(OnlineConformance, DroppedViewsAreInvisibleAndSwept) {
  auto kept = BindInt("kept");
  auto dropped = BindInt("dropped");
  for (int i = 0; i < 100; ++i) {
    Put(kept, IntKey(i), std::to_string(i), {1, 1});
    Put(dropped, IntKey(i), std::to_string(i), {1, 1});
  }
  ASSERT_OK(store_->DropView("demo", "dropped"));
  ASSERT_OK(store_->DropView("demo", "dropped"));
  ASSERT_OK(store_->DropView("demo", "never there"));
  EXPECT_EQ(ReadOne(*store_, *dropped, IntKey(1), "n"), "absent");
  auto refused = WriteOne(*store_, dropped, IntKey(1), MakeRow(*dropped, {"1"}, {9, 9}));
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kConflict) << refused.status().ToString();
  std::string key = IntKey(1);
  std::string_view keys[] = {key};
  EXPECT_EQ(KindOf(store_->DeleteEntities(*dropped, keys).status()), ErrorKind::kConflict);
  EXPECT_EQ(Must(store_->ListViews("demo")), std::vector<std::string>{"kept"});

  // Made again, it begins empty, and the sweep does not touch its rows.
  auto again = BindInt("dropped");
  EXPECT_EQ(ReadOne(*store_, *again, IntKey(1), "n"), "absent");
  Put(again, IntKey(1), "-1", {1, 1});
  int64_t swept = 0;
  for (int64_t step; (step = Must(store_->Sweep(30))) > 0; swept += step) EXPECT_LE(step, 30);
  EXPECT_EQ(swept, 100);
  EXPECT_EQ(Must(store_->Sweep(30)), 0);
  EXPECT_EQ(ReadOne(*store_, *again, IntKey(1), "n"), "-1");
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(ReadOne(*store_, *kept, IntKey(i), "n"), std::to_string(i));
  }
}

TEST_P(OnlineConformance, BatchesOfTenThousandKeys) {
  auto view = BindInt("v");
  std::vector<int64_t> ids(10000);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int64_t>(i * 7919);
  std::shuffle(ids.begin(), ids.end(), std::mt19937(1));
  std::vector<std::string> keys;
  std::vector<std::string> rows;
  for (int64_t id : ids) {
    keys.push_back(IntKey(id));
    rows.push_back(MakeRow(*view, {std::to_string(id)}, {id, 1}));
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

TEST_P(OnlineConformance, ReopenedStoresHoldWhatWasAcknowledged) {
  auto view = BindInt("v");
  Put(view, IntKey(1), "1", {1, 1});
  view.reset();
  Reopen();
  EXPECT_EQ(Must(store_->ListViews("demo")), std::vector<std::string>{"v"});
  EXPECT_EQ(ReadOne(*store_, *BindInt("v"), IntKey(1), "n"), "1");
}

TEST_P(OnlineConformance, ProjectsDoNotMeet) {
  auto ours = Bind(MakeSchema("v", {{"n", ValueType::kInt64}}, "one"));
  auto theirs = Bind(MakeSchema("v", {{"n", ValueType::kInt64}}, "two"));
  Put(ours, IntKey(1), "1", {1, 1});
  EXPECT_EQ(ReadOne(*store_, *theirs, IntKey(1), "n"), "absent");
  Put(theirs, IntKey(1), "2", {1, 1});
  ASSERT_OK(store_->Teardown("one"));
  EXPECT_EQ(Must(store_->ListViews("one")), std::vector<std::string>{});
  EXPECT_EQ(ReadOne(*store_, *theirs, IntKey(1), "n"), "2");
}

TEST_P(OnlineConformance, ThreadsReadWholeRowsWhileOthersWrite) {
  OnlineViewSchema schema = MakeSchema("v", {{"a", ValueType::kInt64}, {"b", ValueType::kInt64}});
  auto view = Bind(schema);
  constexpr int kKeys = 50;
  constexpr int kRounds = 60;
  std::vector<std::string> keys;
  for (int i = 0; i < kKeys; ++i) keys.push_back(IntKey(i));
  std::atomic<bool> done{false};
  std::atomic<int64_t> bad{0};
  auto read = [&] {
    ReadResult result;
    while (!done) {
      if (!ReadKeys(*store_, *view, keys, &result).ok()) ++bad;
      int64_t round = -1;
      for (int i = 0; i < kKeys; ++i) {
        RowView row = result.row(0, 0, i);
        if (!row.present()) continue;
        int64_t a = row.Fixed<int64_t>(*view->write_layout(), 0);
        if (a != row.Fixed<int64_t>(*view->write_layout(), 1)) ++bad;
        // A request is stored whole: all keys are of one round.
        if (store_->capabilities().atomic_batches && round >= 0 && a != round) ++bad;
        round = a;
      }
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read);
  std::atomic<int64_t> next{0};
  auto write = [&] {
    for (int64_t round; (round = next++) < kRounds;) {
      std::string n = std::to_string(round);
      std::string row = MakeRow(*view, {n, n}, {round, 1});
      std::vector<KeyedRow> rows;
      for (const std::string& key : keys) rows.push_back({key, row});
      if (!WriteAndWait(*store_, {view, rows}).ok()) ++bad;
    }
  };
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i) writers.emplace_back(write);
  for (std::thread& writer : writers) writer.join();
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(bad, 0);
  for (const std::string& key : keys) {
    EXPECT_EQ(ReadOne(*store_, *view, key, "a"), std::to_string(kRounds - 1));
  }
}

TEST_P(OnlineConformance, RandomOperationsAgreeWithAModel) {
  std::mt19937 random(7);
  auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::vector<std::shared_ptr<const OnlineView>> views;
  for (int i = 0; i < 3; ++i) views.push_back(BindInt("v" + std::to_string(i)));
  std::map<std::pair<int, int>, std::pair<EventOrder, int>> model;
  for (int step = 0; step < 400; ++step) {
    int v = pick(3);
    int what = pick(20);
    if (what == 0) {
      ASSERT_OK(store_->DropView("demo", "v" + std::to_string(v)));
      std::erase_if(model, [&](const auto& item) { return item.first.first == v; });
      views[v] = BindInt("v" + std::to_string(v));
    } else if (what == 1) {
      ASSERT_OK(store_->Sweep(5));
    } else if (what == 2) {
      int key = pick(20);
      std::string bytes = IntKey(key);
      std::string_view keys[] = {bytes};
      EXPECT_EQ(Must(store_->DeleteEntities(*views[v], keys)),
                static_cast<int64_t>(model.erase({v, key})));
    } else {
      int key = pick(20);
      EventOrder order{pick(6) * int64_t{1000000}, 0};
      WriteResult written = Put(views[v], IntKey(key), std::to_string(step), order);
      auto stored = model.find({v, key});
      bool applies = stored == model.end() || Replaces(order, stored->second.first);
      EXPECT_EQ(written.applied, applies ? 1 : 0);
      if (applies) model[{v, key}] = {order, step};
    }
  }
  for (int v = 0; v < 3; ++v) {
    for (int key = 0; key < 20; ++key) {
      auto stored = model.find({v, key});
      EXPECT_EQ(ReadOne(*store_, *views[v], IntKey(key), "n"),
                stored == model.end() ? "absent" : std::to_string(stored->second.second));
    }
  }
}

std::string KindName(const ::testing::TestParamInfo<StoreKind>& info) { return info.param.name; }

// The stores. Each opens (or makes) its files in a folder.
const StoreKind kLmdb{"Lmdb", [](const std::string& folder) {
                        return OpenLmdbStore({.path = folder + "/online.lmdb"});
                      }};

INSTANTIATE_TEST_SUITE_P(Stores, OnlineConformance, ::testing::Values(kLmdb), KindName);

}  // namespace
}  // namespace featly
