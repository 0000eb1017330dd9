// featly registry-dump
#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/message_text.h"

namespace featly::cli {

void AddRegistryDump(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand("registry-dump", "Print the whole registry as JSON");
  command->callback([&line] {
    line.run = [&line]() -> Status {
      ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
      ARROW_ASSIGN_OR_RAISE(auto snapshot, project->Snapshot());
      ARROW_ASSIGN_OR_RAISE(std::string text, MessageAsJson(snapshot->proto()));
      Print(text);
      return Status::OK();
    };
  });
}

}  // namespace featly::cli
