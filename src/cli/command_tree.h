// The commands and their options as the parser knows them: what help, manual page and completion
// are made from, so that none of them can say something else than what is parsed.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace featly::cli {

/// One option, flag or argument by position. Borrows from the parser.
struct OptionView {
  const CLI::Option* option = nullptr;
  std::vector<std::string> names;  ///< "-f", "--features"; empty for an argument by position.
  std::string position;            ///< "START_TS"; empty for an option.
  std::string value;               ///< What it takes ("FILE"); empty for a flag.
  std::string description;
  bool required = false;
  bool many = false;  ///< Takes several values.
};

/// One command. Borrows from the parser.
struct CommandView {
  const CLI::App* app = nullptr;
  std::string name;
  std::string description;
  std::string group;                  ///< The heading it stands under in the help.
  std::vector<OptionView> positions;  ///< In their order.
  std::vector<OptionView> options;
};

/// What a user may see of `app`: hidden options are left out.
CommandView ViewOf(const CLI::App& app);

/// The commands below `app`, in the order of their registration; without the hidden ones.
std::vector<CommandView> CommandsOf(const CLI::App& app);

/// "-f, --features VIEW:FEATURE...": an option as help and manual show it.
std::string Heading(const OptionView& option);

/// "[OPTIONS] START_TS END_TS", "[OPTIONS] COMMAND": what follows the command's name.
std::string Synopsis(const CommandView& command);

}  // namespace featly::cli
