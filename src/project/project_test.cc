#include "project/project.h"

#include <functional>
#include <utility>

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/test_repository.h"

namespace featly {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ProjectTest : public testing::Test {
 protected:
  ProjectTest() {
    repo_.Write("feature_store.yaml", "project: shop\n");
    repo_.Write("data/drivers.csv", kDriverRows);
    project_ = repo_.Open();
  }

  std::vector<std::string> Names(const RegistryDiff& diff) {
    std::vector<std::string> names;
    for (const Change& change : diff.changes) names.push_back(change.name);
    return names;
  }

  TestRepository repo_;
  std::unique_ptr<Project> project_;
};

TEST_F(ProjectTest, PlanChangesNothingAndApplyDoesIt) {
  ApplyResult plan = project_->Plan(DriverDefinitions(), {}).ValueOrDie();
  EXPECT_THAT(Names(plan.diff), ElementsAre("shop", "driver", "drivers", "driver_stats"));
  EXPECT_TRUE(project_->Snapshot().ValueOrDie()->Views("shop").empty());
  ApplyResult applied = project_->Apply(DriverDefinitions(), {}).ValueOrDie();
  EXPECT_EQ(Names(applied.diff), Names(plan.diff));
  const ViewSpec* view = *applied.snapshot->View("shop", "driver_stats");
  EXPECT_THAT(view->features, ElementsAre(RowColumn{"trips", ValueType::kInt64},
                                          RowColumn{"rate", ValueType::kDouble}));
  EXPECT_THAT(view->join_keys, ElementsAre(JoinKey{"driver_id", ValueType::kInt64}));
  EXPECT_TRUE(project_->Apply(DriverDefinitions(), {}).ValueOrDie().diff.empty());
}

TEST_F(ProjectTest, APartialApplyDeletesNothing) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions("a"), {}).ok());
  ApplyOptions partial;
  partial.total = false;
  ASSERT_TRUE(project_->Apply(DriverDefinitions("b"), partial).ok());
  auto snapshot = project_->Snapshot().ValueOrDie();
  EXPECT_TRUE(snapshot->View("shop", "a").ok());
  EXPECT_TRUE(snapshot->View("shop", "b").ok());
  ApplyResult total = project_->Apply(DriverDefinitions("b"), {}).ValueOrDie();
  EXPECT_THAT(Names(total.diff), ElementsAre("a"));
}

TEST_F(ProjectTest, WithoutSourcesADefinitionMustSayItsTypes) {
  ApplyOptions closed;
  closed.skip_source_validation = true;
  Status status = project_->Apply(DriverDefinitions(), closed).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kDefinition);
  EXPECT_THAT(FormatForPeople(status), HasSubstr("d.py:5"));
}

/// Does something the first time it is looked at: after an apply has read the registry, and before
/// it commits.
class InterveningClock : public Clock {
 public:
  explicit InterveningClock(std::function<void()> act) : act_(std::move(act)) {}
  Timestamp Now() const override {
    if (std::function<void()> act = std::exchange(act_, {})) act();
    return kTestNow;
  }

 private:
  mutable std::function<void()> act_;
};

/// What an apply of `mine` says when `theirs` is applied in between.
Result<ApplyResult> ApplyBetween(const TestRepository& repo, const std::vector<Definition>& theirs,
                                 const std::vector<Definition>& mine) {
  Config config = LoadConfig(repo.path()).ValueOrDie();
  auto other = Project::Open(config, std::make_unique<FixedClock>(kTestNow)).ValueOrDie();
  auto clock =
      std::make_unique<InterveningClock>([&] { ASSERT_TRUE(other->Apply(theirs, {}).ok()); });
  auto project = Project::Open(config, std::move(clock)).ValueOrDie();
  return project->Apply(mine, {});
}

TEST_F(ProjectTest, WhatAnotherApplyDidOfThePlanIsLeftOut) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions("a"), {}).ok());
  ApplyResult result =
      ApplyBetween(repo_, DriverDefinitions("a", "9s"), DriverDefinitions("a", "9s")).ValueOrDie();
  EXPECT_TRUE(result.diff.empty());
  EXPECT_EQ((*result.snapshot->View("shop", "a"))->ttl, Duration::Seconds(9));
}

