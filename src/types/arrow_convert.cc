#include "types/arrow_convert.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <arrow/api.h>
#include <arrow/compute/api_vector.h>
#include <arrow/extension_type.h>
#include <arrow/util/bitmap_ops.h>
#include <arrow/util/float16.h>
#include <arrow/util/utf8.h>

#include "types/distinct_items.h"
#include "types/dynamic_value.h"
#include "types/exact.h"
#include "types/json_value.h"
#include "types/kind_columns.h"

namespace featly {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

// What a column is to become, and what to call it in errors.
struct Target {
  ValueType type;
  std::string_view where;
  TimeRounding rounding;
};

bool IsIntegerId(arrow::Type::type id) {
  return id >= arrow::Type::UINT8 && id <= arrow::Type::INT64;
}

bool IsTimeId(arrow::Type::type id) {
  return id == arrow::Type::TIMESTAMP || id == arrow::Type::DATE32 || id == arrow::Type::DATE64;
}

bool IsTextId(arrow::Type::type id) {
  return id == arrow::Type::STRING || id == arrow::Type::LARGE_STRING ||
         id == arrow::Type::STRING_VIEW;
}

bool IsBinaryId(arrow::Type::type id) {
  return id == arrow::Type::BINARY || id == arrow::Type::LARGE_BINARY ||
         id == arrow::Type::BINARY_VIEW || id == arrow::Type::FIXED_SIZE_BINARY;
}

bool IsListId(arrow::Type::type id) {
  return id == arrow::Type::LIST || id == arrow::Type::LARGE_LIST ||
         id == arrow::Type::FIXED_SIZE_LIST;
}

bool IsFloatId(arrow::Type::type id) {
  return id == arrow::Type::HALF_FLOAT || id == arrow::Type::FLOAT || id == arrow::Type::DOUBLE;
}

template <typename T>
std::string ToText(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return JsonDouble(static_cast<double>(value));
  } else {
    return std::to_string(value);
  }
}

Error Unfit(const arrow::DataType& found, const Target& target) {
  std::string message = std::string(target.where) + " has type " + found.ToString() +
                        ", which cannot become " + ValueTypeName(target.type);
  const bool is_arrows = !IsMessage(target.type) && target.type != ValueType::kZonedTimestamp;
  if (is_arrows) message += " (Arrow " + ArrowTypeOf(target.type)->ToString() + ")";
  return Error(ErrorKind::kInvalid, message + ConversionAdvice(found, target.type));
}

Error DoesNotFit(const std::string& value, int64_t row, const arrow::DataType& found,
                 const Target& target) {
  return Error(ErrorKind::kInvalid,
               std::string(target.where) + ", row " + std::to_string(row) + ": " + value + " (" +
                   found.ToString() + ") cannot be held exactly as " + ValueTypeName(target.type));
}

// The array's validity from bit 0 on; null where nothing is null.
Result<BufferPtr> ValidityOf(const arrow::Array& array) {
  if (array.null_count() == 0) return BufferPtr();
  if (array.offset() == 0) return array.null_bitmap();
  return arrow::internal::CopyBitmap(arrow::default_memory_pool(), array.null_bitmap_data(),
                                     array.offset(), array.length());
}

ArrayPtr WithType(const arrow::Array& array, std::shared_ptr<arrow::DataType> type) {
  std::shared_ptr<arrow::ArrayData> data = array.data()->Copy();
  data->type = std::move(type);
  return arrow::MakeArray(data);
}

// `convert(value)` gives optional<To>; nullopt is an error that names the value and its row.
template <typename From, typename To, typename Fn>
Result<ArrayPtr> MapValues(const arrow::Array& array, const Target& target, Fn convert) {
  const int64_t length = array.length();
  ARROW_ASSIGN_OR_RAISE(BufferPtr validity, ValidityOf(array));
  ARROW_ASSIGN_OR_RAISE(BufferPtr buffer,
                        arrow::AllocateBuffer(length * static_cast<int64_t>(sizeof(To))));
  const From* in = array.data()->GetValues<From>(1);
  To* out = reinterpret_cast<To*>(buffer->mutable_data());
  const bool has_nulls = validity != nullptr;
  for (int64_t i = 0; i < length; ++i) {
    if (has_nulls && array.IsNull(i)) {
      out[i] = To{};
      continue;
    }
    std::optional<To> value = convert(in[i]);
    if (!value) return DoesNotFit(ToText(in[i]), i, *array.type(), target);
    out[i] = *value;
  }
  return arrow::MakeArray(arrow::ArrayData::Make(ArrowTypeOf(target.type), length,
                                                 {std::move(validity), std::move(buffer)}));
}

