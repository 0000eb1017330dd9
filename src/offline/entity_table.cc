#include "offline/entity_table.h"

#include <set>
#include <utility>
#include <vector>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include "base/out_of_memory.h"
#include "offline/open_file.h"
#include "offline/source_file.h"
#include "types/arrow_convert.h"

namespace featly {
namespace {

constexpr char kTimestampColumn[] = "event_timestamp";

bool IsText(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING ||
         type.id() == arrow::Type::STRING_VIEW;
}

bool IsDate(const arrow::DataType& type) {
  return type.id() == arrow::Type::DATE32 || type.id() == arrow::Type::DATE64;
}

// The only column for which `is_time` holds; empty if there is none. Several: kInvalid.
template <typename Predicate>
Result<std::string> OnlyColumn(const std::string& table, const arrow::Schema& schema,
                               Predicate is_time) {
  std::string names;
  std::string only;
  int found = 0;
  for (const auto& field : schema.fields()) {
    if (!is_time(*field->type())) continue;
    only = field->name();
    names += (found++ == 0 ? "'" : ", '") + field->name() + "'";
  }
  if (found <= 1) return only;
  return Error(ErrorKind::kInvalid, table + " has several time columns (" + names +
                                        "): name the one to join on event_timestamp");
}

Result<std::string> FindTimestampColumn(const std::string& table, const arrow::Schema& schema) {
  if (schema.GetFieldIndex(kTimestampColumn) >= 0) return std::string(kTimestampColumn);
  auto is_timestamp = [](const arrow::DataType& type) {
    return type.id() == arrow::Type::TIMESTAMP;
  };
  ARROW_ASSIGN_OR_RAISE(std::string column, OnlyColumn(table, schema, is_timestamp));
  if (!column.empty()) return column;
  return OnlyColumn(table, schema, IsDate);
}

Status CheckColumns(const std::string& name, const arrow::Table& table) {
  if (table.num_columns() == 0) {
    return Error(ErrorKind::kInvalid, name + " has no columns");
  }
  std::set<std::string> names;
  for (const auto& field : table.schema()->fields()) {
    if (names.insert(field->name()).second) continue;
    return Error(ErrorKind::kInvalid,
                 name + " has two columns named '" + field->name() + "': rename one")
        .Subject(field->name());
  }
  return Status::OK();
}

// Counted from 0. REQUIRES: there is one.
int64_t FirstNull(const arrow::ChunkedArray& column) {
  int64_t row = 0;
  for (const auto& chunk : column.chunks()) {
    for (int64_t i = 0; i < chunk->length(); ++i, ++row) {
      if (chunk->IsNull(i)) return row;
    }
  }
  return row;
}

Status NullTime(const std::string& table, const std::string& column,
                const arrow::ChunkedArray& times) {
  if (times.null_count() == 0) return Status::OK();
  return Error(ErrorKind::kInvalid, table + " has " + std::to_string(times.null_count()) +
                                        " empty time(s) in '" + column + "', the first in row " +
                                        std::to_string(FirstNull(times)) +
                                        " (counted from 0): fill or drop those rows")
      .Subject(column);
}

Result<std::shared_ptr<arrow::ChunkedArray>> Times(const std::string& table,
                                                   const std::string& column,
                                                   const arrow::ChunkedArray& values) {
  const auto type = ArrowTypeOf(ValueType::kUnixTimestamp);
  arrow::ArrayVector chunks;
  // A table without rows may not know its types (a CSV file's header alone).
  if (values.length() > 0) {
    const std::string where = "column '" + column + "' of " + table;
    for (const auto& chunk : values.chunks()) {
      ARROW_ASSIGN_OR_RAISE(auto times, TimeColumn(chunk, where, TimeRounding::kDown));
      chunks.push_back(std::move(times));
    }
  }
  auto times = std::make_shared<arrow::ChunkedArray>(std::move(chunks), type);
  if (times->null_count() > 0) return NullTime(table, column, *times);
  return times;
}

Result<std::shared_ptr<arrow::Table>> ReadArrowFile(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(OpenedFile file, OpenForReading(path));
  auto read = [&]() -> Result<std::shared_ptr<arrow::Table>> {
    ARROW_ASSIGN_OR_RAISE(auto magic, file.stream->ReadAt(0, 6));
    if (magic->ToString() == "ARROW1") {
      ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchFileReader::Open(file.stream));
      return reader->ToTable();
    }
    ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(file.stream));
    return reader->ToTable();
  };
  auto table = read();
  if (table.ok()) return table;
  if (table.status().IsOutOfMemory()) return OutOfMemory("'" + path + "' cannot be read");
  return Error(ErrorKind::kMalformed, "'" + path +
                                          "' cannot be read as an Arrow file: it is "
                                          "truncated, damaged or another kind of file")
      .Subject(path)
      .Cause(table.status());
}

