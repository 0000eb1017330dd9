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

Result<std::shared_ptr<arrow::ipc::RecordBatchWriter>> OpenCsv(
    arrow::io::FileOutputStream* stream, const std::shared_ptr<arrow::Schema>& schema) {
  for (const auto& field : schema->fields()) {
    if (!is_nested(field->type()->id())) continue;
    return Error(ErrorKind::kInvalid, "the column '" + field->name() + "' holds " +
                                          field->type()->ToString() +
                                          ", which CSV cannot; write a .parquet or .arrow file")
        .Subject(field->name());
  }
  return arrow::csv::MakeCSVWriter(stream, schema);
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
