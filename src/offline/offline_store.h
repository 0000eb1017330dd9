// Training sets: each entity row joined with the features as they were at its time, never later.
#pragma once

#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "base/progress.h"
#include "offline/entity_table.h"
#include "registry/feature_refs.h"

namespace featly {

/// A training set to build: what to join to which rows.
struct TrainingPlan {
  std::shared_ptr<const ResolvedFeatures> features;
  EntityTable entities;
};

/// What the build saw, for the user.
struct TrainingStatistics {
  int64_t entity_rows = 0;
  int64_t source_rows_read = 0;
  int64_t source_rows_without_time = 0;  ///< Skipped: no event time.
};

/// An engine that builds training sets. The local one reads files; others run the same plan as SQL.
/// Thread-safe.
class OfflineStore {
 public:
  virtual ~OfflineStore() = default;

  /// Every entity row once, in its order, with all its columns, then the features in the order
  /// asked for (their views' UserType); the same bytes for any number of threads. Features as
  /// docs/semantics.md says. kInvalid where the entity table lacks a key column (near names) or has
  /// it with another type, or lacks times while a view's source has them, or an output name is
  /// taken by an entity column.
  virtual Result<std::unique_ptr<arrow::RecordBatchReader>> GetHistoricalFeatures(
      const TrainingPlan& plan, const WorkContext& work, TrainingStatistics* statistics) = 0;
};

/// The engine over local Parquet and CSV files. `root`: the repository, for relative paths. Memory
/// grows with the entity rows and their features, plus a bounded buffer a thread; not with history.
std::unique_ptr<OfflineStore> MakeLocalOfflineStore(std::string root);

}  // namespace featly
