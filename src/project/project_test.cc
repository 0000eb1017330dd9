#include "project/project.h"

#include <functional>
#include <utility>

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
Result<ApplyResult> ApplyBetween(const TestRepository& repo, std::vector<Definition> theirs,
                                 std::vector<Definition> mine) {
  Config config = LoadConfig(repo.path()).ValueOrDie();
  auto other = Project::Open(config, std::make_unique<FixedClock>(kTestNow)).ValueOrDie();
  auto clock = std::make_unique<InterveningClock>(
      [&] { ASSERT_TRUE(other->Apply(std::move(theirs), {}).ok()); });
  auto project = Project::Open(config, std::move(clock)).ValueOrDie();
  return project->Apply(std::move(mine), {});
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

TEST_F(ProjectTest, AnInterruptedRemovalIsRepeated) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions("a"), {}).ok());
  OnlineStore* store = project_->online().ValueOrDie();
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

TEST_F(ProjectTest, RangesAndViewsThatMakeNoSense) {
  ASSERT_TRUE(project_->Apply(DriverDefinitions(), {}).ok());
  WorkContext work = WorkContext::Defaults();
  EXPECT_EQ(KindOf(project_->Materialize(kTestNow, {0}, {}, work).status()), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(project_->Materialize({0}, kTestNow, {"nothing"}, work).status()),
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

}  // namespace
}  // namespace featly
