// Parquet files of a source: a row group is a unit, a column chunk is what one read costs.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/statistics.h>

#include "base/out_of_memory.h"
#include "offline/open_file.h"
#include "offline/source_file.h"

namespace featly {
namespace {

// Decoded values of a batch stay in the second-level cache until they are used.
constexpr int64_t kBatchRows = 32 * 1024;

parquet::ArrowReaderProperties ReaderProperties() {
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_pre_buffer(false);
  properties.set_batch_size(kBatchRows);
  return properties;
}

Status Malformed(const std::string& path, const Status& cause) {
  if (cause.ok() || DetailOf(cause) != nullptr) return cause;
  if (cause.IsOutOfMemory()) return OutOfMemory("'" + path + "' cannot be read");
  return Error(ErrorKind::kMalformed, "'" + path +
                                          "' cannot be read as Parquet: it is truncated, damaged "
                                          "or another kind of file")
      .Subject(path)
      .Cause(cause);
}

Result<std::unique_ptr<parquet::arrow::FileReader>> MakeReader(
    const OpenedFile& file, std::shared_ptr<parquet::FileMetaData> metadata) {
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(
      builder.Open(file.stream, parquet::default_reader_properties(), std::move(metadata)));
  return builder.properties(ReaderProperties())->Build();
}

void AppendLeaves(const parquet::arrow::SchemaField& field, std::vector<int>* leaves) {
  if (field.is_leaf()) leaves->push_back(field.column_index);
  for (const auto& child : field.children) AppendLeaves(child, leaves);
}

// A time of a statistic, in the unit of its Parquet column, as microseconds rounded up.
std::optional<int64_t> ToMicros(int64_t value, const arrow::DataType& type) {
  int64_t micros = 0;
  switch (type.id()) {
    case arrow::Type::DATE32:
      if (__builtin_mul_overflow(value, Duration::Days(1).micros, &micros)) return std::nullopt;
      return micros;
    case arrow::Type::TIMESTAMP:
      switch (static_cast<const arrow::TimestampType&>(type).unit()) {
        case arrow::TimeUnit::MICRO:
          return value;
        case arrow::TimeUnit::NANO:
          return CeilNanosToMicros(value);
        case arrow::TimeUnit::MILLI:
          if (__builtin_mul_overflow(value, int64_t{1000}, &micros)) return std::nullopt;
          return micros;
        case arrow::TimeUnit::SECOND:
          break;
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

// The unit in which the column's bytes are stored: the Arrow type can differ (Parquet has no
// seconds, and a stored Arrow schema may name another unit).
std::shared_ptr<arrow::DataType> StoredTimeType(const parquet::ColumnDescriptor& column) {
  const auto& logical = column.logical_type();
  if (logical == nullptr) return nullptr;
  if (logical->is_date()) return arrow::date32();
  if (!logical->is_timestamp()) return nullptr;
  switch (static_cast<const parquet::TimestampLogicalType&>(*logical).time_unit()) {
    case parquet::LogicalType::TimeUnit::MILLIS:
      return arrow::timestamp(arrow::TimeUnit::MILLI);
    case parquet::LogicalType::TimeUnit::MICROS:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case parquet::LogicalType::TimeUnit::NANOS:
      return arrow::timestamp(arrow::TimeUnit::NANO);
    default:
      return nullptr;
  }
}

class ParquetFile : public SourceFile {
 public:
  Status Open(const std::string& path) {
    path_ = path;
    ARROW_ASSIGN_OR_RAISE(OpenedFile file, OpenForReading(path));
    version_ = file.version;
    return Malformed(path, OpenChecked(file));
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  int unit_count() const override { return metadata_->num_row_groups(); }
  int64_t unit_rows(int unit) const override { return unit_rows_[unit]; }
  bool columnar() const override { return true; }

  std::optional<TimeBounds> Bounds(int unit, int field) const override {
    if (leaves_[field].size() != 1) return std::nullopt;
    const int leaf = leaves_[field].front();
    const auto type = StoredTimeType(*metadata_->schema()->Column(leaf));
    if (type == nullptr) return std::nullopt;
    try {
      return BoundsOfLeaf(unit, leaf, *type);
    } catch (const parquet::ParquetException&) {
      return std::nullopt;  // Statistics only save work: without them the unit is read.
    }
  }

  Status Read(int unit, const Selection& selection, const Sink& sink) const override {
    const std::vector<int>& fields = selection.fields;
    if (fields.empty()) return ReadRowCount(unit, sink);
    ARROW_ASSIGN_OR_RAISE(OpenedFile file, OpenForReading(path_));
    ARROW_RETURN_NOT_OK(CheckUnchanged(path_, version_, file.version));
    Status read = ReadFields(file, unit, fields, sink);
    // A file that changed under the reader looks like a damaged one.
    ARROW_RETURN_NOT_OK(CheckUnchanged(path_, version_, file));
    return read;
  }

  Result<std::shared_ptr<arrow::Table>> ReadAll() const {
    ARROW_ASSIGN_OR_RAISE(OpenedFile file, OpenForReading(path_));
    ARROW_RETURN_NOT_OK(CheckUnchanged(path_, version_, file.version));
    auto table = ReadTable(file);
    ARROW_RETURN_NOT_OK(CheckUnchanged(path_, version_, file));
    if (!table.ok()) return Malformed(path_, table.status());
    return table;
  }

 private:
  Status OpenChecked(const OpenedFile& file) {
    BEGIN_PARQUET_CATCH_EXCEPTIONS
    ARROW_ASSIGN_OR_RAISE(auto reader, MakeReader(file, nullptr));
    ARROW_RETURN_NOT_OK(reader->GetSchema(&schema_));
    metadata_ = reader->parquet_reader()->metadata();
    for (const auto& field : reader->manifest().schema_fields) {
      AppendLeaves(field, &leaves_.emplace_back());
    }
    for (int i = 0; i < metadata_->num_row_groups(); ++i) {
      unit_rows_.push_back(metadata_->RowGroup(i)->num_rows());
    }
    END_PARQUET_CATCH_EXCEPTIONS
    return Status::OK();
  }

  std::optional<TimeBounds> BoundsOfLeaf(int unit, int leaf, const arrow::DataType& type) const {
    const auto chunk = metadata_->RowGroup(unit)->ColumnChunk(leaf);
    if (!chunk->is_stats_set()) return std::nullopt;
    const auto statistics = chunk->statistics();
    if (statistics == nullptr || !statistics->HasMinMax()) return std::nullopt;
    std::optional<int64_t> least, greatest;
    if (statistics->physical_type() == parquet::Type::INT64) {
      const auto& typed = static_cast<const parquet::Int64Statistics&>(*statistics);
      least = ToMicros(typed.min(), type);
      greatest = ToMicros(typed.max(), type);
    } else if (statistics->physical_type() == parquet::Type::INT32) {
      const auto& typed = static_cast<const parquet::Int32Statistics&>(*statistics);
      least = ToMicros(typed.min(), type);
      greatest = ToMicros(typed.max(), type);
    }
    if (!least || !greatest) return std::nullopt;
    return TimeBounds{Timestamp{*least}, Timestamp{*greatest}};
  }

  Status ReadRowCount(int unit, const Sink& sink) const {
    for (int64_t row = 0; row < unit_rows_[unit]; row += kBatchRows) {
      const int64_t rows = std::min(kBatchRows, unit_rows_[unit] - row);
      ARROW_RETURN_NOT_OK(
          sink(arrow::RecordBatch::Make(arrow::schema({}), rows,
                                        std::vector<std::shared_ptr<arrow::Array>>{}),
               row));
    }
    return Status::OK();
  }

  Status ReadFields(const OpenedFile& file, int unit, const std::vector<int>& fields,
                    const Sink& sink) const {
    std::unique_ptr<parquet::arrow::FileReader> reader;  // outlives its batches
    std::unique_ptr<arrow::RecordBatchReader> batches;
    ARROW_RETURN_NOT_OK(Malformed(path_, OpenFields(file, unit, fields, &reader, &batches)));
    int64_t row = 0;
    while (true) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(Malformed(path_, NextBatch(*batches, &batch)));
      if (batch == nullptr) break;
      ARROW_RETURN_NOT_OK(sink(batch, row));
      row += batch->num_rows();
    }
    if (row == unit_rows_[unit]) return Status::OK();
    return Malformed(path_, Status::Invalid("row group ", unit, " has ", row,
                                            " rows, the footer says ", unit_rows_[unit]));
  }

  Status OpenFields(const OpenedFile& file, int unit, const std::vector<int>& fields,
                    std::unique_ptr<parquet::arrow::FileReader>* reader,
                    std::unique_ptr<arrow::RecordBatchReader>* batches) const {
    std::vector<int> leaves;
    for (const int field : fields) {
      leaves.insert(leaves.end(), leaves_[field].begin(), leaves_[field].end());
    }
    BEGIN_PARQUET_CATCH_EXCEPTIONS
    ARROW_ASSIGN_OR_RAISE(*reader, MakeReader(file, metadata_));
    ARROW_ASSIGN_OR_RAISE(*batches, (*reader)->GetRecordBatchReader({unit}, leaves));
    END_PARQUET_CATCH_EXCEPTIONS
    return Status::OK();
  }

  static Status NextBatch(arrow::RecordBatchReader& batches,
                          std::shared_ptr<arrow::RecordBatch>* batch) {
    BEGIN_PARQUET_CATCH_EXCEPTIONS
    return batches.ReadNext(batch);
    END_PARQUET_CATCH_EXCEPTIONS
  }

  Result<std::shared_ptr<arrow::Table>> ReadTable(const OpenedFile& file) const {
    BEGIN_PARQUET_CATCH_EXCEPTIONS
    ARROW_ASSIGN_OR_RAISE(auto reader, MakeReader(file, metadata_));
    reader->set_use_threads(true);
    return reader->ReadTable();
    END_PARQUET_CATCH_EXCEPTIONS
  }

  std::string path_;
  FileVersion version_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::vector<int>> leaves_;  // of each top-level field
  std::vector<int64_t> unit_rows_;
};

Result<std::unique_ptr<ParquetFile>> OpenParquet(const std::string& path) {
  auto file = std::make_unique<ParquetFile>();
  ARROW_RETURN_NOT_OK(file->Open(path));
  return file;
}

}  // namespace

Result<std::unique_ptr<SourceFile>> OpenParquetFile(const std::string& path) {
  return OpenParquet(path);
}

Result<std::shared_ptr<arrow::Table>> ReadWholeParquet(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto file, OpenParquet(path));
  return file->ReadAll();
}

}  // namespace featly
