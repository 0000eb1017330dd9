// Which types the columns of a CSV file have, found by looking at every value.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "types/value_type.h"

namespace featly {

/// Narrows down the type of one column, value by value. Arrow's own guess looks at the first block
/// only and then fails in the middle of a file. Not thread-safe; a few nanoseconds a value.
class CsvTypeGuess {
 public:
  /// Takes the non-null values of a utf8 column.
  void Observe(const arrow::StringArray& values);
  /// null() if no value was seen; int64, bool, timestamp (microseconds, else nanoseconds; with zone
  /// UTC where every value has an offset), float64, else utf8. Digits are never lost: integers
  /// beyond int64, codes like "007" and long integers between fractions are text.
  std::shared_ptr<arrow::DataType> type() const;

 private:
  void Observe(std::string_view value);
  uint32_t possible_ = ~uint32_t{0};
  bool seen_ = false;
};

/// Types whose columns in a text file stay the text they are: `007` keeps its zeros, `1.50` too.
inline bool ReadsAsText(ValueType type) {
  const ValueType stored = StoredAs(type);
  return stored == ValueType::kString || stored == ValueType::kBytes;
}

}  // namespace featly
