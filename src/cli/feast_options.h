// Feast's commands and options that this version does not have: accepted where they change nothing,
// refused with the reason where they would.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace featly::cli {

class CommandLine;

enum class OptionValue : bool { kNone, kText };

/// A flag that may be given and does nothing; `why` follows "Accepted as Feast's: " in the help.
void AcceptFeastFlag(CLI::App* command, const std::string& names, const std::string& why);

/// An option that --help leaves out. Giving it fails the command before it does anything:
/// kNotImplemented with `why`.
void RefuseFeastOption(CLI::App* command, CommandLine& line, const std::string& names,
                       OptionValue value, const std::string& why);

/// A command that --help leaves out, whatever follows it: kNotImplemented with `meanwhile`, what to
/// do instead.
void RefuseFeastCommand(CLI::App* parent, CommandLine& line, const std::string& name,
                        const std::string& meanwhile);

}  // namespace featly::cli
