// UserColumn of user_type.h: values with a shape of their own as typed Arrow.
#include <optional>
#include <string>
#include <vector>

#include <arrow/api.h>

#include "feast/types/Value.pb.h"
#include "types/base64.h"
#include "types/dynamic_value.h"
#include "types/exact.h"
#include "types/list_value.h"
#include "types/user_type.h"
#include "types/zoned_time.h"

namespace featly {
namespace {

using arrow::Type;
using feast::types::Value;

Status AppendAs(const Value& value, arrow::ArrayBuilder* builder);

Error Unfit(const Value& value, const arrow::DataType& wanted) {
  std::string found;
  AppendValueJson(value, &found);
  constexpr size_t kLimit = 40;
  if (found.size() > kLimit) {
    found.resize(kLimit);
    found.append("...");
  }
  return Error(ErrorKind::kInvalid, "found " + found + ", declared as " + wanted.ToString());
}

std::optional<int64_t> IntegerOf(const Value& value) {
  if (value.has_int64_val()) return value.int64_val();
  if (value.has_int32_val()) return value.int32_val();
  if (value.has_double_val()) return ExactInteger(value.double_val());
  return std::nullopt;
}

std::optional<double> NumberOf(const Value& value) {
  if (value.has_double_val()) return value.double_val();
  if (value.has_float_val()) return value.float_val();
  const auto integer = IntegerOf(value);
  if (!integer || static_cast<int64_t>(static_cast<double>(*integer)) != *integer) {
    return std::nullopt;
  }
  return static_cast<double>(*integer);
}

std::optional<std::string> TextOf(const Value& value) {
  switch (value.val_case()) {
    case Value::kStringVal:
      return value.string_val();
    case Value::kUuidVal:
      return value.uuid_val();
    case Value::kTimeUuidVal:
      return value.time_uuid_val();
    case Value::kDecimalVal:
      return value.decimal_val();
    case Value::kJsonVal:
      return value.json_val();
    default:
      return std::nullopt;
  }
}

std::optional<std::string> BytesOf(const Value& value) {
  if (value.has_bytes_val()) return value.bytes_val();
  std::string decoded;
  if (!value.has_string_val() || !AppendBase64Decoded(value.string_val(), &decoded)) {
    return std::nullopt;  // of JSON, where bytes are base64
  }
  return decoded;
}

std::optional<int64_t> MicrosOf(const Value& value) {
  if (value.has_unix_timestamp_val()) return SecondsToMicros(value.unix_timestamp_val());
  if (value.has_zoned_timestamp_val()) {
    return SecondsToMicros(value.zoned_timestamp_val().unix_timestamp());
  }
  const auto seconds = IntegerOf(value);
  if (seconds) return SecondsToMicros(*seconds);
  std::string zone;
  return value.has_string_val() ? ParseZonedTime(value.string_val(), &zone) : std::nullopt;
}

const feast::types::Map* MapOf(const Value& value) {
  if (value.has_map_val()) return &value.map_val();
  return value.has_struct_val() ? &value.struct_val() : nullptr;
}

Status AppendStruct(const feast::types::Map& map, arrow::StructBuilder* builder) {
  ARROW_RETURN_NOT_OK(builder->Append());
  const std::shared_ptr<arrow::DataType> type = builder->type();
  for (int i = 0; i < type->num_fields(); ++i) {
    const std::string& name = type->field(i)->name();
    const auto field = map.val().find(name);
    if (field == map.val().end()) {
      ARROW_RETURN_NOT_OK(builder->field_builder(i)->AppendNull());
      continue;
    }
    const Status appended = AppendAs(field->second, builder->field_builder(i));
    if (!appended.ok()) return WithContext("field '" + name + "'", appended);
  }
  return Status::OK();
}

bool IsListValue(const Value& value) {
  const auto type = static_cast<ValueType>(value.val_case());
  return IsList(type) || type == ValueType::kMapList || type == ValueType::kStructList ||
         type == ValueType::kValueList || type == ValueType::kValueSet;
}

Status AppendText(const Value& value, arrow::StringBuilder* builder) {
  if (const auto text = TextOf(value)) return builder->Append(*text);
  std::string json;
  AppendValueJson(value, &json);
  return builder->Append(json);
}

template <typename Builder, typename T>
Status AppendFixed(const std::optional<T>& found, const Value& value,
                   arrow::ArrayBuilder* builder) {
  if (!found) return Unfit(value, *builder->type());
  return static_cast<Builder*>(builder)->Append(*found);
}

Status AppendAs(const Value& value, arrow::ArrayBuilder* builder) {
  if (value.val_case() == Value::VAL_NOT_SET || value.val_case() == Value::kNullVal) {
    return builder->AppendNull();
  }
  switch (builder->type()->id()) {
    case Type::BOOL:
      if (!value.has_bool_val()) return Unfit(value, *builder->type());
      return static_cast<arrow::BooleanBuilder*>(builder)->Append(value.bool_val());
    case Type::INT32: {
      auto integer = IntegerOf(value);
      if (integer && !FitsInt32(*integer)) integer.reset();
      if (!integer) return Unfit(value, *builder->type());
      return static_cast<arrow::Int32Builder*>(builder)->Append(static_cast<int32_t>(*integer));
    }
    case Type::INT64:
      return AppendFixed<arrow::Int64Builder>(IntegerOf(value), value, builder);
    case Type::DOUBLE:
      return AppendFixed<arrow::DoubleBuilder>(NumberOf(value), value, builder);
    case Type::FLOAT: {
      const auto number = NumberOf(value);
      if (!number) return Unfit(value, *builder->type());
      return static_cast<arrow::FloatBuilder*>(builder)->Append(static_cast<float>(*number));
    }
    case Type::TIMESTAMP:
      return AppendFixed<arrow::TimestampBuilder>(MicrosOf(value), value, builder);
    case Type::BINARY:
      return AppendFixed<arrow::BinaryBuilder>(BytesOf(value), value, builder);
    case Type::STRING:
      return AppendText(value, static_cast<arrow::StringBuilder*>(builder));
    case Type::STRUCT: {
      const auto* map = MapOf(value);
      if (map == nullptr) return Unfit(value, *builder->type());
      return AppendStruct(*map, static_cast<arrow::StructBuilder*>(builder));
    }
    case Type::LIST: {
      if (!IsListValue(value)) return Unfit(value, *builder->type());
      auto* lists = static_cast<arrow::ListBuilder*>(builder);
      ARROW_RETURN_NOT_OK(lists->Append());
      const feast::types::RepeatedValue items = ItemsOf(value);
      for (const Value& item : items.val()) {
        ARROW_RETURN_NOT_OK(AppendAs(item, lists->value_builder()));
      }
      return Status::OK();
    }
    default:
      return Unfit(value, *builder->type());
  }
}

Status AppendMessage(std::string_view bytes, const std::string& where, int64_t row,
                     arrow::ArrayBuilder* builder) {
  Value value;
  if (!value.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error(ErrorKind::kCorrupt,
                 where + ", row " + std::to_string(row) + ": the stored value is damaged");
  }
  const Status appended = AppendAs(value, builder);
  return appended.ok() ? appended : WithContext(where + ", row " + std::to_string(row), appended);
}

Status AppendMoment(std::string_view bytes, arrow::ArrayBuilder* builder) {
  const std::optional<ZonedTime> time = DecodeZonedTime(bytes);
  if (!time) return builder->AppendNull();
  return static_cast<arrow::TimestampBuilder*>(builder)->Append(time->micros);
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> UserColumn(const std::shared_ptr<arrow::Array>& column,
                                                 ValueType type,
                                                 const std::shared_ptr<arrow::DataType>& user_type,
                                                 std::string_view where) {
  if (!IsMessage(type) && type != ValueType::kZonedTimestamp) return column;
  const std::string name(where);
  const auto& values = static_cast<const arrow::BinaryArray&>(*column);
  ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(user_type));
  for (int64_t row = 0; row < values.length(); ++row) {
    if (values.IsNull(row)) {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
    } else if (IsMessage(type)) {
      ARROW_RETURN_NOT_OK(AppendMessage(values.GetView(row), name, row, builder.get()));
    } else {
      ARROW_RETURN_NOT_OK(AppendMoment(values.GetView(row), builder.get()));
    }
  }
  return builder->Finish();
}

}  // namespace featly
