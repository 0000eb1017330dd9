// What every online store must do with views: preparing, changing, dropping them, and many at once.
#include <atomic>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "online/conformance_test_util.h"

namespace featly {
namespace {

using testing::IntKey;
using testing::MakeRow;
using testing::MakeSchema;
using testing::Must;
using testing::ReadKeys;
using testing::ReadOne;
using testing::WriteOne;

class OnlineViews : public OnlineConformance {};

TEST_P(OnlineViews, OlderRowsAnswerForAChangedView) {
  auto first = Bind(MakeSchema("v", {{"a", ValueType::kInt64}, {"b", ValueType::kString}}));
  ASSERT_OK(WriteOne(*store_, first, IntKey(1), MakeRow(*first, {"1", "\"x\""}, At(1, 1))));
  // b goes, c comes, a gets another type.
  auto second = Bind(MakeSchema("v", {{"c", ValueType::kBool}, {"a", ValueType::kDouble}}));
  ASSERT_OK(WriteOne(*store_, second, IntKey(2), MakeRow(*second, {"true", "2.5"}, At(1, 1))));

  EXPECT_EQ(ReadOne(*store_, *second, IntKey(1), "a"), "1");
  EXPECT_EQ(ReadOne(*store_, *second, IntKey(1), "c"), "lacking");
  EXPECT_EQ(ReadOne(*store_, *second, IntKey(2), "a"), "2.5");
  EXPECT_EQ(ReadOne(*store_, *second, IntKey(2), "c"), "true");
  // A handle from before the change reads rows written after it, and may still write.
  EXPECT_EQ(ReadOne(*store_, *first, IntKey(2), "a"), "2.5");
  EXPECT_EQ(ReadOne(*store_, *first, IntKey(2), "b"), "lacking");
  EXPECT_EQ(first->LayoutOf(12345), nullptr);
  ASSERT_OK(WriteOne(*store_, first, IntKey(3), MakeRow(*first, {"3", "\"z\""}, At(1, 1))));
  EXPECT_EQ(ReadOne(*store_, *second, IntKey(3), "a"), "3");
  // Going back uses the layout that is there.
  auto third = Bind(first->schema());
  EXPECT_EQ(third->write_layout()->id(), first->write_layout()->id());
  Reopen();
  EXPECT_EQ(ReadOne(*store_, *Bind(third->schema()), IntKey(1), "b"), "x");
  EXPECT_EQ(ReadOne(*store_, *Bind(second->schema()), IntKey(1), "a"), "1");
}

TEST_P(OnlineViews, ChangedJoinKeysBeginAnewOnlyWhenRekeyed) {
  OnlineViewSchema old_schema = MakeSchema("v", {{"n", ValueType::kInt64}});
  auto before = Bind(old_schema);
  Put(before, IntKey(1), "1", At(1, 1));
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
  Put(after, IntKey(1), "2", At(1, 1));

  // A process that has not heard of it, and an apply repeated: what is newer stays.
  EXPECT_EQ(KindOf(store_->Bind(old_schema).status()), ErrorKind::kConflict);
  ASSERT_OK(store_->Prepare({&old_schema, 1}));
  ASSERT_OK(store_->Rekey(both));
  EXPECT_EQ(ReadOne(*store_, *after, IntKey(1), "n"), "2");
  EXPECT_EQ(Must(store_->Sweep(1000)), Declared(can().sweeps, "drops at once") ? 1 : 0);
}

TEST_P(OnlineViews, ManyViewsArePreparedAtOnce) {
  std::vector<OnlineViewSchema> schemas;
  for (int i = 0; i < 100; ++i) {
    schemas.push_back(MakeSchema("v" + std::to_string(i), {{"n", ValueType::kInt64}}));
  }
  // The same view with other features: one view, two layouts.
  schemas.push_back(MakeSchema("v7", {{"n", ValueType::kInt64}, {"m", ValueType::kString}}));
  ASSERT_OK(store_->Prepare(schemas));
  EXPECT_EQ(Must(store_->ListViews("demo")).size(), 100u);
  auto first = Must(store_->Find(schemas[7]));
  auto second = Must(store_->Find(schemas[100]));
  ASSERT_TRUE(first && second);
  ASSERT_OK(WriteOne(*store_, first, IntKey(1), MakeRow(*first, {"1"}, At(1, 1))));
  EXPECT_EQ(ReadOne(*store_, *second, IntKey(1), "n"), "1");
}

TEST_P(OnlineViews, FindNeverPrepares) {
  OnlineViewSchema schema = MakeSchema("v", {{"n", ValueType::kInt64}});
  EXPECT_EQ(Must(store_->Find(schema)), nullptr);
  EXPECT_TRUE(Must(store_->ListViews("demo")).empty());
  Put(Bind(schema), IntKey(1), "5", At(1, 1));
  EXPECT_EQ(ReadOne(*store_, *Must(store_->Find(schema)), IntKey(1), "n"), "5");
  for (bool keys : {false, true}) {
    OnlineViewSchema changed = schema;
    if (keys) {
      changed.join_keys = {{"id", ValueType::kString}};
    } else {
      changed.columns.push_back({"m", ValueType::kInt64});
    }
    if (!keys && !Declared(!can().keeps_features_apart, "any features fit")) {
      EXPECT_NE(Must(store_->Find(changed)), nullptr);
      continue;
    }
    EXPECT_EQ(Must(store_->Find(changed)), nullptr);
    EXPECT_EQ(KindOf(BindView(*store_, changed, MissingView::kRefuse).status()),
              ErrorKind::kUnavailable);
  }
  EXPECT_EQ(ReadOne(*store_, *Bind(schema), IntKey(1), "n"), "5");
}

TEST_P(OnlineViews, DroppedViewsAreInvisibleAndSwept) {
  auto kept = BindInt("kept");
  auto dropped = BindInt("dropped");
  for (int i = 0; i < 100; ++i) {
    Put(kept, IntKey(i), std::to_string(i), At(1, 1));
    Put(dropped, IntKey(i), std::to_string(i), At(1, 1));
  }
  ASSERT_OK(store_->DropView("demo", "dropped"));
  ASSERT_OK(store_->DropView("demo", "dropped"));
  ASSERT_OK(store_->DropView("demo", "never there"));
  EXPECT_EQ(ReadOne(*store_, *dropped, IntKey(1), "n"), "absent");
  auto refused = WriteOne(*store_, dropped, IntKey(1), MakeRow(*dropped, {"1"}, At(9, 9)));
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kConflict) << refused.status().ToString();
  std::string key = IntKey(1);
  std::string_view keys[] = {key};
  EXPECT_EQ(KindOf(store_->DeleteEntities(*dropped, keys).status()), ErrorKind::kConflict);
  EXPECT_EQ(Must(store_->ListViews("demo")), std::vector<std::string>{"kept"});

