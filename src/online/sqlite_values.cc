#include "online/sqlite_values.h"

#include <cmath>

#include "base/time.h"
#include "types/exact.h"
#include "types/json_value.h"

namespace featly {
namespace {

using feast::types::Value;

// Python's repr, which names what is no number in lower case.
std::string PythonFloat(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return JsonDouble(value);
}

// The whole second at or before `micros`; the first whole one that microseconds can say, for times
// before that.
int64_t SecondsOf(int64_t micros) {
  const int64_t seconds = MicrosToSeconds(micros);
  return SecondsToMicros(seconds).value_or((seconds + 1) * 1000000);
}

}  // namespace

std::optional<int64_t> StoredMicros(const SqliteQuery& row, int column) {
  switch (row.type(column)) {
    case SQLITE_INTEGER:
      return SecondsToMicros(row.Int(column));
    case SQLITE_TEXT: {
      auto time = ParseTimestamp(row.Text(column));
      return time.ok() ? std::optional(time->micros) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::optional<EventOrder> StoredOrder(const SqliteQuery& row, int event_column,
                                      int created_column) {
  std::optional<int64_t> event = StoredMicros(row, event_column);
  if (!event) return std::nullopt;
  return EventOrder{*event, StoredMicros(row, created_column).value_or(kNoCreatedTime)};
}

EventOrder InSeconds(EventOrder order) {
  return {SecondsOf(order.event_micros), order.created_micros == kNoCreatedTime
                                             ? kNoCreatedTime
                                             : SecondsOf(order.created_micros)};
}

ValueInWords DescribeValue(const Value& value) {
  auto integer = [](int64_t number) {
    return ValueInWords{std::to_string(number), static_cast<double>(number)};
  };
  switch (value.val_case()) {
    case Value::kStringVal:
      return {value.string_val(), std::nullopt};
    case Value::kInt32Val:
      return integer(value.int32_val());
    case Value::kInt64Val:
      return integer(value.int64_val());
    case Value::kDoubleVal:
      return {PythonFloat(value.double_val()), value.double_val()};
    case Value::kFloatVal:
      return {PythonFloat(value.float_val()), value.float_val()};
    case Value::kBoolVal:
      return {value.bool_val() ? "True" : "False", value.bool_val() ? 1.0 : 0.0};
    default:
      return {};
  }
}

}  // namespace featly
