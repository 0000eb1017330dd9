// featly configuration
#include <string>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/message_text.h"
#include "project/config_json.h"

namespace featly::cli {

void AddConfiguration(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand(
      "configuration", "Print the settings that count: feature_store.yaml's and the defaults");
  command->callback([&line] {
    line.run = [&line]() -> Status {
      ARROW_ASSIGN_OR_RAISE(Config config, line.ReadConfig());
      std::string text = ConfigAsJson(config);
      if (line.output != OutputForm::kJson) {
        ARROW_ASSIGN_OR_RAISE(text, JsonAsYaml(text));
      }
      Print(text);
      return Status::OK();
    };
  });
}

}  // namespace featly::cli
