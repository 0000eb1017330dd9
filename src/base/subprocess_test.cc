#include "base/subprocess.h"

#include <signal.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace featly {
namespace {

// A shell knows no descriptors above 9.
SubprocessRequest Shell(std::string line) {
  SubprocessRequest request;
  request.script_fd = 8;
  request.result_fd = 9;
  request.argv = {"sh", "-c", std::move(line)};
  return request;
}

TEST(SubprocessTest, ReturnsResultAndExitCode) {
  Result<SubprocessResult> done = RunSubprocess(Shell("printf hello >&9; exit 3"));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->result, "hello");
  EXPECT_EQ(done->exit_code, 3);
}

TEST(SubprocessTest, ReadsResultsLargerThanAPipe) {
  Result<SubprocessResult> done = RunSubprocess(Shell("head -c 1000000 /dev/zero >&9"));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->result.size(), 1000000u);
}

TEST(SubprocessTest, TheScriptIsAFileOfTheChild) {
  SubprocessRequest request = Shell("");
  request.argv = {"sh", "/proc/self/fd/8"};
  request.script = "printf from-script >&9\n";
  Result<SubprocessResult> done = RunSubprocess(request);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->result, "from-script");
}

TEST(SubprocessTest, DescriptorNumbersMayBeAnything) {
  SubprocessRequest request;
  request.argv = {"sh", "/proc/self/fd/3"};
  request.script = "printf x >&4\n";
  request.script_fd = 3;
  request.result_fd = 4;
  Result<SubprocessResult> done = RunSubprocess(request);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->result, "x");
}

TEST(SubprocessTest, FolderAndEnvironmentAreSet) {
  TestFolder folder;
  SubprocessRequest request = Shell("printf '%s %s' \"$PWD\" \"$FEATLY_TEST_VALUE\" >&9");
  request.working_directory = folder.path();
  request.environment_add = {"FEATLY_TEST_VALUE=a=b"};
  Result<SubprocessResult> done = RunSubprocess(request);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_THAT(done->result, testing::EndsWith(" a=b"));
  EXPECT_THAT(done->result, testing::HasSubstr("featly-test-"));
}

TEST(SubprocessTest, ASignalIsAnExitCode) {
  Result<SubprocessResult> done = RunSubprocess(Shell("kill -9 $$"));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->exit_code, 137);
}

// The grandchild keeps the pipe open until it is killed.
TEST(SubprocessTest, AGrandchildDoesNotHoldTheResult) {
  Result<SubprocessResult> done = RunSubprocess(Shell("tail -f /dev/null & printf \"$!\" >&9"));
  ASSERT_TRUE(done.ok()) << done.status();
  ASSERT_FALSE(done->result.empty());
  EXPECT_EQ(::kill(std::stoi(done->result), SIGKILL), 0);
}

TEST(SubprocessTest, WhatCannotStartIsUnavailable) {
  SubprocessRequest request;
  request.argv = {"no-such-program-of-featly"};
  Result<SubprocessResult> done = RunSubprocess(request);
  EXPECT_EQ(KindOf(done.status()), ErrorKind::kUnavailable);
  EXPECT_THAT(done.status().message(), testing::HasSubstr("no-such-program-of-featly"));
  request = Shell("true");
  request.working_directory = "/no/such/folder";
  EXPECT_THAT(RunSubprocess(request).status().message(), testing::HasSubstr("/no/such/folder"));
}

}  // namespace
}  // namespace featly