// Calls `visit` with a value of the C type of an integer column.
template <typename Visit>
Result<ArrayPtr> VisitInteger(arrow::Type::type id, Visit visit) {
  switch (id) {
    case arrow::Type::INT8:
      return visit(int8_t{});
    case arrow::Type::INT16:
      return visit(int16_t{});
    case arrow::Type::INT32:
      return visit(int32_t{});
    case arrow::Type::INT64:
      return visit(int64_t{});
    case arrow::Type::UINT8:
      return visit(uint8_t{});
    case arrow::Type::UINT16:
      return visit(uint16_t{});
    case arrow::Type::UINT32:
      return visit(uint32_t{});
    default:
      return visit(uint64_t{});
  }
}

// NaN is null.
template <typename T>
Result<ArrayPtr> NullNans(const ArrayPtr& array) {
  const T* values = array->data()->GetValues<T>(1);
  const int64_t length = array->length();
  bool found = false;
  for (int64_t i = 0; i < length; ++i) found |= std::isnan(values[i]);
  if (!found) return array;
  ARROW_ASSIGN_OR_RAISE(BufferPtr validity, arrow::AllocateBitmap(length));
  for (int64_t i = 0; i < length; ++i) {
    arrow::bit_util::SetBitTo(validity->mutable_data(), i,
                              !std::isnan(values[i]) && !array->IsNull(i));
  }
  BufferPtr sliced = arrow::SliceBuffer(array->data()->buffers[1],
                                        array->offset() * static_cast<int64_t>(sizeof(T)),
                                        length * static_cast<int64_t>(sizeof(T)));
  return arrow::MakeArray(
      arrow::ArrayData::Make(array->type(), length, {std::move(validity), std::move(sliced)}));
}

template <typename From>
std::optional<int64_t> ToInt64(From value) {
  if constexpr (std::is_same_v<From, uint64_t>) {
    if (!FitsInt64(value)) return std::nullopt;
  }
  return static_cast<int64_t>(value);
}

template <typename From>
std::optional<int32_t> ToInt32(From value) {
  const std::optional<int64_t> wide = ToInt64(value);
  if (!wide || !FitsInt32(*wide)) return std::nullopt;
  return static_cast<int32_t>(*wide);
}

// An integer as a float, where the float holds all of its digits.
template <typename From, typename To>
std::optional<To> ToExactFloat(From value) {
  const To converted = static_cast<To>(value);
  constexpr To kEnd = static_cast<To>(std::numeric_limits<From>::max());
  // At kEnd the rounded maximum lies outside From, and reading it back would be undefined.
  const bool in_range =
      std::numeric_limits<From>::digits <= std::numeric_limits<To>::digits || converted < kEnd;
  if (!in_range || static_cast<From>(converted) != value) return std::nullopt;
  return converted;
}

Result<ArrayPtr> FromIntegers(const ArrayPtr& array, const Target& target) {
  if (array->type()->Equals(*ArrowTypeOf(target.type))) return array;
  return VisitInteger(array->type_id(), [&](auto zero) -> Result<ArrayPtr> {
    using From = decltype(zero);
    switch (target.type) {
      case ValueType::kInt32:
        return MapValues<From, int32_t>(*array, target, ToInt32<From>);
      case ValueType::kInt64:
        return MapValues<From, int64_t>(*array, target, ToInt64<From>);
      case ValueType::kFloat:
        return MapValues<From, float>(*array, target, ToExactFloat<From, float>);
      default:
        return MapValues<From, double>(*array, target, ToExactFloat<From, double>);
    }
  });
}

