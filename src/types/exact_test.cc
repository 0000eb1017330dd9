#include "types/exact.h"

#include <limits>

#include <gtest/gtest.h>

namespace featly {
namespace {

TEST(Exact, WholeDoublesBelow2To53AreIntegers) {
  EXPECT_EQ(ExactInteger(1001.0), 1001);
  EXPECT_EQ(ExactInteger(-0.0), 0);
  EXPECT_EQ(ExactInteger(9007199254740991.0), 9007199254740991);
  EXPECT_EQ(ExactInteger(9007199254740992.0), std::nullopt);
  EXPECT_EQ(ExactInteger(0.5), std::nullopt);
  EXPECT_EQ(ExactInteger(std::numeric_limits<double>::quiet_NaN()), std::nullopt);
  EXPECT_EQ(ExactInteger(-std::numeric_limits<double>::infinity()), std::nullopt);
  EXPECT_EQ(ExactInteger(16777215.0F), 16777215);
  EXPECT_EQ(ExactInteger(16777216.0F), std::nullopt);
}

TEST(Exact, TextIsAnIntegerWhole) {
  EXPECT_EQ(ParseInteger("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(ParseInteger("9223372036854775808"), std::nullopt);
  for (const char* text : {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "abc"}) {
    EXPECT_EQ(ParseInteger(text), std::nullopt) << text;
  }
}

TEST(Exact, SecondsAndMicroseconds) {
  EXPECT_EQ(SecondsToMicros(-3), -3000000);
  EXPECT_EQ(SecondsToMicros(9223372036855), std::nullopt);
  EXPECT_EQ(MicrosToSeconds(1999999), 1);
  EXPECT_EQ(MicrosToSeconds(-1), -1);
  EXPECT_EQ(MicrosToSeconds(-1000000), -1);
}

TEST(Exact, DigitsPastMicroseconds) {
  EXPECT_FALSE(HasDigitsPastMicros("2024-01-02T03:04:05Z"));
  EXPECT_FALSE(HasDigitsPastMicros("2024-01-02T03:04:05.123456Z"));
  EXPECT_FALSE(HasDigitsPastMicros("2024-01-02T03:04:05.123456000Z"));
  EXPECT_TRUE(HasDigitsPastMicros("2024-01-02T03:04:05.123456001Z"));
}

TEST(Exact, LongTextIsCutInMessages) {
  EXPECT_EQ(QuoteForMessage("abc"), "\"abc\"");
  EXPECT_EQ(QuoteForMessage(std::string(100, 'x')), "\"" + std::string(40, 'x') + "...\"");
}

}  // namespace
}  // namespace featly
