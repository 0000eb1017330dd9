// Reading a request's JSON event by event, without a tree.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

/// A field of a request's top level.
struct JsonField {
  std::string_view name;
  std::string_view wanted;  ///< What its value must be, for messages.
};

/// What a parse needs beside the body; kept by its caller to be used again.
struct JsonMemory {
  Arena arena{4096};                    ///< Strings with escapes.
  std::vector<std::string_view> names;  ///< The keys of the objects that are open, and
  std::vector<size_t> objects;          ///< where in `names` each of them begins.
  std::string parts;                    ///< Of a string with escapes; empty between strings.
  void Reset() {
    arena.Reset();
    names.clear();
    objects.clear();
    parts.clear();
  }
};

/// Boost.JSON 1.81 is not correctly rounded, so a number is read again from its text. False beyond
/// a double; what is too small for one is zero.
bool ReadDouble(std::string_view text, double rough, double* value);

/// kMalformed where two of `names` are equal.
Status CheckUniqueNames(std::span<const std::string_view> names);

/// kInvalid: `field` must be `wanted`, but `found` was.
Status WrongJsonType(std::string_view field, std::string_view wanted, const JsonScalar& found);

/// The events of a request's JSON, gathered into fewer. The body is an object; `Derived` names its
/// fields as kFields, an array of JsonField in the order of its enum of them, and defines for what
/// lies inside these
///   OnKey(name, ec)     a key of an object deeper down,
///   OnScalar(value, ec), OnBegin(is_list, ec), OnEnd(is_list, ec)
/// which return false after Fail. In each, depth() counts the objects and lists that the event lies
/// in: 1 is the value of field() itself. Unknown fields are passed over, but checked as JSON. A key
/// twice in any object is kMalformed. Keys and strings live as long as the body or the memory. One
/// thread at a time.
template <typename Derived>
class JsonHandler {
 public:
  using error_code = boost::json::error_code;
  using string_view = boost::json::string_view;

  static constexpr size_t max_object_size = static_cast<size_t>(-1);
  static constexpr size_t max_array_size = static_cast<size_t>(-1);
  static constexpr size_t max_key_size = static_cast<size_t>(-1);
  static constexpr size_t max_string_size = static_cast<size_t>(-1);

  Status TakeStatus() { return std::move(status_); }
  /// Whether the top level had the field.
  bool has(size_t field) const { return (seen_ >> field) & 1; }
  /// kInvalid naming the first of `fields` that is missing.
  Status Require(std::initializer_list<size_t> fields) const {
    for (size_t field : fields) {
      if (has(field)) continue;
      const JsonField& missing = Derived::kFields[field];
      return Error(ErrorKind::kInvalid, "\"" + std::string(missing.name) +
                                            "\" is missing: " + std::string(missing.wanted))
          .Subject(std::string(missing.name));
    }
    return Status::OK();
  }