// `widen` reads the column's own form; the result rounds to nearest.
template <typename From, typename Widen>
Result<ArrayPtr> FromFloatsOf(const arrow::Array& array, const Target& target, Widen widen) {
  if (target.type == ValueType::kFloat) {
    return MapValues<From, float>(
        array, target, [widen](From v) { return std::optional(static_cast<float>(widen(v))); });
  }
  return MapValues<From, double>(
      array, target, [widen](From v) { return std::optional(static_cast<double>(widen(v))); });
}

Result<ArrayPtr> FromFloats(const ArrayPtr& array, const Target& target) {
  ArrayPtr floats = array;
  if (!array->type()->Equals(*ArrowTypeOf(target.type))) {
    switch (array->type_id()) {
      case arrow::Type::HALF_FLOAT: {
        ARROW_ASSIGN_OR_RAISE(floats, FromFloatsOf<uint16_t>(*array, target, [](uint16_t bits) {
                                return arrow::util::Float16::FromBits(bits).ToFloat();
                              }));
        break;
      }
      case arrow::Type::FLOAT: {
        ARROW_ASSIGN_OR_RAISE(floats,
                              FromFloatsOf<float>(*array, target, [](float v) { return v; }));
        break;
      }
      default: {
        ARROW_ASSIGN_OR_RAISE(floats,
                              FromFloatsOf<double>(*array, target, [](double v) { return v; }));
      }
    }
  }
  return target.type == ValueType::kFloat ? NullNans<float>(floats) : NullNans<double>(floats);
}

std::optional<int64_t> Times(int64_t value, int64_t factor) {
  int64_t product = 0;
  if (__builtin_mul_overflow(value, factor, &product)) return std::nullopt;
  return product;
}

int64_t UnitsPerSecond(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1;
    case arrow::TimeUnit::MILLI:
      return 1000;
    case arrow::TimeUnit::MICRO:
      return 1000000;
    default:
      return 1000000000;
  }
}

Result<ArrayPtr> FromTimestamps(const ArrayPtr& array, const Target& target) {
  switch (static_cast<const arrow::TimestampType&>(*array->type()).unit()) {
    case arrow::TimeUnit::SECOND:
      return MapValues<int64_t, int64_t>(*array, target, SecondsToMicros);
    case arrow::TimeUnit::MILLI:
      return MapValues<int64_t, int64_t>(*array, target, [](int64_t v) { return Times(v, 1000); });
    case arrow::TimeUnit::MICRO:
      if (array->type()->Equals(*ArrowTypeOf(target.type))) return array;
      return WithType(*array, ArrowTypeOf(target.type));
    case arrow::TimeUnit::NANO:
      break;
  }
  if (target.rounding == TimeRounding::kUp) {
    return MapValues<int64_t, int64_t>(
        *array, target, [](int64_t v) { return std::optional(CeilNanosToMicros(v)); });
  }
  return MapValues<int64_t, int64_t>(
      *array, target, [](int64_t v) { return std::optional(FloorNanosToMicros(v)); });
}

Result<ArrayPtr> ToTime(const ArrayPtr& array, const Target& target) {
  constexpr int64_t kMicrosADay = int64_t{86400} * 1000000;
  switch (array->type_id()) {
    case arrow::Type::TIMESTAMP:
      return FromTimestamps(array, target);
    case arrow::Type::DATE32:
      return MapValues<int32_t, int64_t>(*array, target,
                                         [](int32_t v) { return Times(v, kMicrosADay); });
    case arrow::Type::DATE64:
      return MapValues<int64_t, int64_t>(*array, target, [](int64_t v) { return Times(v, 1000); });
    default:
      break;
  }
  return VisitInteger(array->type_id(), [&](auto zero) -> Result<ArrayPtr> {
    using From = decltype(zero);
    return MapValues<From, int64_t>(*array, target, [](From v) -> std::optional<int64_t> {
      const std::optional<int64_t> seconds = ToInt64(v);
      return seconds ? SecondsToMicros(*seconds) : std::nullopt;
    });
  });
}

