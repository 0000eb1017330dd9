#include "types/json_parse.h"

#include <cmath>
#include <limits>
#include <utility>

#include <arrow/api.h>

#include "base/time.h"
#include "types/base64.h"
#include "types/exact.h"
#include "types/json_value.h"

namespace featly {
namespace {

/// 1980-01-01 in nanoseconds: an integer event time before it was meant in another unit.
constexpr int64_t kFirstLikelyNanos = int64_t{315532800} * 1000000000;

bool IsFloating(ValueType type) { return type == ValueType::kDouble || type == ValueType::kFloat; }

// What a column is collected as: of values kept as bytes, those that are no bytes in JSON are text.
std::shared_ptr<arrow::DataType> CollectedAs(ValueType type) {
  const bool text = IsMessage(type) || type == ValueType::kZonedTimestamp;
  return text ? arrow::utf8() : ArrowTypeOf(type);
}

}  // namespace

Result<JsonColumnBuilder> JsonColumnBuilder::Make(std::string column, ValueType type) {
  JsonColumnBuilder made;
  made.column_ = std::move(column);
  made.type_ = type;
  made.element_ = ElementType(type);
  ARROW_RETURN_NOT_OK(
      arrow::MakeBuilder(arrow::default_memory_pool(), CollectedAs(type), &made.builder_));
  made.is_json_ = IsMessage(type) || made.element_ == ValueType::kJson;
  made.items_ = IsList(type) ? static_cast<arrow::ListBuilder&>(*made.builder_).value_builder()
                             : made.builder_.get();
  return made;
}

Result<JsonColumnBuilder> JsonColumnBuilder::MakeTime(std::string column) {
  ARROW_ASSIGN_OR_RAISE(JsonColumnBuilder made, Make(std::move(column), ValueType::kUnixTimestamp));
  made.is_time_ = true;
  return made;
}

JsonColumnBuilder::JsonColumnBuilder(JsonColumnBuilder&&) noexcept = default;
JsonColumnBuilder& JsonColumnBuilder::operator=(JsonColumnBuilder&&) noexcept = default;
JsonColumnBuilder::~JsonColumnBuilder() = default;

Status JsonColumnBuilder::Refuse(std::string_view found) const {
  std::string message = "column '" + column_ + "', row " + std::to_string(rows_) + ": found ";
  message += found;
  message += TakesValue() ? ", wanted " : ", wanted a list of ";
  message +=
      is_time_ ? "ISO 8601 text or an integer of nanoseconds since 1970" : JsonFormOf(element_);
  if (!is_time_) message += " (" + ValueTypeName(type_) + ")";
  return Error(ErrorKind::kInvalid, std::move(message)).Subject(column_);
}

Status JsonColumnBuilder::RefuseTime(int64_t nanos) const {
  return Error(ErrorKind::kInvalid,
               "column '" + column_ + "', row " + std::to_string(rows_) + ": found " +
                   std::to_string(nanos) + ", which as nanoseconds since 1970 is " +
                   FormatTimestamp(Timestamp{CeilNanosToMicros(nanos)}) +
                   ": integers are nanoseconds, as in Feast, and from 1980 on; wanted ISO 8601 "
                   "text, or nanoseconds since 1970")
      .Subject(column_);
}

Status JsonColumnBuilder::Appended(Status status) {
  if (status.IsCapacityError()) {
    return AsKind(ErrorKind::kTooLarge, "column '" + column_ + "' holds more than 2 GiB", status);
  }
  if (status.ok() && !in_list_) ++rows_;
  return status;
}

Status JsonColumnBuilder::AppendJson(std::string_view text) {
  const char last = json_.empty() ? '\0' : json_.back();
  if (json_depth_ > 0 && !after_key_ && last != '[' && last != '{') json_.push_back(',');
  after_key_ = false;
  json_.append(text);
  if (json_depth_ > 0) return Status::OK();
  const std::string whole = std::exchange(json_, {});
  return Appended(static_cast<arrow::StringBuilder*>(items_)->Append(whole));
}

Status JsonColumnBuilder::OpenJson(char bracket) {
  const int depth = std::exchange(json_depth_, json_depth_ + 1);
  if (depth == 0) {
    json_.push_back(bracket);
    return Status::OK();
  }
  return AppendJson({&bracket, 1});
}

Status JsonColumnBuilder::CloseJson(char bracket) {
  json_.push_back(bracket);
  if (--json_depth_ > 0) return Status::OK();
  const std::string whole = std::exchange(json_, {});
  return Appended(static_cast<arrow::StringBuilder*>(items_)->Append(whole));
}

Status JsonColumnBuilder::Key(std::string_view name) {
  std::string text;
  AppendJsonString(name, &text);
  ARROW_RETURN_NOT_OK(AppendJson(text));
  json_.push_back(':');
  after_key_ = true;
  return Status::OK();
}

Status JsonColumnBuilder::BeginObject() {
  return TakesJson() ? OpenJson('{') : Refuse("an object");
}

Status JsonColumnBuilder::EndObject() { return CloseJson('}'); }

Status JsonColumnBuilder::AppendNull() {
  if (json_depth_ > 0) return AppendJson("null");
  return Appended(in_list_ ? items_->AppendNull() : builder_->AppendNull());
}

Status JsonColumnBuilder::AppendBool(bool value) {
  if (TakesJson()) return AppendJson(value ? "true" : "false");
  if (!TakesValue() || element_ != ValueType::kBool) return Refuse(value ? "true" : "false");
  return Appended(static_cast<arrow::BooleanBuilder*>(items_)->Append(value));
}

Status JsonColumnBuilder::AppendInt(int64_t value) {
  if (TakesJson()) return AppendJson(std::to_string(value));
  if (IsFloating(element_) && TakesValue()) {
    return AppendFloating(static_cast<double>(value), {});
  }
  return AppendInteger(value, std::to_string(value));
}

Status JsonColumnBuilder::AppendUint(uint64_t value) {
  if (TakesJson()) return AppendJson(std::to_string(value));
  if (FitsInt64(value)) return AppendInt(static_cast<int64_t>(value));
  if (IsFloating(element_) && TakesValue()) {
    return AppendFloating(static_cast<double>(value), {});
  }
  return Refuse(std::to_string(value));
}

Status JsonColumnBuilder::AppendDouble(double value) {
  if (TakesJson()) return AppendJson(JsonDouble(value));
  if (IsFloating(element_) && TakesValue()) return AppendFloating(value, JsonDouble(value));
  const std::optional<int64_t> integer = ExactInteger(value);
  return integer ? AppendInteger(*integer, JsonDouble(value)) : Refuse(JsonDouble(value));
}

Status JsonColumnBuilder::AppendString(std::string_view value) {
  if (json_depth_ > 0) {
    std::string text;
    AppendJsonString(value, &text);
    return AppendJson(text);
  }
  if (!TakesValue()) return Refuse(QuoteForMessage(value));
  if (IsMessage(type_)) return Appended(static_cast<arrow::StringBuilder*>(items_)->Append(value));
  switch (element_) {
    case ValueType::kString:
    case ValueType::kUuid:
    case ValueType::kTimeUuid:
    case ValueType::kDecimal:
    case ValueType::kJson:
    case ValueType::kZonedTimestamp:
      return Appended(static_cast<arrow::StringBuilder*>(items_)->Append(value));
    case ValueType::kBytes:
    case ValueType::kPdfBytes:
    case ValueType::kImageBytes: {
      std::string decoded;
      if (!AppendBase64Decoded(value, &decoded)) return Refuse(QuoteForMessage(value));
      return Appended(static_cast<arrow::BinaryBuilder*>(items_)->Append(decoded));
    }
    case ValueType::kDouble:
    case ValueType::kFloat: {
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      if (value == "NaN") return AppendNull();
      if (value == "Infinity") return AppendFloating(kInfinity, value);
      if (value == "-Infinity") return AppendFloating(-kInfinity, value);
      return Refuse(QuoteForMessage(value));
    }
    case ValueType::kBool:
    case ValueType::kNull:
      return Refuse(QuoteForMessage(value));
    case ValueType::kInt32:
    case ValueType::kInt64: {
      const std::optional<int64_t> integer = ParseInteger(value);
      return integer ? AppendInteger(*integer, QuoteForMessage(value))
                     : Refuse(QuoteForMessage(value));
    }
    default:
      return AppendTimeText(value);
  }
}

Status JsonColumnBuilder::AppendInteger(int64_t value, std::string_view found) {
  if (!TakesValue()) return Refuse(found);
  switch (element_) {
    case ValueType::kInt32:
      if (!FitsInt32(value)) return Refuse(found);
      return Appended(
          static_cast<arrow::Int32Builder*>(items_)->Append(static_cast<int32_t>(value)));
    case ValueType::kInt64:
      return Appended(static_cast<arrow::Int64Builder*>(items_)->Append(value));
    case ValueType::kDecimal:
      return Appended(static_cast<arrow::StringBuilder*>(items_)->Append(std::to_string(value)));
    case ValueType::kUnixTimestamp: {
      if (is_time_ && value < kFirstLikelyNanos) return RefuseTime(value);
      const std::optional<int64_t> micros =
          is_time_ ? std::optional(CeilNanosToMicros(value)) : SecondsToMicros(value);
      if (!micros) return Refuse(found);
      return Appended(static_cast<arrow::TimestampBuilder*>(items_)->Append(*micros));
    }
    default:
      return Refuse(found);
  }
}

Status JsonColumnBuilder::AppendFloating(double value, std::string_view found) {
  if (std::isnan(value)) return AppendNull();
  if (element_ == ValueType::kDouble) {
    return Appended(static_cast<arrow::DoubleBuilder*>(items_)->Append(value));
  }
  const auto narrow = static_cast<float>(value);
  if (std::isinf(narrow) && !std::isinf(value)) return Refuse(found);
  return Appended(static_cast<arrow::FloatBuilder*>(items_)->Append(narrow));
}

Status JsonColumnBuilder::AppendTimeText(std::string_view text) {
  // Digits alone are seconds, as in keys; in a time column they could as well be nanoseconds.
  if (const std::optional<int64_t> seconds = ParseInteger(text); seconds && !is_time_) {
    return AppendInteger(*seconds, QuoteForMessage(text));
  }
  const Result<Timestamp> time = ParseTimestamp(text);
  if (!time.ok()) return Refuse(QuoteForMessage(text));
  const int64_t micros = time->micros + (HasDigitsPastMicros(text) ? 1 : 0);
  return Appended(static_cast<arrow::TimestampBuilder*>(items_)->Append(micros));
}

Status JsonColumnBuilder::BeginList() {
  if (TakesJson()) return OpenJson('[');
  if (TakesValue()) return Refuse("a list");
  ARROW_RETURN_NOT_OK(static_cast<arrow::ListBuilder&>(*builder_).Append());
  in_list_ = true;
  return Status::OK();
}

Status JsonColumnBuilder::EndList() {
  if (json_depth_ > 0) return CloseJson(']');
  in_list_ = false;
  ++rows_;
  return Status::OK();
}

Result<std::shared_ptr<arrow::Array>> JsonColumnBuilder::Finish() {
  rows_ = 0;
  return builder_->Finish();
}

}  // namespace featly
