// A training set on its way into a file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "base/error.h"

namespace arrow::io {
class FileOutputStream;
}

namespace featly::cli {

/// Writes batches to a Parquet (.parquet, .pq), CSV (.csv) or Arrow (.arrow, .feather) file, by the
/// suffix of its name. The rows go to a temporary file in the same folder, which takes the name
/// once they are all there and synced: a reader sees the old file or the whole new one. Destroyed
/// before Finish, it leaves nothing. One thread.
class TableWriter {
 public:
  /// kUsage for another suffix; kPermission and others where the folder cannot be written; kInvalid
  /// for CSV where a column is a list, which CSV cannot hold.
  static Result<std::unique_ptr<TableWriter>> Open(const std::string& path,
                                                   const std::shared_ptr<arrow::Schema>& schema);
  /// Whether Open knows the suffix, to be asked before the work is done.
  static Status CheckSuffix(const std::string& path);
  virtual ~TableWriter() = default;

  virtual Status Write(const arrow::RecordBatch& batch) = 0;
  virtual Status Finish() = 0;
};

}  // namespace featly::cli