TEST_F(ProjectTest, WhatAnotherApplyDidIsNotUndoneUnseen) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions("a"), {}).ok());
  Status changed =
      ApplyBetween(repo_, DriverDefinitions("a", "8s"), DriverDefinitions("a", "9s")).status();
  EXPECT_EQ(KindOf(changed), ErrorKind::kConflict);
  EXPECT_EQ(DetailOf(changed)->subject, "a");
  Status added = ApplyBetween(repo_, DriverDefinitions("b"), DriverDefinitions("a", "9s")).status();
  EXPECT_EQ(KindOf(added), ErrorKind::kConflict);
  EXPECT_TRUE(project_->Snapshot().ValueOrDie()->View("shop", "b").ok());
}

// A service of a registered view, as a partial apply would bring it.
std::vector<Definition> ServiceOf(const std::string& view) {
  return DefinitionsFromJson(R"([{"kind":"feature_service","file":"d.py","line":9,"json":{"spec":)"
                             R"({"name":"service","features":[{"featureViewName":")" +
                             view + R"("}]}}}])")
      .ValueOrDie();
}

TEST_F(ProjectTest, AnApplyKeepsTheRowsThatCameUnderAnothersNewKeys) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions("a", "0s"), {}).ok());
  std::vector<Definition> with_text_keys = DriverDefinitions("a", "0s");
  static_cast<feast::core::Entity&>(*with_text_keys[0].object)
      .mutable_spec()
      ->set_value_type(feast::types::ValueType::STRING);
  auto other = repo_.Open();
  auto clock = std::make_unique<InterveningClock>([&] {
    ASSERT_TRUE(other->Apply(with_text_keys, {}).ok());
    ASSERT_TRUE(other->Materialize({0}, kTestNow, {}, WorkContext::Defaults()).ok());
  });
  auto mine = Project::Open(LoadConfig(repo_.path()).ValueOrDie(), std::move(clock)).ValueOrDie();
  ApplyOptions partial;
  partial.total = false;
  ASSERT_TRUE(mine->Apply(ServiceOf("a"), partial).ok());
  auto plan = other->LookupPlan({"service", {}, false}).ValueOrDie();
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.Append("1001").ok());
  auto keys = arrow::RecordBatch::Make(arrow::schema({arrow::field("driver_id", arrow::utf8())}), 1,
                                       {builder.Finish().ValueOrDie()});
  LookupColumns found =
      LookupArrow(plan, *other->online().ValueOrDie(), *keys, kTestNow).ValueOrDie();
  EXPECT_EQ(found.values[1]->GetScalar(0).ValueOrDie()->ToString(), "7");
}

TEST_F(ProjectTest, RowsOfAViewThatCannotBeReadStay) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions("a"), {}).ok());
  // As a later version might leave it.
  ASSERT_TRUE(project_->registry()
                  .Commit([](feast::core::Registry* registry) {
                    registry->mutable_feature_views(0)->mutable_spec()->add_source_views();
                    return Status::OK();
                  })
                  .ok());
  ApplyOptions partial;
  partial.total = false;
  ASSERT_TRUE(project_->Apply(DriverDefinitions("b"), partial).ok());
  EXPECT_THAT(project_->online().ValueOrDie()->ListViews("shop").ValueOrDie(),
              ElementsAre("a", "b"));
}

TEST_F(ProjectTest, ApplyTellsWhatItInferred) {
  std::vector<Definition> definitions = DriverDefinitions();
  static_cast<feast::core::DataSource&>(*definitions[1].object).clear_timestamp_field();
  static_cast<feast::core::FeatureView&>(*definitions[2].object)
      .mutable_spec()
      ->mutable_batch_source()
      ->clear_timestamp_field();
  ApplyResult result = project_->Apply(definitions, {}).ValueOrDie();
  EXPECT_THAT(result.inferred, ElementsAre(HasSubstr("'event_timestamp'")));
  const ViewSpec* view = *result.snapshot->View("shop", "driver_stats");
  EXPECT_EQ(view->batch_source.timestamp_field, "event_timestamp");
  EXPECT_TRUE(project_->Apply(definitions, {}).ValueOrDie().diff.empty());
}