// Copies a text or binary column of another Arrow type. `Array` has GetView.
template <typename Array>
Result<ArrayPtr> CopyBytes(const arrow::Array& array, const Target& target) {
  const auto& in = static_cast<const Array&>(array);
  int64_t total = 0;
  for (int64_t i = 0; i < in.length(); ++i) {
    if (!in.IsNull(i)) total += static_cast<int64_t>(in.GetView(i).size());
  }
  if (total > std::numeric_limits<int32_t>::max()) {
    return Error(ErrorKind::kTooLarge, std::string(target.where) + " holds " +
                                           std::to_string(total) +
                                           " bytes of text in one batch: the limit is 2 GiB");
  }
  arrow::BinaryBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(in.length()));
  ARROW_RETURN_NOT_OK(builder.ReserveData(total));
  for (int64_t i = 0; i < in.length(); ++i) {
    if (in.IsNull(i)) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(in.GetView(i));
    }
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr copied, builder.Finish());
  return WithType(*copied, ArrowTypeOf(target.type));
}

Result<ArrayPtr> ToBytes(const ArrayPtr& array, const Target& target) {
  switch (array->type_id()) {
    case arrow::Type::LARGE_STRING:
      return CopyBytes<arrow::LargeStringArray>(*array, target);
    case arrow::Type::LARGE_BINARY:
      return CopyBytes<arrow::LargeBinaryArray>(*array, target);
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return CopyBytes<arrow::BinaryViewArray>(*array, target);
    case arrow::Type::FIXED_SIZE_BINARY:
      return CopyBytes<arrow::FixedSizeBinaryArray>(*array, target);
    default:
      if (array->type()->Equals(*ArrowTypeOf(target.type))) return array;
      return WithType(*array, ArrowTypeOf(target.type));
  }
}

// Parquet files of older writers mark no text: their bytes are taken as text where they are UTF-8.
Status CheckUtf8(const arrow::Array& strings, const Target& target) {
  const auto& texts = static_cast<const arrow::StringArray&>(strings);
  for (int64_t i = 0; i < texts.length(); ++i) {
    if (texts.IsNull(i) || arrow::util::ValidateUTF8(texts.GetView(i))) continue;
    return Error(ErrorKind::kInvalid, std::string(target.where) + ", row " + std::to_string(i) +
                                          ": the bytes are not UTF-8 text; declare the column "
                                          "as Bytes");
  }
  return Status::OK();
}

Result<ArrayPtr> Convert(const ArrayPtr& column, const Target& target);

// Item offsets of any list array, from zero on, and the items they cover.
struct ListParts {
  std::vector<int64_t> offsets;
  ArrayPtr items;
};

template <typename Array>
ListParts PartsOf(const arrow::Array& array) {
  const auto& lists = static_cast<const Array&>(array);
  ListParts parts;
  const int64_t length = lists.length();
  const int64_t first = lists.value_offset(0);
  parts.offsets.reserve(static_cast<size_t>(length) + 1);
  for (int64_t i = 0; i <= length; ++i) parts.offsets.push_back(lists.value_offset(i) - first);
  parts.items = lists.values();
  if (first != 0 || parts.offsets.back() != parts.items->length()) {
    parts.items = parts.items->Slice(first, parts.offsets.back());
  }
  return parts;
}

