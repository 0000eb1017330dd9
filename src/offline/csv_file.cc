// CSV files of a source: one unit, read from its beginning, whatever columns are asked for.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arrow/array/array_binary.h>
#include <arrow/csv/api.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>

#include "base/out_of_memory.h"
#include "offline/csv_types.h"
#include "offline/open_file.h"
#include "offline/source_file.h"

namespace featly {
namespace {

// The longest row that can be read.
constexpr int32_t kBlockBytes = 4 << 20;

Status Malformed(const std::string& path, const Status& cause) {
  if (cause.ok() || DetailOf(cause) != nullptr) return cause;
  if (cause.IsOutOfMemory()) return OutOfMemory("'" + path + "' cannot be read");
  return Error(ErrorKind::kMalformed, "'" + path + "' cannot be read as CSV")
      .Subject(path)
      .Cause(cause);
}

// An unquoted empty field, null or NULL is null in every type; a quoted one is text.
arrow::csv::ConvertOptions ConvertOptions() {
  auto options = arrow::csv::ConvertOptions::Defaults();
  options.null_values = {"", "null", "NULL"};
  options.true_values = {"true", "True", "TRUE"};
  options.false_values = {"false", "False", "FALSE"};
  options.strings_can_be_null = true;
  options.quoted_strings_can_be_null = false;
  return options;
}

class CsvFile : public SourceFile {
 public:
  CsvFile(std::string path, char delimiter) : path_(std::move(path)), delimiter_(delimiter) {}

  /// Reads the file once to find its types and to count its rows.
  Status Open() {
    ARROW_ASSIGN_OR_RAISE(OpenedFile file, OpenForReading(path_));
    version_ = file.version;
    auto options = ConvertOptions();
    options.default_column_type = arrow::utf8();
    std::vector<CsvTypeGuess> guesses;
    std::shared_ptr<arrow::Schema> texts;
    ARROW_RETURN_NOT_OK(Stream(
        file, options,
        [&](const std::shared_ptr<arrow::RecordBatch>& batch, int64_t) {
          guesses.resize(batch->num_columns());
          for (int i = 0; i < batch->num_columns(); ++i) {
            guesses[i].Observe(static_cast<const arrow::StringArray&>(*batch->column(i)));
          }
          rows_ += batch->num_rows();
          return Status::OK();
        },
        &texts));
    guesses.resize(texts->num_fields());
    arrow::FieldVector fields;
    for (int i = 0; i < texts->num_fields(); ++i) {
      fields.push_back(arrow::field(texts->field(i)->name(), guesses[i].type()));
    }
    schema_ = arrow::schema(std::move(fields));
    return Status::OK();
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  int unit_count() const override { return rows_ > 0 ? 1 : 0; }
  int64_t unit_rows(int) const override { return rows_; }
  bool columnar() const override { return false; }
  std::optional<TimeBounds> Bounds(int, int) const override { return std::nullopt; }

  Status Read(int, const Selection& selection, const Sink& sink) const override {
    ARROW_ASSIGN_OR_RAISE(OpenedFile file, OpenForReading(path_));
    ARROW_RETURN_NOT_OK(CheckUnchanged(path_, version_, file.version));
    auto options = ConvertOptions();
    for (size_t i = 0; i < selection.fields.size(); ++i) {
      const auto& field = schema_->field(selection.fields[i]);
      options.include_columns.push_back(field->name());
      options.column_types[field->name()] = selection.as_text[i] ? arrow::utf8() : field->type();
    }
    // Without columns only the rows count, but CSV has to be read all the same.
    const bool no_columns = selection.fields.empty();
    if (no_columns) options.default_column_type = arrow::utf8();
    std::shared_ptr<arrow::Schema> schema;
    Status read = Stream(
        file, options,
        [&](const std::shared_ptr<arrow::RecordBatch>& batch, int64_t first_row) -> Status {
          if (!no_columns) return sink(batch, first_row);
          ARROW_ASSIGN_OR_RAISE(auto bare, batch->SelectColumns({}));
          return sink(bare, first_row);
        },
        &schema);
    ARROW_RETURN_NOT_OK(CheckUnchanged(path_, version_, file));
    return read;
  }

  Result<std::shared_ptr<arrow::Table>> ReadAll() const {
    Selection all;
    for (int i = 0; i < schema_->num_fields(); ++i) all.fields.push_back(i);
    all.as_text.assign(all.fields.size(), false);
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    if (rows_ > 0) {
      ARROW_RETURN_NOT_OK(
          Read(0, all, [&](const std::shared_ptr<arrow::RecordBatch>& batch, int64_t) {
            batches.push_back(batch);
            return Status::OK();
          }));
    }
    return arrow::Table::FromRecordBatches(schema_, batches);
  }

 private:
  Result<std::shared_ptr<arrow::io::InputStream>> Bytes(const OpenedFile& file) const {
    if (!path_.ends_with(".gz")) return file.stream;
    ARROW_ASSIGN_OR_RAISE(auto codec, arrow::util::Codec::Create(arrow::Compression::GZIP));
    // The stream keeps no hold of the codec that made its decompressor.
    return arrow::io::CompressedInputStream::Make(codec.get(), file.stream);
  }

  Result<std::shared_ptr<arrow::csv::StreamingReader>> MakeReader(
      const OpenedFile& file, const arrow::csv::ConvertOptions& options) const {
    auto read = arrow::csv::ReadOptions::Defaults();
    read.use_threads = false;
    read.block_size = kBlockBytes;
    auto parse = arrow::csv::ParseOptions::Defaults();
    parse.delimiter = delimiter_;
    parse.newlines_in_values = true;
    ARROW_ASSIGN_OR_RAISE(auto bytes, Bytes(file));
    return arrow::csv::StreamingReader::Make(arrow::io::default_io_context(), bytes, read, parse,
                                             options);
  }

  Status Stream(const OpenedFile& file, const arrow::csv::ConvertOptions& options, const Sink& sink,
                std::shared_ptr<arrow::Schema>* schema) const {
    auto reader = MakeReader(file, options);
    if (!reader.ok()) return Malformed(path_, reader.status());
    *schema = (*reader)->schema();
    int64_t row = 0;
    while (true) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(Malformed(path_, (*reader)->ReadNext(&batch)));
      if (batch == nullptr) return Status::OK();
      ARROW_RETURN_NOT_OK(sink(batch, row));
      row += batch->num_rows();
    }
  }

  std::string path_;
  char delimiter_;
  FileVersion version_;
  std::shared_ptr<arrow::Schema> schema_;
  int64_t rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<SourceFile>> OpenCsvFile(const std::string& path, char delimiter) {
  auto file = std::make_unique<CsvFile>(path, delimiter);
  ARROW_RETURN_NOT_OK(file->Open());
  return file;
}

Result<std::shared_ptr<arrow::Table>> ReadWholeCsv(const std::string& path, char delimiter) {
  CsvFile file(path, delimiter);
  ARROW_RETURN_NOT_OK(file.Open());
  return file.ReadAll();
}

}  // namespace featly
