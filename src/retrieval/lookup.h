// One lookup: entity keys in, feature rows out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/clock.h"
#include "base/error.h"
#include "retrieval/plan.h"

namespace featly {

/// Feast's FieldStatus, same names and numbers.
enum class FieldStatus : uint8_t {
  kInvalid = 0,
  kPresent = 1,
  kNullValue = 2,
  kNotFound = 3,
  kOutsideMaxAge = 4,
};
const char* FieldStatusName(FieldStatus status);

/// A join key column of a request: one value a row, already of the key's type.
struct KeyColumn {
  std::vector<KeyValue> values;  ///< `bytes` borrow the request's memory.
};

/// The state of one lookup, made to be used again: after a few requests nothing allocates. One
/// thread at a time; lives until the answer is written.
class Lookup {
 public:
  Lookup();
  ~Lookup();
  Lookup(Lookup&&) noexcept;

  /// Reads all rows of the plan's views. `columns[i]` is plan->key_columns[i], all of `rows`
  /// values; not used after Run returns. Then calls `done`, inline or on a store's thread. `now`
  /// decides TTLs. The Lookup stays where it is until then.
  void Run(std::shared_ptr<const RetrievalPlan> plan, OnlineStore& store,
           std::span<const KeyColumn> columns, size_t rows, Timestamp now,
           std::function<void(Status)> done);

  const RetrievalPlan& plan() const;
  size_t rows() const { return rows_; }

  /// What one view holds for one request row, settled once for all of its features.
  struct Cell {
    RowView row;  ///< Not present(): nothing stored.
    const RowLayout* layout = nullptr;
    /// Where the view's columns lie in `layout`, -1 for none; null where it is the schema's own
    /// order.
    const int32_t* columns = nullptr;
    bool outside_max_age = false;
  };
  const Cell& cell(uint32_t view, size_t row) const { return cells_[view * rows_ + row]; }

  /// Where a feature lies in the layout of a present cell; -1 where that layout lacks it, or has it
  /// with another type.
  static int ColumnIn(const PlannedFeature& feature, const Cell& cell) {
    return cell.columns ? cell.columns[feature.column] : static_cast<int>(feature.column);
  }

  /// docs/semantics.md, "Statuses": NOT_FOUND without a row or where the row's layout lacks the
  /// feature, OUTSIDE_MAX_AGE past the TTL (the value is null, the event time is the row's),
  /// NULL_VALUE for a stored null, else PRESENT.
  static FieldStatus StatusOf(const PlannedFeature& feature, const Cell& cell) {
    if (!cell.row.present()) return FieldStatus::kNotFound;
    int column = ColumnIn(feature, cell);
    if (column < 0) return FieldStatus::kNotFound;
    if (cell.outside_max_age) return FieldStatus::kOutsideMaxAge;
    return cell.row.IsNull(static_cast<uint32_t>(column)) ? FieldStatus::kNullValue
                                                          : FieldStatus::kPresent;
  }

  /// Ends the store's read guard; cells are invalid afterwards.
  void Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  const Cell* cells_ = nullptr;  // the impl's, view by view
  size_t rows_ = 0;
};

/// A finished lookup as Arrow: the request's join keys in its order, also those of the project that
/// the features do not need, then the features (their view's UserType), and for each column a
/// status and an event time, for the SDK and the command.
struct LookupColumns {
  std::vector<std::string> names;                     ///< Key columns, then features.
  std::vector<std::shared_ptr<arrow::Array>> values;  ///< As names.
  std::vector<ValueType> types;                       ///< As names.
  /// As names: of values with a shape or a zone of their own their JSON (utf8), as the server has
  /// it; null for columns of other types.
  std::vector<std::shared_ptr<arrow::Array>> json;
  std::vector<std::shared_ptr<arrow::Array>> statuses;  ///< int8, as names.
  std::vector<std::shared_ptr<arrow::Array>>
      event_times;  ///< timestamp[us, UTC], as names; 1970 if none.
};

/// A blocking lookup for callers with Arrow columns. `keys` has (at least) the plan's key columns,
/// of any type CoerceKeyColumn takes.
Result<LookupColumns> LookupArrow(std::shared_ptr<const RetrievalPlan> plan, OnlineStore& store,
                                  const arrow::RecordBatch& keys, Timestamp now);

}  // namespace featly
