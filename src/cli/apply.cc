// featly plan, featly apply
#include <algorithm>
#include <memory>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/confirm.h"
#include "cli/feast_options.h"
#include "project/definitions.h"
#include "types/json_value.h"

namespace featly::cli {

namespace {

struct Tense {
  const char* create;
  const char* update;
  const char* remove;
};
constexpr Tense kDone = {"Created", "Updated", "Deleted"};
constexpr Tense kPlanned = {"Will create", "Will update", "Will delete"};

const char* VerbOf(ChangeType type, const Tense& tense) {
  switch (type) {
    case ChangeType::kCreate:
      return tense.create;
    case ChangeType::kUpdate:
      return tense.update;
    case ChangeType::kDelete:
      break;
  }
  return tense.remove;
}

const char* ColourOf(ChangeType type) {
  switch (type) {
    case ChangeType::kCreate:
      return "\033[32m";
    case ChangeType::kUpdate:
      return "\033[33m";
    case ChangeType::kDelete:
      break;
  }
  return "\033[31m";
}

void PrintTable(const ApplyResult& result, const Tense& tense) {
  for (const std::string& note : result.inferred) Print("Inferred " + note + '\n');
  const RegistryDiff& diff = result.diff;
  if (diff.empty()) {
    Print("No changes\n");
    return;
  }
  bool colour = IsDecorated(STDOUT_FILENO);
  for (const Change& change : diff.changes) {
    std::string text = VerbOf(change.type, tense);
    if (colour) text.insert(0, ColourOf(change.type)).append("\033[0m");
    text += std::string(" ") + InfoOf(change.kind).title + ' ' + change.name + '\n';
    for (const std::string& detail : change.details) text += "    " + detail + '\n';
    Print(text);
  }
}

void PrintJson(const RegistryDiff& diff) {
  constexpr const char* kTypes[] = {"create", "update", "delete"};
  std::string text = "[";
  for (const Change& change : diff.changes) {
    if (text.size() > 1) text += ',';
    text += "\n  {\"change\":\"" + std::string(kTypes[static_cast<int>(change.type)]) +
            "\",\"kind\":\"" + InfoOf(change.kind).id + "\",\"name\":";
    AppendJsonString(change.name, &text);
    text += ",\"details\":[";
    for (size_t i = 0; i < change.details.size(); ++i) {
      if (i) text += ',';
      AppendJsonString(change.details[i], &text);
    }
    text += "]}";
  }
  Print(text + (text.size() > 1 ? "\n]\n" : "]\n"));
}

/// Whether nothing but perhaps the project itself is defined.
bool DefinesNothing(const CompiledDefinitions& compiled) {
  return std::all_of(
      compiled.definitions.begin(), compiled.definitions.end(),
      [](const Definition& definition) { return definition.kind == ObjectKind::kProject; });
}

/// What a plan without definitions would do, for a question or a warning; "" if nothing.
std::string EmptyingText(const Project& project, const RegistryDiff& diff) {
  const auto deletions =
      std::count_if(diff.changes.begin(), diff.changes.end(),
                    [](const Change& change) { return change.type == ChangeType::kDelete; });
  if (deletions == 0) return "";
  return "No Python file in '" + project.config().repo_path +
         "' defines anything: apply would delete all " + std::to_string(deletions) +
         " registered objects of project '" + project.name() + "' and their online rows.";
}

Status RunPlan(CommandLine& line, const ApplyOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(CompiledDefinitions compiled,
                        CompileDefinitions(project->config().repo_path));
  ARROW_ASSIGN_OR_RAISE(ApplyResult result, project->Plan(compiled.definitions, options));
  for (const std::string& warning : result.warnings) PrintWarning(warning);
  if (line.output == OutputForm::kJson) {
    PrintJson(result.diff);
    return Status::OK();
  }
  PrintTable(result, kPlanned);
  if (!DefinesNothing(compiled)) return Status::OK();
  if (std::string text = EmptyingText(*project, result.diff); !text.empty()) {
    Print(text + " It asks first, unless told --yes.\n");
  }
  return Status::OK();
}

Status RunApply(CommandLine& line, const ApplyOptions& options, bool yes) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(CompiledDefinitions compiled,
                        CompileDefinitions(project->config().repo_path));
  // A folder without definitions is a wrong folder more often than the end of a project.
  if (!yes && DefinesNothing(compiled)) {
    ARROW_ASSIGN_OR_RAISE(ApplyResult planned, project->Plan(compiled.definitions, options));
    if (std::string text = EmptyingText(*project, planned.diff); !text.empty()) {
      ARROW_RETURN_NOT_OK(Confirm(text, yes, Unasked::kRefuse));
    }
  }
  ARROW_ASSIGN_OR_RAISE(ApplyResult result, project->Apply(compiled.definitions, options));
  for (const std::string& warning : result.warnings) PrintWarning(warning);
  if (line.output == OutputForm::kJson) {
    PrintJson(result.diff);
  } else {
    PrintTable(result, kDone);
  }
  return Status::OK();
}

/// What plan and apply share.
CLI::App* AddEither(CLI::App& app, const char* name, const char* help, ApplyOptions* options) {
  CLI::App* command = app.add_subcommand(name, help);
  command->add_flag("--skip-source-validation", options->skip_source_validation,
                    "Do not open the data sources to check their columns");
  AcceptFeastFlag(command, "--skip-feature-view-validation",
                  "views are checked in any case, which takes no time");
  return command;
}

}  // namespace

void AddPlan(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<ApplyOptions>();
  CLI::App* command =
      AddEither(app, "plan", "Show what apply would change, and change nothing", options.get());
  command->callback(
      [&line, options] { line.run = [&line, options] { return RunPlan(line, *options); }; });
}

void AddApply(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<ApplyOptions>();
  auto yes = std::make_shared<bool>(false);
  CLI::App* command = AddEither(
      app, "apply", "Register what the Python files define; delete what they no longer do",
      options.get());
  command->add_flag("-y,--yes", *yes, "Do not ask, also where nothing is defined any more");
  AcceptFeastFlag(command, "--no-progress", "apply draws no bar");
  RefuseFeastOption(command, line, "--no-promote", OptionValue::kNone,
                    "a feature view has one version, the one that was applied last");
  command->callback([&line, options, yes] {
    line.run = [&line, options, yes] { return RunApply(line, *options, *yes); };
  });
}

}  // namespace featly::cli
