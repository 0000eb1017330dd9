// The options by which a command is told which features are wanted.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "registry/feature_refs.h"

namespace featly::cli {

/// Adds -f/--features (several values, or the option again), --feature-service and
/// --full-feature-names. `request` outlives the command.
inline void AddFeatureOptions(CLI::App* command, FeatureRequest* request) {
  auto* features = command
                       ->add_option("-f,--features", request->features,
                                    "These features; several, or the option again")
                       ->type_name("VIEW:FEATURE");
  auto* service = command->add_option("--feature-service", request->feature_service,
                                      "The features of this service, in place of --features");
  service->type_name("FEATURE_SERVICE")->excludes(features);
  command->add_flag("--full-feature-names", request->full_feature_names,
                    "Name the columns VIEW__FEATURE");
}

}  // namespace featly::cli
