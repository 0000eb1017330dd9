// featly teardown
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/confirm.h"
#include "types/json_value.h"

namespace featly::cli {

namespace {

Status RunTeardown(CommandLine& line, bool yes) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_RETURN_NOT_OK(Confirm("This deletes all online rows of project '" + project->name() +
                                  "' and what is registered of it in '" +
                                  project->registry().location() + "'.",
                              yes, Unasked::kGoOn));
  ARROW_ASSIGN_OR_RAISE(const bool was_there, project->Teardown());
  if (line.output == OutputForm::kJson) {
    std::string text = "{\"deleted_project\":";
    if (was_there) {
      AppendJsonString(project->name(), &text);
    } else {
      text += "null";
    }
    Print(text + "}\n");
  } else if (!was_there) {
    Print("Project " + project->name() +
          " has nothing to delete: no registered objects, no online "
          "rows\n");
  } else {
    Print("Deleted project " + project->name() + ": its online rows and registered objects\n");
  }
  return Status::OK();
}

}  // namespace

void AddTeardown(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand(
      "teardown", "Delete the project's online rows and its objects in the registry");
  auto yes = std::make_shared<bool>(false);
  AddYes(command, yes.get());
  command->callback([&line, yes] { line.run = [&line, yes] { return RunTeardown(line, *yes); }; });
}

}  // namespace featly::cli
