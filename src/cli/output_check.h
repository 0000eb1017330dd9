// Whether a file may be written where the user says.
#pragma once

#include <string>

#include "base/error.h"
#include "registry/feature_refs.h"

namespace featly::cli {

/// kUsage naming both where `out` is `entities` (may be empty) or one of the files that the
/// features come from, under whatever name, or would become one of them: a folder or glob takes
/// every data file in it. `root` is the repository.
Status CheckOutput(const std::string& out, const std::string& entities,
                   const ResolvedFeatures& features, const std::string& root);

}  // namespace featly::cli
