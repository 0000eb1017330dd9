// featly teardown
#include <CLI/CLI.hpp>

#include "cli/command_line.h"

namespace featly::cli {

void AddTeardown(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand(
      "teardown", "Delete the project's online rows and its objects in the registry");
  command->callback([&line] {
    line.run = [&line]() -> Status {
      ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
      ARROW_RETURN_NOT_OK(project->Teardown());
      Print("Deleted project " + project->name() + ": its online rows and registered objects\n");
      return Status::OK();
    };
  });
}

}  // namespace featly::cli
