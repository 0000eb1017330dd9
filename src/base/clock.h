// Where "now" comes from. Nothing else in featly reads the system's clock.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"

namespace featly {

/// Tells the time. Passed in wherever a meaning depends on "now" (TTL of a lookup, default ends of
/// ranges), so that tests never sleep. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp Now() const = 0;
};

/// The machine's clock, UTC.
class SystemClock : public Clock {
 public:
  Timestamp Now() const override;
};

/// Stands still until told otherwise. For tests, and for the hidden --test-clock option.
/// Thread-safe.
class FixedClock : public Clock {
 public:
  explicit FixedClock(Timestamp now) : now_(now.micros) {}
  Timestamp Now() const override { return {now_.load(std::memory_order_acquire)}; }
  void Set(Timestamp now) { now_.store(now.micros, std::memory_order_release); }

 private:
  std::atomic<int64_t> now_;
};

/// Re-reads an ISO 8601 time from a file at every call, so that a test moves the clock of a running
/// program by replacing the file. For the hidden --test-clock=@FILE option. Thread-safe; reads the
/// file at each call.
class FileClock : public Clock {
 public:
  explicit FileClock(std::string path) : path_(std::move(path)) {}
  /// The file's time; the last good one while the file is missing or unreadable.
  Timestamp Now() const override;

 private:
  std::string path_;
  mutable std::atomic<int64_t> last_{0};
};

/// The system clock for "", a FixedClock for an ISO 8601 time, a FileClock for "@PATH".
Result<std::unique_ptr<Clock>> MakeClock(std::string_view test_clock);

}  // namespace featly