  // Boost.JSON's events.
  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec) {
    if (!Begin(false, ec)) return false;
    memory_.objects.push_back(memory_.names.size());
    return true;
  }
  bool on_object_end(size_t, error_code& ec) {
    size_t begin = memory_.objects.back();
    Status unique = CheckUniqueNames(std::span(memory_.names).subspan(begin));
    if (!unique.ok()) return Fail(std::move(unique), ec);
    memory_.objects.pop_back();
    memory_.names.resize(begin);
    return End(false, ec);
  }
  bool on_array_begin(error_code& ec) { return Begin(true, ec); }
  bool on_array_end(size_t, error_code& ec) { return End(true, ec); }
  bool on_key_part(string_view part, size_t, error_code&) { return AddPart(part); }
  bool on_key(string_view last, size_t, error_code& ec) {
    std::string_view name = Text(last);
    memory_.names.push_back(name);
    if (depth_ > 1) return !known() || derived().OnKey(name, ec);
    field_ = 0;
    while (known() && Derived::kFields[field_].name != name) ++field_;
    if (known()) seen_ |= uint64_t{1} << field_;
    return true;
  }
  bool on_string_part(string_view part, size_t, error_code&) { return AddPart(part); }
  bool on_string(string_view last, size_t, error_code& ec) {
    JsonScalar scalar;
    scalar.kind = JsonScalar::Kind::kString;
    scalar.text = Text(last);
    return Scalar(scalar, ec);
  }
  /// Parts of numbers come only where a text comes in parts; a body is one buffer.
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(int64_t value, string_view text, error_code& ec) {
    if (value == 0 && text.front() == '-') return on_double(-0.0, text, ec);
    JsonScalar scalar;
    scalar.kind = JsonScalar::Kind::kInt;
    scalar.integer = value;
    return Scalar(scalar, ec);
  }
  bool on_uint64(uint64_t value, string_view, error_code& ec) {
    JsonScalar scalar;
    scalar.kind = JsonScalar::Kind::kUint;
    scalar.unsigned_integer = value;
    return Scalar(scalar, ec);
  }
  bool on_double(double rough, string_view text, error_code& ec) {
    JsonScalar scalar;
    scalar.kind = JsonScalar::Kind::kDouble;
    if (!ReadDouble({text.data(), text.size()}, rough, &scalar.number)) {
      return Fail(Error(ErrorKind::kInvalid,
                        "the number " + std::string(text) + " in the request is beyond a double"),
                  ec);
    }
    return Scalar(scalar, ec);
  }
  bool on_bool(bool value, error_code& ec) {
    JsonScalar scalar;
    scalar.kind = JsonScalar::Kind::kBool;
    scalar.boolean = value;
    return Scalar(scalar, ec);
  }
  bool on_null(error_code& ec) { return Scalar(JsonScalar{}, ec); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

 protected:
  int depth() const { return depth_; }
  /// The field of kFields that the event lies in.
  size_t field() const { return field_; }

  /// Stops the parse with `status`.
  bool Fail(Status status, error_code& ec) {
    status_ = std::move(status);
    ec = boost::json::error::exception;
    return false;
  }

  /// Stops the parse where `status` is not OK.
  bool Take(Status status, error_code& ec) { return status.ok() || Fail(std::move(status), ec); }

  /// Stops the parse: the field's value is not what its JsonField wants.
  bool FailField(const JsonScalar& found, error_code& ec) {
    const JsonField& field = Derived::kFields[field_];
    return Fail(WrongJsonType(field.name, field.wanted, found), ec);
  }

  /// The mark of a list or object, for messages.
  static JsonScalar Mark(bool is_list) {
    JsonScalar mark;
    mark.kind = is_list ? JsonScalar::Kind::kList : JsonScalar::Kind::kObject;
    return mark;
  }

 private:
  friend Derived;

  /// `body` and `memory`, which begins anew, outlive the handler's results.
  JsonHandler(std::string_view body, JsonMemory* memory) : body_(body), memory_(*memory) {
    memory_.Reset();
  }

  Derived& derived() { return static_cast<Derived&>(*this); }
  bool known() const { return field_ < Derived::kFields.size(); }

  bool Begin(bool is_list, error_code& ec) {
    if (depth_ == 0 && is_list) return FailNotObject(Mark(is_list), ec);
    if (depth_ > 0 && known() && !derived().OnBegin(is_list, ec)) return false;
    ++depth_;
    return true;
  }

  bool End(bool is_list, error_code& ec) {
    --depth_;
    return depth_ == 0 || !known() || derived().OnEnd(is_list, ec);
  }

  bool Scalar(const JsonScalar& value, error_code& ec) {
    if (depth_ == 0) return FailNotObject(value, ec);
    return !known() || derived().OnScalar(value, ec);
  }

  bool FailNotObject(const JsonScalar& found, error_code& ec) {
    return Fail(Error(ErrorKind::kInvalid,
                      "the request body must be a JSON object, found " + found.Describe()),
                ec);
  }

  bool AddPart(string_view part) {
    memory_.parts.append(part.data(), part.size());
    return true;
  }

  /// The whole text of a string or key whose last part is `last`.
  std::string_view Text(string_view last) {
    std::string_view text(last.data(), last.size());
    if (!memory_.parts.empty()) {
      memory_.parts.append(text);
      text = memory_.arena.Copy(memory_.parts);
      memory_.parts.clear();
      return text;
    }
    bool in_body = text.data() >= body_.data() && text.data() <= body_.data() + body_.size();
    return in_body ? text : memory_.arena.Copy(text);
  }

  std::string_view body_;
  JsonMemory& memory_;
  int depth_ = 0;
  size_t field_ = 0;
  uint64_t seen_ = 0;  // a bit for each of kFields
  Status status_;
};

/// kMalformed for JSON that ends early or is wrong at `offset` of `body`: line and column of it,
/// and what stands there.
Status JsonSyntaxError(std::string_view body, size_t offset, const boost::json::error_code& ec);

/// JsonSyntaxError of the first place where `body` stops being JSON; OK where it is JSON.
Status CheckJsonSyntax(std::string_view body);

/// Parses `body` whole into the events of `handler`. kMalformed with line and column for a syntax
/// error, wherever it is, else what the handler failed with. Nesting deeper than 32 is refused.
template <typename Handler>
Status ParseJson(std::string_view body, boost::json::basic_parser<Handler>* parser) {
  boost::json::error_code ec;
  size_t parsed = parser->write_some(false, body.data(), body.size(), ec);
  Status own = parser->handler().TakeStatus();
  if (!own.ok()) {
    // What is not JSON cannot be meant at all, also where the error lies further on.
    if (KindOf(own) == ErrorKind::kInvalid) ARROW_RETURN_NOT_OK(CheckJsonSyntax(body));
    return own;
  }
  if (!ec && parsed < body.size()) ec = boost::json::error::extra_data;
  return ec ? JsonSyntaxError(body, parsed, ec) : Status::OK();
}

}  // namespace featly
