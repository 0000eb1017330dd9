// featly plan, featly apply
#include <cstdio>
#include <memory>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
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
    if (colour) text = ColourOf(change.type) + text + "\033[0m";
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

Status RunApply(CommandLine& line, const ApplyOptions& options, bool only_plan) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(CompiledDefinitions compiled,
                        CompileDefinitions(project->config().repo_path));
  ApplyResult result;
  if (only_plan) {
    ARROW_ASSIGN_OR_RAISE(result, project->Plan(compiled.definitions, options));
  } else {
    ARROW_ASSIGN_OR_RAISE(result, project->Apply(compiled.definitions, options));
  }
  for (const std::string& warning : result.warnings) PrintWarning(warning);
  if (line.output == OutputForm::kJson) {
    PrintJson(result.diff);
  } else {
    PrintTable(result, only_plan ? kPlanned : kDone);
  }
  return Status::OK();
}

void AddBoth(CLI::App& app, CommandLine& line, const char* name, const char* help, bool only_plan) {
  CLI::App* command = app.add_subcommand(name, help);
  auto options = std::make_shared<ApplyOptions>();
  command->add_flag("--skip-source-validation", options->skip_source_validation,
                    "Do not open the data sources to check their columns");
  command->callback([&line, options, only_plan] {
    line.run = [&line, options, only_plan] { return RunApply(line, *options, only_plan); };
  });
}

}  // namespace

void AddPlan(CLI::App& app, CommandLine& line) {
  AddBoth(app, line, "plan", "Show what apply would change, and change nothing", true);
}

void AddApply(CLI::App& app, CommandLine& line) {
  AddBoth(app, line, "apply",
          "Register what the Python files define; delete what they no longer do", false);
}

}  // namespace featly::cli
