#include "types/event_order.h"

#include <gtest/gtest.h>

namespace featly {
namespace {

TEST(EventOrder, EventTimeThenCreatedTimeWithNullFirst) {
  EXPECT_LT((EventOrder{1, 9}), (EventOrder{2, 0}));
  EXPECT_LT((EventOrder{1, kNoCreatedTime}), (EventOrder{1, -5}));
  EXPECT_LT((EventOrder{1, 1}), (EventOrder{1, 2}));
  EXPECT_LT((SourcePosition{0, 9}), (SourcePosition{1, 0}));
  EXPECT_LT((SourcePosition{1, 0}), (SourcePosition{1, 1}));
}

TEST(EventOrder, AWriteReplacesWhatIsNotNewer) {
  EXPECT_TRUE(Replaces({5, 1}, {5, 1}));
  EXPECT_TRUE(Replaces({5, 1}, {5, kNoCreatedTime}));
  EXPECT_TRUE(Replaces({6, kNoCreatedTime}, {5, 9}));
  EXPECT_FALSE(Replaces({5, kNoCreatedTime}, {5, 1}));
  EXPECT_FALSE(Replaces({4, 9}, {5, 1}));
}

TEST(EventOrder, BothEndsOfATtlAreInclusive) {
  const Timestamp asked{1000};
  const Duration ttl{100};
  EXPECT_TRUE(IsVisible({1000}, asked, ttl));
  EXPECT_TRUE(IsVisible({900}, asked, ttl));
  EXPECT_FALSE(IsVisible({899}, asked, ttl));
  EXPECT_FALSE(IsVisible({1001}, asked, ttl));
}

TEST(EventOrder, NoTtlIsNoLimit) {
  EXPECT_TRUE(IsVisible(Timestamp::Min(), {1000}, {0}));
  EXPECT_TRUE(IsVisible(Timestamp::Min(), {1000}, {-1}));
  EXPECT_FALSE(IsVisible({1001}, {1000}, {0}));
  EXPECT_EQ(OldestVisible({1000}, {0}), Timestamp::Min());
  EXPECT_EQ(OldestVisible({1000}, {100}), Timestamp{900});
}

TEST(EventOrder, ATtlPastTheBeginningOfTimeStopsThere) {
  EXPECT_EQ(OldestVisible({-5}, {std::numeric_limits<int64_t>::max()}), Timestamp::Min());
}

TEST(EventOrder, BothEndsOfARangeAreInclusive) {
  EXPECT_TRUE(InRange({1}, {1}, {1}));
  EXPECT_FALSE(InRange({0}, {1}, {2}));
  EXPECT_TRUE(InRange({2}, {1}, {2}));
  EXPECT_FALSE(InRange({3}, {1}, {2}));
}

}  // namespace
}  // namespace featly
