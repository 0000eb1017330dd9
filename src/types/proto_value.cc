#include "types/proto_value.h"

#include <cmath>
#include <limits>
#include <utility>

#include <arrow/api.h>

#include "types/exact.h"

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
void AddBytes(const ListView& list, Repeated* out) {
  out->Reserve(static_cast<int>(list.count));
  for (uint32_t i = 0; i < list.count; ++i) {
    std::string* item = out->Add();
    if (!list.IsNull(i)) item->assign(list.Bytes(i));
  }
}

void AddSeconds(const ListView& list, google::protobuf::RepeatedField<int64_t>* out) {
  out->Reserve(static_cast<int>(list.count));
  for (uint32_t i = 0; i < list.count; ++i) {
    out->Add(list.IsNull(i) ? kNotATime : MicrosToSeconds(list.Fixed<int64_t>(i)));
  }
}

void ListToProto(const ListView& list, Value* out) {
  switch (list.element) {
    case ValueType::kBytes:
      return AddBytes(list, out->mutable_bytes_list_val()->mutable_val());
    case ValueType::kString:
      return AddBytes(list, out->mutable_string_list_val()->mutable_val());
    case ValueType::kInt32:
      return AddItems<int32_t>(list, out->mutable_int32_list_val()->mutable_val());
    case ValueType::kInt64:
      return AddItems<int64_t>(list, out->mutable_int64_list_val()->mutable_val());
    case ValueType::kDouble:
      return AddItems<double>(list, out->mutable_double_list_val()->mutable_val());
    case ValueType::kFloat:
      return AddItems<float>(list, out->mutable_float_list_val()->mutable_val());
    case ValueType::kBool:
      return AddItems<uint8_t>(list, out->mutable_bool_list_val()->mutable_val());
    default:
      return AddSeconds(list, out->mutable_unix_timestamp_list_val()->mutable_val());
  }
}

bool IsNullValue(const Value& value) {
  return value.val_case() == Value::VAL_NOT_SET || value.val_case() == Value::kNullVal;
}

// The member of Value that holds `type`: members have their type's number.
Value::ValCase CaseOf(ValueType type) { return static_cast<Value::ValCase>(type); }
static_assert(Value::kBytesVal == static_cast<int>(ValueType::kBytes) &&
              Value::kUnixTimestampVal == static_cast<int>(ValueType::kUnixTimestamp) &&
              Value::kBytesListVal == static_cast<int>(ValueType::kBytesList) &&
              Value::kUnixTimestampListVal == static_cast<int>(ValueType::kUnixTimestampList));

Status AppendSeconds(int64_t seconds, arrow::TimestampBuilder* builder) {
  if (seconds == kNotATime) return builder->AppendNull();
  const std::optional<int64_t> micros = SecondsToMicros(seconds);
  if (!micros) {
    return Error(ErrorKind::kInvalid,
                 "the time " + std::to_string(seconds) + " (seconds) does not fit microseconds");
  }
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

Status AppendList(const Value& value, arrow::ArrayBuilder* untyped) {
  auto* builder = static_cast<arrow::ListBuilder*>(untyped);
  ARROW_RETURN_NOT_OK(builder->Append());
  arrow::ArrayBuilder* items = builder->value_builder();
  switch (value.val_case()) {
    case Value::kBytesListVal:
      return AppendItems<arrow::BinaryBuilder>(value.bytes_list_val(), items);
    case Value::kStringListVal:
      return AppendItems<arrow::BinaryBuilder>(value.string_list_val(), items);
    case Value::kInt32ListVal:
      return AppendItems<arrow::Int32Builder>(value.int32_list_val(), items);
    case Value::kInt64ListVal:
      return AppendItems<arrow::Int64Builder>(value.int64_list_val(), items);
    case Value::kDoubleListVal:
      return AppendItems<arrow::DoubleBuilder>(value.double_list_val(), items);
    case Value::kFloatListVal:
      return AppendItems<arrow::FloatBuilder>(value.float_list_val(), items);
    case Value::kBoolListVal:
      return AppendItems<arrow::BooleanBuilder>(value.bool_list_val(), items);
    default:
      return AppendItems<arrow::TimestampBuilder>(value.unix_timestamp_list_val(), items);
  }
}

// REQUIRES: the value's member is that of the builder's type.
Status AppendValue(const Value& value, arrow::ArrayBuilder* builder) {
  switch (value.val_case()) {
    case Value::kBytesVal:
      return static_cast<arrow::BinaryBuilder*>(builder)->Append(value.bytes_val());
    case Value::kStringVal:
      return static_cast<arrow::BinaryBuilder*>(builder)->Append(value.string_val());
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
    default:
      return AppendList(value, builder);
  }
}

}  // namespace

void RowToProto(const RowLayout& layout, uint32_t column, RowView row, Value* out) {
  out->Clear();
  if (row.IsNull(column)) return;
  switch (layout.columns()[column].type) {
    case ValueType::kBytes:
      return out->set_bytes_val(std::string(row.Bytes(layout, column)));
    case ValueType::kString:
      return out->set_string_val(std::string(row.Bytes(layout, column)));
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
      return ListToProto(row.List(layout, column), out);
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
  return builder->Finish();
}

}  // namespace featly