// In CSV all is text, so here text is read as time: Arrow's reader took the column for one unless
// some values have an offset and others not, or are not times at all.
Result<std::shared_ptr<arrow::Table>> ParseCsvTimes(std::shared_ptr<arrow::Table> table) {
  const int index = table->schema()->GetFieldIndex(kTimestampColumn);
  if (index < 0 || !IsText(*table->schema()->field(index)->type())) return table;
  arrow::TimestampBuilder builder(ArrowTypeOf(ValueType::kUnixTimestamp),
                                  arrow::default_memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(table->num_rows()));
  int64_t row = 0;
  for (const auto& chunk : table->column(index)->chunks()) {
    const auto& texts = static_cast<const arrow::StringArray&>(*chunk);
    for (int64_t i = 0; i < texts.length(); ++i, ++row) {
      if (texts.IsNull(i)) {
        builder.UnsafeAppendNull();
        continue;
      }
      auto time = ParseTimestamp(texts.GetView(i));
      if (!time.ok()) {
        return WithContext("column 'event_timestamp', row " + std::to_string(row) +
                               " (counted from 0, after the header)",
                           time.status());
      }
      builder.UnsafeAppend(time->micros);
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto times, builder.Finish());
  return table->SetColumn(index, arrow::field(kTimestampColumn, times->type()),
                          std::make_shared<arrow::ChunkedArray>(times));
}

Result<std::shared_ptr<arrow::Table>> ReadTable(const std::string& path) {
  if (path.ends_with(".arrow") || path.ends_with(".feather")) return ReadArrowFile(path);
  const auto format = FormatOfSuffix(path);
  if (!format) {
    return Error(ErrorKind::kInvalid, "entity file '" + path +
                                          "' is of no known kind: .parquet, .pq, .csv, .tsv, "
                                          ".csv.gz, .arrow or .feather")
        .Subject(path);
  }
  if (*format == FileFormat::kParquet) return ReadWholeParquet(path);
  ARROW_ASSIGN_OR_RAISE(auto table, ReadWholeCsv(path, *format == FileFormat::kTsv ? '\t' : ','));
  return ParseCsvTimes(std::move(table));
}

}  // namespace

Result<EntityTable> EntityTable::FromFile(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto table, ReadTable(path));
  ARROW_ASSIGN_OR_RAISE(EntityTable entities,
                        FromTable(std::move(table), "the entity file '" + path + "'"));
  const auto format = FormatOfSuffix(path);
  entities.from_text = format && *format != FileFormat::kParquet;
  return entities;
}

Result<EntityTable> EntityTable::FromTable(std::shared_ptr<arrow::Table> table, std::string name) {
  ARROW_RETURN_NOT_OK(CheckColumns(name, *table));
  EntityTable entities;
  entities.name = std::move(name);
  ARROW_ASSIGN_OR_RAISE(entities.timestamp_column,
                        FindTimestampColumn(entities.name, *table->schema()));
  if (!entities.timestamp_column.empty()) {
    const auto column = table->GetColumnByName(entities.timestamp_column);
    ARROW_ASSIGN_OR_RAISE(entities.times, Times(entities.name, entities.timestamp_column, *column));
  }
  entities.table = std::move(table);
  return entities;
}

}  // namespace featly
