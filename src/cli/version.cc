// featly version
#include "embedded/version.h"

#include <string>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"

namespace featly::cli {

void AddVersion(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand("version", "Print featly's version");
  command->callback([&line] {
    line.run = [&line]() -> Status {
      const std::string version(embedded::kVersion);
      Print(line.output == OutputForm::kJson ? "{\"version\":\"" + version + "\"}\n"
                                             : "featly " + version + "\n");
      return Status::OK();
    };
  });
}

}  // namespace featly::cli
