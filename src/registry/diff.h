// What an apply would change.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "feast/core/Registry.pb.h"
#include "registry/object_kind.h"

namespace featly {

/// One definition as compiled, with its place in the user's files.
struct Definition {
  ObjectKind kind = ObjectKind::kEntity;
  std::shared_ptr<google::protobuf::Message> object;
  std::string file;
  int line = 0;
};

enum class ChangeType : uint8_t { kCreate, kUpdate, kDelete };

/// One change, and for updates which fields differ ("ttl: 3600s -> 7200s").
struct Change {
  ChangeType type = ChangeType::kCreate;
  ObjectKind kind = ObjectKind::kEntity;
  std::string name;
  std::vector<std::string> details;
};

/// An ordered list of changes: sources and entities before views before services; deletions last
/// and in reverse. Empty where the registry is what the definitions say.
struct RegistryDiff {
  std::vector<Change> changes;
  bool empty() const { return changes.empty(); }
};

/// Compares `definitions` with what `registry` holds of `project`. The sources inside views and
/// push sources count as defined. With `total`, what is registered and no longer defined is deleted
/// (but for saved datasets and validation references, which no definition makes; no definitions at
/// all delete the project with all it has); else nothing is. Feast's own bookkeeping is not a
/// difference: meta times, materialization intervals, version numbers, the dummy entity, the
/// project of inner sources; nor is the order of a view's features.
RegistryDiff DiffRegistry(const feast::core::Registry& registry, std::string_view project,
                          const std::vector<Definition>& definitions, bool total);

/// Performs the diff on `registry` as Feast's apply does: created_timestamp kept, last updated set
/// to `now`, meta of updated views (intervals, state) kept unless their schema, source or entities
/// changed, projects, project_metadata and the dummy entity added on first use, version history
/// appended where a view is new or its schema changed, version_id renewed.
void ApplyDiff(const RegistryDiff& diff, std::string_view project,
               const std::vector<Definition>& definitions, Timestamp now,
               feast::core::Registry* registry);

/// Marks `registry` as changed at `now`: a new version_id, last_updated, the schema version. Part
/// of ApplyDiff; for smaller edits.
void TouchRegistry(Timestamp now, feast::core::Registry* registry);

/// Takes the materialization intervals and the state out of a view's `meta`: they say nothing any
/// more once its rows come from elsewhere, mean something else, or are gone.
void ForgetMaterialization(google::protobuf::Message* meta);

/// Feast's registry_schema_version.
inline constexpr std::string_view kRegistrySchemaVersion = "1";

/// New random UUID text, as Feast's version_id.
std::string NewVersionId();

}  // namespace featly
