#include "cli/table_text.h"

#include <algorithm>

#include <arrow/api.h>

#include "base/time.h"
#include "types/json_value.h"

namespace featly::cli {

namespace {

/// Columns that a terminal shows for UTF-8 text: code points, near enough.
size_t DisplayWidth(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

void AppendTime(const arrow::TimestampArray& array, int64_t row, std::string* out) {
  int64_t value = array.Value(row);
  switch (static_cast<const arrow::TimestampType&>(*array.type()).unit()) {
    case arrow::TimeUnit::SECOND:
      value *= 1000000;
      break;
    case arrow::TimeUnit::MILLI:
      value *= 1000;
      break;
    case arrow::TimeUnit::MICRO:
      break;
    case arrow::TimeUnit::NANO:
      value = FloorNanosToMicros(value);
      break;
  }
  *out += '"' + FormatTimestamp({value}) + '"';
}

void AppendListCell(const arrow::ListArray& array, int64_t row, std::string* out) {
  *out += '[';
  for (int64_t i = array.value_offset(row); i < array.value_offset(row + 1); ++i) {
    if (i > array.value_offset(row)) *out += ',';
    AppendJsonCell(*array.values(), i, out);
  }
  *out += ']';
}

void AppendStructCell(const arrow::StructArray& array, int64_t row, std::string* out) {
  *out += '{';
  for (int i = 0; i < array.num_fields(); ++i) {
    if (i > 0) *out += ',';
    AppendJsonString(array.type()->field(i)->name(), out);
    *out += ':';
    AppendJsonCell(*array.field(i), row, out);
  }
  *out += '}';
}

// Of text keys, as features' maps have.
void AppendMapCell(const arrow::MapArray& array, int64_t row, std::string* out) {
  *out += '{';
  for (int64_t i = array.value_offset(row); i < array.value_offset(row + 1); ++i) {
    if (i > array.value_offset(row)) *out += ',';
    AppendJsonString(CellText(*array.keys(), i), out);
    *out += ':';
    AppendJsonCell(*array.items(), i, out);
  }
  *out += '}';
}

template <typename ArrayType>
auto Value(const arrow::Array& array, int64_t row) {
  return static_cast<const ArrayType&>(array).GetView(row);
}

}  // namespace

std::string FormatTable(const std::vector<std::string>& headings,
                        const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const std::string& heading : headings) widths.push_back(DisplayWidth(heading));
  std::vector<std::vector<std::string>> cells = rows;
  for (auto& row : cells) {
    for (size_t i = 0; i < row.size(); ++i) {
      for (char& c : row[i]) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
      }
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  std::string text;
  auto append = [&](const std::vector<std::string>& row) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - DisplayWidth(row[i]) + 2, ' ');
    }
    text += '\n';
  };
  append(headings);
  for (const auto& row : cells) append(row);
  return text;
}

void AppendJsonCell(const arrow::Array& array, int64_t row, std::string* out) {
  if (array.IsNull(row)) {
    *out += "null";
    return;
  }
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      *out += Value<arrow::BooleanArray>(array, row) ? "true" : "false";
      return;
    case arrow::Type::INT32:
      return AppendJsonInt(Value<arrow::Int32Array>(array, row), out);
    case arrow::Type::INT64:
      return AppendJsonInt(Value<arrow::Int64Array>(array, row), out);
    case arrow::Type::FLOAT:
      return AppendJsonDouble(Value<arrow::FloatArray>(array, row), out);
    case arrow::Type::DOUBLE:
      return AppendJsonDouble(Value<arrow::DoubleArray>(array, row), out);
    case arrow::Type::STRING:
      return AppendJsonString(Value<arrow::StringArray>(array, row), out);
    case arrow::Type::BINARY:
      return AppendJsonBase64(Value<arrow::BinaryArray>(array, row), out);
    case arrow::Type::TIMESTAMP:
      return AppendTime(static_cast<const arrow::TimestampArray&>(array), row, out);
    case arrow::Type::LIST:
      return AppendListCell(static_cast<const arrow::ListArray&>(array), row, out);
    case arrow::Type::STRUCT:
      return AppendStructCell(static_cast<const arrow::StructArray&>(array), row, out);
    case arrow::Type::MAP:
      return AppendMapCell(static_cast<const arrow::MapArray&>(array), row, out);
    default: {
      auto scalar = array.GetScalar(row);
      AppendJsonString(scalar.ok() ? (*scalar)->ToString() : scalar.status().message(), out);
    }
  }
}

std::string CellText(const arrow::Array& array, int64_t row) {
  if (!array.IsNull(row) && array.type_id() == arrow::Type::STRING) {
    return std::string(Value<arrow::StringArray>(array, row));
  }
  std::string text;
  AppendJsonCell(array, row, &text);
  if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

std::string FormatArrowTable(const arrow::Table& table) {
  std::vector<std::vector<std::string>> rows(static_cast<size_t>(table.num_rows()));
  for (int i = 0; i < table.num_columns(); ++i) {
    size_t at = 0;
    for (const auto& chunk : table.column(i)->chunks()) {
      for (int64_t row = 0; row < chunk->length(); ++row) {
        rows[at++].push_back(CellText(*chunk, row));
      }
    }
  }
  return FormatTable(table.ColumnNames(), rows);
}

std::string FormatArrowRecords(const arrow::Table& table) {
  std::vector<std::string> records(static_cast<size_t>(table.num_rows()));
  for (int i = 0; i < table.num_columns(); ++i) {
    size_t at = 0;
    for (const auto& chunk : table.column(i)->chunks()) {
      for (int64_t row = 0; row < chunk->length(); ++row) {
        std::string& record = records[at++];
        record += record.empty() ? "        " : ",\n        ";
        AppendJsonString(table.field(i)->name(), &record);
        record += ": ";
        AppendJsonCell(*chunk, row, &record);
      }
    }
  }
  std::string text = "[";
  for (const std::string& record : records) {
    text += (text.size() > 1 ? ",\n    {\n" : "\n    {\n") + record + "\n    }";
  }
  return text + (records.empty() ? "]\n" : "\n]\n");
}

}  // namespace featly::cli
