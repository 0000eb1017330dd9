// The user's Python files, compiled to definitions by a child with the user's interpreter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "registry/diff.h"

namespace featly {

struct CompiledDefinitions {
  std::vector<Definition> definitions;
  double import_seconds = 0;  ///< What Python spent importing the user's files.
};

/// Runs the definitions compiler over the repository. kDefinition with the user's own traceback
/// where a file raises; kUnavailable where no interpreter is found (FEATLY_PYTHON, the one beside
/// the program, $VIRTUAL_ENV, .venv in the repository or above, PATH).
Result<CompiledDefinitions> CompileDefinitions(const std::string& repo_path);

/// Definitions that the SDK hands over: a JSON array of {"kind", "json", "file", "line"}.
Result<std::vector<Definition>> DefinitionsFromJson(std::string_view json);

/// `status` with the definition's file and line, where it names no place of its own.
Status AtDefinition(const Definition& definition, const Status& status);

}  // namespace featly
