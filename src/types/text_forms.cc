#include "types/text_forms.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/null_resource.hpp>
#include <boost/json/parse_options.hpp>

#include "base/any_json.h"
#include "types/json_depth.h"

namespace featly {
namespace {

constexpr size_t kUuidDigits = 32;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view SkipDigits(std::string_view text) {
  while (!text.empty() && IsDigit(text.front())) text.remove_prefix(1);
  return text;
}

std::string WithHyphens(std::string_view digits) {
  std::string text;
  text.reserve(36);
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) text.push_back('-');
    text.push_back(digits[i]);
  }
  return text;
}

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](unsigned char a, char b) { return std::tolower(a) == b; });
}

std::string_view WithoutSign(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return text;
}

}  // namespace

std::optional<std::string> UuidText(std::string_view text) {
  if (text.starts_with("urn:uuid:")) text.remove_prefix(9);
  if (text.size() >= 2 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, text.size() - 2);
  }
  if (text.size() != kUuidDigits && text.size() != kUuidDigits + 4) return std::nullopt;
  const bool hyphens = text.size() != kUuidDigits;
  std::string digits;
  digits.reserve(kUuidDigits);
  for (size_t i = 0; i < text.size(); ++i) {
    if (hyphens && (i == 8 || i == 13 || i == 18 || i == 23)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const auto c = static_cast<unsigned char>(text[i]);
    if (!std::isxdigit(c)) return std::nullopt;
    digits.push_back(static_cast<char>(std::tolower(c)));
  }
  return WithHyphens(digits);
}

std::string UuidOfBytes(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string digits;
  for (const char c : bytes) {
    digits.push_back(kHex[static_cast<uint8_t>(c) >> 4]);
    digits.push_back(kHex[static_cast<uint8_t>(c) & 15]);
  }
  return WithHyphens(digits);
}

bool IsDecimalText(std::string_view text) {
  text = WithoutSign(text);
  if (EqualsIgnoringCase(text, "infinity") || EqualsIgnoringCase(text, "inf")) return true;
  std::string_view rest = SkipDigits(text);
  size_t digits = text.size() - rest.size();
  if (!rest.empty() && rest.front() == '.') {
    rest.remove_prefix(1);
    const std::string_view after = SkipDigits(rest);
    digits += rest.size() - after.size();
    rest = after;
  }
  if (digits == 0) return false;
  if (rest.empty()) return true;
  if (rest.front() != 'e' && rest.front() != 'E') return false;
  rest = WithoutSign(rest.substr(1));
  return !rest.empty() && SkipDigits(rest).empty();
}

bool IsDecimalNan(std::string_view text) { return EqualsIgnoringCase(WithoutSign(text), "nan"); }

// Python's rules (decimal.Decimal.__str__): fixed form while the exponent is at most 0 and the
// number not smaller than 1e-6.
std::string DecimalText(std::string_view digits, int32_t scale) {
  std::string text;
  if (digits.front() == '-') {
    text.push_back('-');
    digits.remove_prefix(1);
  }
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  const int64_t left = static_cast<int64_t>(digits.size()) - scale;  // digits before the point
  if (scale >= 0 && left > -6) {
    if (left <= 0) {
      text += "0.";
      text.append(static_cast<size_t>(-left), '0');
      return text.append(digits);
    }
    text.append(digits.substr(0, static_cast<size_t>(left)));
    if (scale > 0) text.append(".").append(digits.substr(static_cast<size_t>(left)));
    return text;
  }
  text.push_back(digits.front());
  if (digits.size() > 1) text.append(".").append(digits.substr(1));
  const int64_t exponent = left - 1;
  text += exponent < 0 ? "E-" : "E+";
  return text += std::to_string(exponent < 0 ? -exponent : exponent);
}

bool IsJsonText(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  boost::json::basic_parser<AnyJson> parser(options);
  boost::json::error_code error;
  const size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (error || !parser.done()) return false;
  return text.find_first_not_of(" \t\r\n", read) == std::string_view::npos;
}

std::optional<std::string> TextAs(std::string_view text, ValueType type) {
  switch (type) {
    case ValueType::kUuid:
    case ValueType::kTimeUuid:
      return UuidText(text);
    case ValueType::kDecimal:
      if (!IsDecimalText(text)) return std::nullopt;
      break;
    case ValueType::kJson:
      if (!IsJsonText(text)) return std::nullopt;
      break;
    default:
      break;
  }
  return std::string(text);
}

const char* TextKind(ValueType type) {
  switch (type) {
    case ValueType::kUuid:
    case ValueType::kTimeUuid:
      return "a UUID";
    case ValueType::kDecimal:
      return "a decimal number as text";
    case ValueType::kJson:
      return "JSON";
    default:
      return "text";
  }
}

}  // namespace featly
