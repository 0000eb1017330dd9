// From "view:feature" texts or a feature service to views, features and output names: the same
// resolution for training sets and for lookups, so that they cannot differ.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "registry/snapshot.h"

namespace featly {

/// One view as it is asked for. A view may appear twice under different aliases or key renamings.
struct ViewUse {
  const ViewSpec* view = nullptr;
  std::string alias;  ///< Prefix of full feature names: alias or the view's name.
  /// For each of view->join_keys, in their order: the column of the request or entity table.
  std::vector<std::string> key_columns;
};

/// One feature of the answer, in the order asked for.
struct FeatureUse {
  uint32_t view = 0;        ///< Index in ResolvedFeatures::views.
  uint32_t feature = 0;     ///< Index in ViewSpec::features.
  std::string output_name;  ///< "feature", or "alias__feature" with full feature names.
};

/// Keeps its snapshot alive. Immutable; may be shared between threads.
struct ResolvedFeatures {
  std::shared_ptr<const RegistrySnapshot> snapshot;
  std::string project;
  std::vector<ViewUse> views;
  std::vector<FeatureUse> features;
  /// Every key column the request must bring, in order of first use, with its type.
  std::vector<JoinKey> key_columns;
};

/// Which features: either a service's name or "view:feature" texts ("view@v2:feature" is
/// kNotImplemented; "view@latest:feature" is the view).
struct FeatureRequest {
  std::string feature_service;  ///< Non-empty: wins over `features`, as in Feast.
  std::vector<std::string> features;
  bool full_feature_names = false;
};

/// kNotFound with near names for an unknown view, feature or service; kInvalid for a malformed
/// reference, no features at all, or two outputs of one name (the advice: full_feature_names);
/// kNotImplemented naming a view of a type that is not built yet. Two views that give one key
/// column different types: kInvalid naming both.
Result<std::shared_ptr<const ResolvedFeatures>> ResolveFeatures(
    std::shared_ptr<const RegistrySnapshot> snapshot, std::string_view project,
    const FeatureRequest& request);

}  // namespace featly
