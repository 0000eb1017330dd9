// Which Python compiles the user's definitions.
#pragma once

#include <string>

#include "base/error.h"

namespace featly {

/// The first of these that exists: $FEATLY_PYTHON, the `python3` beside the program (a wheel's own
/// environment), $VIRTUAL_ENV, a `.venv` in the repository or a folder above it, `python3` in PATH.
/// kConfiguration where FEATLY_PYTHON names nothing that can be run; kUnavailable, listing where it
/// was looked for, where there is none.
Result<std::string> FindInterpreter(const std::string& repo_path);

}  // namespace featly
