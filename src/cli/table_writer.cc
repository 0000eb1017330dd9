#include "cli/table_writer.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <utility>

#include <arrow/api.h>
#include <arrow/csv/writer.h>
#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/io_util.h>
#include <parquet/arrow/writer.h>

#include "base/file.h"
#include "cli/table_text.h"

namespace featly::cli {

namespace {

/// Rows of a Parquet row group.
constexpr int64_t kRowGroupRows = 128 * 1024;

enum class FileForm : uint8_t { kParquet, kCsv, kArrow };

Result<FileForm> FormOf(const std::string& path) {
  const std::string suffix = std::filesystem::path(path).extension();
  if (suffix == ".parquet" || suffix == ".pq") return FileForm::kParquet;
  if (suffix == ".csv") return FileForm::kCsv;
  if (suffix == ".arrow" || suffix == ".feather") return FileForm::kArrow;
  return Error(ErrorKind::kUsage,
               "'" + path + "': the name's suffix says what is written, and " +
                   (suffix.empty() ? "it has none" : "'" + suffix + "' is unknown") +
                   "; use .parquet, .csv or .arrow")
      .Subject(path);
}

/// Parquet's writer under the interface that Arrow's other writers share.
class ParquetWriter : public arrow::ipc::RecordBatchWriter {
 public:
  explicit ParquetWriter(std::unique_ptr<parquet::arrow::FileWriter> writer)
      : writer_(std::move(writer)) {}
  Status WriteRecordBatch(const arrow::RecordBatch& batch) override {
    return writer_->WriteRecordBatch(batch);
  }
  Status WriteTable(const arrow::Table& table, int64_t max_chunksize) override {
    return writer_->WriteTable(table, max_chunksize);
  }
  Status Close() override { return writer_->Close(); }
  arrow::ipc::WriteStats stats() const override { return {}; }

 private:
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

Result<std::shared_ptr<arrow::ipc::RecordBatchWriter>> OpenParquet(
    arrow::io::FileOutputStream* stream, const std::shared_ptr<arrow::Schema>& schema) {
  parquet::WriterProperties::Builder properties;
  properties.compression(arrow::Compression::SNAPPY)->max_row_group_length(kRowGroupRows);
  for (const auto& field : schema->fields()) {
    // Measurements hardly repeat: a dictionary of them costs time and is thrown away.
    if (is_floating(field->type()->id())) properties.disable_dictionary(field->name());
  }
  auto arrow_properties =
      parquet::ArrowWriterProperties::Builder().store_schema()->set_use_threads(true)->build();
  ARROW_ASSIGN_OR_RAISE(auto writer,
                        parquet::arrow::FileWriter::Open(
                            *schema, arrow::default_memory_pool(),
                            std::shared_ptr<arrow::io::OutputStream>(stream, [](auto*) {}),
                            properties.build(), std::move(arrow_properties)));
  return std::make_shared<ParquetWriter>(std::move(writer));
}

/// Arrow's CSV writer under columns that CSV has no form for: lists, structs and maps are written
/// as JSON text, bytes as base64.
class CsvWriter : public arrow::ipc::RecordBatchWriter {
 public:
  explicit CsvWriter(std::shared_ptr<arrow::Schema> schema) : schema_(std::move(schema)) {}

  Status Open(arrow::io::FileOutputStream* stream) {
    return arrow::csv::MakeCSVWriter(stream, schema_).Value(&writer_);
  }
  Status WriteRecordBatch(const arrow::RecordBatch& batch) override {
    arrow::ArrayVector columns;
    for (int i = 0; i < batch.num_columns(); ++i) {
      ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), AsCsv(batch.column(i), *schema_->field(i)));
    }
    return writer_->WriteRecordBatch(
        *arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(columns)));
  }
  Status WriteTable(const arrow::Table& table, int64_t max_chunksize) override {
    arrow::TableBatchReader reader(table);
    reader.set_chunksize(max_chunksize);
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
      if (batch == nullptr) return Status::OK();
      ARROW_RETURN_NOT_OK(WriteRecordBatch(*batch));
    }
  }
  Status Close() override { return writer_->Close(); }
  arrow::ipc::WriteStats stats() const override { return {}; }

 private:
  static Result<std::shared_ptr<arrow::Array>> AsCsv(const std::shared_ptr<arrow::Array>& column,
                                                     const arrow::Field& field) {
    if (column->type()->Equals(*field.type())) return column;
    arrow::StringBuilder builder;
    for (int64_t row = 0; row < column->length(); ++row) {
      ARROW_RETURN_NOT_OK(column->IsNull(row) ? builder.AppendNull()
                                              : builder.Append(CellText(*column, row)));
    }
    return builder.Finish();
  }

  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

