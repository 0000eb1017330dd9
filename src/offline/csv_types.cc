#include "offline/csv_types.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <arrow/array/array_binary.h>
#include <arrow/type.h>
#include <arrow/util/value_parsing.h>

namespace featly {
namespace {

// The candidates, best first.
enum Candidate : uint32_t {
  kInteger = 1,
  kBoolean = 2,
  kMicros = 4,
  kNanos = 8,
  kMicrosUtc = 16,
  kNanosUtc = 32,
  kFloat = 64,
};

// What Arrow's CSV conversion takes for a bool (kept to these words by CsvConvertOptions).
bool IsBoolean(std::string_view value) {
  constexpr std::array<std::string_view, 6> kWords = {"true",  "True",  "TRUE",
                                                      "false", "False", "FALSE"};
  return std::find(kWords.begin(), kWords.end(), value) != kWords.end();
}

std::string_view Trim(std::string_view value) {
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  return value;
}

bool IsIntegerLiteral(std::string_view value) {
  if (!value.empty() && value.front() == '-') value.remove_prefix(1);
  return !value.empty() &&
         std::all_of(value.begin(), value.end(), [](unsigned char c) { return std::isdigit(c); });
}

uint32_t NumbersOf(std::string_view text) {
  const std::string_view value = Trim(text);
  if (IsIntegerLiteral(value)) {
    const std::string_view digits = value.substr(value.front() == '-' ? 1 : 0);
    if (digits.size() > 1 && digits.front() == '0') return 0;  // a code, not a number
    int64_t integer = 0;
    if (!arrow::internal::ParseValue<arrow::Int64Type>(value.data(), value.size(), &integer)) {
      return 0;
    }
    constexpr int64_t kExact = int64_t{1} << 53;
    const bool exact = integer >= -kExact && integer <= kExact;
    return exact ? uint32_t{kInteger} | kFloat : uint32_t{kInteger};
  }
  double number = 0;
  return arrow::internal::ParseValue<arrow::DoubleType>(value.data(), value.size(), &number)
             ? uint32_t{kFloat}
             : 0;
}

uint32_t TimesOf(std::string_view value) {
  auto parses = [&](arrow::TimeUnit::type unit, bool* zoned) {
    int64_t time = 0;
    return arrow::internal::ParseTimestampISO8601(value.data(), value.size(), unit, &time, zoned);
  };
  bool zoned = false;
  uint32_t units = 0;
  if (parses(arrow::TimeUnit::NANO, &zoned)) units |= kNanos;
  if (parses(arrow::TimeUnit::MICRO, &zoned)) units |= kMicros;
  return zoned ? units << 2 : units;
}

}  // namespace

void CsvTypeGuess::Observe(std::string_view value) {
  seen_ = true;
  if (possible_ == 0) return;
  uint32_t now = NumbersOf(value);
  if ((possible_ & kBoolean) != 0 && IsBoolean(value)) now |= kBoolean;
  if ((possible_ & (kMicros | kNanos | kMicrosUtc | kNanosUtc)) != 0) now |= TimesOf(value);
  possible_ &= now;
}

void CsvTypeGuess::Observe(const arrow::StringArray& values) {
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsValid(i)) Observe(values.GetView(i));
  }
}

std::shared_ptr<arrow::DataType> CsvTypeGuess::type() const {
  if (!seen_) return arrow::null();
  if ((possible_ & kInteger) != 0) return arrow::int64();
  if ((possible_ & kBoolean) != 0) return arrow::boolean();
  if ((possible_ & kMicros) != 0) return arrow::timestamp(arrow::TimeUnit::MICRO);
  if ((possible_ & kNanos) != 0) return arrow::timestamp(arrow::TimeUnit::NANO);
  if ((possible_ & kMicrosUtc) != 0) return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  if ((possible_ & kNanosUtc) != 0) return arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
  if ((possible_ & kFloat) != 0) return arrow::float64();
  return arrow::utf8();
}

}  // namespace featly
