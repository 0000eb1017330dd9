#include "base/logging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/uuid.h"

namespace featly {
namespace {

TEST(LoggingTest, WritesOneLineAnEvent) {
  SetLogLevel(LogLevel::kInfo);
  testing::internal::CaptureStderr();
  Log(LogLevel::kInfo, "hello\nforged line\x1b[31m");
  Log(LogLevel::kDebug, "not this");
  std::string text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text,
              testing::MatchesRegex("[0-9-]+T[0-9:.]+Z info hello\\\\nforged line\\\\x1b.31m\n"));
  SetLogLevel(LogLevel::kWarning);
}

TEST(LoggingTest, LevelsHaveNames) {
  EXPECT_EQ(*ParseLogLevel("debug"), LogLevel::kDebug);
  EXPECT_EQ(*ParseLogLevel("off"), LogLevel::kOff);
  Status wrong = ParseLogLevel("warn").status();
  EXPECT_EQ(KindOf(wrong), ErrorKind::kUsage);
  EXPECT_THAT(FormatForPeople(wrong), testing::HasSubstr("did you mean 'warning'?"));
}

TEST(LoggingTest, TheLevelDecides) {
  SetLogLevel(LogLevel::kError);
  EXPECT_TRUE(LogEnabled(LogLevel::kError));
  EXPECT_FALSE(LogEnabled(LogLevel::kWarning));
  SetLogLevel(LogLevel::kOff);
  EXPECT_FALSE(LogEnabled(LogLevel::kError));
  SetLogLevel(LogLevel::kWarning);
}

TEST(UuidTest, IsARandomVersionFour) {
  std::string uuid = NewUuid();
  EXPECT_THAT(uuid, testing::MatchesRegex("[0-9a-f-]+"));
  ASSERT_EQ(uuid.size(), 36u);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(uuid, NewUuid());
}

}  // namespace
}  // namespace featly
