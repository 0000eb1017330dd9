#include "project/deletions.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "registry/definition_index.h"

namespace featly {

namespace core = feast::core;

namespace {

using google::protobuf::Message;

/// The names of the objects of a kind that are registered in the project.
std::vector<std::string> RegisteredNames(const core::Registry& registry, ObjectKind kind,
                                         std::string_view project) {
  std::vector<std::string> names;
  for (const Message* object : ObjectsOf(registry, kind)) {
    if (ObjectProject(kind, *object) == project) names.push_back(ObjectName(kind, *object));
  }
  return names;
}

bool Deletes(const RegistryDiff& diff, ObjectKind kind, std::string_view name) {
  return std::any_of(diff.changes.begin(), diff.changes.end(), [&](const Change& change) {
    return change.type == ChangeType::kDelete && change.kind == kind && change.name == name;
  });
}

/// What one object names: the entities, sources and views (as plain views, whose names all views
/// share) that it uses.
std::vector<NamedObject> UsedBy(ObjectKind kind, const Message& object) {
  std::vector<NamedObject> used;
  if (InfoOf(kind).is_feature_view) {
    for (std::string& entity : EntitiesOf(object)) {
      used.push_back({ObjectKind::kEntity, std::move(entity)});
    }
  }
  for (const core::DataSource* source : InnerSources(object)) {
    if (!source->name().empty()) used.push_back({ObjectKind::kDataSource, source->name()});
  }
  if (kind == ObjectKind::kOnDemandFeatureView) {
    const auto& spec = static_cast<const core::OnDemandFeatureView&>(object).spec();
    for (const auto& [name, source] : spec.sources()) {
      used.push_back(
          {source.has_request_data_source() ? ObjectKind::kDataSource : ObjectKind::kFeatureView,
           name});
    }
  } else if (kind == ObjectKind::kFeatureService) {
    const auto& spec = static_cast<const core::FeatureService&>(object).spec();
    for (const core::FeatureViewProjection& projection : spec.features()) {
      used.push_back({ObjectKind::kFeatureView, projection.feature_view_name()});
    }
  }
  return used;
}

/// The change of `diff` that deletes what is used; null where it stays.
const Change* DeletionOf(const RegistryDiff& diff, const NamedObject& used) {
  for (const Change& change : diff.changes) {
    const bool same_kind = change.kind == used.kind || (used.kind == ObjectKind::kFeatureView &&
                                                        InfoOf(change.kind).is_feature_view);
    if (change.type == ChangeType::kDelete && same_kind && change.name == used.name) return &change;
  }
  return nullptr;
}

Status CheckUses(ObjectKind kind, const Message& object, const RegistryDiff& diff) {
  const std::string& name = ObjectName(kind, object);
  for (const NamedObject& used : UsedBy(kind, object)) {
    const Change* deletion = DeletionOf(diff, used);
    if (deletion == nullptr) continue;
    return Error(ErrorKind::kConflict, std::string(InfoOf(deletion->kind).title) + " '" +
                                           used.name +
                                           "' cannot be deleted: " + InfoOf(kind).title + " '" +
                                           name + "' uses it; delete or change that as well")
        .Subject(used.name);
  }
  return Status::OK();
}

/// Nothing that stays or comes may use what goes.
Status CheckNothingIsLeft(const core::Registry& registry, std::string_view project,
                          const std::vector<Definition>& definitions, const RegistryDiff& diff) {
  for (const Definition& definition : definitions) {
    ARROW_RETURN_NOT_OK(CheckUses(definition.kind, *definition.object, diff));
  }
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    const ObjectKind kind = info.kind;
    if (!info.is_feature_view && kind != ObjectKind::kFeatureService &&
        kind != ObjectKind::kDataSource) {
      continue;
    }
    for (const Message* object : ObjectsOf(registry, kind)) {
      const std::string& name = ObjectName(kind, *object);
      bool defined =
          std::any_of(definitions.begin(), definitions.end(), [&](const Definition& definition) {
            return definition.kind == kind && ObjectName(kind, *definition.object) == name;
          });
      if (defined || ObjectProject(kind, *object) != project || Deletes(diff, kind, name)) continue;
      ARROW_RETURN_NOT_OK(CheckUses(kind, *object, diff));
    }
  }
  return Status::OK();
}

}  // namespace

Status AddDeletions(const core::Registry& registry, std::string_view project,
                    const std::vector<Definition>& definitions,
                    const std::vector<NamedObject>& objects, RegistryDiff* diff) {
  if (objects.empty()) return Status::OK();
  const auto first = static_cast<std::ptrdiff_t>(diff->changes.size());
  for (const NamedObject& object : objects) {
    if (Deletes(*diff, object.kind, object.name)) continue;
    std::string what = std::string(InfoOf(object.kind).title) + " '" + object.name + "'";
    for (const Definition& definition : definitions) {
      if (definition.kind != object.kind) continue;
      if (ObjectName(definition.kind, *definition.object) != object.name) continue;
      return Error(ErrorKind::kInvalid,
                   what + " is to be applied and to be deleted at once; name it once")
          .Subject(object.name)
          .At(definition.file, definition.line);
    }
    std::vector<std::string> names = RegisteredNames(registry, object.kind, project);
    if (std::find(names.begin(), names.end(), object.name) == names.end()) {
      return Error(ErrorKind::kNotFound, what +
                                             " cannot be deleted: it is not registered in "
                                             "project '" +
                                             std::string(project) + "'")
          .Subject(object.name)
          .Near(NearNames(object.name, names));
    }
    diff->changes.push_back({ChangeType::kDelete, object.kind, object.name, {}});
  }
  std::stable_sort(diff->changes.begin() + first, diff->changes.end(),
                   [](const Change& a, const Change& b) { return a.kind > b.kind; });
  return CheckNothingIsLeft(registry, project, definitions, *diff);
}

}  // namespace featly
