#include "cli/message_text.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <boost/json.hpp>
#include <google/protobuf/util/json_util.h>

#include "types/json_value.h"

namespace featly::cli {

namespace json = boost::json;

namespace {

/// Words that YAML 1.1 or 1.2 reads as something else than text, in lower case.
bool IsYamlWord(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const char* word : {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}) {
    if (lower == word) return true;
  }
  return false;
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20; }

/// Whether the text may stand without quotes: nothing in it is YAML's, and it cannot be read as a
/// number or a date.
bool IsPlain(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  if (std::string_view("-?:,[]{}#&*!|>'\"%@`~=<+.").find(text.front()) != text.npos) {
    return false;
  }
  // Decimal, hexadecimal and octal numbers and times have no other characters than these.
  if (text.front() >= '0' && text.front() <= '9' &&
      text.find_first_not_of("0123456789abcdefABCDEF_xXoO.+-:tTzZ ") == text.npos) {
    return false;
  }
  if (text.find(": ") != text.npos || text.find(" #") != text.npos || IsYamlWord(text)) {
    return false;
  }
  return std::none_of(text.begin(), text.end(), IsControl);
}

/// A scalar as YAML, quoted as Feast's describe does it: plain where that cannot be read as
/// anything else, in single quotes otherwise; as in JSON where a control has to be escaped.
void AppendScalar(const json::value& value, std::string* out) {
  if (!value.is_string()) {
    *out += json::serialize(value);
    return;
  }
  std::string_view text(value.as_string().data(), value.as_string().size());
  if (IsPlain(text)) {
    *out += text;
  } else if (std::any_of(text.begin(), text.end(), IsControl)) {
    AppendJsonString(text, out);
  } else {
    *out += '\'';
    for (char c : text) *out += c == '\'' ? "''" : std::string(1, c);
    *out += '\'';
  }
}

bool IsEmptyOrScalar(const json::value& value) {
  return (!value.is_object() || value.as_object().empty()) &&
         (!value.is_array() || value.as_array().empty());
}

void AppendYaml(const json::value& value, int indent, bool first_in_line, std::string* out);

/// What follows "key:" or "-".
void AppendNested(const json::value& value, int indent, bool after_dash, std::string* out) {
  if (IsEmptyOrScalar(value)) {
    *out += ' ';
    AppendScalar(value, out);
    *out += '\n';
  } else if (after_dash && value.is_object()) {
    *out += ' ';
    AppendYaml(value, indent, true, out);
  } else {
    *out += '\n';
    AppendYaml(value, indent, false, out);
  }
}

void AppendYaml(const json::value& value, int indent, bool first_in_line, std::string* out) {
  const std::string space(static_cast<size_t>(indent), ' ');
  if (value.is_object()) {
    for (const auto& [key, item] : value.as_object()) {
      if (!first_in_line) *out += space;
      first_in_line = false;
      AppendScalar(json::value(key), out);
      *out += ':';
      AppendNested(item, item.is_array() ? indent : indent + 2, false, out);
    }
    return;
  }
  for (const json::value& item : value.as_array()) {
    *out += space + "-";
    AppendNested(item, indent + 2, true, out);
  }
}

}  // namespace

Result<std::string> MessageAsJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string text;
  auto printed = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!printed.ok()) {
    return Error(ErrorKind::kInternal, "a " + message.GetDescriptor()->name() +
                                           " has no JSON form: " + std::string(printed.message()));
  }
  return text;
}

Result<std::string> JsonAsYaml(std::string_view text) {
  boost::system::error_code failed;
  json::value value = json::parse({text.data(), text.size()}, failed);
  if (failed) return Error(ErrorKind::kInternal, "protobuf's JSON cannot be read");
  if (IsEmptyOrScalar(value)) return std::string("{}\n");
  std::string yaml;
  AppendYaml(value, 0, false, &yaml);
  return yaml;
}

}  // namespace featly::cli