  // Made again, it begins empty, and the sweep does not touch its rows.
  auto again = BindInt("dropped");
  EXPECT_EQ(ReadOne(*store_, *again, IntKey(1), "n"), "absent");
  Put(again, IntKey(1), "-1", At(1, 1));
  int64_t swept = 0;
  for (int64_t step; (step = Must(store_->Sweep(30))) > 0; swept += step) EXPECT_LE(step, 30);
  EXPECT_EQ(swept, Declared(can().sweeps, "drops at once") ? 100 : 0);
  EXPECT_EQ(Must(store_->Sweep(30)), 0);
  EXPECT_EQ(ReadOne(*store_, *again, IntKey(1), "n"), "-1");
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(ReadOne(*store_, *kept, IntKey(i), "n"), std::to_string(i));
  }
}

TEST_P(OnlineViews, ProjectsDoNotMeet) {
  auto ours = Bind(MakeSchema("v", {{"n", ValueType::kInt64}}, "one"));
  auto theirs = Bind(MakeSchema("v", {{"n", ValueType::kInt64}}, "two"));
  Put(ours, IntKey(1), "1", At(1, 1));
  EXPECT_EQ(ReadOne(*store_, *theirs, IntKey(1), "n"), "absent");
  Put(theirs, IntKey(1), "2", At(1, 1));
  ASSERT_OK(store_->Teardown("one"));
  EXPECT_EQ(Must(store_->ListViews("one")), std::vector<std::string>{});
  EXPECT_EQ(ReadOne(*store_, *theirs, IntKey(1), "n"), "2");
}

