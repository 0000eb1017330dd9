#include "cli/entity_json.h"

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arrow/api.h>
#include <boost/json.hpp>

#include "base/time.h"
#include "types/arrow_convert.h"

namespace featly::cli {

namespace json = boost::json;

namespace {

constexpr std::string_view kTimes = "event_timestamp";

/// The values of one key, row by row; null where a row lacks it.
struct Column {
  std::string name;
  std::vector<const json::value*> values;
};

Error Wrong(const Column& column, size_t row, const std::string& what) {
  return Error(ErrorKind::kInvalid, "entity rows: '" + column.name + "' of row " +
                                        std::to_string(row) + " (counted from 0) " + what)
      .Subject(column.name);
}

bool IsNull(const json::value* value) { return !value || value->is_null(); }

/// Appends each value with `append`, which returns an error's text or "".
template <typename Builder, typename AppendOne>
Result<std::shared_ptr<arrow::Array>> Build(const Column& column, Builder builder,
                                            AppendOne append) {
  for (size_t row = 0; row < column.values.size(); ++row) {
    const json::value* value = column.values[row];
    if (IsNull(value)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
    } else if (Status appended = append(builder, *value); !appended.ok()) {
      return Wrong(column, row, appended.message());
    }
  }
  return builder.Finish();
}

Status Unlike(const char* wanted) {
  return Error(ErrorKind::kInvalid, std::string("is not ") + wanted);
}

Result<std::shared_ptr<arrow::Array>> BuildTimes(const Column& column) {
  arrow::TimestampBuilder builder(ArrowTypeOf(ValueType::kUnixTimestamp),
                                  arrow::default_memory_pool());
  auto append = [](arrow::TimestampBuilder& out, const json::value& value) -> Status {
    if (!value.is_string()) return Unlike("a time as text, such as \"2024-05-10T12:00:00Z\"");
    auto time = ParseTimestamp({value.as_string().data(), value.as_string().size()});
    if (!time.ok()) return Error(ErrorKind::kInvalid, "is no time: " + time.status().message());
    return out.Append(time->micros);
  };
  return Build(column, std::move(builder), append);
}

/// A column is of the type of its first value that is not null; integers give way to other numbers.
Result<std::shared_ptr<arrow::Array>> BuildColumn(const Column& column) {
  if (column.name == kTimes) return BuildTimes(column);
  const json::value* first = nullptr;
  bool has_fraction = false;
  for (const json::value* value : column.values) {
    if (IsNull(value)) continue;
    if (!first) first = value;
    has_fraction = has_fraction || value->is_double();
  }
  if (!first)
    return arrow::MakeArrayOfNull(arrow::null(), static_cast<int64_t>(column.values.size()));
  if (first->is_string()) {
    return Build(column, arrow::StringBuilder(), [](auto& out, const json::value& value) -> Status {
      if (!value.is_string()) return Unlike("text as in the rows before");
      return out.Append(value.as_string().data(), static_cast<int>(value.as_string().size()));
    });
  }
  if (first->is_bool()) {
    return Build(column, arrow::BooleanBuilder(),
                 [](auto& out, const json::value& value) -> Status {
                   if (!value.is_bool()) return Unlike("true or false as in the rows before");
                   return out.Append(value.as_bool());
                 });
  }
  if (!first->is_number()) return Wrong(column, 0, "is neither text, nor a number, true or false");
  if (has_fraction) {
    return Build(column, arrow::DoubleBuilder(), [](auto& out, const json::value& value) -> Status {
      if (!value.is_number()) return Unlike("a number as in the rows before");
      return out.Append(value.to_number<double>());
    });
  }
  return Build(column, arrow::Int64Builder(), [](auto& out, const json::value& value) -> Status {
    if (!value.is_int64()) return Unlike("an integer of 64 bits as in the rows before");
    return out.Append(value.as_int64());
  });
}

Result<json::value> Parse(std::string_view text) {
  json::stream_parser parser;
  boost::system::error_code failed;
  const size_t read = parser.write_some(text.data(), text.size(), failed);
  if (!failed) parser.finish(failed);
  if (!failed && text.find_first_not_of(" \t\r\n", read) != text.npos) {
    failed = json::error::extra_data;
  }
  if (!failed) return parser.release();
  return Error(ErrorKind::kMalformed, "entity rows: no JSON at character " + std::to_string(read) +
                                          ": " + failed.message());
}

}  // namespace

Result<EntityTable> EntitiesFromJson(std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(const json::value rows, Parse(text));
  if (!rows.is_array() || rows.as_array().empty()) {
    return Error(ErrorKind::kInvalid,
                 "entity rows: an array of objects was expected, as in [{\"driver_id\": 1001, "
                 "\"event_timestamp\": \"2024-05-10T12:00:00\"}]");
  }
  std::vector<Column> columns;
  const size_t count = rows.as_array().size();
  for (size_t row = 0; row < count; ++row) {
    const json::value& object = rows.as_array()[row];
    if (!object.is_object()) {
      return Error(ErrorKind::kInvalid, "entity rows: row " + std::to_string(row) +
                                            " (counted from 0) is not an object of columns");
    }
    for (const auto& [key, value] : object.as_object()) {
      const std::string_view name(key.data(), key.size());
      auto column = std::find_if(columns.begin(), columns.end(),
                                 [&](const Column& one) { return one.name == name; });
      if (column == columns.end()) {
        columns.push_back({std::string(name), std::vector<const json::value*>(count)});
        column = columns.end() - 1;
      }
      column->values[row] = &value;
    }
  }
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const Column& column : columns) {
    ARROW_ASSIGN_OR_RAISE(auto array, BuildColumn(column));
    fields.push_back(arrow::field(column.name, array->type()));
    arrays.push_back(std::move(array));
  }
  auto table =
      arrow::Table::Make(arrow::schema(std::move(fields)), arrays, static_cast<int64_t>(count));
  return EntityTable::FromTable(std::move(table), "the table of --dataframe");
}

}  // namespace featly::cli
