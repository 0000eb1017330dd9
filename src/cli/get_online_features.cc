// featly get-online-features
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <arrow/api.h>

#include "cli/command_line.h"
#include "cli/feature_options.h"
#include "cli/table_text.h"
#include "retrieval/lookup.h"
#include "types/json_value.h"
#include "types/key_coerce.h"

namespace featly::cli {

namespace {

struct OnlineOptions {
  std::vector<std::string> entities;
  FeatureRequest features;
};

/// "driver_id=1001" texts as columns, in the order of first use: the n-th value of each key belongs
/// to the n-th row. Lookup brings the texts into the keys' types.
Result<std::shared_ptr<arrow::RecordBatch>> KeysFromTexts(const std::vector<std::string>& texts) {
  std::vector<std::pair<std::string, std::unique_ptr<arrow::StringBuilder>>> columns;
  for (const std::string& text : texts) {
    size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error(
                 ErrorKind::kUsage,
                 "'" + text + "' is no entity value; KEY=VALUE was expected, as in driver_id=1001")
          .Subject(text);
    }
    const std::string key = text.substr(0, equals);
    auto column = columns.begin();
    while (column != columns.end() && column->first != key) ++column;
    if (column == columns.end()) {
      columns.emplace_back(key, std::make_unique<arrow::StringBuilder>());
      column = columns.end() - 1;
    }
    ARROW_RETURN_NOT_OK(column->second->Append(text.substr(equals + 1)));
  }
  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (auto& [name, builder] : columns) {
    ARROW_ASSIGN_OR_RAISE(auto array, builder->Finish());
    if (!arrays.empty() && array->length() != arrays[0]->length()) {
      return Error(ErrorKind::kUsage, "there are " + std::to_string(arrays[0]->length()) +
                                          " values of '" + fields[0]->name() + "' and " +
                                          std::to_string(array->length()) + " of '" + name +
                                          "'; every row needs one of each")
          .Subject(name);
    }
    fields.push_back(arrow::field(name, arrow::utf8()));
    arrays.push_back(std::move(array));
  }
  const int64_t rows = arrays[0]->length();
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(arrays));
}

/// Keys of bytes, which a terminal takes as base64, like JSON.
Result<std::shared_ptr<arrow::RecordBatch>> DecodeBytesKeys(
    const std::vector<JoinKey>& keys, std::shared_ptr<arrow::RecordBatch> rows) {
  for (const JoinKey& key : keys) {
    const int at = rows->schema()->GetFieldIndex(key.name);
    if (key.type != ValueType::kBytes || at < 0) continue;
    const auto& texts = static_cast<const arrow::StringArray&>(*rows->column(at));
    Arena arena;
    arrow::BinaryBuilder builder;
    for (int64_t row = 0; row < texts.length(); ++row) {
      ARROW_ASSIGN_OR_RAISE(const KeyValue value,
                            KeyFromString(texts.GetView(row), key, row, &arena));
      ARROW_RETURN_NOT_OK(builder.Append(value.bytes));
    }
    ARROW_ASSIGN_OR_RAISE(auto decoded, builder.Finish());
    ARROW_ASSIGN_OR_RAISE(rows,
                          rows->SetColumn(at, arrow::field(key.name, arrow::binary()), decoded));
  }
  return rows;
}

/// A value as JSON, exactly as the server has it where Arrow shows it less well.
void AppendValue(const LookupColumns& columns, size_t column, int64_t row, std::string* out) {
  if (columns.json[column] == nullptr) {
    return AppendJsonCell(*columns.values[column], row, out);
  }
  const auto& texts = static_cast<const arrow::StringArray&>(*columns.json[column]);
  out->append(texts.IsNull(row) ? "null" : texts.GetView(row));
}

std::string ValueText(const LookupColumns& columns, size_t column, int64_t row) {
  const bool has_json = columns.json[column] != nullptr && columns.json[column]->IsValid(row);
  return CellText(has_json ? *columns.json[column] : *columns.values[column], row);
}

/// A row a line; what is not there shows why.
std::string FormatRows(const LookupColumns& columns) {
  const int64_t rows = columns.values.empty() ? 0 : columns.values[0]->length();
  std::vector<std::vector<std::string>> cells(static_cast<size_t>(rows));
  for (size_t column = 0; column < columns.names.size(); ++column) {
    const auto& statuses = static_cast<const arrow::Int8Array&>(*columns.statuses[column]);
    for (int64_t row = 0; row < rows; ++row) {
      auto status = static_cast<FieldStatus>(statuses.Value(row));
      std::string text = ValueText(columns, column, row);
      if (status != FieldStatus::kPresent && status != FieldStatus::kNullValue) {
        text += std::string(" (") + FieldStatusName(status) + ")";
      }
      cells[static_cast<size_t>(row)].push_back(std::move(text));
    }
  }
  return FormatTable(columns.names, cells);
}

/// {"driver_id": [1001], "conv_rate": [0.5]}, as Feast's command prints it.
std::string FormatJson(const LookupColumns& columns) {
  std::string text = "{";
  for (size_t column = 0; column < columns.names.size(); ++column) {
    text += column ? ",\n    " : "\n    ";
    AppendJsonString(columns.names[column], &text);
    text += ": [";
    for (int64_t row = 0; row < columns.values[column]->length(); ++row) {
      text += row ? ",\n        " : "\n        ";
      AppendValue(columns, column, row, &text);
    }
    text += "\n    ]";
  }
  return text + "\n}\n";
}

Status RunGetOnlineFeatures(CommandLine& line, const OnlineOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto keys, KeysFromTexts(options.entities));
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(auto plan, project->LookupPlan(options.features));
  ARROW_ASSIGN_OR_RAISE(keys, DecodeBytesKeys(plan->key_columns, keys));
  ARROW_ASSIGN_OR_RAISE(auto store, project->online());
  ARROW_ASSIGN_OR_RAISE(LookupColumns columns,
                        LookupArrow(plan, *store, *keys, project->clock().Now()));
  Print(line.output == OutputForm::kJson ? FormatJson(columns) : FormatRows(columns));
  return Status::OK();
}

}  // namespace

void AddGetOnlineFeatures(CLI::App& app, CommandLine& line) {
  CLI::App* command =
      app.add_subcommand("get-online-features", "Look up the newest features of some entities");
  auto options = std::make_shared<OnlineOptions>();
  command
      ->add_option("-e,--entities", options->entities,
                   "A join key's value, as in driver_id=1001; again for more keys and rows")
      ->required()
      ->type_name("KEY=VALUE");
  AddFeatureOptions(command, &options->features);
  command->callback([&line, options] {
    line.run = [&line, options] { return RunGetOnlineFeatures(line, *options); };
  });
}

}  // namespace featly::cli
