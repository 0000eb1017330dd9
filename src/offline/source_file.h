// One file of a source. Internal to the room: what a file format has to offer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "base/time.h"

namespace featly {

/// One file, opened: its schema and its units. Holds no file descriptor between reads, so a source
/// may have more files than a process may open. Immutable and thread-safe; owned by its Source.
class SourceFile {
 public:
  /// A batch of the fields asked for, in that order, and the number of its first row within the
  /// unit.
  using Sink =
      std::function<Status(const std::shared_ptr<arrow::RecordBatch>& batch, int64_t first_row)>;
  struct TimeBounds {
    Timestamp earliest, latest;
  };

  virtual ~SourceFile() = default;

  /// Top-level columns, also those of types that no feature can have.
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  virtual int unit_count() const = 0;
  virtual int64_t unit_rows(int unit) const = 0;
  /// Whether reading one column costs about its share of reading them all.
  virtual bool columnar() const = 0;
  /// Bounds of the times in `field`, rounded up to microseconds; nullopt where nothing is known.
  virtual std::optional<TimeBounds> Bounds(int unit, int field) const = 0;
  /// What to read: ascending indices in schema(). A text format gives `as_text` fields (parallel)
  /// as utf8, whatever type it would guess.
  struct Selection {
    std::vector<int> fields;
    std::vector<bool> as_text;
  };
  /// Reads one unit in row order.
  virtual Status Read(int unit, const Selection& selection, const Sink& sink) const = 0;
};

/// How the files of a source are written.
enum class FileFormat : uint8_t { kParquet, kCsv, kTsv };

/// The format that the suffix of `path` tells; nullopt for a suffix that no source has.
std::optional<FileFormat> FormatOfSuffix(std::string_view path);

/// Opens `path` for a source; messages name the file. One function a format: see source.cc.
Result<std::unique_ptr<SourceFile>> OpenParquetFile(const std::string& path);
Result<std::unique_ptr<SourceFile>> OpenCsvFile(const std::string& path, char delimiter);

/// A whole file as a table, columns typed as a source has them.
Result<std::shared_ptr<arrow::Table>> ReadWholeParquet(const std::string& path);
Result<std::shared_ptr<arrow::Table>> ReadWholeCsv(const std::string& path, char delimiter);

}  // namespace featly