Result<ArrayPtr> ToList(const ArrayPtr& column, const Target& target) {
  if (column->length() == 0) return arrow::MakeEmptyArray(ArrowTypeOf(target.type));
  ListParts parts;
  switch (column->type_id()) {
    case arrow::Type::LIST:
      parts = PartsOf<arrow::ListArray>(*column);
      break;
    case arrow::Type::LARGE_LIST:
      parts = PartsOf<arrow::LargeListArray>(*column);
      break;
    default:
      parts = PartsOf<arrow::FixedSizeListArray>(*column);
  }
  Target element = target;
  element.type = ElementType(target.type);
  const std::string where = std::string(target.where) + " (list items)";
  element.where = where;
  ARROW_ASSIGN_OR_RAISE(ArrayPtr items, Convert(parts.items, element));
  if (items == parts.items && column->type()->Equals(*ArrowTypeOf(target.type))) return column;
  if (parts.offsets.back() > std::numeric_limits<int32_t>::max()) {
    return Error(ErrorKind::kTooLarge, std::string(target.where) + " holds " +
                                           std::to_string(parts.offsets.back()) +
                                           " list items in one batch: the limit is 2^31");
  }
  ARROW_ASSIGN_OR_RAISE(BufferPtr validity, ValidityOf(*column));
  ARROW_ASSIGN_OR_RAISE(
      BufferPtr offsets,
      arrow::AllocateBuffer(static_cast<int64_t>(parts.offsets.size() * sizeof(int32_t))));
  auto* out = reinterpret_cast<int32_t*>(offsets->mutable_data());
  for (int64_t offset : parts.offsets) *out++ = static_cast<int32_t>(offset);
  return arrow::MakeArray(arrow::ArrayData::Make(ArrowTypeOf(target.type), column->length(),
                                                 {std::move(validity), std::move(offsets)},
                                                 {items->data()}));
}

Result<ArrayPtr> ToZoned(const ArrayPtr& column, const Target& target) {
  if (column->type_id() == arrow::Type::TIMESTAMP) {
    Target moment = target;
    moment.type = ValueType::kUnixTimestamp;
    ARROW_ASSIGN_OR_RAISE(ArrayPtr times, FromTimestamps(column, moment));
    return ZonedColumn(*times,
                       static_cast<const arrow::TimestampType&>(*column->type()).timezone());
  }
  Target text = target;
  text.type = ValueType::kString;
  ARROW_ASSIGN_OR_RAISE(ArrayPtr texts, ToBytes(column, text));
  return ZonedColumnOfText(*texts, target.where);
}

// A column that is not nested, by the form its values are stored in.
Result<ArrayPtr> ToStored(const ArrayPtr& column, const Target& target) {
  switch (StoredAs(target.type)) {
    case ValueType::kBool:
      return column;
    case ValueType::kUnixTimestamp:
      return ToTime(column, target);
    case ValueType::kBytes:
      return target.type == ValueType::kZonedTimestamp ? ToZoned(column, target)
                                                       : ToBytes(column, target);
    case ValueType::kString: {
      if (target.type != ValueType::kString) {
        return TextKindColumn(column, target.type, target.where);
      }
      ARROW_ASSIGN_OR_RAISE(ArrayPtr texts, ToBytes(column, target));
      if (IsBinaryId(column->type_id())) ARROW_RETURN_NOT_OK(CheckUtf8(*texts, target));
      return texts;
    }
    default:
      return IsFloatId(column->type_id()) ? FromFloats(column, target)
                                          : FromIntegers(column, target);
  }
}

Result<ArrayPtr> Unpack(const arrow::Array& column) {
  const auto& dictionary = static_cast<const arrow::DictionaryArray&>(column);
  return arrow::compute::Take(*dictionary.dictionary(), *dictionary.indices());
}

// REQUIRES: CanConvert of the column's type.
Result<ArrayPtr> Convert(const ArrayPtr& column, const Target& target) {
  if (column->type_id() == arrow::Type::NA) {
    if (target.type == ValueType::kNull) return column;
    return arrow::MakeArrayOfNull(ArrowTypeOf(target.type), column->length());
  }
  if (column->type_id() == arrow::Type::DICTIONARY) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr unpacked, Unpack(*column));
    return Convert(unpacked, target);
  }
  if (column->type_id() == arrow::Type::EXTENSION) {
    return Convert(static_cast<const arrow::ExtensionArray&>(*column).storage(), target);
  }
  if (IsMessage(target.type)) return MessageColumn(*column, target.type, target.where);
  if (!IsList(target.type)) return ToStored(column, target);
  ARROW_ASSIGN_OR_RAISE(ArrayPtr lists, ToList(column, target));
  return IsSet(target.type) ? DistinctItems(lists) : lists;
}

}  // namespace

