// The sort and the merge, against a map.
#include "flows/sorted_run.h"

#include <map>
#include <random>
#include <signal.h>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "flows/run_merge.h"
#include "flows/spill.h"
#include "online/store_test_util.h"

namespace featly {
namespace {

using testing::Must;
using testing::TempFolder;

// A row of no columns: the header is all the sort reads.
std::string HeaderOnlyRow(EventOrder order, int64_t tag) {
  static const auto layout = Must(RowLayout::Make(1, {{"n", ValueType::kInt64}}));
  std::string row(layout->fixed_size(), '\0');
  row[0] = static_cast<char>(kRowFormat);
  std::memcpy(row.data() + 8, &order.event_micros, 8);
  std::memcpy(row.data() + 16, &order.created_micros, 8);
  std::memcpy(row.data() + layout->slot(0), &tag, 8);
  return row;
}

void Add(RunBuilder* run, std::string_view key, std::string_view row, SourcePosition position) {
  std::string* out = run->Begin(position);
  out->append(key);
  run->EndKey();
  out->append(row);
  run->End();
}

struct Newest {
  EventOrder order;
  SourcePosition position;
  std::string row;
};

// Runs of `total` random rows through runs of `memory` bytes, spilled or not, and compares.
void Compare(unsigned seed, int total, size_t memory, const std::vector<std::string>& keys) {
  std::mt19937 random(seed);
  TempFolder folder;
  SpillFile file = Must(SpillFile::Create(folder.path()));
  RunBuilder run(memory);
  std::vector<SpillFile::Segment> segments;
  std::map<std::string, Newest> expected;
  for (int i = 0; i < total; ++i) {
    const std::string& key = keys[random() % keys.size()];
    EventOrder order{static_cast<int64_t>(random() % 4), static_cast<int64_t>(random() % 2)};
    SourcePosition position{static_cast<uint32_t>(random() % 2), random() % 1000000};
    std::string row = HeaderOnlyRow(order, i);
    auto [it, first] = expected.try_emplace(key, Newest{order, position, row});
    Newest& newest = it->second;
    if (!first && std::pair(order, position) > std::pair(newest.order, newest.position)) {
      newest = {order, position, row};
    }
    Add(&run, key, row, position);
    if (run.full()) {
      run.Sort();
      segments.push_back(Must(file.Append(run)));
      run.Clear();
    }
  }
  run.Sort();
  std::vector<std::unique_ptr<RunCursor>> runs;
  for (const auto& segment : segments) {
    runs.push_back(std::make_unique<SpilledRunCursor>(&file, segment, 100));
  }
  runs.push_back(std::make_unique<MemoryRunCursor>(&run));
  RunMerge merge = Must(RunMerge::Make(std::move(runs)));
  RunRecord record;
  for (const auto& [key, newest] : expected) {
    ASSERT_TRUE(Must(merge.Next(&record)));
    ASSERT_EQ(record.key, key);
    ASSERT_EQ(record.row, newest.row);
  }
  EXPECT_FALSE(Must(merge.Next(&record)));
  EXPECT_FALSE(Must(merge.Next(&record)));
}

TEST(SortedRun, IntegerKeys) {
  std::vector<std::string> keys;
  for (int64_t i = 0; i < 3000; ++i) keys.push_back(testing::IntKey(i * 1234567 - 100));
  Compare(1, 20000, 1 << 20, keys);
  Compare(2, 20000, 100000, keys);
  Compare(3, 20000, 3000, keys);
}

TEST(SortedRun, FewKeysWithLongHistories) {
  Compare(4, 20000, 100000, {testing::IntKey(1), testing::IntKey(2)});
  Compare(5, 5000, 10000, {""});
}

TEST(SortedRun, KeysOfAllLengths) {
  // Words that are equal because keys end, or differ only after eight bytes.
  std::vector<std::string> keys = {"", std::string(1, '\0'), std::string(8, '\0'), "abc"};
  for (int i = 0; i < 40; ++i) {
    keys.push_back("prefix" + std::string(static_cast<size_t>(i), 'x'));
    keys.push_back("prefix" + std::string(static_cast<size_t>(i), 'x') + '\xFF');
  }
  keys.push_back(std::string(5000, 'l'));
  Compare(6, 5000, 1 << 20, keys);
  Compare(7, 5000, 20000, keys);
}

TEST(SortedRun, NothingAtAll) {
  RunBuilder run(1000);
  run.Sort();
  std::vector<std::unique_ptr<RunCursor>> runs;
  runs.push_back(std::make_unique<MemoryRunCursor>(&run));
  RunMerge merge = Must(RunMerge::Make(std::move(runs)));
  RunRecord record;
  EXPECT_FALSE(Must(merge.Next(&record)));
}

TEST(SpillFile, AFullDiskIsAnErrorThatNamesTheFolder) {
  TempFolder folder;
  SpillFile file = Must(SpillFile::Create(folder.path()));
  RunBuilder run(1 << 20);
  for (int64_t i = 0; i < 5000; ++i) Add(&run, testing::IntKey(i), HeaderOnlyRow({1, 1}, i), {});
  run.Sort();
  // A limit on the size of files fails a write as a full disk does.
  auto handler = signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit limit{100000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  Status full = file.Append(run).status();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(KindOf(full), ErrorKind::kIo) << full.ToString();
  EXPECT_NE(full.message().find(folder.path()), std::string::npos) << full.message();
}

TEST(SpillFile, ASegmentCutShortIsCorrupt) {
  TempFolder folder;
  SpillFile file = Must(SpillFile::Create(folder.path()));
  RunBuilder run(1 << 20);
  for (int64_t i = 0; i < 100; ++i) Add(&run, testing::IntKey(i), HeaderOnlyRow({1, 1}, i), {});
  run.Sort();
  SpillFile::Segment whole = Must(file.Append(run));
  for (bool beyond_the_file : {false, true}) {
    SpillFile::Segment segment = whole;
    segment.size += beyond_the_file ? 10 : -10;
    SpilledRunCursor cursor(&file, segment, 100);
    RunRecord record;
    Status status;
    for (Result<bool> more = true; more.ok() && *more;) {
      more = cursor.Next(&record);
      status = more.status();
    }
    EXPECT_EQ(KindOf(status), ErrorKind::kCorrupt) << status.ToString();
  }
}

TEST(SpillFile, LeavesNoName) {
  TempFolder folder;
  SpillFile file = Must(SpillFile::Create(folder.path()));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_FALSE(SpillFile::Create(folder.path() + "/missing").ok());
}

}  // namespace
}  // namespace featly
