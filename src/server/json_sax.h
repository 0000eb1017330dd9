// Reading a request's JSON event by event, without a tree.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/basic_parser_impl.hpp>

#include "base/arena.h"
#include "base/error.h"

namespace featly {

/// One JSON value that is not a list or object, or the mark of one.
struct JsonScalar {
  enum class Kind : uint8_t { kNull, kBool, kInt, kUint, kDouble, kString, kList, kObject };
  Kind kind = Kind::kNull;
  union {
    bool boolean;
    int64_t integer = 0;
    uint64_t unsigned_integer;  ///< Beyond int64.
    double number;
  };
  std::string_view text;  ///< A string's; borrows the body or the arena.

  /// "null", "true", "the number 1.5", "a list": what was found, for messages.
  std::string Describe() const;
};

/// Boost.JSON 1.81 is not correctly rounded, so a number is read again from its text. False beyond
/// a double; what is too small for one is zero.
bool ReadDouble(std::string_view text, double rough, double* value);

/// The events of a JSON text, gathered into fewer: keys, scalars, and the begin and end of lists
/// and objects. `Derived` defines OnKey(name, ec), OnScalar(scalar, ec), OnBegin(is_list, ec) and
/// OnEnd(is_list, ec), which return false after Fail. Keys and strings live as long as the body or
/// the arena. Everything is checked, also what `Derived` passes over. One thread at a time.
template <typename Derived>
class JsonHandler {
 public:
  using error_code = boost::json::error_code;
  using string_view = boost::json::string_view;

  static constexpr size_t max_object_size = static_cast<size_t>(-1);
  static constexpr size_t max_array_size = static_cast<size_t>(-1);
  static constexpr size_t max_key_size = static_cast<size_t>(-1);
  static constexpr size_t max_string_size = static_cast<size_t>(-1);

  /// `body` outlives the handler's results; strings with escapes are copied to `arena`.
  JsonHandler(std::string_view body, Arena* arena) : body_(body), arena_(arena) {}

  Status TakeStatus() { return std::move(status_); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec) { return derived().OnBegin(false, ec); }
  bool on_object_end(size_t, error_code& ec) { return derived().OnEnd(false, ec); }
  bool on_array_begin(error_code& ec) { return derived().OnBegin(true, ec); }
  bool on_array_end(size_t, error_code& ec) { return derived().OnEnd(true, ec); }
  bool on_key_part(string_view part, size_t, error_code&) { return AddPart(part); }
  bool on_key(string_view last, size_t, error_code& ec) { return derived().OnKey(Text(last), ec); }
  bool on_string_part(string_view part, size_t, error_code&) { return AddPart(part); }
  bool on_string(string_view last, size_t, error_code& ec) {
    JsonScalar scalar;
    scalar.kind = JsonScalar::Kind::kString;
    scalar.text = Text(last);
    return derived().OnScalar(scalar, ec);
  }
  /// Parts of numbers come only where a text comes in parts; a body is one buffer.
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(int64_t value, string_view text, error_code& ec) {
    if (value == 0 && text.front() == '-') return on_double(-0.0, text, ec);
    JsonScalar scalar;
    scalar.kind = JsonScalar::Kind::kInt;
    scalar.integer = value;
    return derived().OnScalar(scalar, ec);
  }
  bool on_uint64(uint64_t value, string_view, error_code& ec) {
    JsonScalar scalar;
    scalar.kind = JsonScalar::Kind::kUint;
    scalar.unsigned_integer = value;
    return derived().OnScalar(scalar, ec);
  }
  bool on_double(double rough, string_view text, error_code& ec) {
    JsonScalar scalar;
    scalar.kind = JsonScalar::Kind::kDouble;
    if (!ReadDouble({text.data(), text.size()}, rough, &scalar.number)) {
      return Fail(Error(ErrorKind::kInvalid,
                        "the number " + std::string(text) + " in the request is beyond a double"),
                  ec);
    }
    return derived().OnScalar(scalar, ec);
  }
  bool on_bool(bool value, error_code& ec) {
    JsonScalar scalar;
    scalar.kind = JsonScalar::Kind::kBool;
    scalar.boolean = value;
    return derived().OnScalar(scalar, ec);
  }
  bool on_null(error_code& ec) { return derived().OnScalar(JsonScalar{}, ec); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

 protected:
  /// Stops the parse with `status`.
  bool Fail(Status status, error_code& ec) {
    status_ = std::move(status);
    ec = boost::json::error::exception;
    return false;
  }

 private:
  Derived& derived() { return static_cast<Derived&>(*this); }

  bool AddPart(string_view part) {
    parts_.append(part.data(), part.size());
    return true;
  }

  /// The whole text of a string or key whose last part is `last`.
  std::string_view Text(string_view last) {
    std::string_view text(last.data(), last.size());
    if (!parts_.empty()) {
      parts_.append(text);
      text = arena_->Copy(parts_);
      parts_.clear();
      return text;
    }
    bool in_body = text.data() >= body_.data() && text.data() <= body_.data() + body_.size();
    return in_body ? text : arena_->Copy(text);
  }

  std::string_view body_;
  Arena* arena_;
  std::string parts_;  // of a string with escapes; empty between strings
  Status status_;
};

/// kMalformed for JSON that ends early or is wrong at `offset` of `body`: line and column of it,
/// and what stands there.
Status JsonSyntaxError(std::string_view body, size_t offset, const boost::json::error_code& ec);

/// Parses `body` whole into the events of `handler`. kMalformed with line and column for a syntax
/// error, else what the handler failed with. Nesting deeper than 32 is refused.
template <typename Handler>
Status ParseJson(std::string_view body, boost::json::basic_parser<Handler>* parser) {
  boost::json::error_code ec;
  size_t parsed = parser->write_some(false, body.data(), body.size(), ec);
  Status own = parser->handler().TakeStatus();
  if (!own.ok()) return own;
  if (!ec && parsed < body.size()) ec = boost::json::error::extra_data;
  return ec ? JsonSyntaxError(body, parsed, ec) : Status::OK();
}

}  // namespace featly