TEST_F(ProjectTest, AnInterruptedRemovalIsRepeated) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions("a"), {}).ok());
  auto store = project_->online().ValueOrDie();
  OnlineViewSchema left;
  left.project = "shop";
  left.view = "left_behind";
  left.join_keys = {{"driver_id", ValueType::kInt64}};
  left.columns = {{"trips", ValueType::kInt64}};
  ASSERT_TRUE(store->Prepare(std::span(&left, 1)).ok());
  EXPECT_THAT(store->ListViews("shop").ValueOrDie(), ElementsAre("a", "left_behind"));
  EXPECT_TRUE(project_->Apply(DriverDefinitions("a"), {}).ValueOrDie().diff.empty());
  EXPECT_THAT(store->ListViews("shop").ValueOrDie(), ElementsAre("a"));
}

TEST_F(ProjectTest, MaterializeRecordsItsRangeOnce) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions(), {}).ok());
  WorkContext work = WorkContext::Defaults();
  Timestamp end = kTestNow;
  Timestamp start = SaturatingSubtract(end, Duration::Days(1));
  for (int i = 0; i < 2; ++i) {
    auto views = project_->Materialize(start, end, {}, work).ValueOrDie();
    ASSERT_EQ(views.size(), 1);
    EXPECT_EQ(views[0].result.rows_read, 2);
    EXPECT_EQ(views[0].result.entities, 2);
  }
  const ViewSpec* view = *project_->Snapshot().ValueOrDie()->View("shop", "driver_stats");
  ASSERT_EQ(view->proto->meta().materialization_intervals_size(), 1);
  EXPECT_EQ(view->proto->meta().state(), feast::core::AVAILABLE_ONLINE);
  auto next = project_->MaterializeIncremental(SaturatingAdd(end, Duration::Seconds(9)), {}, work)
                  .ValueOrDie();
  EXPECT_EQ(next[0].start, end);
}

// DriverDefinitions whose rows lie in another file.
std::vector<Definition> DriverDefinitionsOver(const std::string& file) {
  std::vector<Definition> moved = DriverDefinitions("driver_stats", "0s");
  for (feast::core::DataSource* source :
       {static_cast<feast::core::DataSource*>(moved[1].object.get()),
        static_cast<feast::core::FeatureView*>(moved[2].object.get())
            ->mutable_spec()
            ->mutable_batch_source()}) {
    source->mutable_file_options()->set_uri(file);
  }
  return moved;
}

// Trips of a driver as a lookup finds them now: "7", or "null".
std::string TripsOf(Project& project, int64_t driver) {
  auto plan = project.LookupPlan({"", {"driver_stats:trips"}, false}).ValueOrDie();
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.Append(driver).ok());
  auto keys = arrow::RecordBatch::Make(arrow::schema({arrow::field("driver_id", arrow::int64())}),
                                       1, {builder.Finish().ValueOrDie()});
  LookupColumns found =
      LookupArrow(plan, *project.online().ValueOrDie(), *keys, kTestNow).ValueOrDie();
  return found.values[1]->GetScalar(0).ValueOrDie()->ToString();
}

TEST_F(ProjectTest, ANewSourceKeepsTheOldRowsUntilTheViewIsBegunAnew) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions("driver_stats", "0s"), {}).ok());
  ASSERT_TRUE(project_->Materialize({0}, kTestNow, {}, WorkContext::Defaults()).ok());
  // Older rows, and a driver less.
  repo_.Write("data/others.csv",
              "driver_id,event_timestamp,trips,rate\n1001,2023-11-14T01:00:00Z,70,0.5\n");
  std::vector<Definition> moved = DriverDefinitionsOver("data/others.csv");
  EXPECT_THAT(project_->Plan(moved, {}).ValueOrDie().warnings,
              ElementsAre(HasSubstr("--views driver_stats --full-refresh")));
  EXPECT_THAT(project_->Apply(moved, {}).ValueOrDie().warnings, testing::SizeIs(1));
  EXPECT_THAT(project_->Apply(moved, {}).ValueOrDie().warnings, testing::IsEmpty());
  auto stale = project_->Materialize({0}, kTestNow, {}, WorkContext::Defaults()).ValueOrDie();
  EXPECT_EQ(stale[0].result.written.stale, 1);
  EXPECT_EQ(TripsOf(*project_, 1001), "7");
  MaterializeOptions anew;
  anew.full_refresh = true;
  auto views = project_->Materialize({0}, kTestNow, anew, WorkContext::Defaults()).ValueOrDie();
  EXPECT_EQ(views[0].result.written.applied, 1);
  EXPECT_EQ(TripsOf(*project_, 1001), "70");
  EXPECT_EQ(TripsOf(*project_, 1002), "null");
}

