// The subcommands, one file each.
#pragma once

#include <vector>

namespace CLI {
class App;
}

namespace featly::cli {

class CommandLine;

/// One line of the list of subcommands.
struct CommandEntry {
  /// Adds one subcommand (or a group of them) to `app`; its callback sets `line.run`.
  void (*add)(CLI::App& app, CommandLine& line);
  const char* heading;  ///< What the help lists it under.
};

/// All of them, in the order of the help text (commands.cc).
const std::vector<CommandEntry>& AllCommands();

/// The parser of the whole program: global options and every subcommand. `line` outlives it.
void AddEverything(CLI::App& app, CommandLine& line);

}  // namespace featly::cli
