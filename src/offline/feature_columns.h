// The feature columns of a training set: reading the rows that were matched, and nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "base/progress.h"
#include "offline/match.h"
#include "offline/source.h"
#include "registry/snapshot.h"

namespace featly {

/// One feature's values for all entity rows. Immutable once it was read; thread-safe.
class FeatureColumn {
 public:
  virtual ~FeatureColumn() = default;
  /// The values of entity rows [first, first + count), of the view's UserType for the feature.
  virtual Result<std::shared_ptr<arrow::Array>> Rows(int64_t first, int64_t count) const = 0;
};

/// Reads `features` (indices in view.features) of the matched rows. Parquet columns are read one by
/// one, and only in row groups that hold matched rows. Memory: the values themselves, 8 bytes an
/// entity row; a thread has a decoded batch, and of a row group one column as it is in the file.
Result<std::vector<std::unique_ptr<FeatureColumn>>> ReadFeatureColumns(
    const ViewSpec& view, const Source& source, const std::vector<uint32_t>& features,
    const std::vector<RowAddress>& matched, const WorkContext& work);

}  // namespace featly
