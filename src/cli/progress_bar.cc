#include "cli/progress_bar.h"

#include <algorithm>
#include <cstdio>

namespace featly::cli {

namespace {
constexpr std::chrono::nanoseconds kDrawInterval = std::chrono::milliseconds(100);
constexpr int kBarWidth = 30;
}  // namespace

std::string GroupedDigits(int64_t number) {
  std::string digits = std::to_string(number);
  size_t first = number < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

void ProgressBar::Begin(std::string_view phase, int64_t total_rows) {
  std::lock_guard lock(mutex_);
  phase_ = phase;
  total_ = total_rows;
  began_ = SteadyClock::now();
  rows_.store(0);
  next_draw_.store(0);
  Draw(began_);
}

void ProgressBar::Add(int64_t rows) {
  rows_.fetch_add(rows, std::memory_order_relaxed);
  SteadyClock::time_point now = SteadyClock::now();
  int64_t nanos = now.time_since_epoch().count();
  int64_t due = next_draw_.load(std::memory_order_relaxed);
  if (nanos < due || !next_draw_.compare_exchange_strong(due, nanos + kDrawInterval.count())) {
    return;  // too early, or another thread draws
  }
  std::lock_guard lock(mutex_);
  Draw(now);
}

void ProgressBar::End() {
  std::lock_guard lock(mutex_);
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
}

void ProgressBar::Draw(SteadyClock::time_point now) {
  int64_t rows = rows_.load(std::memory_order_relaxed);
  double seconds = std::chrono::duration<double>(now - began_).count();
  std::string text = "\r\033[K" + phase_ + "  ";
  if (total_ > 0) {
    double share = std::clamp(static_cast<double>(rows) / static_cast<double>(total_), 0.0, 1.0);
    int filled = static_cast<int>(share * kBarWidth);
    text += '[' + std::string(filled, '=') + std::string(kBarWidth - filled, ' ') + "] " +
            std::to_string(static_cast<int>(share * 100)) + "%  ";
  }
  text += GroupedDigits(rows) + " rows";
  if (seconds > 0.2) {
    text +=
        "  " + GroupedDigits(static_cast<int64_t>(static_cast<double>(rows) / seconds)) + " rows/s";
  }
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace featly::cli
