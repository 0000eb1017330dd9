// featly version
#include "embedded/version.h"

#include <string>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/version_text.h"

namespace featly::cli {

std::string Version() { return std::string(embedded::kVersion); }
std::string VersionLine() { return "featly " + Version() + "\n"; }

void AddVersion(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand("version", "Print featly's version");
  command->callback([&line] {
    line.run = [&line]() -> Status {
      Print(line.output == OutputForm::kJson ? "{\"version\":\"" + Version() + "\"}\n"
                                             : VersionLine());
      return Status::OK();
    };
  });
}

}  // namespace featly::cli
