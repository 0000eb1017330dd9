// The subcommands, one file each.
#pragma once

#include <vector>

namespace CLI {
class App;
}

namespace featly::cli {

class CommandLine;

/// Adds one subcommand (or a group of them) to `app`; its callback sets `line.run`.
using AddCommand = void (*)(CLI::App& app, CommandLine& line);

/// All of them, in the order of the help text (commands.cc).
const std::vector<AddCommand>& AllCommands();

}  // namespace featly::cli
