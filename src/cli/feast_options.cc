#include "cli/feast_options.h"

#include <CLI/CLI.hpp>

#include "cli/command_line.h"

namespace featly::cli {

void AcceptFeastFlag(CLI::App* command, const std::string& names, const std::string& why) {
  command->add_flag(names)->description("Accepted as Feast's: " + why);
}

void RefuseFeastOption(CLI::App* command, CommandLine& line, const std::string& names,
                       OptionValue value, const std::string& why) {
  // The long name is the last: "-s,--start-date".
  const std::string name = names.substr(names.rfind(',') + 1);
  auto refuse = [&line, name, why] {
    line.refused =
        Error(ErrorKind::kNotImplemented, "'" + name + "' is not built yet: " + why).Subject(name);
  };
  if (value == OptionValue::kNone) {
    command->add_flag_callback(names, refuse)->group("");
  } else {
    command->add_option_function<std::string>(names, [refuse](const std::string&) { refuse(); })
        ->group("");
  }
}

void RefuseFeastCommand(CLI::App* parent, CommandLine& line, const std::string& name,
                        const std::string& meanwhile) {
  CLI::App* command = parent->add_subcommand(name)->group("");
  command->prefix_command();
  command->fallthrough(false);
  command->set_help_flag();
  command->callback([&line, name, meanwhile] {
    line.run = [name, meanwhile]() -> Status {
      return Error(ErrorKind::kNotImplemented,
                   "Feast's command '" + name + "' is not built yet; meanwhile: " + meanwhile)
          .Subject(name);
    };
  });
}

}  // namespace featly::cli
