// ValueFromArrow of dynamic_value.h: structs, maps and nested lists of Arrow columns as Values.
#include <cmath>
#include <string>

#include <arrow/api.h>
#include <arrow/extension_type.h>
#include <arrow/util/float16.h>
#include <arrow/util/utf8.h>

#include "types/decimal_column.h"
#include "types/dynamic_value.h"
#include "types/exact.h"
#include "types/list_value.h"
#include "types/text_forms.h"

namespace featly {
namespace {

using arrow::Type;
using feast::types::RepeatedValue;
using feast::types::Value;

template <typename Array>
auto At(const arrow::Array& array, int64_t row) {
  return static_cast<const Array&>(array).GetView(row);
}

// Where a value stands decides how wide its integers and floats are (ValueFromArrow).
enum class Place : uint8_t { kField, kItem };

bool IsText(Type::type id) {
  return id == Type::STRING || id == Type::LARGE_STRING || id == Type::STRING_VIEW;
}

bool IsListType(Type::type id) {
  return id == Type::LIST || id == Type::LARGE_LIST || id == Type::FIXED_SIZE_LIST;
}

const arrow::DataType& Plain(const arrow::DataType& type) {
  if (type.id() == Type::DICTIONARY) {
    return Plain(*static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  if (type.id() == Type::EXTENSION) {
    return Plain(*static_cast<const arrow::ExtensionType&>(type).storage_type());
  }
  return type;  // NOLINT(bugprone-return-const-ref-from-parameter): of an array that lives on
}

Status FromArrow(const arrow::Array& array, int64_t row, Place place, Value* out);

void SetInteger(int64_t value, bool narrow, Place place, Value* out) {
  if (narrow && place == Place::kItem) {
    out->set_int32_val(static_cast<int32_t>(value));
  } else {
    out->set_int64_val(value);
  }
}

void SetFloat(float value, Place place, Value* out) {
  if (std::isnan(value)) return;
  if (place == Place::kItem) {
    out->set_float_val(value);
  } else {
    out->set_double_val(value);
  }
}

Status SetText(std::string_view text, Value* out) {
  if (!arrow::util::ValidateUTF8(text)) {
    return Error(ErrorKind::kInvalid, "found bytes that are not UTF-8 as text");
  }
  out->set_string_val(std::string(text));
  return Status::OK();
}

Status SetTime(const arrow::Array& array, int64_t row, Value* out) {
  const int64_t value = At<arrow::TimestampArray>(array, row);
  int64_t units = 1;
  switch (static_cast<const arrow::TimestampType&>(*array.type()).unit()) {
    case arrow::TimeUnit::SECOND:
      break;
    case arrow::TimeUnit::MILLI:
      units = 1000;
      break;
    case arrow::TimeUnit::MICRO:
      units = 1000000;
      break;
    case arrow::TimeUnit::NANO:
      units = 1000000000;
  }
  out->set_unix_timestamp_val(value / units - (value % units < 0 ? 1 : 0));
  return Status::OK();
}

struct Range {
  std::shared_ptr<arrow::Array> items;
  int64_t begin = 0;
  int64_t end = 0;
};

template <typename Array>
Range RangeOf(const arrow::Array& array, int64_t row) {
  const auto& lists = static_cast<const Array&>(array);
  return {lists.values(), lists.value_offset(row), lists.value_offset(row + 1)};
}

Range ItemsAt(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case Type::LIST:
      return RangeOf<arrow::ListArray>(array, row);
    case Type::LARGE_LIST:
      return RangeOf<arrow::LargeListArray>(array, row);
    default:
      return RangeOf<arrow::FixedSizeListArray>(array, row);
  }
}

Status ItemsFromArrow(const arrow::Array& array, int64_t row, RepeatedValue* out) {
  const Range range = ItemsAt(array, row);
  for (int64_t i = range.begin; i < range.end; ++i) {
    ARROW_RETURN_NOT_OK(FromArrow(*range.items, i, Place::kItem, out->add_val()));
  }
  return Status::OK();
}

Status StructFromArrow(const arrow::Array& array, int64_t row, feast::types::Map* out) {
  const auto& structs = static_cast<const arrow::StructArray&>(array);
  for (int i = 0; i < structs.num_fields(); ++i) {
    ARROW_RETURN_NOT_OK(FromArrow(*structs.field(i), row, Place::kField,
                                  &(*out->mutable_val())[structs.type()->field(i)->name()]));
  }
  return Status::OK();
}

Status MapFromArrow(const arrow::Array& array, int64_t row, feast::types::Map* out) {
  const auto& maps = static_cast<const arrow::MapArray&>(array);
  for (int64_t i = maps.value_offset(row); i < maps.value_offset(row + 1); ++i) {
    Value key;
    ARROW_RETURN_NOT_OK(FromArrow(*maps.keys(), i, Place::kField, &key));
    ARROW_RETURN_NOT_OK(
        FromArrow(*maps.items(), i, Place::kField, &(*out->mutable_val())[key.string_val()]));
  }
  return Status::OK();
}

Status KeyFromArrow(const arrow::Array& keys, int64_t i, feast::types::MapKey* out) {
  Value key;
  ARROW_RETURN_NOT_OK(FromArrow(keys, i, Place::kItem, &key));
  switch (key.val_case()) {
    case Value::kInt32Val:
      out->set_int32_key(key.int32_val());
      return Status::OK();
    case Value::kInt64Val:
      out->set_int64_key(key.int64_val());
      return Status::OK();
    case Value::kFloatVal:
      out->set_float_key(key.float_val());
      return Status::OK();
    case Value::kDoubleVal:
      out->set_double_key(key.double_val());
      return Status::OK();
    case Value::kBoolVal:
      out->set_bool_key(key.bool_val());
      return Status::OK();
    case Value::kUnixTimestampVal:
      out->set_unix_timestamp_key(key.unix_timestamp_val());
      return Status::OK();
    case Value::kBytesVal:
      out->set_bytes_key(key.bytes_val());
      return Status::OK();
    case Value::kUuidVal:
      out->set_uuid_key(key.uuid_val());
      return Status::OK();
    case Value::kDecimalVal:
      out->set_decimal_key(key.decimal_val());
      return Status::OK();
    default:
      return Error(ErrorKind::kInvalid, "found a key of a SCALAR_MAP that is null or NaN");
  }
}

Status ScalarMapFromArrow(const arrow::Array& array, int64_t row, feast::types::ScalarMap* out) {
  const auto& maps = static_cast<const arrow::MapArray&>(array);
  for (int64_t i = maps.value_offset(row); i < maps.value_offset(row + 1); ++i) {
    auto* entry = out->add_val();
    ARROW_RETURN_NOT_OK(KeyFromArrow(*maps.keys(), i, entry->mutable_key()));
    ARROW_RETURN_NOT_OK(FromArrow(*maps.items(), i, Place::kField, entry->mutable_value()));
  }
  return Status::OK();
}

bool HasTextKeys(const arrow::DataType& map) {
  return IsText(Plain(*static_cast<const arrow::MapType&>(map).key_type()).id());
}

Status FromExtension(const arrow::Array& array, int64_t row, Place place, Value* out) {
  const auto& extension = static_cast<const arrow::ExtensionArray&>(array);
  const auto& type = static_cast<const arrow::ExtensionType&>(*array.type());
  if (type.extension_name() == "arrow.uuid") {
    out->set_uuid_val(UuidOfBytes(At<arrow::FixedSizeBinaryArray>(*extension.storage(), row)));
    return Status::OK();
  }
  return FromArrow(*extension.storage(), row, place, out);
}

Status FromUint64(uint64_t value, Value* out) {
  if (!FitsInt64(value)) {
    return Error(ErrorKind::kInvalid, "the integer " + std::to_string(value) +
                                          " is larger than 64 bits with a sign hold");
  }
  out->set_int64_val(static_cast<int64_t>(value));
  return Status::OK();
}

Status FromNumber(const arrow::Array& array, int64_t row, Place place, Value* out) {
  switch (array.type_id()) {
    case Type::INT8:
      SetInteger(At<arrow::Int8Array>(array, row), true, place, out);
      break;
    case Type::INT16:
      SetInteger(At<arrow::Int16Array>(array, row), true, place, out);
      break;
    case Type::INT32:
      SetInteger(At<arrow::Int32Array>(array, row), true, place, out);
      break;
    case Type::INT64:
      SetInteger(At<arrow::Int64Array>(array, row), false, place, out);
      break;
    case Type::UINT8:
      SetInteger(At<arrow::UInt8Array>(array, row), true, place, out);
      break;
    case Type::UINT16:
      SetInteger(At<arrow::UInt16Array>(array, row), true, place, out);
      break;
    case Type::UINT32:
      SetInteger(At<arrow::UInt32Array>(array, row), false, place, out);
      break;
    case Type::UINT64:
      return FromUint64(At<arrow::UInt64Array>(array, row), out);
    case Type::HALF_FLOAT:
      SetFloat(arrow::util::Float16::FromBits(At<arrow::HalfFloatArray>(array, row)).ToFloat(),
               place, out);
      break;
    case Type::FLOAT:
      SetFloat(At<arrow::FloatArray>(array, row), place, out);
      break;
    default: {
      const double value = At<arrow::DoubleArray>(array, row);
      if (!std::isnan(value)) out->set_double_val(value);
    }
  }
  return Status::OK();
}

Status FromArrow(const arrow::Array& array, int64_t row, Place place, Value* out) {
  if (array.IsNull(row)) return Status::OK();
  const Type::type id = array.type_id();
  if (arrow::is_integer(id) || arrow::is_floating(id)) return FromNumber(array, row, place, out);
  switch (id) {
    case Type::BOOL:
      out->set_bool_val(static_cast<const arrow::BooleanArray&>(array).Value(row));
      return Status::OK();
    case Type::STRING:
      return SetText(At<arrow::StringArray>(array, row), out);
    case Type::LARGE_STRING:
      return SetText(At<arrow::LargeStringArray>(array, row), out);
    case Type::STRING_VIEW:
      return SetText(At<arrow::StringViewArray>(array, row), out);
    case Type::BINARY:
      out->set_bytes_val(std::string(At<arrow::BinaryArray>(array, row)));
      return Status::OK();
    case Type::LARGE_BINARY:
      out->set_bytes_val(std::string(At<arrow::LargeBinaryArray>(array, row)));
      return Status::OK();
    case Type::BINARY_VIEW:
      out->set_bytes_val(std::string(At<arrow::BinaryViewArray>(array, row)));
      return Status::OK();
    case Type::FIXED_SIZE_BINARY:
      out->set_bytes_val(std::string(At<arrow::FixedSizeBinaryArray>(array, row)));
      return Status::OK();
    case Type::TIMESTAMP:
      return SetTime(array, row, out);
    case Type::DATE32:
      out->set_unix_timestamp_val(int64_t{At<arrow::Date32Array>(array, row)} * 86400);
      return Status::OK();
    case Type::DATE64:
      out->set_unix_timestamp_val(At<arrow::Date64Array>(array, row) / 1000);
      return Status::OK();
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256:
      out->set_decimal_val(DecimalAt(array, row));
      return Status::OK();
    case Type::STRUCT:
      return StructFromArrow(array, row, out->mutable_map_val());
    case Type::MAP:
      if (HasTextKeys(*array.type())) return MapFromArrow(array, row, out->mutable_map_val());
      return ScalarMapFromArrow(array, row, out->mutable_scalar_map_val());
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::FIXED_SIZE_LIST: {
      RepeatedValue items;
      ARROW_RETURN_NOT_OK(ItemsFromArrow(array, row, &items));
      ListOfValues(std::move(items), out);
      return Status::OK();
    }
    case Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
      return FromArrow(*dictionary.dictionary(), dictionary.GetValueIndex(row), place, out);
    }
    case Type::EXTENSION:
      return FromExtension(array, row, place, out);
    default:
      return Error(ErrorKind::kInvalid, "found a value of Arrow type " + array.type()->ToString() +
                                            ", which features cannot hold");
  }
}

Status MapOrStruct(const arrow::Array& array, int64_t row, feast::types::Map* out) {
  return array.type_id() == Type::STRUCT ? StructFromArrow(array, row, out)
                                         : MapFromArrow(array, row, out);
}

Status MapsFromArrow(const arrow::Array& array, int64_t row, feast::types::MapList* out) {
  const Range range = ItemsAt(array, row);
  for (int64_t i = range.begin; i < range.end; ++i) {
    if (range.items->IsNull(i)) {
      return Error(ErrorKind::kInvalid, "found null as an item of the list, which holds objects");
    }
    ARROW_RETURN_NOT_OK(MapOrStruct(*range.items, i, out->add_val()));
  }
  return Status::OK();
}

bool IsMapOrStruct(const arrow::DataType& type) {
  return type.id() == Type::STRUCT || (type.id() == Type::MAP && HasTextKeys(type));
}

std::string_view TextAt(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case Type::STRING:
      return At<arrow::StringArray>(array, row);
    case Type::LARGE_STRING:
      return At<arrow::LargeStringArray>(array, row);
    default:
      return At<arrow::StringViewArray>(array, row);
  }
}

}  // namespace

