#include "base/parallel.h"

#include <atomic>
#include <vector>

#include <gtest/gtest.h>

namespace featly {
namespace {

TEST(ParallelTest, DoesEachUnitOnce) {
  for (int threads : {1, 2, 7}) {
    std::vector<std::atomic<int>> done(1000);
    std::vector<int64_t> by_worker(7);  // each written by one thread
    ASSERT_TRUE(ParallelFor(1000, threads, nullptr, [&](int64_t unit, int worker) {
                  ++done[static_cast<size_t>(unit)];
                  ++by_worker[static_cast<size_t>(worker)];
                  return Status::OK();
                }).ok());
    for (const auto& count : done) EXPECT_EQ(count, 1);
    int64_t sum = 0;
    for (int64_t count : by_worker) sum += count;
    EXPECT_EQ(sum, 1000);
  }
  EXPECT_TRUE(ParallelFor(0, 4, nullptr, [](int64_t, int) { return Status::OK(); }).ok());
}

TEST(ParallelTest, TheLowestFailingUnitIsTheError) {
  for (int round = 0; round < 50; ++round) {
    Status status = ParallelFor(100, 4, nullptr, [&](int64_t unit, int) -> Status {
      if (unit % 10 != 7) return Status::OK();
      return Error(ErrorKind::kInvalid, "unit " + std::to_string(unit));
    });
    EXPECT_EQ(status.message(), "unit 7");
  }
}

TEST(ParallelTest, StopsWhenTold) {
  StopToken stop;
  std::atomic<int> begun{0};
  Status status = ParallelFor(1000000, 2, &stop, [&](int64_t, int) {
    if (++begun == 10) stop.Stop();
    return Status::OK();
  });
  EXPECT_EQ(KindOf(status), ErrorKind::kCancelled);
  EXPECT_LT(begun, 100);
}

TEST(ParallelTest, AStopAfterTheLastUnitIsNoError) {
  StopToken stop;
  Status status = ParallelFor(1, 1, &stop, [&](int64_t, int) {
    stop.Stop();
    return Status::OK();
  });
  EXPECT_TRUE(status.ok());
}

TEST(ParallelTest, ResolvesThreads) {
  EXPECT_EQ(ResolveThreads(3), 3);
  EXPECT_GE(ResolveThreads(0), 1);
}

TEST(ProgressTest, DefaultsDoNothing) {
  WorkContext work = WorkContext::Defaults();
  work.progress->Begin("reading", 10);
  work.progress->Add(10);
  work.progress->End();
  EXPECT_TRUE(work.stop->Check("reading").ok());
}

TEST(ProgressTest, AStoppedTokenNamesTheWork) {
  StopToken stop;
  stop.Stop();
  Status status = stop.Check("materialize");
  EXPECT_EQ(KindOf(status), ErrorKind::kCancelled);
  EXPECT_EQ(status.message(), "materialize was interrupted");
}

}  // namespace
}  // namespace featly
