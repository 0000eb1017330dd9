#include "retrieval/plan.h"

#include "retrieval/retrieval_test_util.h"

namespace featly::testing {
namespace {

using PlanTest = RetrievalTest;

TEST_F(PlanTest, ViewsWithTheSameKeysShareAGroup) {
  auto plan = Must(Plan({"home:town", "stats:rate", "pairs:trips", "stats:city"}));
  ASSERT_EQ(plan->groups.size(), 2u);
  EXPECT_EQ(plan->groups[0].views.size(), 2u);
  EXPECT_EQ(plan->groups[1].views.size(), 1u);
  ASSERT_EQ(plan->key_columns.size(), 2u);
  EXPECT_EQ(plan->key_columns[0].name, "driver_id");
  EXPECT_EQ(plan->key_columns[1].name, "customer_id");
  EXPECT_EQ(plan->feature_names_json, R"("town","rate","trips","city")");
  EXPECT_EQ(plan->view_metadata_json,
            R"({"name":"home"},{"name":"stats","version":2},{"name":"pairs"})");
  // Only what is asked for, by its place in the view.
  EXPECT_EQ(plan->groups[0].columns[1], (std::vector<uint32_t>{1, 2}));
}

TEST_F(PlanTest, KeysOfOtherEntitiesAreKnown) {
  auto plan = Must(Plan({"stats:rate"}));
  ASSERT_EQ(plan->other_keys.size(), 1u);
  EXPECT_EQ(plan->other_keys[0], (JoinKey{"customer_id", ValueType::kString}));
}

TEST_F(PlanTest, AViewThatIsNotOnlineIsRefusedByName) {
  Status status = Plan({"offline_only:x"}).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_NE(status.message().find("'offline_only' is not online"), std::string::npos)
      << status.message();
}

TEST_F(PlanTest, AnIoThreadPreparesNothing) {
  FeatureRequest request;
  request.features = {"stats:rate"};
  auto plan = [&] {
    return MakeRetrievalPlan(snapshot_, "demo", request, *store_, 3, MissingView::kRefuse);
  };
  Status missing = plan().status();
  EXPECT_EQ(KindOf(missing), ErrorKind::kUnavailable);
  EXPECT_EQ(DetailOf(missing)->subject, "stats");
  EXPECT_TRUE(Must(store_->ListViews("demo")).empty());
  Must(Plan({"stats:rate"}));
  ASSERT_OK(plan());
}

TEST_F(PlanTest, AnUnknownFeatureHasNearNames) {
  Status status = Plan({"stats:trip"}).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kNotFound);
  ASSERT_FALSE(DetailOf(status)->near_names.empty());
}

}  // namespace
}  // namespace featly::testing
