// A configuration as JSON: what people and the SDK are shown.
#pragma once

#include <string>

#include "project/config.h"

namespace featly {

/// The settings that count, with the keys of feature_store.yaml: what the file says, and the
/// defaults for the rest. Ends with a line feed.
std::string ConfigAsJson(const Config& config);

}  // namespace featly
