#include "base/clock.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/test_folder.h"

namespace featly {
namespace {

TEST(ClockTest, SystemClockIsInThisCentury) {
  Timestamp now = SystemClock().Now();
  EXPECT_GT(now, *ParseTimestamp("2024-01-01"));
  EXPECT_LT(now, *ParseTimestamp("2124-01-01"));
}

TEST(ClockTest, FixedClockStandsStill) {
  auto clock = MakeClock("2024-01-02T03:04:05Z");
  ASSERT_TRUE(clock.ok()) << clock.status();
  EXPECT_EQ(FormatTimestamp((*clock)->Now()), "2024-01-02T03:04:05Z");
  EXPECT_EQ((*clock)->Now(), (*clock)->Now());
}

TEST(ClockTest, FileClockFollowsItsFile) {
  TestFolder folder;
  std::string file = folder.File("now");
  EXPECT_EQ(KindOf(MakeClock("@" + file).status()), ErrorKind::kNotFound);
  ASSERT_TRUE(WriteFileAtomically(file, "2024-01-02\n").ok());
  auto clock = MakeClock("@" + file);
  ASSERT_TRUE(clock.ok()) << clock.status();
  EXPECT_EQ(FormatTimestamp((*clock)->Now()), "2024-01-02T00:00:00Z");
  ASSERT_TRUE(WriteFileAtomically(file, "2024-01-03T00:00:01Z").ok());
  EXPECT_EQ(FormatTimestamp((*clock)->Now()), "2024-01-03T00:00:01Z");
  ASSERT_TRUE(WriteFileAtomically(file, "soon").ok());
  EXPECT_EQ(FormatTimestamp((*clock)->Now()), "2024-01-03T00:00:01Z");
}

TEST(ClockTest, RefusesWhatIsNotATime) {
  EXPECT_EQ(KindOf(MakeClock("tomorrow").status()), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace featly
