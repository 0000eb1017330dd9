#include "base/clock.h"

#include <chrono>

#include "base/file.h"

namespace featly {
namespace {

Result<Timestamp> ReadTime(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(std::string text, ReadFile(path));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.pop_back();
  }
  return ParseTimestamp(text);
}

}  // namespace

Timestamp SystemClock::Now() const {
  auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()};
}

Timestamp FileClock::Now() const {
  Result<Timestamp> now = ReadTime(path_);
  if (now.ok()) last_.store(now->micros, std::memory_order_release);
  return {last_.load(std::memory_order_acquire)};
}

Result<std::unique_ptr<Clock>> MakeClock(std::string_view test_clock) {
  if (test_clock.empty()) return std::make_unique<SystemClock>();
  if (test_clock.front() == '@') {
    std::string path(test_clock.substr(1));
    // Read once here, so that a wrong file is an error and not the year 1970.
    if (Result<Timestamp> now = ReadTime(path); !now.ok()) {
      return WithContext("--test-clock=" + std::string(test_clock), now.status());
    }
    auto clock = std::make_unique<FileClock>(std::move(path));
    clock->Now();
    return clock;
  }
  ARROW_ASSIGN_OR_RAISE(Timestamp now, ParseTimestamp(test_clock));
  return std::make_unique<FixedClock>(now);
}

}  // namespace featly
