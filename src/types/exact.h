// Numbers that change their form without changing their value: the exactness rules that columns,
// request values and pushed JSON share.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace featly {

/// Doubles of this size and above stand for several integers at once, so one of them may have lost
/// digits before it came here: 2^53 + 1 reads as 2^53.
inline constexpr double kExactDoubleLimit = 9007199254740992.0;
inline constexpr float kExactFloatLimit = 16777216.0F;

/// The integer a double stands for; nullopt for fractions, NaN, infinities and |value| >= 2^53.
inline std::optional<int64_t> ExactInteger(double value) {
  if (!(std::fabs(value) < kExactDoubleLimit) || value != std::trunc(value)) return std::nullopt;
  return static_cast<int64_t>(value);
}

/// The same for a float; nullopt from |value| >= 2^24 on.
inline std::optional<int64_t> ExactInteger(float value) {
  if (!(std::fabs(value) < kExactFloatLimit)) return std::nullopt;
  return ExactInteger(static_cast<double>(value));
}

/// The integer that `text` is, whole: an optional minus and decimal digits, within int64.
inline std::optional<int64_t> ParseInteger(std::string_view text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

inline bool FitsInt32(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() &&
         value <= std::numeric_limits<int32_t>::max();
}

inline bool FitsInt64(uint64_t value) {
  return value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
}

/// Whole seconds to microseconds; nullopt where they do not fit.
inline std::optional<int64_t> SecondsToMicros(int64_t seconds) {
  int64_t micros = 0;
  if (__builtin_mul_overflow(seconds, int64_t{1000000}, &micros)) return std::nullopt;
  return micros;
}

/// Microseconds to whole seconds, towards the past.
constexpr int64_t MicrosToSeconds(int64_t micros) {
  return micros / 1000000 - (micros % 1000000 < 0 ? 1 : 0);
}

/// Whether an ISO 8601 time has a digit other than 0 past its microseconds, which ParseTimestamp
/// cuts.
inline bool HasDigitsPastMicros(std::string_view iso_time) {
  size_t at = iso_time.find('.');
  if (at == std::string_view::npos) return false;
  for (size_t digits = 1; ++at < iso_time.size(); ++digits) {
    const char c = iso_time[at];
    if (c < '0' || c > '9') return false;
    if (digits > 6 && c != '0') return true;
  }
  return false;
}

/// `text` in double quotes for a message, cut after 40 bytes.
inline std::string QuoteForMessage(std::string_view text) {
  constexpr size_t kLimit = 40;
  std::string quoted = "\"";
  quoted.append(text.substr(0, kLimit));
  quoted += text.size() > kLimit ? "...\"" : "\"";
  return quoted;
}

}  // namespace featly
