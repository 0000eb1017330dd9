#include "cli/confirm.h"

#include <cstdio>
#include <iostream>
#include <unistd.h>

#include <CLI/CLI.hpp>

namespace featly::cli {

void AddYes(CLI::App* command, bool* yes) {
  command->add_flag("-y,--yes", *yes, "Do not ask before deleting");
}

Status Confirm(const std::string& what, bool yes, Unasked unasked) {
  if (yes) return Status::OK();
  if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) {
    if (unasked == Unasked::kGoOn) return Status::OK();
    return Error(ErrorKind::kUsage,
                 what + " There is no terminal to ask on: say --yes if that is meant");
  }
  std::fprintf(stderr, "%s Go on? [y/N] ", what.c_str());
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes" || answer == "Yes" || answer == "YES") {
    return Status::OK();
  }
  return Error(ErrorKind::kConflict, "not confirmed; nothing was changed");
}

}  // namespace featly::cli
