// Questions before something is deleted.
#pragma once

#include <string>

#include "base/error.h"

namespace CLI {
class App;
}

namespace featly::cli {

/// What is done where there is no terminal to ask on.
enum class Unasked : bool {
  kGoOn,    ///< What the command says is what it does: teardown in a script, as in Feast.
  kRefuse,  ///< Nobody may have meant it: the command fails and names --yes.
};

/// Adds -y/--yes. `yes` outlives the command.
void AddYes(CLI::App* command, bool* yes);

/// Asks "`what` Go on? [y/N]" on the terminal and waits for the answer; OK for yes. Asks nothing
/// where `yes` is set or where standard input or standard error is no terminal: it never waits for
/// somebody who is not there. Else kConflict, or kUsage under kRefuse: nothing is to be done.
Status Confirm(const std::string& what, bool yes, Unasked unasked);

}  // namespace featly::cli
