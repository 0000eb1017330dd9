// A finished lookup as Feast's response JSON, written straight from row bytes into one buffer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "retrieval/lookup.h"

namespace featly {

/// A key column as it goes back to the caller: its name and each value, coerced to the key's type
/// where the features need it, else as it came.
struct EchoedColumn {
  std::string_view name;
  const KeyColumn* column = nullptr;
  ValueType type = ValueType::kInvalid;
  std::string_view json = {};  ///< Without a column: the values as JSON, with commas between.
};

/// Writes lookups as JSON. Made to be used again: once warm it allocates nothing but growth of the
/// output. One thread at a time.
class LookupJsonWriter {
 public:
  /// Appends {"results":[{"values":[..],"statuses":[..],"event_timestamps":[..]},..],"metadata":
  /// {"feature_names":[..]}}: key columns first, always PRESENT at 1970, then the features in the
  /// order asked for. Compact, raw UTF-8. A view's statuses and timestamps are rendered once and
  /// copied where its features share them. `with_views` adds "feature_view_metadata" to the
  /// metadata.
  void Append(const Lookup& lookup, const std::vector<EchoedColumn>& keys, bool with_views,
              std::string* out);

 private:
  /// Where in the output the tail of a view's first feature without surprises lies: from the end of
  /// its values to the end of its object, the event times' part at `times`.
  struct Tail {
    size_t begin = 0, times = 0, end = 0;
  };

  void AppendFeature(const Lookup& lookup, const PlannedFeature& feature, std::string* out);

  std::vector<Tail> tails_;
};

}  // namespace featly
