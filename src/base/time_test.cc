#include "base/time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace featly {
namespace {

constexpr int64_t kSecond = 1000000;

TEST(TimeTest, ParsesTheAcceptedForms) {
  const int64_t noon = 1704196800 * kSecond;  // 2024-01-02T12:00:00Z
  struct Case {
    const char* text;
    int64_t micros;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"2024-01-02", noon - 12 * 3600 * kSecond},
           {"2024-01-02T12:00:00", noon},
           {"2024-01-02 12:00:00", noon},
           {"2024-01-02t12:00:00z", noon},
           {"2024-01-02T12:00", noon},
           {"2024-01-02T12:00:00Z", noon},
           {"2024-01-02T14:00:00+02:00", noon},
           {"2024-01-02T14:00:00+0200", noon},
           {"2024-01-02T14:00:00+02", noon},
           {"2024-01-02T06:30:00-05:30", noon},
           {"2024-01-02T12:00:00.5", noon + 500000},
           {"2024-01-02T12:00:00.123456Z", noon + 123456},
           {"2024-01-02T12:00:00.1234569Z", noon + 123456},
           {"1969-12-31T23:59:59.9999999Z", -1},
           {"1970-01-01", 0},
           {"0001-01-01", -62135596800 * kSecond},
           {"2024-02-29", 1709164800 * kSecond},
       }) {
    Result<Timestamp> parsed = ParseTimestamp(c.text);
    ASSERT_TRUE(parsed.ok()) << c.text << ": " << parsed.status();
    EXPECT_EQ(parsed->micros, c.micros) << c.text;
  }
}

TEST(TimeTest, RefusesEverythingElse) {
  for (const char* text :
       {"", "now", "2024", "2024-1-2", "2024-13-01", "2023-02-29", "2024-01-02T",
        "2024-01-02T25:00", "2024-01-02T12:60", "2024-01-02T12:00:60", "2024-01-02T12:00:00.",
        "2024-01-02T12:00:00 Z", "2024-01-02T12:00:00+2", "2024-01-02T12:00:00+02:", "2024-01-02Z",
        " 2024-01-02", "0000-01-01", "2024-01-02T12:00:00+24:00", "20240102"}) {
    Result<Timestamp> parsed = ParseTimestamp(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(KindOf(parsed.status()), ErrorKind::kInvalid);
    EXPECT_THAT(parsed.status().message(), testing::HasSubstr("ISO 8601"));
  }
}

TEST(TimeTest, FormatsAsProtobufDoes) {
  EXPECT_EQ(FormatTimestamp({0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatTimestamp({1500000}), "1970-01-01T00:00:01.500Z");
  EXPECT_EQ(FormatTimestamp({1}), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(FormatTimestamp({-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(FormatTimestamp(Timestamp::Min()), "0001-01-01T00:00:00Z");
  EXPECT_EQ(FormatTimestamp(Timestamp::Max()), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(FormatTimestamp(Timestamp::Max()).size(), kMaxTimestampChars);
}

TEST(TimeTest, ParseReadsWhatFormatWrites) {
  for (int64_t micros = -3000000000000000; micros < 3000000000000000; micros += 12345678912347) {
    Result<Timestamp> back = ParseTimestamp(FormatTimestamp({micros}));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->micros, micros);
  }
}

TEST(TimeTest, ArithmeticStopsAtTheEnds) {
  EXPECT_EQ(SaturatingSubtract({100}, {30}).micros, 70);
  EXPECT_EQ(SaturatingSubtract(Timestamp::Min(), {1}), Timestamp::Min());
  EXPECT_EQ(SaturatingSubtract({0}, {std::numeric_limits<int64_t>::max()}), Timestamp::Min());
  EXPECT_EQ(SaturatingSubtract(Timestamp::Max(), {-1}), Timestamp::Max());
  EXPECT_EQ(SaturatingAdd(Timestamp::Max(), {1}), Timestamp::Max());
  EXPECT_EQ(SaturatingAdd(Timestamp::Min(), {-1}), Timestamp::Min());
  EXPECT_EQ(SaturatingAdd({5}, {6}).micros, 11);
}

TEST(TimeTest, NanosecondsRoundAwayFromTheFuture) {
  EXPECT_EQ(CeilNanosToMicros(1001), 2);
  EXPECT_EQ(CeilNanosToMicros(1000), 1);
  EXPECT_EQ(CeilNanosToMicros(-1001), -1);
  EXPECT_EQ(FloorNanosToMicros(1999), 1);
  EXPECT_EQ(FloorNanosToMicros(-1), -1);
  EXPECT_EQ(FloorNanosToMicros(-1000), -1);
}

TEST(TimeTest, DurationsReadWell) {
  EXPECT_EQ(FormatDuration({12}), "12 us");
  EXPECT_EQ(FormatDuration({1500}), "1.5 ms");
  EXPECT_EQ(FormatDuration({3200000}), "3.2 s");
  EXPECT_EQ(FormatDuration(Duration::Seconds(252)), "4 min 12 s");
  EXPECT_EQ(FormatDuration(Duration::Seconds(7200)), "2 h");
  EXPECT_EQ(FormatDuration(Duration::Days(2)), "2 days");
  EXPECT_EQ(FormatDuration(Duration::Seconds(90000)), "1 day 1 h");
  EXPECT_EQ(FormatDuration(Duration::Seconds(-1)), "-1.0 s");
}

}  // namespace
}  // namespace featly
