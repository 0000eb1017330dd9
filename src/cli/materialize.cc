// featly materialize, featly materialize-incremental
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/feast_options.h"
#include "cli/progress_bar.h"
#include "cli/stopwatch.h"
#include "types/json_value.h"

namespace featly::cli {

namespace {

struct Arguments {
  std::string start;
  std::string end;
  bool everything = false;  // --disable-event-timestamp: from 1970 to now
  std::vector<std::string> views;
  bool full_refresh = false;
  WorkOptions work;
};

std::string SkippedRows(const MaterializeResult& result) {
  std::string text;
  if (result.rows_without_time > 0) {
    text += ", " + GroupedDigits(result.rows_without_time) + " without event time skipped";
  }
  if (result.rows_with_null_key > 0) {
    text += ", " + GroupedDigits(result.rows_with_null_key) + " with a null key skipped";
  }
  if (result.written.stale > 0) {
    text += ", " + GroupedDigits(result.written.stale) + " already newer in the store";
  }
  return text;
}

std::string SourceHolds(const MaterializeResult& result) {
  if (!result.source_range) return "the source is empty";
  return "the source holds rows from " + FormatTimestamp(result.source_range->earliest) + " to " +
         FormatTimestamp(result.source_range->latest);
}

void PrintNothingToDo(const ViewMaterialized& view) {
  if (view.first_run) {
    Print(view.view + ": never materialized, and a first incremental run begins at " +
          FormatTimestamp(view.start) + " (now - TTL), after its end; " + SourceHolds(view.result) +
          ": use materialize START END\n");
  } else {
    Print(view.view + ": already materialized up to " + FormatTimestamp(view.start) + "\n");
  }
}

void PrintView(const ViewMaterialized& view) {
  if (view.start > view.end) {
    PrintNothingToDo(view);
    return;
  }
  const MaterializeResult& result = view.result;
  const std::string range =
      result.present ? "of a source without event times"
                     : "from " + FormatTimestamp(view.start) + " to " + FormatTimestamp(view.end);
  if (result.rows_read == 0) {
    Print(view.view + ": no rows " + range + "; " + SourceHolds(result) + SkippedRows(result) +
          "\n");
    return;
  }
  Print(view.view + ": " + GroupedDigits(result.rows_read) + " rows " + range + ", " +
        GroupedDigits(result.entities) + " entities, " + GroupedDigits(result.written.applied) +
        " written" + SkippedRows(result) + "\n");
}

void PrintJson(const std::vector<ViewMaterialized>& views) {
  std::string text = "[";
  for (const ViewMaterialized& view : views) {
    text += text.size() > 1 ? ",\n  " : "\n  ";
    text += "{\"feature_view\":";
    AppendJsonString(view.view, &text);
    text += ",\"start\":\"" + FormatTimestamp(view.start) + "\",\"end\":\"" +
            FormatTimestamp(view.end) +
            "\",\"rows_read\":" + std::to_string(view.result.rows_read) +
            ",\"rows_without_time\":" + std::to_string(view.result.rows_without_time) +
            ",\"rows_with_null_key\":" + std::to_string(view.result.rows_with_null_key) +
            ",\"entities\":" + std::to_string(view.result.entities) +
            ",\"written\":" + std::to_string(view.result.written.applied) +
            ",\"stale\":" + std::to_string(view.result.written.stale) + ",\"source_range\":";
    if (view.result.source_range) {
      text += "[\"" + FormatTimestamp(view.result.source_range->earliest) + "\",\"" +
              FormatTimestamp(view.result.source_range->latest) + "\"]";
    } else {
      text += "null";
    }
    text += '}';
  }
  Print(text + (text.size() > 1 ? "\n]\n" : "]\n"));
}

/// Either both ends of a range, or --disable-event-timestamp.
Status CheckRange(const Arguments& options, bool incremental) {
  const bool any = !options.start.empty() || !options.end.empty();
  const bool both = (incremental || !options.start.empty()) && !options.end.empty();
  if (options.everything && any) {
    return Error(ErrorKind::kUsage,
                 "--disable-event-timestamp takes all there is, from 1970 to now: START_TS and "
                 "END_TS cannot be given with it");
  }
  if (options.everything || both) return Status::OK();
  return Error(
      ErrorKind::kUsage,
      "START_TS and END_TS are needed, as in 'materialize 2024-01-01 2024-02-01'; or "
      "--disable-event-timestamp, for all there is; 'featly materialize --help' says more");
}

Status RunMaterialize(CommandLine& line, const Arguments& options, bool incremental) {
  ARROW_RETURN_NOT_OK(CheckRange(options, incremental));
  Timestamp start;
  Timestamp end;
  if (!incremental && !options.everything) {
    ARROW_ASSIGN_OR_RAISE(start, ParseTimestamp(options.start));
  }
  if (!options.everything) {
    ARROW_ASSIGN_OR_RAISE(end, ParseTimestamp(options.end));
  }
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  if (options.everything) end = project->clock().Now();
  WorkContext work = line.BeginWork(options.work, project->config());
  Stopwatch watch;
  std::vector<ViewMaterialized> done;
  MaterializeOptions what;
  what.views = options.views;
  what.full_refresh = options.full_refresh;
  const bool json = line.output == OutputForm::kJson;
  what.finished = [&](const ViewMaterialized& view) {
    done.push_back(view);
    if (!json) PrintView(view);
  };
  bool said = false;
  what.failed = [&](const std::string& /*view*/, const Status& error) {
    PrintError(FormatForPeople(error));
    said = true;
  };
  Status status = incremental ? project->MaterializeIncremental(end, what, work).status()
                              : project->Materialize(start, end, what, work).status();
  // Also of a run that failed: what is done stays done.
  if (json) PrintJson(done);
  if (said && KindOf(status) != ErrorKind::kCancelled) {
    return Error(KindOf(status), status.message());  // its causes were printed as they came
  }
  ARROW_RETURN_NOT_OK(status);
  if (!json) {
    Print("Materialized " + std::to_string(done.size()) +
          (done.size() == 1 ? " feature view in " : " feature views in ") + watch.Text() + "\n");
  }
  return Status::OK();
}

void AddEither(CLI::App* command, CommandLine& line, std::shared_ptr<Arguments> options,
               bool incremental) {
  command
      ->add_option("-v,--views", options->views,
                   "Only these feature views (default: all online ones)")
      ->type_name("FEATURE_VIEW")
      ->allow_extra_args(false)
      ->delimiter(',');
  command->add_flag("--full-refresh", options->full_refresh,
                    "Drop what the views hold online first, so that no newer or older row stays");
  RefuseFeastOption(command, line, "--version", OptionValue::kText,
                    "a feature view has one version, the one that was applied last");
  AddWorkOptions(command, "Memory for sorting before runs go to disk, such as 2GB (default: 512MB)",
                 &options->work);
  command->callback([&line, options, incremental] {
    line.run = [&line, options, incremental] {
      return RunMaterialize(line, *options, incremental);
    };
  });
}

}  // namespace

void AddMaterialize(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand(
      "materialize", "Load the newest rows of a time range into the online store");
  auto options = std::make_shared<Arguments>();
  command->add_option("START_TS", options->start, "Begin of the range, ISO 8601, inclusive");
  command->add_option("END_TS", options->end, "End of the range, ISO 8601, inclusive");
  command->add_flag("--disable-event-timestamp", options->everything,
                    "Load all there is, from 1970 to now, in place of a range; rows keep their "
                    "event times");
  AddEither(command, line, options, false);
}

void AddMaterializeIncremental(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand(
      "materialize-incremental",
      "Load the newest rows since the last materialization into the online store");
  auto options = std::make_shared<Arguments>();
  command->add_option("END_TS", options->end, "End of the range, ISO 8601, inclusive")->required();
  AddEither(command, line, options, true);
}

}  // namespace featly::cli
