#include "types/json_value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include "types/base64.h"
#include "types/dynamic_value.h"
#include "types/exact.h"
#include "types/zoned_time.h"

namespace featly {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Bytes that JSON text copies as they are; the others are escaped or begin a UTF-8 sequence.
constexpr std::array<bool, 256> kCopied = [] {
  std::array<bool, 256> copied{};
  for (size_t c = 0x20; c < 0x80; ++c) copied[c] = c != '"' && c != '\\';
  return copied;
}();

void AppendEscape(uint8_t c, std::string* out) {
  switch (c) {
    case '"':
      out->append("\\\"");
      return;
    case '\\':
      out->append("\\\\");
      return;
    case '\n':
      out->append("\\n");
      return;
    case '\r':
      out->append("\\r");
      return;
    case '\t':
      out->append("\\t");
      return;
    case '\b':
      out->append("\\b");
      return;
    case '\f':
      out->append("\\f");
      return;
    default: {
      constexpr std::string_view kHex = "0123456789abcdef";
      out->append("\\u00");
      out->push_back(kHex[c >> 4]);
      out->push_back(kHex[c & 15]);
    }
  }
}

// How many bytes at the front of `text` are one well-formed UTF-8 sequence of two to four bytes.
// Where they are none, `*bad` says how many to replace by one U+FFFD, as Python's "replace" does.
size_t Utf8Length(std::string_view text, size_t* bad) {
  const auto lead = static_cast<uint8_t>(text[0]);
  size_t length = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;   // shorter forms exist
    if (lead == 0xED) high = 0x9F;  // surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;  // past U+10FFFF
  }
  *bad = 1;
  for (size_t i = 1; i < length; ++i) {
    const uint8_t next = i < text.size() ? static_cast<uint8_t>(text[i]) : 0;
    if (next < low || next > high) {
      *bad = i;
      return 0;
    }
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

// Python's fixed form of digits d1d2d3... with the decimal point after `point` digits, -4 < point.
char* WriteFixed(const char* digits, int count, int point, char* out) {
  if (point <= 0) {
    *out++ = '0';
    *out++ = '.';
    for (int i = point; i < 0; ++i) *out++ = '0';
    std::memcpy(out, digits, static_cast<size_t>(count));
    return out + count;
  }
  for (int i = 0; i < point; ++i) *out++ = i < count ? digits[i] : '0';
  *out++ = '.';
  if (count <= point) {
    *out++ = '0';
    return out;
  }
  std::memcpy(out, digits + point, static_cast<size_t>(count - point));
  return out + (count - point);
}

template <typename Append>
void AppendArray(const ListView& list, std::string* out, Append append) {
  out->push_back('[');
  for (uint32_t i = 0; i < list.count; ++i) {
    if (i > 0) out->push_back(',');
    if (list.IsNull(i)) {
      out->append("null");
    } else {
      append(i);
    }
  }
  out->push_back(']');
}

void AppendBool(bool value, std::string* out) { out->append(value ? "true" : "false"); }

void AppendList(const ListView& list, std::string* out) {
  switch (list.element) {
    case ValueType::kBytes:
      return AppendArray(list, out, [&](uint32_t i) { AppendJsonBase64(list.Bytes(i), out); });
    case ValueType::kString:
      return AppendArray(list, out, [&](uint32_t i) { AppendJsonString(list.Bytes(i), out); });
    case ValueType::kInt32:
      return AppendArray(list, out,
                         [&](uint32_t i) { AppendJsonInt(list.Fixed<int32_t>(i), out); });
    case ValueType::kInt64:
      return AppendArray(list, out,
                         [&](uint32_t i) { AppendJsonInt(list.Fixed<int64_t>(i), out); });
    case ValueType::kDouble:
      return AppendArray(list, out,
                         [&](uint32_t i) { AppendJsonDouble(list.Fixed<double>(i), out); });
    case ValueType::kFloat:
      return AppendArray(list, out,
                         [&](uint32_t i) { AppendJsonDouble(list.Fixed<float>(i), out); });
    case ValueType::kBool:
      return AppendArray(list, out, [&](uint32_t i) { AppendBool(list.Fixed<uint8_t>(i), out); });
    default:
      return AppendArray(list, out, [&](uint32_t i) {
        AppendJsonInt(MicrosToSeconds(list.Fixed<int64_t>(i)), out);
      });
  }
}

// A value stored as bytes, by what they are.
void AppendBytesKind(ValueType type, std::string_view bytes, std::string* out) {
  if (IsMessage(type)) return AppendMessageJson(bytes, out);
  if (type != ValueType::kZonedTimestamp) return AppendJsonBase64(bytes, out);
  const std::optional<ZonedTime> time = DecodeZonedTime(bytes);
  if (!time) {
    out->append("null");
    return;
  }
  out->push_back('"');
  AppendZonedTime(*time, out);
  out->push_back('"');
}

}  // namespace

void AppendJsonInt(int64_t value, std::string* out) {
  char text[24];
  auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  out->append(text, end);
}

void AppendJsonDouble(double value, std::string* out) {
  if (!std::isfinite(value)) {
    out->append(std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    return;
  }
  char buffer[48];
  char* at = buffer;
  if (std::signbit(value)) *at++ = '-';
  const double magnitude = std::fabs(value);

  // Whole numbers below 2^53 are their own shortest digits, and cheaper to write as integers.
  if (magnitude < kExactDoubleLimit && magnitude == std::trunc(magnitude)) {
    at = std::to_chars(at, buffer + sizeof(buffer), static_cast<int64_t>(magnitude)).ptr;
    *at++ = '.';
    *at++ = '0';
    out->append(buffer, at);
    return;
  }

  // Here the standard's shortest form is the fixed one, which is Python's.
  if (magnitude >= 1e-3 && magnitude < kExactDoubleLimit) {
    out->append(buffer, std::to_chars(at, buffer + sizeof(buffer), magnitude).ptr);
    return;
  }

  // Shortest digits come as d.ddde+XX, which is Python's form too where the exponent asks for it.
  char text[32];
  char* end =
      std::to_chars(text, text + sizeof(text), magnitude, std::chars_format::scientific).ptr;
  const char* e = end;
  while (*--e != 'e') {
  }
  int exponent = 0;
  std::from_chars(e + (e[1] == '+' ? 2 : 1), end, exponent);
  if (exponent < -4 || exponent >= 16) {
    std::memcpy(at, text, static_cast<size_t>(end - text));
    at += end - text;
  } else {
    char digits[24];
    int count = 0;
    for (const char* c = text; c < e; ++c) {
      if (*c != '.') digits[count++] = *c;
    }
    at = WriteFixed(digits, count, exponent + 1, at);
  }
  out->append(buffer, at);
}

std::string JsonDouble(double value) {
  std::string text;
  AppendJsonDouble(value, &text);
  return text;
}

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  size_t begin = 0;
  size_t i = 0;
  while (i < text.size()) {
    const auto c = static_cast<uint8_t>(text[i]);
    if (kCopied[c]) {
      ++i;
      continue;
    }
    size_t bad = 0;
    if (c >= 0x80) {
      if (const size_t length = Utf8Length(text.substr(i), &bad); length > 0) {
        i += length;
        continue;
      }
    }
    out->append(text.substr(begin, i - begin));
    if (c >= 0x80) {
      out->append(kReplacement);
      i += bad;
    } else {
      AppendEscape(c, out);
      ++i;
    }
    begin = i;
  }
  out->append(text.substr(begin));
  out->push_back('"');
}

void AppendJsonBase64(std::string_view bytes, std::string* out) {
  out->push_back('"');
  AppendBase64(bytes, out);
  out->push_back('"');
}

void AppendJsonValue(const RowLayout& layout, uint32_t column, RowView row, std::string* out) {
  if (row.IsNull(column)) {
    out->append("null");
    return;
  }
  const ValueType type = layout.columns()[column].type;
  switch (type) {
    case ValueType::kBytes:
      return AppendJsonBase64(row.Bytes(layout, column), out);
    case ValueType::kString:
      return AppendJsonString(row.Bytes(layout, column), out);
    case ValueType::kInt32:
      return AppendJsonInt(row.Fixed<int32_t>(layout, column), out);
    case ValueType::kInt64:
      return AppendJsonInt(row.Fixed<int64_t>(layout, column), out);
    case ValueType::kDouble:
      return AppendJsonDouble(row.Fixed<double>(layout, column), out);
    case ValueType::kFloat:
      return AppendJsonDouble(row.Fixed<float>(layout, column), out);
    case ValueType::kBool:
      return AppendBool(row.Fixed<uint8_t>(layout, column), out);
    case ValueType::kUnixTimestamp:
      return AppendJsonInt(MicrosToSeconds(row.Fixed<int64_t>(layout, column)), out);
    default:
      break;
  }
  if (IsList(type)) return AppendList(row.List(layout, column), out);
  if (StoredAs(type) == ValueType::kString) {
    return AppendJsonString(row.Bytes(layout, column), out);
  }
  AppendBytesKind(type, row.Bytes(layout, column), out);
}

const char* JsonFormOf(ValueType type) {
  switch (type) {
    case ValueType::kInt32:
      return "an integer of 32 bits";
    case ValueType::kInt64:
      return "an integer of 64 bits";
    case ValueType::kDouble:
      return "a number";
    case ValueType::kFloat:
      return "a number within float32";
    case ValueType::kBool:
      return "true or false";
    case ValueType::kString:
      return "text";
    case ValueType::kBytes:
    case ValueType::kPdfBytes:
    case ValueType::kImageBytes:
      return "base64 text";
    case ValueType::kUuid:
    case ValueType::kTimeUuid:
      return "the text of a UUID";
    case ValueType::kDecimal:
      return "the text of a decimal number or an integer";
    case ValueType::kZonedTimestamp:
      return "ISO 8601 text";
    case ValueType::kNull:
      return "null";
    case ValueType::kJson:
      return "any JSON";
    case ValueType::kMap:
    case ValueType::kStruct:
      return "an object";
    case ValueType::kMapList:
    case ValueType::kStructList:
      return "a list of objects";
    case ValueType::kScalarMap:
      return "a list of [key, value] pairs";
    case ValueType::kValueList:
    case ValueType::kValueSet:
      return "a list of lists";
    default:
      return "whole seconds since 1970 or ISO 8601 text";
  }
}

}  // namespace featly