Result<std::shared_ptr<arrow::ipc::RecordBatchWriter>> OpenCsv(
    arrow::io::FileOutputStream* stream, const std::shared_ptr<arrow::Schema>& schema) {
  arrow::FieldVector fields = schema->fields();
  for (auto& field : fields) {
    const bool has_form =
        !is_nested(field->type()->id()) && field->type()->id() != arrow::Type::BINARY;
    if (!has_form) field = field->WithType(arrow::utf8());
  }
  auto writer = std::make_shared<CsvWriter>(arrow::schema(std::move(fields)));
  ARROW_RETURN_NOT_OK(writer->Open(stream));
  return writer;
}

/// Whatever the form, the temporary file and its new name.
class AtomicTableWriter : public TableWriter {
 public:
  AtomicTableWriter(std::string path, std::string temporary)
      : path_(std::move(path)), temporary_(std::move(temporary)) {}

  ~AtomicTableWriter() override {
    if (!finished_) std::remove(temporary_.c_str());
  }

  Status Start(FileForm form, const std::shared_ptr<arrow::Schema>& schema) {
    auto opened = arrow::io::FileOutputStream::Open(temporary_);
    ARROW_RETURN_NOT_OK(Explained(opened.status()));
    stream_ = *opened;
    switch (form) {
      case FileForm::kParquet: {
        ARROW_ASSIGN_OR_RAISE(writer_, OpenParquet(stream_.get(), schema));
        break;
      }
      case FileForm::kCsv: {
        ARROW_ASSIGN_OR_RAISE(writer_, OpenCsv(stream_.get(), schema));
        break;
      }
      case FileForm::kArrow: {
        ARROW_ASSIGN_OR_RAISE(writer_, arrow::ipc::MakeFileWriter(stream_.get(), schema));
        break;
      }
    }
    return Status::OK();
  }

  Status Write(const arrow::RecordBatch& batch) override {
    return Explained(writer_->WriteRecordBatch(batch));
  }

  Status Finish() override {
    ARROW_RETURN_NOT_OK(Explained(writer_->Close()));
    if (fsync(stream_->file_descriptor()) != 0) return ErrnoError(errno, Context());
    ARROW_RETURN_NOT_OK(Explained(stream_->Close()));
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return ErrnoError(errno, Context());
    finished_ = true;
    return Status::OK();
  }

 private:
  std::string Context() const { return "'" + path_ + "' cannot be written"; }

  /// The system's own words for a failure, which Arrow keeps as a number: "No space left on
  /// device".
  Status Explained(const Status& status) const {
    const int error = status.ok() ? 0 : arrow::internal::ErrnoFromStatus(status);
    return error != 0 ? ErrnoError(error, Context()) : AsKind(ErrorKind::kIo, Context(), status);
  }

  std::string path_;
  std::string temporary_;
  std::shared_ptr<arrow::io::FileOutputStream> stream_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  bool finished_ = false;
};

}  // namespace

Status TableWriter::CheckSuffix(const std::string& path) { return FormOf(path).status(); }

Result<std::unique_ptr<TableWriter>> TableWriter::Open(
    const std::string& path, const std::shared_ptr<arrow::Schema>& schema) {
  ARROW_ASSIGN_OR_RAISE(FileForm form, FormOf(path));
  auto writer =
      std::make_unique<AtomicTableWriter>(path, path + ".tmp-" + std::to_string(getpid()));
  ARROW_RETURN_NOT_OK(writer->Start(form, schema));
  return writer;
}

}  // namespace featly::cli