bool CanHoldMessage(const arrow::DataType& from, ValueType to) {
  if (IsText(from.id())) return true;
  switch (to) {
    case ValueType::kMap:
    case ValueType::kStruct:
      return IsMapOrStruct(from);
    case ValueType::kMapList:
    case ValueType::kStructList:
      return IsListType(from.id()) && IsMapOrStruct(*from.field(0)->type());
    case ValueType::kScalarMap:
      return from.id() == Type::MAP && !HasTextKeys(from);
    default:
      return IsListType(from.id()) && IsListType(from.field(0)->type()->id());
  }
}

Status ValueFromArrow(const arrow::Array& column, int64_t row, ValueType type, Value* out) {
  out->Clear();
  if (column.IsNull(row)) return Status::OK();
  if (IsText(column.type_id())) return ValueFromJson(TextAt(column, row), type, out);
  switch (type) {
    case ValueType::kMap:
      return MapOrStruct(column, row, out->mutable_map_val());
    case ValueType::kStruct:
      return MapOrStruct(column, row, out->mutable_struct_val());
    case ValueType::kMapList:
      return MapsFromArrow(column, row, out->mutable_map_list_val());
    case ValueType::kStructList:
      return MapsFromArrow(column, row, out->mutable_struct_list_val());
    case ValueType::kScalarMap:
      return ScalarMapFromArrow(column, row, out->mutable_scalar_map_val());
    default: {
      RepeatedValue items;
      ARROW_RETURN_NOT_OK(ItemsFromArrow(column, row, &items));
      SetNested(type, std::move(items), out);
      return Status::OK();
    }
  }
}

}  // namespace featly
