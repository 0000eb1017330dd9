// Building Arrow columns from JSON values, exactly or not at all: the columns of a push.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "types/value_type.h"

namespace featly {

/// Collects the JSON values of one column into an array that CanonicalColumn takes for its type,
/// which has the last word on text kinds, sets and messages. What each type takes, beside null:
///   INT32, INT64     an integer within range; a whole number below 2^53 in another form (7.0,
///   7e0);
///                    text of an optional minus and digits, as clients without 64-bit integers send
///   DOUBLE, FLOAT    a number, rounded to nearest; "Infinity" and "-Infinity", as the lookup's
///   answer
///                    has them. "NaN" is null. A number too large for the type is refused
///   BOOL             true or false
///   STRING           text
///   BYTES            base64 text, as the lookup's answer has it
///   UNIX_TIMESTAMP   whole seconds since the epoch (a number or text of one), or ISO 8601 text
///   DECIMAL          text, or an integer; UUIDs, zoned times: text
///   lists, sets      a list of those; null items of lists stay
///   JSON             any value, kept as compact text; text is JSON itself, as in Feast
///   maps, structs, nested lists   objects and lists
/// A time column (event and created times) is stricter and other: ISO 8601 text, or an integer of
/// NANOSECONDS since the epoch, as Feast reads pushed times through pandas. One that lands before
/// 1980 was meant in seconds or the like, and is refused. Text without an offset is UTC. Fractions
/// finer than a microsecond round up, as all feature times do.
///
/// Anything else is kInvalid naming the column, the row (counted from 0), what was found and what
/// was wanted; the builder is then to be thrown away. Driven by a SAX parser: one call for each
/// value, no tree. One thread at a time. Cost: amortized constant for each value.
class JsonColumnBuilder {
 public:
  /// A column of feature or key values. REQUIRES: IsRowType(type).
  static Result<JsonColumnBuilder> Make(std::string column, ValueType type);
  /// A column of event or created times.
  static Result<JsonColumnBuilder> MakeTime(std::string column);
  JsonColumnBuilder(JsonColumnBuilder&&) noexcept;
  JsonColumnBuilder& operator=(JsonColumnBuilder&&) noexcept;
  ~JsonColumnBuilder();

  Status AppendNull();
  Status AppendBool(bool value);
  Status AppendInt(int64_t value);
  /// For integers past int64.
  Status AppendUint(uint64_t value);
  Status AppendDouble(double value);
  Status AppendString(std::string_view value);
  /// A JSON list where a value is expected, and its end. Until then Appends add items.
  Status BeginList();
  Status EndList();
  /// The same of an object; a key comes before each of its values.
  Status BeginObject();
  Status EndObject();
  Status Key(std::string_view name);
  /// The error for a value that the column does not take, called `found`.
  Status Refuse(std::string_view found) const;

  const std::string& column() const { return column_; }
  /// Whole rows so far.
  int64_t rows() const { return rows_; }

  /// The array; the builder is empty afterwards. REQUIRES: no list is open.
  Result<std::shared_ptr<arrow::Array>> Finish();

 private:
  JsonColumnBuilder() = default;
  /// The error for an integer in a time column that is too small to be nanoseconds.
  Status RefuseTime(int64_t nanos) const;
  /// Counts the row of a value that was appended.
  Status Appended(Status status);
  /// The value becomes an integer, time or number of the column; `found` is it, for the error.
  Status AppendInteger(int64_t value, std::string_view found);
  Status AppendFloating(double value, std::string_view found);
  Status AppendTimeText(std::string_view text);
  /// True where a value, not a list, is expected.
  bool TakesValue() const { return in_list_ || element_ == type_; }
  /// True within a value that is kept as JSON text, or where one begins.
  bool TakesJson() const { return json_depth_ > 0 || (is_json_ && TakesValue()); }
  /// A part of such a value: `text` with the comma before it that it needs.
  Status AppendJson(std::string_view text);
  Status OpenJson(char bracket);
  Status CloseJson(char bracket);

  std::string column_;
  ValueType type_ = ValueType::kInvalid;
  ValueType element_ = ValueType::kInvalid;
  bool is_time_ = false;
  bool is_json_ = false;  // its values are of any shape
  bool in_list_ = false;
  int json_depth_ = 0;
  bool after_key_ = false;
  std::string json_;  // the value of any shape that is being read
  int64_t rows_ = 0;
  std::unique_ptr<arrow::ArrayBuilder> builder_;
  arrow::ArrayBuilder* items_ = nullptr;  // builder_, or what it collects items in
};

}  // namespace featly
