// The values that options and arguments may have, by what the help calls them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "registry/object_kind.h"

namespace featly::cli {

/// What the arguments that name an object of the kind are called: "FEATURE_VIEW". Completion finds
/// the registered names by it.
std::string ValueNameOf(ObjectKind kind);

/// The values of an option whose value the help calls `type`: the fixed ones ("FORM": table, json)
/// or the names that are registered ("VIEW:FEATURE"). The repository is that of the folder `chdir`
/// ("": here) and of the configuration `config_file` ("": the folder's). Empty for values that
/// cannot be listed, and where no repository can be read.
std::vector<std::string> ValueNames(std::string_view type, const std::string& chdir,
                                    const std::string& config_file);

}  // namespace featly::cli
