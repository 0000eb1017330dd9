// Bringing columns of sources and callers into the one Arrow form featly computes with.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "types/value_type.h"

namespace featly {

/// How nanoseconds become microseconds: features up, labels down (docs/semantics.md, "Time").
enum class TimeRounding : uint8_t { kUp, kDown };

/// `column` as exactly ArrowTypeOf(type), which every value must fit; the error names the value:
///   integers      widen and narrow where every value fits (2^53 + 1 keeps its digits); floats
///   never floats        float16 to float64, rounded to nearest; integers where the float holds all
///   their
///                 digits. NaN becomes null (also inside lists)
///   timestamps    any unit and zone become microseconds UTC (naive is UTC), dates midnight UTC,
///                 an integer is seconds; zoned ones keep the column's zone, or that of ISO text
///   text, bytes   large and view types; binary as text where it is UTF-8. Text never becomes
///   bytes,
///                 a number or a time
///   text kinds    UUIDs (text, 16 bytes), decimals (Arrow's, integers, text) and JSON text
///   lists, sets   list, large_list and fixed_size_list of the above; a set's repeated and null
///                 items go
///   messages      structs, maps and lists of them or of lists; text is their JSON
/// Dictionaries are unpacked; a column of type null becomes all null. kInvalid names `where` (a
/// column and its file), the type found and the type wanted. Shares the buffers where nothing has
/// to change.
Result<std::shared_ptr<arrow::Array>> CanonicalColumn(const std::shared_ptr<arrow::Array>& column,
                                                      ValueType type, std::string_view where,
                                                      TimeRounding rounding = TimeRounding::kUp);

/// Whether CanonicalColumn can succeed for a column of type `from` (values aside): for checking a
/// source's schema before reading it.
bool CanConvert(const arrow::DataType& from, ValueType to);

/// What to do about a column of type `from` where `to` is wanted and CanConvert says no, as the end
/// of a message: ": pandas makes floats of ..."; "" where there is nothing to say.
std::string ConversionAdvice(const arrow::DataType& from, ValueType to);

/// An event or created time column as timestamp[us, UTC]: timestamps of any unit and zone, dates.
/// Text, integers and others are kInvalid, with the advice how to convert in pandas. Nulls stay.
Result<std::shared_ptr<arrow::TimestampArray>> TimeColumn(
    const std::shared_ptr<arrow::Array>& column, std::string_view where, TimeRounding rounding);

/// kInvalid naming the first row of a timestamp column that has a fraction of a second, in the
/// column's own unit (rounding to microseconds could hide one); OK for columns of other types.
/// Entity keys hold seconds.
Status CheckWholeSeconds(const arrow::Array& column, std::string_view where);

}  // namespace featly
