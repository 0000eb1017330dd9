// The rows a training set is made for: keys, times, labels.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <arrow/type_fwd.h>

#include "base/error.h"

namespace featly {

/// An entity table, checked. Keeps every column and the row order it was given. Immutable once
/// made; copies share the columns.
struct EntityTable {
  std::shared_ptr<arrow::Table> table;
  std::string timestamp_column;                ///< Empty: the table has none.
  std::shared_ptr<arrow::ChunkedArray> times;  ///< timestamp[us, UTC], rounded down; null if none.
  bool from_text = false;  ///< Read from CSV, where 1001 may stand for the number or for the text.
  std::string name = "the entity table";  ///< What messages call it: a file's tells its path.

  /// Reads a Parquet, CSV or Arrow (.arrow, .feather) file, by suffix. In CSV the timestamp column
  /// is read as time.
  static Result<EntityTable> FromFile(const std::string& path);
  /// Takes a table: the timestamp column is `event_timestamp`, else the only column of a time type.
  /// Naive times are UTC, zoned ones converted. kInvalid for text times (says how to convert),
  /// several time columns, null times, duplicate columns, each beginning with `name`. A table of no
  /// rows is fine, one without columns is not.
  static Result<EntityTable> FromTable(std::shared_ptr<arrow::Table> table,
                                       std::string name = "the entity table");
};

}  // namespace featly
