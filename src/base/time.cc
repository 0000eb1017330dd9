#include "base/time.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace featly {
namespace {

constexpr int64_t kMicrosPerSecond = 1000000;
constexpr int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;

// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z.
constexpr int64_t kFirstMicros = -62135596800 * kMicrosPerSecond;
constexpr int64_t kLastMicros = 253402300800 * kMicrosPerSecond - 1;

// Reads a time from the left; every function fails on what does not fit and then moves nothing.
class TimeScanner {
 public:
  explicit TimeScanner(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  bool Skip(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Exactly `n` digits.
  bool Digits(size_t n, int* value) {
    if (rest_.size() < n) return false;
    int result = 0;
    for (size_t i = 0; i < n; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      result = result * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(n);
    *value = result;
    return true;
  }

  // One digit or more; those after the sixth are cut.
  bool Fraction(int64_t* micros) {
    size_t n = 0;
    int64_t value = 0;
    while (n < rest_.size() && rest_[n] >= '0' && rest_[n] <= '9') {
      if (n < 6) value = value * 10 + (rest_[n] - '0');
      ++n;
    }
    if (n == 0) return false;
    for (size_t i = n; i < 6; ++i) value *= 10;
    rest_.remove_prefix(n);
    *micros = value;
    return true;
  }

 private:
  std::string_view rest_;
};

bool ScanDate(TimeScanner* in, int64_t* micros) {
  int year = 0, month = 0, day = 0;
  if (!in->Digits(4, &year) || !in->Skip('-') || !in->Digits(2, &month) || !in->Skip('-') ||
      !in->Digits(2, &day)) {
    return false;
  }
  std::chrono::year_month_day date{std::chrono::year(year),
                                   std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (year < 1 || !date.ok()) return false;
  *micros = std::chrono::sys_days(date).time_since_epoch().count() * kMicrosPerDay;
  return true;
}

bool ScanTimeOfDay(TimeScanner* in, int64_t* micros) {
  int hour = 0, minute = 0, second = 0;
  int64_t fraction = 0;
  if (!in->Digits(2, &hour) || !in->Skip(':') || !in->Digits(2, &minute)) return false;
  if (in->Skip(':')) {
    if (!in->Digits(2, &second)) return false;
    if (in->Skip('.') && !in->Fraction(&fraction)) return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  *micros += (hour * 3600 + minute * 60 + second) * kMicrosPerSecond + fraction;
  return true;
}

bool ScanOffset(TimeScanner* in, int64_t* micros) {
  if (in->done() || in->Skip('Z') || in->Skip('z')) return true;
  bool minus = in->peek() == '-';
  if (!minus && in->peek() != '+') return false;
  in->Skip(in->peek());
  int hours = 0, minutes = 0;
  if (!in->Digits(2, &hours)) return false;
  bool colon = in->Skip(':');
  if ((colon || !in->done()) && !in->Digits(2, &minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  int64_t offset = (hours * 3600 + minutes * 60) * kMicrosPerSecond;
  *micros -= minus ? -offset : offset;
  return true;
}

bool Scan(std::string_view text, int64_t* micros) {
  TimeScanner in(text);
  if (!ScanDate(&in, micros)) return false;
  if (in.done()) return true;
  if (!in.Skip('T') && !in.Skip('t') && !in.Skip(' ')) return false;
  return ScanTimeOfDay(&in, micros) && ScanOffset(&in, micros) && in.done();
}

// `value` as `digits` decimal digits with leading zeros.
char* PutDigits(int64_t value, int digits, char* out) {
  for (int i = digits - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + digits;
}

std::string Plural(int64_t n, const char* unit) {
  return std::to_string(n) + " " + unit + (n == 1 ? "" : "s");
}

std::string Decimal(double value, const char* unit) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f %s", value, unit);
  return text;
}

}  // namespace

Timestamp SaturatingSubtract(Timestamp t, Duration d) {
  int64_t result = 0;
  if (!__builtin_sub_overflow(t.micros, d.micros, &result)) {
    return std::max(Timestamp{result}, Timestamp::Min());
  }
  return d.micros > 0 ? Timestamp::Min() : Timestamp::Max();
}

Timestamp SaturatingAdd(Timestamp t, Duration d) {
  int64_t result = 0;
  if (!__builtin_add_overflow(t.micros, d.micros, &result)) {
    return std::max(Timestamp{result}, Timestamp::Min());
  }
  return d.micros > 0 ? Timestamp::Max() : Timestamp::Min();
}

Result<Timestamp> ParseTimestamp(std::string_view text) {
  int64_t micros = 0;
  if (!Scan(text, &micros)) {
    return Error(ErrorKind::kInvalid,
                 "'" + std::string(text.substr(0, 64)) +
                     "' is not a time; write it as ISO 8601: 2024-01-02, 2024-01-02T03:04:05, "
                     "2024-01-02T03:04:05.123456Z or 2024-01-02T03:04:05+02:00 (UTC without an "
                     "offset)");
  }
  return Timestamp{micros};
}

size_t FormatTimestampTo(Timestamp t, char* out) {
  int64_t micros = std::clamp(t.micros, kFirstMicros, kLastMicros);
  int64_t days = micros / kMicrosPerDay;
  int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) {
    rest += kMicrosPerDay;
    --days;
  }
  std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  int64_t seconds = rest / kMicrosPerSecond;
  int64_t fraction = rest % kMicrosPerSecond;

  char* p = PutDigits(static_cast<int>(date.year()), 4, out);
  *p++ = '-';
  p = PutDigits(static_cast<unsigned>(date.month()), 2, p);
  *p++ = '-';
  p = PutDigits(static_cast<unsigned>(date.day()), 2, p);
  *p++ = 'T';
  p = PutDigits(seconds / 3600, 2, p);
  *p++ = ':';
  p = PutDigits(seconds / 60 % 60, 2, p);
  *p++ = ':';
  p = PutDigits(seconds % 60, 2, p);
  if (fraction != 0) {
    *p++ = '.';
    p = fraction % 1000 == 0 ? PutDigits(fraction / 1000, 3, p) : PutDigits(fraction, 6, p);
  }
  *p++ = 'Z';
  return static_cast<size_t>(p - out);
}

std::string FormatTimestamp(Timestamp t) {
  char text[kMaxTimestampChars];
  return std::string(text, FormatTimestampTo(t, text));
}

std::string FormatDuration(Duration d) {
  if (d.micros < 0) {
    return "-" + FormatDuration({d.micros == std::numeric_limits<int64_t>::min()
                                     ? std::numeric_limits<int64_t>::max()
                                     : -d.micros});
  }
  int64_t us = d.micros;
  if (us < 1000) return std::to_string(us) + " us";
  if (us < kMicrosPerSecond) return Decimal(static_cast<double>(us) / 1e3, "ms");
  int64_t seconds = us / kMicrosPerSecond;
  if (seconds < 60) return Decimal(static_cast<double>(us) / 1e6, "s");
  auto two = [](int64_t n, const char* unit, int64_t m, const char* smaller) {
    std::string text = std::to_string(n) + " " + unit;
    return m == 0 ? text : text + " " + std::to_string(m) + " " + smaller;
  };
  if (seconds < 3600) return two(seconds / 60, "min", seconds % 60, "s");
  if (seconds < 86400) return two(seconds / 3600, "h", seconds / 60 % 60, "min");
  std::string text = Plural(seconds / 86400, "day");
  int64_t hours = seconds / 3600 % 24;
  return hours == 0 ? text : text + " " + std::to_string(hours) + " h";
}

}  // namespace featly