TEST_F(ProjectTest, ARefreshThatCannotBeDoneDropsNothing) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions("driver_stats", "0s"), {}).ok());
  ASSERT_TRUE(project_->Materialize({0}, kTestNow, {}, WorkContext::Defaults()).ok());
  MaterializeOptions anew;
  anew.full_refresh = true;
  auto refresh = [&](Timestamp end) {
    return project_->Materialize({0}, end, anew, WorkContext::Defaults()).status();
  };
  Status nothing = refresh({1});
  EXPECT_EQ(KindOf(nothing), ErrorKind::kInvalid);
  EXPECT_THAT(nothing.message(), HasSubstr("(nothing was dropped)"));
  for (const char* rows : {"driver_id,event_timestamp,trips,rate\n1001,2023-11-14T01:00:00Z,x,1\n",
                           "driver_id,event_timestamp,trips\n1001,2023-11-14T01:00:00Z,7\n"}) {
    repo_.Write("data/drivers.csv", rows);
    EXPECT_FALSE(refresh(kTestNow).ok());
  }
  std::filesystem::remove(repo_.path() + "/data/drivers.csv");
  EXPECT_EQ(KindOf(refresh(kTestNow)), ErrorKind::kNotFound);
  EXPECT_EQ(TripsOf(*project_, 1001), "7");
}

TEST_F(ProjectTest, RunsThatTheStoreLostAreForgotten) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions(), {}).ok());
  ASSERT_TRUE(project_->Materialize({0}, kTestNow, {}, WorkContext::Defaults()).ok());
  const std::string store = project_->config().online->Text("path");
  // By hand, or because the registry came from elsewhere. Whoever prepares the store first notices:
  // an incremental run, an apply, a server.
  const std::function<void(Project&)> firsts[] = {
      [](Project&) {},
      [](Project& p) { ASSERT_TRUE(p.Apply(DriverDefinitions(), {}).ok()); },
      [](Project& p) { ASSERT_TRUE(p.Prepared().ok()); },
  };
  for (const auto& first : firsts) {
    std::filesystem::remove_all(store);
    auto project = repo_.Open();
    first(*project);
    auto views =
        project->MaterializeIncremental(kTestNow, {}, WorkContext::Defaults()).ValueOrDie();
    EXPECT_TRUE(views[0].first_run);
    EXPECT_EQ(views[0].start, SaturatingSubtract(kTestNow, Duration::Seconds(3600)));
    auto again =
        project->MaterializeIncremental(kTestNow, {}, WorkContext::Defaults()).ValueOrDie();
    EXPECT_FALSE(again[0].first_run);
  }
}

TEST_F(ProjectTest, AFirstIncrementalRunThatEndsBeforeItBeginsSaysWhatThereIs) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions(), {}).ok());
  Timestamp end = SaturatingSubtract(kTestNow, Duration::Days(1));
  auto views = project_->MaterializeIncremental(end, {}, WorkContext::Defaults()).ValueOrDie();
  EXPECT_TRUE(views[0].first_run);
  EXPECT_GT(views[0].start, views[0].end);
  EXPECT_EQ(FormatTimestamp(views[0].result.source_range.value().earliest), "2023-11-14T20:00:00Z");
  const ViewSpec* view = *project_->Snapshot().ValueOrDie()->View("shop", "driver_stats");
  EXPECT_EQ(view->proto->meta().materialization_intervals_size(), 0);
}

TEST_F(ProjectTest, ATableOfThePresentIsReadWholeEachTime) {
  repo_.Write("data/drivers.csv", "driver_id,trips\n1001,7\n1002,8\n");
  std::vector<Definition> definitions = DriverDefinitions();
  static_cast<feast::core::DataSource&>(*definitions[1].object).clear_timestamp_field();
  static_cast<feast::core::FeatureView&>(*definitions[2].object)
      .mutable_spec()
      ->mutable_batch_source()
      ->clear_timestamp_field();
  ASSERT_TRUE(project_->Apply(definitions, {}).ok());
  for (Timestamp end : {kTestNow, Timestamp{0}}) {
    auto views = project_->MaterializeIncremental(end, {}, WorkContext::Defaults()).ValueOrDie();
    EXPECT_TRUE(views[0].result.present);
    EXPECT_EQ(views[0].result.written.applied, 2);
    EXPECT_EQ(TripsOf(*project_, 1001), "7");
  }
}

