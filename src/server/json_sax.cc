#include "server/json_sax.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/any_json.h"
#include "types/exact.h"
#include "types/json_value.h"

namespace featly {

std::string JsonScalar::Describe() const {
  std::string text;
  switch (kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return boolean ? "true" : "false";
    case Kind::kInt:
      return "the number " + std::to_string(integer);
    case Kind::kUint:
      return "the number " + std::to_string(unsigned_integer);
    case Kind::kDouble:
      AppendJsonDouble(number, &text);
      return "the number " + text;
    case Kind::kString:
      return "the text " + QuoteForMessage(this->text);
    case Kind::kList:
      return "a list";
    case Kind::kObject:
      return "an object";
  }
  return text;
}

bool ReadDouble(std::string_view text, double rough, double* value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (error == std::errc()) return true;
  // Out of range, too large or too small: the rough value tells which.
  *value = 0;
  return std::fabs(rough) < 1;
}

Status CheckUniqueNames(std::span<const std::string_view> names) {
  const std::string_view* twice = nullptr;
  std::vector<std::string_view> sorted;
  if (names.size() <= 16) {  // so few are compared in place
    for (size_t i = 1; i < names.size() && !twice; ++i) {
      auto before = names.first(i);
      if (std::find(before.begin(), before.end(), names[i]) != before.end()) twice = &names[i];
    }
  } else {
    sorted.assign(names.begin(), names.end());
    std::sort(sorted.begin(), sorted.end());
    auto found = std::adjacent_find(sorted.begin(), sorted.end());
    if (found != sorted.end()) twice = &*found;
  }
  if (!twice) return Status::OK();
  return Error(ErrorKind::kMalformed,
               "the request body has the key \"" + std::string(*twice) + "\" twice in one object")
      .Subject(std::string(*twice));
}

Status WrongJsonType(std::string_view field, std::string_view wanted, const JsonScalar& found) {
  return Error(ErrorKind::kInvalid, "\"" + std::string(field) + "\" must be " +
                                        std::string(wanted) + ", found " + found.Describe())
      .Subject(std::string(field));
}

Status JsonSyntaxError(std::string_view body, size_t offset, const boost::json::error_code& ec) {
  offset = std::min(offset, body.size());
  std::string_view before = body.substr(0, offset);
  int line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  size_t line_begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  int column = 1 + static_cast<int>(offset - line_begin);

  std::string found;
  if (body.empty()) {
    found = "the request has no body; send a JSON object";
  } else if (offset == body.size()) {
    found = "it ends too early";
  } else if (ec == boost::json::error::too_deep) {
    found = "it is nested more than 32 deep";
  } else {
    auto byte = static_cast<unsigned char>(body[offset]);
    char text[32];
    if (byte > 0x20 && byte < 0x7F) {
      std::snprintf(text, sizeof text, " at '%c'", body[offset]);
    } else {
      std::snprintf(text, sizeof text, " at byte 0x%02x", byte);
    }
    found = ec.message() + text;
  }
  return Error(ErrorKind::kMalformed, "the request body is not JSON: line " + std::to_string(line) +
                                          ", column " + std::to_string(column) + ": " + found)
      .At("", line, column);
}

Status CheckJsonSyntax(std::string_view body) {
  boost::json::basic_parser<AnyJson> parser{boost::json::parse_options{}};
  boost::json::error_code ec;
  const size_t parsed = parser.write_some(false, body.data(), body.size(), ec);
  if (!ec && parsed < body.size()) ec = boost::json::error::extra_data;
  return ec ? JsonSyntaxError(body, parsed, ec) : Status::OK();
}

}  // namespace featly
