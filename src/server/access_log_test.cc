#include "server/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace featly {
namespace {

TEST(AccessLog, ALineTellsTheRequestAndCannotBeForged) {
  std::string line;
  AppendAccessLine(
      {"127.0.0.1:5", "GET", "/a\n\"b\" c\\", 10, 404, 12, std::chrono::microseconds(7)}, &line);
  EXPECT_THAT(
      line, testing::MatchesRegex(R"([0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z 127\.0\.0\.1:5 )"
                                  R"("GET /a\\x0a\\x22b\\x22\\x20c\\x5c HTTP/1\.0" 404 12 7us.)"));
  EXPECT_TRUE(line.ends_with('\n'));
  line.clear();
  AppendAccessLine({"c", "GET", std::string(5000, 'x'), 11, 200, 0, {}}, &line);
  EXPECT_LT(line.size(), 400u);
}

TEST(AccessLog, EverythingIsWrittenBeforeTheEnd) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  {
    AccessLog log(ends[1]);
    log.Write("one\n");
    log.Write("two\n");
  }
  char text[16];
  std::string read_back;
  while (read_back.size() < 8) {
    ssize_t got = read(ends[0], text, sizeof text);
    ASSERT_GT(got, 0);
    read_back.append(text, static_cast<size_t>(got));
  }
  EXPECT_EQ(read_back, "one\ntwo\n");
  close(ends[0]);
  close(ends[1]);
}

TEST(AccessLog, AReaderThatDoesNotReadCostsLinesOnly) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  {
    AccessLog log(ends[1]);
    const std::string megabyte(size_t{1} << 20, 'x');
    for (int i = 0; i < 16; ++i) log.Write(megabyte);  // a blocked writer would hang here
    EXPECT_GT(log.dropped_bytes(), 0u);
  }  // nor does the end wait for ever
  close(ends[0]);
  close(ends[1]);
}

TEST(AccessLog, AReaderThatHasGoneDoesNotEndTheProcess) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  {
    AccessLog log(ends[1]);
    log.Write("one\n");
  }
  close(ends[1]);
}

}  // namespace
}  // namespace featly
