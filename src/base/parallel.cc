#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/out_of_memory.h"

namespace featly {
namespace {

// What the threads of one ParallelFor share.
class UnitQueue {
 public:
  UnitQueue(int64_t units, const StopToken* stop) : units_(units), stop_(stop) {}

  // False where nothing is left to begin.
  bool Next(int64_t* unit) {
    if (closed_.load(std::memory_order_acquire)) return false;
    if (stop_ != nullptr && stop_->stopped()) return false;
    *unit = next_.fetch_add(1, std::memory_order_relaxed);
    if (*unit >= units_) return false;
    return true;
  }

  // Every unit below a failed one was begun before it and is still run to its end, so the lowest
  // failed unit is the same for any number of threads.
  void Fail(int64_t unit, Status status) {
    closed_.store(true, std::memory_order_release);
    std::lock_guard<std::mutex> lock(mutex_);
    if (unit >= failed_unit_) return;
    failed_unit_ = unit;
    failure_ = std::move(status);
  }

  void Done() { done_.fetch_add(1, std::memory_order_relaxed); }

  // Once the threads are joined.
  Status Outcome() const {
    if (!failure_.ok()) return failure_;
    if (done_.load() == units_) return Status::OK();
    return stop_->Check("the work");
  }

 private:
  const int64_t units_;
  const StopToken* const stop_;
  std::atomic<int64_t> next_{0};
  std::atomic<int64_t> done_{0};
  std::atomic<bool> closed_{false};

  std::mutex mutex_;  // guards the two below
  int64_t failed_unit_ = std::numeric_limits<int64_t>::max();
  Status failure_;
};

// An exception that leaves a thread ends the program; the only one that ours meet is this.
Status RunUnit(const std::function<Status(int64_t unit, int worker)>& work, int64_t unit,
               int worker) {
  try {
    return work(unit, worker);
  } catch (const std::bad_alloc&) {
    return OutOfMemory("the work was given up");
  }
}

}  // namespace

int ResolveThreads(int wanted) {
  if (wanted > 0) return wanted;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

Status ParallelFor(int64_t units, int threads, const StopToken* stop,
                   const std::function<Status(int64_t unit, int worker)>& work) {
  UnitQueue queue(units, stop);
  auto run = [&](int worker) {
    for (int64_t unit = 0; queue.Next(&unit);) {
      if (Status status = RunUnit(work, unit, worker); status.ok()) {
        queue.Done();
      } else {
        queue.Fail(unit, std::move(status));
      }
    }
  };
  int64_t workers = std::min<int64_t>(ResolveThreads(threads), units);
  std::vector<std::thread> helpers;
  for (int64_t worker = 1; worker < workers; ++worker) {
    try {
      helpers.emplace_back(run, static_cast<int>(worker));
    } catch (const std::system_error&) {
      break;  // the system has no more threads: those that run do all units
    }
  }
  run(0);
  for (std::thread& helper : helpers) helper.join();
  return queue.Outcome();
}

}  // namespace featly