TEST_P(OnlineViews, ThreadsReadWholeRowsWhileOthersWrite) {
  OnlineViewSchema schema = MakeSchema("v", {{"a", ValueType::kInt64}, {"b", ValueType::kInt64}});
  auto view = Bind(schema);
  constexpr int kKeys = 50;
  constexpr int kRounds = 60;
  std::vector<std::string> keys;
  for (int i = 0; i < kKeys; ++i) keys.push_back(IntKey(i));
  const bool whole = Declared(can().atomic_batches, "writes are not whole");
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
        if (whole && round >= 0 && a != round) ++bad;
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
      std::string row = MakeRow(*view, {n, n}, At(round, 1));
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

TEST_P(OnlineViews, RandomOperationsAgreeWithAModel) {
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

TEST_P(OnlineViews, AFeatureTakenOutAndBackIsNotItsOldSelf) {
  auto both = Bind(MakeSchema("v", {{"a", ValueType::kInt64}, {"b", ValueType::kInt64}}));
  ASSERT_OK(WriteOne(*store_, both, IntKey(1), MakeRow(*both, {"1", "2"}, At(1, 1))));
  auto one = Bind(MakeSchema("v", {{"a", ValueType::kInt64}}));
  ASSERT_OK(WriteOne(*store_, one, IntKey(1), MakeRow(*one, {"3"}, At(2, 1))));
  auto again = Bind(both->schema());
  EXPECT_EQ(ReadOne(*store_, *again, IntKey(1), "a"), "3");
  EXPECT_EQ(ReadOne(*store_, *again, IntKey(1), "b"), "lacking");
}

TEST_P(OnlineViews, SeveralOpenAtOnceSeeOneAnother) {
  auto other = Open();
  auto view = BindInt("v");
  auto theirs = Must(other->Bind(view->schema()));
  Put(view, IntKey(1), "1", At(1, 1));
  EXPECT_EQ(ReadOne(*other, *theirs, IntKey(1), "n"), "1");
  ASSERT_OK(WriteOne(*other, theirs, IntKey(1), MakeRow(*theirs, {"2"}, At(2, 1))));
  EXPECT_EQ(Put(view, IntKey(1), "0", At(0, 1)).stale, 1);
  EXPECT_EQ(ReadOne(*store_, *view, IntKey(1), "n"), "2");
  ASSERT_OK(other->DropView("demo", "v"));
  EXPECT_EQ(ReadOne(*store_, *view, IntKey(1), "n"), "absent");
}

TEST_P(OnlineViews, AStoreWhoseFilesAreDeletedSaysSo) {
  auto view = BindInt("v");
  Put(view, IntKey(1), "1", At(1, 1));
  EXPECT_EQ(store_->Presence(), StorePresence::kThere);
  std::filesystem::remove_all(folder_.path() + "/data");
  EXPECT_EQ(store_->Presence(), StorePresence::kGone);
  const Status refused =
      WriteOne(*store_, view, IntKey(2), MakeRow(*view, {"2"}, At(2, 2))).status();
  for (const Status& gone : {refused, store_->ListViews("demo").status()}) {
    EXPECT_EQ(KindOf(gone), ErrorKind::kUnavailable) << gone.ToString();
    EXPECT_NE(gone.message().find("featly apply"), std::string::npos) << gone.ToString();
  }
  auto another = Open();
  EXPECT_EQ(store_->Presence(), StorePresence::kReplaced);
  EXPECT_EQ(another->Presence(), StorePresence::kThere);
  const Status replaced =
      WriteOne(*store_, view, IntKey(2), MakeRow(*view, {"2"}, At(2, 2))).status();
  EXPECT_EQ(KindOf(replaced), ErrorKind::kUnavailable) << replaced.ToString();
  EXPECT_EQ(Must(another->ListViews("demo")), std::vector<std::string>{});
}

FEATLY_FOR_EVERY_STORE(OnlineViews);

}  // namespace
}  // namespace featly
