// History: reading a view's source, whatever files it is made of.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "base/progress.h"
#include "base/time.h"
#include "registry/snapshot.h"
#include "types/event_order.h"
#include "types/value_type.h"

namespace featly {

/// A batch of a source's rows. `columns` are as asked for, in that order; row i of the batch lies
/// at {file, first_row + i} of the source.
struct SourceBatch {
  std::shared_ptr<arrow::RecordBatch> columns;
  uint32_t file = 0;
  uint64_t first_row = 0;
};

/// What a scan should read.
struct ScanRequest {
  std::vector<std::string> columns;  ///< Source column names.
  /// What the caller will convert each of `columns` to; may be empty. A text format (CSV) gives
  /// columns wanted as strings or bytes as their very text: "007" stays "007".
  std::vector<ValueType> types;
  /// Rows outside [oldest, newest] of the source's timestamp_field may be skipped by row group
  /// statistics; the caller still checks each row.
  Timestamp oldest = Timestamp::Min();
  Timestamp newest = Timestamp::Max();
};

/// One source's files, opened: their list, sorted by path, and one schema. Immutable after Open and
/// thread-safe. A row group (or a whole CSV file) is a unit of parallel reading.
class Source {
 public:
  virtual ~Source() = default;

  /// Opens a Parquet or CSV source: a file, a folder (Hive partitions become columns), or a glob;
  /// relative paths are under `root`. The suffix tells the format (.parquet/.pq, .csv, .tsv, also
  /// .csv.gz). Errors name the source and the file: kNotFound for nothing there, kMalformed for a
  /// truncated or foreign file, kNotImplemented for remote paths ("s3://").
  static Result<std::unique_ptr<Source>> Open(const SourceSpec& spec, const std::string& root);

  virtual const SourceSpec& spec() const = 0;
  /// Columns of all files together, in order of first appearance, then Hive partition columns
  /// (int64 where every value is a plain integer, else utf8). A file that lacks a column, or has
  /// nothing but nulls in it, gives nulls. Files that give one column different types: kInvalid
  /// naming both; but times may differ in unit and zone (the first file's stands here, and each
  /// batch has its own file's).
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  virtual const std::vector<std::string>& files() const = 0;
  /// Rows of all files, as they were when they were opened.
  virtual int64_t row_count() const = 0;
  /// Whether reading one column costs about its share of reading them all (Parquet), or the whole
  /// (CSV): columns are then better read together.
  virtual bool columnar() const = 0;
  /// Whether values are text until they are asked for: see ScanRequest::types.
  virtual bool is_text() const = 0;

  virtual int unit_count() const = 0;
  /// The file of a unit, the rows before it in that file, its own rows. Units are in the order of
  /// files, and of rows within a file.
  struct Unit {
    uint32_t file = 0;
    uint64_t first_row = 0;
    int64_t rows = 0;
  };
  virtual Unit unit(int index) const = 0;
  /// False where statistics show that no row of the unit lies in the request's time range.
  virtual bool MayMatch(int unit, const ScanRequest& request) const = 0;

  /// Reads one unit, calling `sink` for each of its batches in row order. Any thread.
  virtual Status ReadUnit(int unit, const ScanRequest& request,
                          const std::function<Status(SourceBatch)>& sink) const = 0;

  /// The earliest and latest event time of the source, from statistics where they are, else by
  /// reading the time column. nullopt where it holds no row with a time.
  struct TimeRange {
    Timestamp earliest, latest;
  };
  virtual Result<std::optional<TimeRange>> EventTimeRange(const WorkContext& work) const = 0;
};

/// Checks that a source has the columns a view needs, of types that convert: kDefinition naming the
/// view, the column, the type found and wanted, and near names.
Status CheckSourceSchema(const ViewSpec& view, const Source& source);

}  // namespace featly
