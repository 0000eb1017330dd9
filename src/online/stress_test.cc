// Writers and readers at once, on every store, for FEATLY_STRESS_SECONDS (2): every read is of
// whole rows, and never of one older than what was acknowledged before the read began. By hand:
//   FEATLY_STRESS_SECONDS=60 build/online_test --gtest_filter='*Stress*'     (also: tsan, asan)
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "online/conformance_test_util.h"

namespace featly {
namespace {

using testing::IntKey;
using testing::MakeSchema;
using testing::ReadKeys;

constexpr int kWriters = 2;
constexpr int kReaders = 4;
constexpr size_t kKeys = 500;

std::chrono::seconds HowLong() {
  const char* text = std::getenv("FEATLY_STRESS_SECONDS");
  return std::chrono::seconds(text == nullptr ? 2 : std::strtol(text, nullptr, 10));
}

// Of a length that changes, so that rows move; tells the round.
std::string TextOf(int64_t round) {
  return std::string(static_cast<size_t>(round * 37 % 700), static_cast<char>('a' + round % 26));
}

// A round's row, the same on every key that the round writes.
std::string RowOf(const OnlineView& view, int64_t round, EventOrder order) {
  const std::string n = std::to_string(round);
  return testing::MakeRow(view, {n, "\"" + TextOf(round) + "\"", n}, order);
}

class OnlineStress : public OnlineConformance {
 protected:
  void SetUp() override {
    OnlineConformance::SetUp();
    view_ = Bind(MakeSchema(
        "v", {{"a", ValueType::kInt64}, {"text", ValueType::kString}, {"b", ValueType::kInt64}}));
    for (size_t i = 0; i < kKeys; ++i) keys_.push_back(IntKey(static_cast<int64_t>(i)));
  }

  void Write(unsigned seed) {
    std::mt19937 random(seed);
    while (!stop_) {
      const int64_t round = next_++;
      const std::string row = RowOf(*view_, round, At(round, 1));
      // One row as a push has it, some, or all as materialize has them.
      const size_t first = random() % kKeys;
      const size_t wanted[] = {1, 20, kKeys};
      const size_t count = std::min(wanted[random() % 3], kKeys - first);
      std::vector<KeyedRow> rows;
      for (size_t i = first; i < first + count; ++i) rows.push_back({keys_[i], row});
      auto written = WriteAndWait(*store_, {view_, rows});
      if (!written.ok()) {
        Complain("a write failed: " + written.status().ToString());
        return;
      }
      for (size_t i = first; i < first + count; ++i) Acknowledge(i, round);
      rows_written_ += static_cast<int64_t>(count);
    }
  }

  void Acknowledge(size_t key, int64_t round) {
    int64_t before = acknowledged_[key];
    while (before < round && !acknowledged_[key].compare_exchange_weak(before, round)) {
    }
  }

  void Read(unsigned seed) {
    std::mt19937 random(seed);
    ReadResult result;
    while (!stop_) {
      const size_t first = random() % kKeys;
      const size_t count = std::min<size_t>(1 + random() % 60, kKeys - first);
      const std::vector<std::string> keys(keys_.begin() + static_cast<int64_t>(first),
                                          keys_.begin() + static_cast<int64_t>(first + count));
      std::vector<int64_t> floor;
      for (size_t i = first; i < first + count; ++i) floor.push_back(acknowledged_[i]);
      Status status = ReadKeys(*store_, *view_, keys, &result);
      if (!status.ok()) return Complain("a read failed: " + status.ToString());
      for (size_t i = 0; i < count; ++i) Check(result.row(0, 0, i), floor[i]);
      rows_read_ += static_cast<int64_t>(count);
      result.Release();
    }
  }

  void Check(RowView row, int64_t floor) {
    const RowLayout& layout = *view_->write_layout();
    if (!row.present()) {
      if (floor > 0) Complain("an acknowledged row is not there");
      return;
    }
    if (!row.Validate(layout).ok()) return Complain("a row is torn");
    const auto round = row.Fixed<int64_t>(layout, 0);
    if (round < floor) Complain("a row is older than one that was acknowledged before");
    if (row.Fixed<int64_t>(layout, 2) != round || row.Bytes(layout, 1) != TextOf(round) ||
        row.order() != At(round, 1)) {
      Complain("a row is of two rounds");
    }
  }

  void Complain(const std::string& what) {
    if (complaints_++ < 5) ADD_FAILURE() << what;  // thread-safe with pthreads
    if (complaints_ > 1000) {
      stop_ = true;
      stopped_.notify_all();
    }
  }

  std::shared_ptr<const OnlineView> view_;
  std::vector<std::string> keys_;
  std::array<std::atomic<int64_t>, kKeys> acknowledged_{};
  std::atomic<int64_t> next_{1};
  std::atomic<int64_t> rows_written_{0};
  std::atomic<int64_t> rows_read_{0};
  std::atomic<int64_t> complaints_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable stopped_;
};

TEST_P(OnlineStress, ReadsAreWholeAndNeverOlderThanAcknowledged) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kWriters; ++i) threads.emplace_back([this, i] { Write(i); });
  for (unsigned i = 0; i < kReaders; ++i) threads.emplace_back([this, i] { Read(100 + i); });
  {
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, HowLong(), [this] { return stop_.load(); });
  }
  stop_ = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(complaints_, 0);
  EXPECT_GT(rows_written_, 0);
  EXPECT_GT(rows_read_, 0);
  std::printf("%s: %lld rows written, %lld read, %lld complaints\n",
              std::string(GetParam()->name).c_str(), static_cast<long long>(rows_written_),
              static_cast<long long>(rows_read_), static_cast<long long>(complaints_));
}

FEATLY_FOR_EVERY_STORE(OnlineStress);

}  // namespace
}  // namespace featly