TEST_F(ProjectTest, WhatIsDoneBeforeAViewFailsIsTold) {
  std::vector<Definition> both = DriverDefinitions("a");
  std::vector<Definition> other = DriverDefinitions("b");
  both.push_back(other[2]);
  other = DriverDefinitions("c");
  both.push_back(other[2]);
  ASSERT_TRUE(project_->Apply(both, {}).ok());
  StopToken stop;
  WorkContext work = WorkContext::Defaults();
  work.stop = &stop;
  std::vector<std::string> finished;
  MaterializeOptions options;
  options.finished = [&](const ViewMaterialized& view) {
    finished.push_back(view.view);
    stop.Stop();
  };
  Status status = project_->Materialize({0}, kTestNow, options, work).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kCancelled);
  EXPECT_THAT(status.message(), HasSubstr("materialize 'b' (not begun: 'c')"));
  EXPECT_THAT(finished, ElementsAre("a"));
}

// As in Feast, which fills the online store from the stream in another process.
TEST_F(ProjectTest, AViewOfAStreamIsMaterializedFromItsBatchSource) {
  std::vector<Definition> definitions = DriverDefinitions("driver_stats", "0s");
  auto* spec = static_cast<feast::core::FeatureView&>(*definitions[2].object).mutable_spec();
  feast::core::DataSource* stream = spec->mutable_stream_source();
  stream->set_name("positions");
  stream->set_type(feast::core::DataSource::STREAM_KAFKA);
  *stream->mutable_batch_source() = spec->batch_source();
  ASSERT_TRUE(project_->Apply(definitions, {}).ok());
  auto views = project_->Materialize({0}, kTestNow, {}, WorkContext::Defaults()).ValueOrDie();
  EXPECT_EQ(views[0].result.written.applied, 2);
  EXPECT_EQ(TripsOf(*project_, 1001), "7");
}

TEST_F(ProjectTest, AnIntervalIsNotRecordedForAViewThatChangedMeanwhile) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions(), {}).ok());
  repo_.Write("data/others.csv", kDriverRows);
  std::vector<Definition> moved = DriverDefinitionsOver("data/others.csv");
  auto clock =
      std::make_unique<InterveningClock>([&] { ASSERT_TRUE(project_->Apply(moved, {}).ok()); });
  auto other = Project::Open(LoadConfig(repo_.path()).ValueOrDie(), std::move(clock)).ValueOrDie();
  Status status = other->Materialize({0}, kTestNow, {}, WorkContext::Defaults()).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kConflict);
  EXPECT_THAT(status.message(), HasSubstr("changed by another apply"));
  const ViewSpec* view = *project_->Snapshot().ValueOrDie()->View("shop", "driver_stats");
  EXPECT_EQ(view->proto->meta().materialization_intervals_size(), 0);
  EXPECT_TRUE(other->Materialize({0}, kTestNow, {}, WorkContext::Defaults()).ok());
}

TEST_F(ProjectTest, AnIntervalIsRecordedAtTheProjectsTime) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions(), {}).ok());
  std::string applied = project_->Snapshot().ValueOrDie()->version();
  ASSERT_TRUE(project_->Materialize({0}, kTestNow, {}, WorkContext::Defaults()).ok());
  auto snapshot = project_->Snapshot().ValueOrDie();
  EXPECT_NE(snapshot->version(), applied);
  EXPECT_EQ(snapshot->proto().last_updated().seconds() * 1000000, kTestNow.micros);
}

TEST_F(ProjectTest, RangesAndViewsThatMakeNoSense) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions(), {}).ok());
  WorkContext work = WorkContext::Defaults();
  EXPECT_EQ(KindOf(project_->Materialize(kTestNow, {0}, {}, work).status()), ErrorKind::kInvalid);
  EXPECT_EQ(
      KindOf(project_->Materialize({0}, kTestNow, {{"nothing"}, false, nullptr, nullptr}, work)
                 .status()),
      ErrorKind::kNotFound);
}

