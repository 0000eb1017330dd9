// featly training-set, and Feast's name for it, get-historical-features
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <arrow/api.h>

#include "cli/command_line.h"
#include "cli/entity_json.h"
#include "cli/feast_options.h"
#include "cli/feature_options.h"
#include "cli/output_check.h"
#include "cli/progress_bar.h"
#include "cli/stopwatch.h"
#include "cli/table_text.h"
#include "cli/table_writer.h"
#include "offline/entity_table.h"
#include "offline/offline_store.h"
#include "types/json_value.h"

namespace featly::cli {

namespace {

struct TrainingSetOptions {
  std::string entities;
  FeatureRequest features;
  bool may_be_json = false;  // the entities may be rows in place of a file's name
  std::string out;           // empty: standard output
  WorkOptions work;
};

/// What stands in the file, and how long it took.
struct Written {
  int64_t rows = 0;
  int columns = 0;
};

Result<Written> WriteToFile(arrow::RecordBatchReader& reader, int64_t rows, const WorkContext& work,
                            const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto writer, TableWriter::Open(path, reader.schema()));
  work.progress->Begin(path + ": writing", rows);
  Written written;
  written.columns = reader.schema()->num_fields();
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(work.stop->Check("the training set"));
    ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
    if (!batch) break;
    ARROW_RETURN_NOT_OK(writer->Write(*batch));
    written.rows += batch->num_rows();
    work.progress->Add(batch->num_rows());
  }
  ARROW_RETURN_NOT_OK(writer->Finish());
  work.progress->End();
  return written;
}

void PrintSummary(const CommandLine& line, const std::string& out, const Written& written,
                  const TrainingStatistics& statistics, const Stopwatch& watch) {
  if (line.output == OutputForm::kJson) {
    std::string text = "{\"file\":";
    AppendJsonString(out, &text);
    text += ",\"rows\":" + std::to_string(written.rows) +
            ",\"columns\":" + std::to_string(written.columns) +
            ",\"source_rows_read\":" + std::to_string(statistics.source_rows_read) +
            ",\"source_rows_without_time\":" + std::to_string(statistics.source_rows_without_time);
    Print(text + "}\n");
    return;
  }
  std::string text = "Wrote " + GroupedDigits(written.rows) + " rows with " +
                     std::to_string(written.columns) + " columns to " + out + " in " +
                     watch.Text() + " (" + GroupedDigits(statistics.source_rows_read) +
                     " source rows read";
  if (statistics.source_rows_without_time > 0) {
    text +=
        ", " + GroupedDigits(statistics.source_rows_without_time) + " without event time skipped";
  }
  Print(text + ")\n");
}

/// Whether the value of --dataframe is rows and not the name of a file.
bool IsJson(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && (text[first] == '[' || text[first] == '{');
}

Status RunTrainingSet(CommandLine& line, const TrainingSetOptions& options) {
  const bool is_json = options.may_be_json && IsJson(options.entities);
  if (!options.out.empty()) ARROW_RETURN_NOT_OK(TableWriter::CheckSuffix(options.out));
  Stopwatch watch;
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(auto snapshot, project->Snapshot());
  TrainingPlan plan;
  ARROW_ASSIGN_OR_RAISE(plan.features,
                        ResolveFeatures(snapshot, project->name(), options.features));
  if (!options.out.empty()) {
    ARROW_RETURN_NOT_OK(CheckOutput(options.out, is_json ? "" : options.entities, *plan.features,
                                    project->config().repo_path));
  }
  ARROW_ASSIGN_OR_RAISE(plan.entities, is_json ? EntitiesFromJson(options.entities)
                                               : EntityTable::FromFile(options.entities));
  WorkContext work = line.BeginWork(options.work, project->config());
  TrainingStatistics statistics;
  ARROW_ASSIGN_OR_RAISE(auto reader,
                        project->offline().GetHistoricalFeatures(plan, work, &statistics));
  if (options.out.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto table, reader->ToTable());
    Print(line.output == OutputForm::kJson ? FormatArrowRecords(*table) : FormatArrowTable(*table));
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(Written written,
                        WriteToFile(*reader, plan.entities.table->num_rows(), work, options.out));
  PrintSummary(line, options.out, written, statistics, watch);
  return Status::OK();
}

/// What both names take beside the entities.
void AddRest(CLI::App* command, CommandLine& line,
             const std::shared_ptr<TrainingSetOptions>& options) {
  AddFeatureOptions(command, &options->features);
  command
      ->add_option("-o,--out", options->out,
                   "Where the training set goes: .parquet, .csv or .arrow")
      ->type_name("FILE");
  AddWorkOptions(command, "Memory for buffers, such as 2GB", &options->work);
  command->callback(
      [&line, options] { line.run = [&line, options] { return RunTrainingSet(line, *options); }; });
}

}  // namespace

void AddTrainingSet(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand(
      "training-set", "Join each row of a file with its features as they were at its time");
  auto options = std::make_shared<TrainingSetOptions>();
  command
      ->add_option("-e,--entities", options->entities,
                   "Rows to find features for: keys and event_timestamp, in a Parquet, CSV or "
                   "Arrow file")
      ->required()
      ->type_name("FILE");
  AddRest(command, line, options);
  command->get_option("--out")->required();
}

void AddGetHistoricalFeatures(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand(
      "get-historical-features",
      "Feast's name of training-set; takes rows as JSON, and prints where no --out is given");
  auto options = std::make_shared<TrainingSetOptions>();
  options->may_be_json = true;
  command
      ->add_option("-d,--dataframe,--entities", options->entities,
                   "Rows to find features for: JSON, as in '[{\"driver_id\": 1001, "
                   "\"event_timestamp\": \"2024-05-10T12:00:00\"}]', or a Parquet, CSV or Arrow "
                   "file")
      ->required()
      ->type_name("FILE");
  const std::string why =
      "without entity rows there is nothing to join; name the rows with --dataframe";
  RefuseFeastOption(command, line, "-s,--start-date", OptionValue::kText, why);
  RefuseFeastOption(command, line, "-e,--end-date", OptionValue::kText, why);
  AddRest(command, line, options);
}

}  // namespace featly::cli
