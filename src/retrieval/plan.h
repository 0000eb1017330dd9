// What a lookup will do, worked out once for a feature list or service and kept.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "online/online_store.h"
#include "registry/feature_refs.h"
#include "types/entity_key.h"

namespace featly {

/// A view in a plan, bound to the store.
struct PlannedView {
  std::shared_ptr<const OnlineView> online;
  std::string name;  ///< The view's alias, or its name.
  Duration ttl;
  bool has_event_time = true;
  uint32_t group = 0;           ///< Which key group it is read in, and
  uint32_t index_in_group = 0;  ///< its place there.
};

/// Views that are asked with the same key columns, encoded once.
struct KeyGroup {
  EntityKeyCodec codec;
  std::vector<uint32_t> key_columns;  ///< For each codec key: index in RetrievalPlan::key_columns.
  std::vector<const OnlineView*> views;
  std::vector<std::vector<uint32_t>> columns;
};

struct PlannedFeature {
  uint32_t view = 0;    ///< Index in RetrievalPlan::views.
  uint32_t column = 0;  ///< Index in the view's schema().columns.
  ValueType type = ValueType::kInvalid;
  std::string output_name;
  std::shared_ptr<arrow::DataType> user_type;  ///< The view's UserType for it.
};

/// Immutable; shared between threads; keeps its snapshot and its views alive. No lookup resolves a
/// name again.
struct RetrievalPlan {
  std::shared_ptr<const ResolvedFeatures> resolved;
  std::vector<JoinKey> key_columns;  ///< What a request must bring.
  /// Other join keys of the project: not needed, but echoed where a request brings them, as in
  /// Feast.
  std::vector<JoinKey> other_keys;
  std::vector<KeyGroup> groups;
  std::vector<PlannedView> views;
  std::vector<PlannedFeature> features;
  std::string feature_names_json;  ///< `"a","b"`: the output names, rendered once.
  std::string view_metadata_json;  ///< `{"name":"v"},{"name":"w","version":2}`: each view once.
};

/// Resolves and binds. kInvalid naming the view where it is not online or is disabled. An I/O
/// thread refuses views that the store has not prepared (kUnavailable): preparing writes.
Result<std::shared_ptr<const RetrievalPlan>> MakeRetrievalPlan(
    std::shared_ptr<const RegistrySnapshot> snapshot, std::string_view project,
    const FeatureRequest& request, OnlineStore& store, int entity_key_version,
    MissingView missing = MissingView::kPrepare);

}  // namespace featly