TEST_F(ProjectTest, LookupPlansAreKeptUntilTheRegistryChanges) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions(), {}).ok());
  FeatureRequest request{"", {"driver_stats:trips"}, false};
  auto plan = project_->LookupPlan(request).ValueOrDie();
  EXPECT_EQ(project_->LookupPlan(request).ValueOrDie(), plan);
  ASSERT_TRUE(project_->Apply(DriverDefinitions("driver_stats", "9s"), {}).ok());
  EXPECT_NE(project_->LookupPlan(request).ValueOrDie(), plan);
}

TEST_F(ProjectTest, TeardownLeavesOthersAlone) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions(), {}).ok());
  repo_.Write("other.yaml", "project: other\n");
  Config config = LoadConfig(repo_.path(), repo_.path() + "/other.yaml").ValueOrDie();
  auto other =
      Project::Open(std::move(config), std::make_unique<FixedClock>(kTestNow)).ValueOrDie();
  ASSERT_TRUE(other->Apply(DriverDefinitions(), {}).ok());
  ASSERT_TRUE(project_->Teardown().ok());
  EXPECT_TRUE(other->Snapshot().ValueOrDie()->View("other", "driver_stats").ok());
  EXPECT_FALSE(other->Snapshot().ValueOrDie()->View("shop", "driver_stats").ok());
  ASSERT_TRUE(other->Teardown().ok());
  EXPECT_FALSE(std::filesystem::exists(repo_.path() + "/data/registry.db"));
}

TEST_F(ProjectTest, TeardownIsRepeatedAndLeavesAProjectThatWorks) {
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(project_->Apply(DriverDefinitions(), {}).ok());
    auto store = project_->online().ValueOrDie();
    ASSERT_TRUE(project_->Materialize({0}, kTestNow, {}, WorkContext::Defaults()).ok());
    EXPECT_TRUE(project_->Teardown().ValueOrDie());
    EXPECT_FALSE(project_->Teardown().ValueOrDie());
    // Whoever still has the old store is told so.
    EXPECT_FALSE(store->ListViews("shop").ok());
    EXPECT_TRUE(project_->Snapshot().ValueOrDie()->Views("shop").empty());
  }
}

TEST_F(ProjectTest, FollowsATeardownAndAnApplyElsewhere) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions(), {}).ok());
  PreparedProject before = project_->Prepared().ValueOrDie();
  EXPECT_EQ(project_->Prepared().ValueOrDie().store, before.store);
  auto other = repo_.Open();
  ASSERT_TRUE(other->Teardown().ok());
  ASSERT_TRUE(other->Apply(DriverDefinitions(), {}).ok());
  PreparedProject after = project_->Prepared().ValueOrDie();
  EXPECT_NE(after.store, before.store);
  EXPECT_FALSE(before.store->ListViews("shop").ok());
  EXPECT_THAT(after.store->ListViews("shop").ValueOrDie(), ElementsAre("driver_stats"));
}

TEST_F(ProjectTest, AStoreThatIsDeletedIsMadeAnew) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions("driver_stats", "0s"), {}).ok());
  ASSERT_TRUE(project_->Materialize({0}, kTestNow, {}, WorkContext::Defaults()).ok());
  EXPECT_EQ(TripsOf(*project_, 1001), "7");
  std::filesystem::remove_all(repo_.path() + "/data/online.lmdb");
  EXPECT_EQ(TripsOf(*project_, 1001), "null");
  ASSERT_TRUE(project_->Materialize({0}, kTestNow, {}, WorkContext::Defaults()).ok());
  EXPECT_EQ(TripsOf(*project_, 1001), "7");
}

TEST_F(ProjectTest, ALookupOfWhatIsNotThereMakesNoStore) {
  Status unknown = project_->LookupPlan({"", {"driver_stats:trips"}, false}).status();
  EXPECT_EQ(KindOf(unknown), ErrorKind::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(repo_.path() + "/data/online.lmdb"));
}

// As one that was killed after the registry leaves it.
TEST_F(ProjectTest, TeardownFindsRowsThatTheRegistryDoesNotName) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions(), {}).ok());
  ASSERT_TRUE(project_->registry().RemoveIf([](const auto&) { return true; }).ok());
  EXPECT_THAT(project_->online().ValueOrDie()->ListViews("shop").ValueOrDie(),
              ElementsAre("driver_stats"));
  EXPECT_TRUE(project_->Teardown().ValueOrDie());
  EXPECT_TRUE(project_->online().ValueOrDie()->ListViews("shop").ValueOrDie().empty());
}

}  // namespace
}  // namespace featly
