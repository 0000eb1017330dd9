#include "types/proto_value.h"

#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <arrow/api.h>

#include "types/distinct_items.h"
#include "types/dynamic_value.h"
#include "types/exact.h"
#include "types/zoned_time.h"

namespace featly {
namespace {

using feast::types::Value;

// The time that stands for "no time" in Feast's values (pandas' NaT).
constexpr int64_t kNotATime = std::numeric_limits<int64_t>::min();

// Item `i` of a list, zero where it is null: protobuf lists hold no nulls.
template <typename T>
T ItemOrZero(const ListView& list, uint32_t i) {
  return list.IsNull(i) ? T{} : list.Fixed<T>(i);
}

template <typename T, typename Repeated>
void AddItems(const ListView& list, Repeated* out) {
  out->Reserve(static_cast<int>(list.count));
  for (uint32_t i = 0; i < list.count; ++i) out->Add(ItemOrZero<T>(list, i));
}

template <typename Repeated>
void AddBytes(const ListView& list, Repeated* out, std::string_view null = {}) {
  out->Reserve(static_cast<int>(list.count));
  for (uint32_t i = 0; i < list.count; ++i) {
    out->Add()->assign(list.IsNull(i) ? null : list.Bytes(i));
  }
}

void AddSeconds(const ListView& list, google::protobuf::RepeatedField<int64_t>* out) {
  out->Reserve(static_cast<int>(list.count));
  for (uint32_t i = 0; i < list.count; ++i) {
    out->Add(list.IsNull(i) ? kNotATime : MicrosToSeconds(list.Fixed<int64_t>(i)));
  }
}

void ListToProto(ValueType type, const ListView& list, Value* out) {
  switch (type) {
    case ValueType::kBytesList:
      return AddBytes(list, out->mutable_bytes_list_val()->mutable_val());
    case ValueType::kBytesSet:
      return AddBytes(list, out->mutable_bytes_set_val()->mutable_val());
    case ValueType::kStringList:
      return AddBytes(list, out->mutable_string_list_val()->mutable_val());
    case ValueType::kStringSet:
      return AddBytes(list, out->mutable_string_set_val()->mutable_val());
    case ValueType::kUuidList:
      return AddBytes(list, out->mutable_uuid_list_val()->mutable_val());
    case ValueType::kUuidSet:
      return AddBytes(list, out->mutable_uuid_set_val()->mutable_val());
    case ValueType::kTimeUuidList:
      return AddBytes(list, out->mutable_time_uuid_list_val()->mutable_val());
    case ValueType::kTimeUuidSet:
      return AddBytes(list, out->mutable_time_uuid_set_val()->mutable_val());
    case ValueType::kDecimalList:
      return AddBytes(list, out->mutable_decimal_list_val()->mutable_val());
    case ValueType::kDecimalSet:
      return AddBytes(list, out->mutable_decimal_set_val()->mutable_val());
    case ValueType::kJsonList:
      return AddBytes(list, out->mutable_json_list_val()->mutable_val(), "null");
    case ValueType::kInt32List:
      return AddItems<int32_t>(list, out->mutable_int32_list_val()->mutable_val());
    case ValueType::kInt32Set:
      return AddItems<int32_t>(list, out->mutable_int32_set_val()->mutable_val());
    case ValueType::kInt64List:
      return AddItems<int64_t>(list, out->mutable_int64_list_val()->mutable_val());
    case ValueType::kInt64Set:
      return AddItems<int64_t>(list, out->mutable_int64_set_val()->mutable_val());
    case ValueType::kDoubleList:
      return AddItems<double>(list, out->mutable_double_list_val()->mutable_val());
    case ValueType::kDoubleSet:
      return AddItems<double>(list, out->mutable_double_set_val()->mutable_val());
    case ValueType::kFloatList:
      return AddItems<float>(list, out->mutable_float_list_val()->mutable_val());
    case ValueType::kFloatSet:
      return AddItems<float>(list, out->mutable_float_set_val()->mutable_val());
    case ValueType::kBoolList:
      return AddItems<uint8_t>(list, out->mutable_bool_list_val()->mutable_val());
    case ValueType::kBoolSet:
      return AddItems<uint8_t>(list, out->mutable_bool_set_val()->mutable_val());
    case ValueType::kUnixTimestampList:
      return AddSeconds(list, out->mutable_unix_timestamp_list_val()->mutable_val());
    case ValueType::kUnixTimestampSet:
      return AddSeconds(list, out->mutable_unix_timestamp_set_val()->mutable_val());
    default:
      return;
  }
}

// A message is its own Value; bytes that are none are left unset.
void BytesToProto(ValueType type, std::string_view bytes, Value* out) {
  if (IsMessage(type)) {
    if (!out->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) out->Clear();
    return;
  }
  if (type != ValueType::kZonedTimestamp) return out->set_bytes_val(std::string(bytes));
  const std::optional<ZonedTime> time = DecodeZonedTime(bytes);
  if (!time) return;
  out->mutable_zoned_timestamp_val()->set_unix_timestamp(MicrosToSeconds(time->micros));
  out->mutable_zoned_timestamp_val()->set_zone(std::string(time->zone));
}

void TextToProto(ValueType type, std::string_view text, Value* out) {
  switch (type) {
    case ValueType::kUuid:
      return out->set_uuid_val(std::string(text));
    case ValueType::kTimeUuid:
      return out->set_time_uuid_val(std::string(text));
    case ValueType::kDecimal:
      return out->set_decimal_val(std::string(text));
    case ValueType::kJson:
      return out->set_json_val(std::string(text));
    default:
      return out->set_string_val(std::string(text));
  }
}

bool IsNullValue(const Value& value) {
  return value.val_case() == Value::VAL_NOT_SET || value.val_case() == Value::kNullVal;
}

// The member of Value that holds `type`: members have their type's number, but for the kinds of
// bytes that the protobuf enum does not have.
Value::ValCase CaseOf(ValueType type) {
  const bool bytes = type == ValueType::kPdfBytes || type == ValueType::kImageBytes;
  return static_cast<Value::ValCase>(bytes ? ValueType::kBytes : type);
}
static_assert(Value::kBytesVal == static_cast<int>(ValueType::kBytes) &&
              Value::kUnixTimestampListVal == static_cast<int>(ValueType::kUnixTimestampList) &&
              Value::kBytesSetVal == static_cast<int>(ValueType::kBytesSet) &&
              Value::kZonedTimestampVal == static_cast<int>(ValueType::kZonedTimestamp));

Error TooLate(int64_t seconds) {
  return Error(ErrorKind::kInvalid,
               "the time " + std::to_string(seconds) + " (seconds) does not fit microseconds");
}

Status AppendSeconds(int64_t seconds, arrow::TimestampBuilder* builder) {
  if (seconds == kNotATime) return builder->AppendNull();
  const std::optional<int64_t> micros = SecondsToMicros(seconds);
  if (!micros) return TooLate(seconds);
  return builder->Append(*micros);
}

template <typename Builder, typename T>
Status AppendFloating(T value, Builder* builder) {
  return std::isnan(value) ? builder->AppendNull() : builder->Append(value);
}

template <typename Builder, typename List>
Status AppendItems(const List& list, arrow::ArrayBuilder* untyped) {
  auto* builder = static_cast<Builder*>(untyped);
  for (const auto& item : list.val()) {
    if constexpr (std::is_same_v<Builder, arrow::TimestampBuilder>) {
      ARROW_RETURN_NOT_OK(AppendSeconds(item, builder));
    } else if constexpr (std::is_floating_point_v<std::decay_t<decltype(item)>>) {
      ARROW_RETURN_NOT_OK(AppendFloating(item, builder));
    } else {
      ARROW_RETURN_NOT_OK(builder->Append(item));
    }
  }
  return Status::OK();
}

// REQUIRES: the value's member is a list or set of the builder's type.
Status AppendList(const Value& value, arrow::ArrayBuilder* untyped) {
  auto* builder = static_cast<arrow::ListBuilder*>(untyped);
  ARROW_RETURN_NOT_OK(builder->Append());
  arrow::ArrayBuilder* items = builder->value_builder();
  switch (value.val_case()) {
    case Value::kBytesListVal:
      return AppendItems<arrow::BinaryBuilder>(value.bytes_list_val(), items);
    case Value::kBytesSetVal:
      return AppendItems<arrow::BinaryBuilder>(value.bytes_set_val(), items);
    case Value::kStringListVal:
      return AppendItems<arrow::BinaryBuilder>(value.string_list_val(), items);
    case Value::kStringSetVal:
      return AppendItems<arrow::BinaryBuilder>(value.string_set_val(), items);
    case Value::kUuidListVal:
      return AppendItems<arrow::BinaryBuilder>(value.uuid_list_val(), items);
    case Value::kUuidSetVal:
      return AppendItems<arrow::BinaryBuilder>(value.uuid_set_val(), items);
    case Value::kTimeUuidListVal:
      return AppendItems<arrow::BinaryBuilder>(value.time_uuid_list_val(), items);
    case Value::kTimeUuidSetVal:
      return AppendItems<arrow::BinaryBuilder>(value.time_uuid_set_val(), items);
    case Value::kDecimalListVal:
      return AppendItems<arrow::BinaryBuilder>(value.decimal_list_val(), items);
    case Value::kDecimalSetVal:
      return AppendItems<arrow::BinaryBuilder>(value.decimal_set_val(), items);
    case Value::kJsonListVal:
      return AppendItems<arrow::BinaryBuilder>(value.json_list_val(), items);
    case Value::kInt32ListVal:
      return AppendItems<arrow::Int32Builder>(value.int32_list_val(), items);
    case Value::kInt32SetVal:
      return AppendItems<arrow::Int32Builder>(value.int32_set_val(), items);
    case Value::kInt64ListVal:
      return AppendItems<arrow::Int64Builder>(value.int64_list_val(), items);
    case Value::kInt64SetVal:
      return AppendItems<arrow::Int64Builder>(value.int64_set_val(), items);
    case Value::kDoubleListVal:
      return AppendItems<arrow::DoubleBuilder>(value.double_list_val(), items);
    case Value::kDoubleSetVal:
      return AppendItems<arrow::DoubleBuilder>(value.double_set_val(), items);
    case Value::kFloatListVal:
      return AppendItems<arrow::FloatBuilder>(value.float_list_val(), items);
    case Value::kFloatSetVal:
      return AppendItems<arrow::FloatBuilder>(value.float_set_val(), items);
    case Value::kBoolListVal:
      return AppendItems<arrow::BooleanBuilder>(value.bool_list_val(), items);
    case Value::kBoolSetVal:
      return AppendItems<arrow::BooleanBuilder>(value.bool_set_val(), items);
    case Value::kUnixTimestampListVal:
      return AppendItems<arrow::TimestampBuilder>(value.unix_timestamp_list_val(), items);
    case Value::kUnixTimestampSetVal:
      return AppendItems<arrow::TimestampBuilder>(value.unix_timestamp_set_val(), items);
    default:
      return Status::OK();
  }
}

Status AppendZoned(const feast::types::ZonedTimestamp& time, arrow::BinaryBuilder* builder) {
  if (time.unix_timestamp() == kNotATime) return builder->AppendNull();
  const std::optional<int64_t> micros = SecondsToMicros(time.unix_timestamp());
  if (!micros) return TooLate(time.unix_timestamp());
  return builder->Append(EncodeZonedTime({*micros, time.zone()}));
}

// REQUIRES: the value's member is that of the builder's type.
Status AppendValue(const Value& value, arrow::ArrayBuilder* builder) {
  // utf8's builder too is one of these.
  auto bytes = [builder] { return static_cast<arrow::BinaryBuilder*>(builder); };
  switch (value.val_case()) {
    case Value::kBytesVal:
      return bytes()->Append(value.bytes_val());
    case Value::kStringVal:
      return bytes()->Append(value.string_val());
    case Value::kUuidVal:
      return bytes()->Append(value.uuid_val());
    case Value::kTimeUuidVal:
      return bytes()->Append(value.time_uuid_val());
    case Value::kDecimalVal:
      return bytes()->Append(value.decimal_val());
    case Value::kJsonVal:
      return bytes()->Append(value.json_val());
    case Value::kInt32Val:
      return static_cast<arrow::Int32Builder*>(builder)->Append(value.int32_val());
    case Value::kInt64Val:
      return static_cast<arrow::Int64Builder*>(builder)->Append(value.int64_val());
    case Value::kDoubleVal:
      return AppendFloating(value.double_val(), static_cast<arrow::DoubleBuilder*>(builder));
    case Value::kFloatVal:
      return AppendFloating(value.float_val(), static_cast<arrow::FloatBuilder*>(builder));
    case Value::kBoolVal:
      return static_cast<arrow::BooleanBuilder*>(builder)->Append(value.bool_val());
    case Value::kUnixTimestampVal:
      return AppendSeconds(value.unix_timestamp_val(),
                           static_cast<arrow::TimestampBuilder*>(builder));
    case Value::kZonedTimestampVal:
      return AppendZoned(value.zoned_timestamp_val(), bytes());
    default:
      return IsMessage(static_cast<ValueType>(value.val_case()))
                 ? bytes()->Append(ValueBytes(value))
                 : AppendList(value, builder);
  }
}

}  // namespace

void RowToProto(const RowLayout& layout, uint32_t column, RowView row, Value* out) {
  out->Clear();
  if (row.IsNull(column)) return;
  const ValueType type = layout.columns()[column].type;
  switch (StoredAs(type)) {
    case ValueType::kBytes:
      return BytesToProto(type, row.Bytes(layout, column), out);
    case ValueType::kString:
      return TextToProto(type, row.Bytes(layout, column), out);
    case ValueType::kInt32:
      return out->set_int32_val(row.Fixed<int32_t>(layout, column));
    case ValueType::kInt64:
      return out->set_int64_val(row.Fixed<int64_t>(layout, column));
    case ValueType::kDouble:
      return out->set_double_val(row.Fixed<double>(layout, column));
    case ValueType::kFloat:
      return out->set_float_val(row.Fixed<float>(layout, column));
    case ValueType::kBool:
      return out->set_bool_val(row.Fixed<uint8_t>(layout, column) != 0);
    case ValueType::kUnixTimestamp:
      return out->set_unix_timestamp_val(MicrosToSeconds(row.Fixed<int64_t>(layout, column)));
    default:
      return ListToProto(type, row.List(layout, column), out);
  }
}

Result<std::shared_ptr<arrow::Array>> ProtoToArray(std::span<const Value* const> values,
                                                   ValueType type) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(
      arrow::MakeBuilder(arrow::default_memory_pool(), ArrowTypeOf(type), &builder));
  ARROW_RETURN_NOT_OK(builder->Reserve(static_cast<int64_t>(values.size())));
  for (size_t i = 0; i < values.size(); ++i) {
    if (IsNullValue(*values[i])) {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
      continue;
    }
    if (values[i]->val_case() != CaseOf(type)) {
      return Error(ErrorKind::kInvalid, "value " + std::to_string(i) + " is " +
                                            ValueTypeName(static_cast<int>(values[i]->val_case())) +
                                            ", expected " + ValueTypeName(type));
    }
    const Status appended = AppendValue(*values[i], builder.get());
    if (!appended.ok()) return WithContext("value " + std::to_string(i), appended);
  }
  ARROW_ASSIGN_OR_RAISE(auto array, builder->Finish());
  return IsSet(type) ? DistinctItems(array) : array;
}

}  // namespace featly
