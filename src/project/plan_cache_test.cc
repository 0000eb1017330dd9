#include "project/plan_cache.h"

#include <gtest/gtest.h>

namespace featly {
namespace {

std::shared_ptr<const RegistrySnapshot> EmptySnapshot() {
  return RegistrySnapshot::Make(std::make_shared<feast::core::Registry>()).ValueOrDie();
}

TEST(PlanCacheTest, KeepsThePlansOfOneSnapshot) {
  PlanCache cache;
  auto old_snapshot = EmptySnapshot();
  auto plan = std::make_shared<RetrievalPlan>();
  cache.Insert(old_snapshot, "a", plan);
  EXPECT_EQ(cache.Find(old_snapshot.get(), "a"), plan);
  EXPECT_EQ(cache.Find(old_snapshot.get(), "b"), nullptr);
  auto new_snapshot = EmptySnapshot();
  EXPECT_EQ(cache.Find(new_snapshot.get(), "a"), nullptr);
  cache.Insert(new_snapshot, "b", plan);
  EXPECT_EQ(cache.Find(old_snapshot.get(), "a"), nullptr);
  cache.Clear();
  EXPECT_EQ(cache.Find(new_snapshot.get(), "b"), nullptr);
}

TEST(PlanCacheTest, IsBounded) {
  PlanCache cache;
  auto snapshot = EmptySnapshot();
  auto plan = std::make_shared<RetrievalPlan>();
  for (size_t i = 0; i <= PlanCache::kMaxPlans; ++i) {
    cache.Insert(snapshot, std::to_string(i), plan);
  }
  EXPECT_EQ(cache.Find(snapshot.get(), "0"), nullptr);
  EXPECT_EQ(cache.Find(snapshot.get(), std::to_string(PlanCache::kMaxPlans)), plan);
}

TEST(PlanCacheTest, DifferentRequestsHaveDifferentKeys) {
  FeatureRequest joined{"", {"a:b", "c:d"}, false};
  FeatureRequest one{"", {"a:bc:d"}, false};
  FeatureRequest full{"", {"a:b", "c:d"}, true};
  FeatureRequest service{"a:b", {}, false};
  FeatureRequest service_wins{"a:b", {"c:d"}, false};
  EXPECT_NE(PlanCache::KeyOf(joined), PlanCache::KeyOf(one));
  EXPECT_NE(PlanCache::KeyOf(joined), PlanCache::KeyOf(full));
  EXPECT_NE(PlanCache::KeyOf(joined), PlanCache::KeyOf(service));
  EXPECT_EQ(PlanCache::KeyOf(service), PlanCache::KeyOf(service_wins));
}

}  // namespace
}  // namespace featly
