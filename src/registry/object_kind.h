// The kinds of object a registry holds, as one table: catalog, diff, listing and export work from
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/message.h>

#include "base/error.h"
#include "feast/core/Registry.pb.h"

namespace featly {

/// Feast's object kinds that have a name within a project.
enum class ObjectKind : uint8_t {
  kProject = 0,
  kEntity,
  kDataSource,
  kFeatureView,
  kStreamFeatureView,
  kOnDemandFeatureView,
  kLabelView,
  kFeatureService,
  kSavedDataset,
  kValidationReference,
  kPermission,
};

/// One row of the table. Adding a kind is its message and one row (object_kind.cc).
struct ObjectKindInfo {
  ObjectKind kind;
  const char* id;        ///< "feature_view": what the definitions compiler calls it.
  const char* title;     ///< "feature view": in messages.
  const char* plural;    ///< "feature-views": the command's name.
  int registry_field;    ///< Number of the repeated field in feast.core.Registry.
  bool is_feature_view;  ///< Shares one name space with the other feature views.
};

const std::vector<ObjectKindInfo>& AllObjectKinds();
const ObjectKindInfo& InfoOf(ObjectKind kind);
/// kInvalid with near names for an unknown id.
Result<ObjectKind> ObjectKindFromId(std::string_view id);

/// A new, empty message of the kind.
std::unique_ptr<google::protobuf::Message> NewObject(ObjectKind kind);
/// Name and project of an object, wherever its message keeps them ("" for a project's project).
/// Borrowed from the object.
const std::string& ObjectName(ObjectKind kind, const google::protobuf::Message& object);
const std::string& ObjectProject(ObjectKind kind, const google::protobuf::Message& object);
/// No effect on a project.
void SetObjectProject(ObjectKind kind, std::string_view project, google::protobuf::Message* object);

/// Every object of the kind in `registry`, in its order; of all projects. Borrowed.
std::vector<const google::protobuf::Message*> ObjectsOf(const feast::core::Registry& registry,
                                                        ObjectKind kind);
/// The object of this name and project in `registry`, to edit in place; null where there is none.
google::protobuf::Message* MutableObject(ObjectKind kind, std::string_view project,
                                         std::string_view name, feast::core::Registry* registry);
/// Adds a copy at the end, as Feast does, after removing one of the same name and project.
void UpsertObject(ObjectKind kind, const google::protobuf::Message& object,
                  feast::core::Registry* registry);
/// False where there was none.
bool RemoveObject(ObjectKind kind, std::string_view project, std::string_view name,
                  feast::core::Registry* registry);

}  // namespace featly
