#include "registry/diff.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "registry/definition_index.h"
#include "registry/normalize.h"

namespace featly {
namespace {

using feast::core::Registry;
using google::protobuf::Message;

std::string_view ProjectOf(ObjectKind kind, std::string_view project) {
  return kind == ObjectKind::kProject ? std::string_view() : project;
}

const Message* FindObject(const Registry& registry, ObjectKind kind, std::string_view project,
                          std::string_view name) {
  for (const Message* object : ObjectsOf(registry, kind)) {
    if (ObjectName(kind, *object) == name &&
        ObjectProject(kind, *object) == ProjectOf(kind, project)) {
      return object;
    }
  }
  return nullptr;
}

// What defining one object changes.
void AddDefinition(const Registry& registry, std::string_view project, const Definition& definition,
                   std::vector<Change>* changes) {
  const std::string& name = ObjectName(definition.kind, *definition.object);
  const Message* old = FindObject(registry, definition.kind, project, name);
  if (old == nullptr) {
    changes->push_back({ChangeType::kCreate, definition.kind, name, {}});
    return;
  }
  std::vector<std::string> details =
      DescribeDifferences(*DefinitionOnly(*old), *DefinitionOnly(*definition.object));
  if (details.empty()) return;
  changes->push_back({ChangeType::kUpdate, definition.kind, name, std::move(details)});
}

void AddDeletions(const Registry& registry, std::string_view project, const DefinitionIndex& index,
                  std::vector<Change>* changes) {
  bool whole_project = index.all().empty();
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    bool defined_elsewhere = info.kind == ObjectKind::kProject ||
                             info.kind == ObjectKind::kSavedDataset ||
                             info.kind == ObjectKind::kValidationReference;
    if (defined_elsewhere && !whole_project) continue;
    for (const Message* object : ObjectsOf(registry, info.kind)) {
      const std::string& name = ObjectName(info.kind, *object);
      const std::string& owner =
          info.kind == ObjectKind::kProject ? name : ObjectProject(info.kind, *object);
      if (owner != project || index.Find(info.kind, name) != nullptr) continue;
      if (info.kind == ObjectKind::kEntity && name == kDummyEntity) continue;
      changes->push_back({ChangeType::kDelete, info.kind, name, {}});
    }
  }
}

}  // namespace

RegistryDiff DiffRegistry(const Registry& registry, std::string_view project,
                          const std::vector<Definition>& definitions, bool total) {
  DefinitionIndex index(definitions);
  RegistryDiff diff;
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    for (const Definition& definition : index.all()) {
      if (definition.kind == info.kind) {
        AddDefinition(registry, project, definition, &diff.changes);
      }
    }
  }
  if (total) {
    std::vector<Change> deletions;
    AddDeletions(registry, project, index, &deletions);
    std::move(deletions.rbegin(), deletions.rend(), std::back_inserter(diff.changes));
  }
  return diff;
}

}  // namespace featly
