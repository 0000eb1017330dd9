// What may come next on a command line, for the shells.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace featly::cli {

/// The first argument that makes the program answer a shell; not a command for people.
inline constexpr std::string_view kCompleteCommand = "__complete";

/// What may stand in place of the last of `words`, the words after the program's name (the last one
/// may be empty). The first line says what the others are: "values" (each with its meaning after a
/// tab), "files" or "directories" (the shell knows those). Names of registered objects come from
/// the repository that the words mean; where there is none, there are none.
std::string Complete(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace featly::cli