bool CanConvert(const arrow::DataType& from, ValueType to) {
  const arrow::Type::type id = from.id();
  if (id == arrow::Type::NA) return IsRowType(to);
  if (id == arrow::Type::DICTIONARY) {
    return CanConvert(*static_cast<const arrow::DictionaryType&>(from).value_type(), to);
  }
  if (id == arrow::Type::EXTENSION) {
    return CanConvert(*static_cast<const arrow::ExtensionType&>(from).storage_type(), to);
  }
  if (IsList(to)) return IsListId(id) && CanConvert(*from.field(0)->type(), ElementType(to));
  if (IsMessage(to)) return CanHoldMessage(from, to);
  switch (to) {
    case ValueType::kZonedTimestamp:
      return id == arrow::Type::TIMESTAMP || IsTextId(id);
    case ValueType::kUuid:
    case ValueType::kTimeUuid:
    case ValueType::kDecimal:
    case ValueType::kJson:
      return CanHoldTextKind(from, to);
    case ValueType::kBytes:
    case ValueType::kPdfBytes:
    case ValueType::kImageBytes:
      return IsBinaryId(id);
    case ValueType::kString:
      return IsTextId(id) || IsBinaryId(id);
    case ValueType::kBool:
      return id == arrow::Type::BOOL;
    case ValueType::kUnixTimestamp:
      return IsTimeId(id) || IsIntegerId(id);
    case ValueType::kInt32:
    case ValueType::kInt64:
      return IsIntegerId(id);
    case ValueType::kDouble:
    case ValueType::kFloat:
      return IsIntegerId(id) || IsFloatId(id);
    default:
      return false;
  }
}

std::string ConversionAdvice(const arrow::DataType& from, ValueType to) {
  const bool integer_wanted = to == ValueType::kInt32 || to == ValueType::kInt64;
  if (!integer_wanted || !IsFloatId(from.id())) return {};
  return ": pandas makes floats of integers where some are missing, and large ones lose digits "
         "then; write the column as integers (in pandas column.astype(\"Int64\")) or declare a "
         "float";
}

Result<std::shared_ptr<arrow::Array>> CanonicalColumn(const std::shared_ptr<arrow::Array>& column,
                                                      ValueType type, std::string_view where,
                                                      TimeRounding rounding) {
  const Target target{type, where, rounding};
  if (!CanConvert(*column->type(), type)) return Unfit(*column->type(), target);
  return Convert(column, target);
}

Status CheckWholeSeconds(const arrow::Array& column, std::string_view where) {
  if (column.type_id() == arrow::Type::DICTIONARY) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr unpacked, Unpack(column));
    return CheckWholeSeconds(*unpacked, where);
  }
  if (column.type_id() != arrow::Type::TIMESTAMP) return Status::OK();
  const auto& times = static_cast<const arrow::TimestampArray&>(column);
  const int64_t second =
      UnitsPerSecond(static_cast<const arrow::TimestampType&>(*column.type()).unit());
  for (int64_t row = 0; row < times.length(); ++row) {
    if (times.IsNull(row) || times.Value(row) % second == 0) continue;
    return Error(ErrorKind::kInvalid, std::string(where) + ", row " + std::to_string(row) +
                                          ": the time has a fraction of a second, and "
                                          "timestamps in join keys are whole seconds");
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::TimestampArray>> TimeColumn(
    const std::shared_ptr<arrow::Array>& column, std::string_view where, TimeRounding rounding) {
  const arrow::DataType* type = column->type().get();
  if (type->id() == arrow::Type::DICTIONARY) {
    type = static_cast<const arrow::DictionaryType&>(*type).value_type().get();
  }
  if (!IsTimeId(type->id()) && type->id() != arrow::Type::NA) {
    return Error(ErrorKind::kInvalid, std::string(where) + " has type " +
                                          column->type()->ToString() +
                                          ", not a timestamp: convert it first, in pandas with "
                                          "pd.to_datetime(column, utc=True)");
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr times,
                        Convert(column, Target{ValueType::kUnixTimestamp, where, rounding}));
  return std::static_pointer_cast<arrow::TimestampArray>(times);
}

}  // namespace featly
