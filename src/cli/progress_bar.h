// The bar that long work draws on a terminal.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include "base/progress.h"

namespace featly::cli {

/// Draws phase, share, rows and rows a second on standard error, at most ten times a second, and
/// clears its line when a phase ends. Thread-safe: Add is an atomic addition unless it is time to
/// draw.
class ProgressBar : public Progress {
 public:
  void Begin(std::string_view phase, int64_t total_rows) override;
  void Add(int64_t rows) override;
  void End() override;

 private:
  using SteadyClock = std::chrono::steady_clock;
  void Draw(SteadyClock::time_point now);

  std::mutex mutex_;
  std::string phase_;              // guarded by mutex_
  int64_t total_ = 0;              // guarded by mutex_
  SteadyClock::time_point began_;  // guarded by mutex_
  std::atomic<int64_t> rows_{0};
  std::atomic<int64_t> next_draw_{0};  // steady nanoseconds
};

/// 1234567 as "1,234,567".
std::string GroupedDigits(int64_t number);

}  // namespace featly::cli
