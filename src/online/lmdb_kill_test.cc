// Processes killed while they write: what was acknowledged is there, and every row is whole.
#include <algorithm>
#include <poll.h>
#include <random>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "online/lmdb_store.h"
#include "online/store_test_util.h"

namespace featly {
namespace {

using testing::IntKey;
using testing::MakeRow;
using testing::MakeSchema;
using testing::Must;
using testing::ReadKeys;
using testing::TempFolder;

constexpr int kKills = 100;
constexpr int kKeys = 2000;

// Each process writes rounds of rows (round, round, text of the round) over the same keys, the
// first few one by one as pushes are, then all of them as materialize does, and tells each
// acknowledged round.
struct Ack {
  int32_t round;
  int32_t keys;  // the round's row is on the keys from 0 on
};

OnlineViewSchema Schema() {
  return MakeSchema(
      "v", {{"a", ValueType::kInt64}, {"text", ValueType::kString}, {"b", ValueType::kInt64}});
}

// Of a length that changes, so that rows move within their pages.
std::string TextOf(int64_t round) {
  return std::string(static_cast<size_t>(round * 37 % 900), static_cast<char>('a' + round % 26));
}

void WriteForEver(const std::string& path, int32_t round, int acks) {
  auto store = Must(OpenLmdbStore({.path = path}));
  auto view = Must(store->Bind(Schema()));
  std::vector<std::string> keys;
  for (int i = 0; i < kKeys; ++i) keys.push_back(IntKey(i));
  for (;; ++round) {
    std::string n = std::to_string(round);
    std::string row = MakeRow(*view, {n, "\"" + TextOf(round) + "\"", n}, {round, 1});
    std::vector<KeyedRow> rows;
    for (const std::string& key : keys) rows.push_back({key, row});
    for (int32_t count : {1, 10, kKeys}) {
      WriteRequest request{view, {rows.data(), static_cast<size_t>(count)}};
      if (!WriteAndWait(*store, request).ok()) _exit(1);
      Ack ack{round, count};
      if (write(acks, &ack, sizeof ack) != sizeof ack) _exit(2);
    }
  }
}

// Takes all acknowledgements there are; waits for the first at most `timeout_ms`.
void TakeAcks(int acks, int timeout_ms, std::vector<int32_t>* acknowledged) {
  pollfd wait{acks, POLLIN, 0};
  for (; poll(&wait, 1, timeout_ms) > 0; timeout_ms = 0) {
    Ack ack;
    if (read(acks, &ack, sizeof ack) != sizeof ack) return;
    for (int i = 0; i < ack.keys; ++i) (*acknowledged)[i] = std::max((*acknowledged)[i], ack.round);
  }
}

// The greatest round found; fails where a row is older than acknowledged, or torn.
int32_t Check(const std::string& path, const std::vector<int32_t>& acknowledged) {
  auto store = Must(OpenLmdbStore({.path = path}));
  auto view = Must(store->Bind(Schema()));
  std::vector<std::string> keys;
  for (int i = 0; i < kKeys; ++i) keys.push_back(IntKey(i));
  ReadResult result;
  EXPECT_TRUE(ReadKeys(*store, *view, keys, &result).ok());
  const RowLayout& layout = *view->write_layout();
  int32_t newest = 0;
  for (int i = 0; i < kKeys; ++i) {
    RowView row = result.row(0, 0, static_cast<size_t>(i));
    if (!row.present()) {
      EXPECT_EQ(acknowledged[i], 0) << "the row of key " << i << " is lost";
      continue;
    }
    EXPECT_TRUE(row.Validate(layout).ok());
    auto round = row.Fixed<int64_t>(layout, 0);
    EXPECT_GE(round, acknowledged[i]) << "an acknowledged row of key " << i << " is lost";
    EXPECT_EQ(row.Fixed<int64_t>(layout, 2), round);
    EXPECT_EQ(row.order().event_micros, round);
    EXPECT_EQ(row.Bytes(layout, 1), TextOf(round));
    newest = std::max(newest, static_cast<int32_t>(round));
  }
  // Requests are whole: the keys that are always written together are of one round.
  for (int i = 11; i < kKeys; ++i) {
    EXPECT_EQ(result.row(0, 0, static_cast<size_t>(i)).bytes(), result.row(0, 0, 10).bytes());
  }
  return newest;
}

TEST(LmdbKill, AcknowledgedRowsSurviveAHundredKills) {
  TempFolder folder;
  std::string path = folder.path() + "/online.lmdb";
  std::mt19937 random(11);
  std::vector<int32_t> acknowledged(kKeys, 0);
  int32_t newest = 0;
  for (int kill_number = 0; kill_number < kKills; ++kill_number) {
    int acks[2];
    ASSERT_EQ(pipe(acks), 0);
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(acks[0]);
      WriteForEver(path, newest + 1, acks[1]);
    }
    close(acks[1]);
    // At any moment: while it opens, writes, commits, or right after an acknowledgement.
    int moments = static_cast<int>(random() % 4);
    for (int i = 0; i < moments; ++i) TakeAcks(acks[0], 5000, &acknowledged);
    TakeAcks(acks[0], static_cast<int>(random() % 30), &acknowledged);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    TakeAcks(acks[0], 0, &acknowledged);
    close(acks[0]);
    newest = std::max(newest, Check(path, acknowledged));
    ASSERT_FALSE(::testing::Test::HasFailure()) << "after kill " << kill_number;
  }
  EXPECT_GT(newest, kKills / 4) << "the writers were killed before they wrote anything";
}

}  // namespace
}  // namespace featly
