// featly feature-views enable|disable|set-state|list-versions
#pragma once

namespace CLI {
class App;
}

namespace featly::cli {

class CommandLine;

/// Adds them to the feature-views command.
void AddFeatureViewState(CLI::App* feature_views, CommandLine& line);

}  // namespace featly::cli
