// Points in time and durations, both in microseconds; the only clock readings featly has.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/error.h"

namespace featly {

/// A length of time in microseconds; may be negative.
struct Duration {
  int64_t micros = 0;

  static constexpr Duration Micros(int64_t n) { return {n}; }
  static constexpr Duration Millis(int64_t n) { return {n * 1000}; }
  static constexpr Duration Seconds(int64_t n) { return {n * 1000000}; }
  static constexpr Duration Days(int64_t n) { return {n * 86400 * int64_t{1000000}}; }

  constexpr auto operator<=>(const Duration&) const = default;
};

/// A point in time: microseconds since 1970-01-01T00:00:00 UTC.
struct Timestamp {
  int64_t micros = 0;

  static constexpr Timestamp FromSeconds(int64_t s) { return {s * 1000000}; }
  static constexpr Timestamp Min() { return {std::numeric_limits<int64_t>::min() + 1}; }
  static constexpr Timestamp Max() { return {std::numeric_limits<int64_t>::max()}; }

  constexpr auto operator<=>(const Timestamp&) const = default;
};

/// `t - d` and `t + d`, stopping at Timestamp::Min() and Max() instead of overflowing.
Timestamp SaturatingSubtract(Timestamp t, Duration d);
Timestamp SaturatingAdd(Timestamp t, Duration d);

/// Nanoseconds to microseconds. Feature times round up and label times round down, so that rounding
/// never lets a label see a later feature (docs/semantics.md, "Time").
constexpr int64_t CeilNanosToMicros(int64_t nanos) {
  return nanos / 1000 + (nanos % 1000 > 0 ? 1 : 0);
}
constexpr int64_t FloorNanosToMicros(int64_t nanos) {
  return nanos / 1000 - (nanos % 1000 < 0 ? 1 : 0);
}

/// Reads ISO 8601 as Feast's commands take it: "2024-01-02", "2024-01-02T03:04:05[.ffffff]", a
/// space for the T, an offset ("Z", "+02:00", "+0200"); without an offset it is UTC. More than six
/// fraction digits are cut (round down). kInvalid names what was found and the accepted forms.
Result<Timestamp> ParseTimestamp(std::string_view text);

/// RFC 3339 in UTC with 0, 3 or 6 fraction digits, as protobuf's JSON has it
/// ("2024-01-02T03:04:05Z"). Works for years 1 to 9999; outside, clamps to those.
std::string FormatTimestamp(Timestamp t);

/// Longest text FormatTimestampTo writes.
inline constexpr size_t kMaxTimestampChars = 27;

/// The same into `out` (at least kMaxTimestampChars), without allocating; returns the length.
size_t FormatTimestampTo(Timestamp t, char* out);

/// "3.2 s", "2 days": for progress lines and messages.
std::string FormatDuration(Duration d);

}  // namespace featly
