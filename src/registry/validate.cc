#include "registry/validate.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include "registry/definition_index.h"
#include "registry/normalize.h"
#include "registry/snapshot.h"

namespace featly {
namespace {

using feast::core::DataSource;
using feast::core::Entity;
using feast::core::FeatureSpecV2;
using feast::core::FeatureView;
using feast::core::FeatureViewSpec;
using google::protobuf::Message;

// The time column of every training set.
constexpr std::string_view kReservedFeature = "event_timestamp";

std::string LowerAscii(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// "feature view 'trips'".
std::string Title(const Definition& definition) {
  return std::string(InfoOf(definition.kind).title) + " '" +
         ObjectName(definition.kind, *definition.object) + "'";
}

Error Wrong(const Definition& definition, std::string message) {
  return Error(ErrorKind::kDefinition, std::move(message))
      .Subject(ObjectName(definition.kind, *definition.object))
      .At(definition.file, definition.line);
}

std::vector<std::string> NamesOf(const std::vector<const FeatureSpecV2*>& columns) {
  std::vector<std::string> names;
  for (const FeatureSpecV2* column : columns) names.push_back(column->name());
  return names;
}

// One ValidateDefinitions.
class Validator {
 public:
  // Borrows everything.
  Validator(const std::vector<Definition>& definitions, const feast::core::Registry& existing,
            std::string_view project, bool total);

  Status Check();
  Status CheckNames() const;

 private:
  Status CheckExistingNames() const;
  Status CheckSource(const Definition& definition) const;
  Status CheckView(const Definition& definition) const;
  Status CheckPlainView(const Definition& definition) const;
  Status CheckEntities(const Definition& definition, const FeatureViewSpec& spec) const;
  Status CheckJoinKeys(const Definition& definition, const FeatureViewSpec& spec) const;
  Status CheckFullNames() const;
  Status CheckService(const Definition& definition) const;
  Status CheckProjection(const Definition& definition,
                         const feast::core::FeatureViewProjection& projection,
                         std::set<std::string>* outputs) const;

  const std::vector<Definition>& definitions_;
  const feast::core::Registry& existing_;
  const std::string_view project_;
  const bool total_;
  std::map<std::string, const Entity*> entities_;
  std::map<std::string, const Message*> views_;  // of every kind
};

Validator::Validator(const std::vector<Definition>& definitions,
                     const feast::core::Registry& existing, std::string_view project, bool total)
    : definitions_(definitions), existing_(existing), project_(project), total_(total) {
  for (const Definition& definition : definitions) {
    const std::string& name = ObjectName(definition.kind, *definition.object);
    if (definition.kind == ObjectKind::kEntity) {
      entities_.emplace(name, static_cast<const Entity*>(definition.object.get()));
    } else if (InfoOf(definition.kind).is_feature_view) {
      views_.emplace(name, definition.object.get());
    }
  }
  if (total) return;
  for (const Entity& entity : existing.entities()) {
    if (entity.spec().project() == project) entities_.emplace(entity.spec().name(), &entity);
  }
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    if (!info.is_feature_view) continue;
    for (const Message* view : ObjectsOf(existing, info.kind)) {
      if (ObjectProject(info.kind, *view) == project) {
        views_.emplace(ObjectName(info.kind, *view), view);
      }
    }
  }
}

Status Validator::Check() {
  ARROW_RETURN_NOT_OK(CheckNames());
  if (!total_) ARROW_RETURN_NOT_OK(CheckExistingNames());
  for (const Definition& definition : definitions_) {
    if (definition.kind == ObjectKind::kDataSource) {
      ARROW_RETURN_NOT_OK(CheckSource(definition));
    } else if (InfoOf(definition.kind).is_feature_view) {
      ARROW_RETURN_NOT_OK(CheckView(definition));
    }
  }
  ARROW_RETURN_NOT_OK(CheckFullNames());
  for (const Definition& definition : definitions_) {
    if (definition.kind == ObjectKind::kFeatureService) {
      ARROW_RETURN_NOT_OK(CheckService(definition));
    }
  }
  return Status::OK();
}

Status Validator::CheckNames() const {
  // The name space of each kind, one for all feature views; without case.
  std::map<std::pair<ObjectKind, std::string>, const Definition*> seen;
  for (const Definition& definition : definitions_) {
    const std::string& name = ObjectName(definition.kind, *definition.object);
    if (name.empty()) {
      return Wrong(definition, std::string("a ") + InfoOf(definition.kind).title + " has no name");
    }
    ObjectKind space =
        InfoOf(definition.kind).is_feature_view ? ObjectKind::kFeatureView : definition.kind;
    auto [other, is_new] = seen.emplace(std::pair(space, LowerAscii(name)), &definition);
    if (is_new) continue;
    const Definition& first = *other->second;
    if (definition.kind == ObjectKind::kDataSource &&
        DescribeDifferences(*DefinitionOnly(*first.object), *DefinitionOnly(*definition.object))
            .empty()) {
      continue;
    }
    std::string place = first.file.empty() ? "" : " (the other is at " + first.file;
    if (!place.empty()) {
      place += (first.line > 0 ? ":" + std::to_string(first.line) : "") + ")";
    }
    std::string message = Title(definition) + " and " + Title(first) + " have one name";
    if (name != ObjectName(first.kind, *first.object)) message += " but for case";
    return Wrong(definition, message + place + "; rename one of them");
  }
  return Status::OK();
}

// A partial apply must not bring a second view of a registered one's name.
Status Validator::CheckExistingNames() const {
  for (const Definition& definition : definitions_) {
    if (!InfoOf(definition.kind).is_feature_view) continue;
    const std::string& name = ObjectName(definition.kind, *definition.object);
    for (const ObjectKindInfo& info : AllObjectKinds()) {
      if (!info.is_feature_view) continue;
      for (const Message* view : ObjectsOf(existing_, info.kind)) {
        const std::string& other = ObjectName(info.kind, *view);
        if (ObjectProject(info.kind, *view) != project_ || LowerAscii(other) != LowerAscii(name) ||
            (info.kind == definition.kind && other == name)) {
          continue;
        }
        return Wrong(definition, Title(definition) + " has the name of the " + info.title + " '" +
                                     other + "', which is registered; rename it, or delete that");
      }
    }
  }
  return Status::OK();
}

Status Validator::CheckSource(const Definition& definition) const {
  const auto& source = static_cast<const DataSource&>(*definition.object);
  std::map<std::string_view, std::string_view> columns;
  for (const auto& [column, mapped] : source.field_mapping()) {
    auto [other, is_new] = columns.emplace(mapped, column);
    if (is_new) continue;
    return Wrong(definition, Title(definition) + " maps the columns '" +
                                 std::string(std::min<std::string_view>(other->second, column)) +
                                 "' and '" +
                                 std::string(std::max<std::string_view>(other->second, column)) +
                                 "' both to '" + mapped + "'");
  }
  return Status::OK();
}

Status Validator::CheckView(const Definition& definition) const {
  const std::string& name = ObjectName(definition.kind, *definition.object);
  for (char reserved : {':', '@'}) {
    if (name.find(reserved) == std::string::npos) continue;
    return Wrong(definition, Title(definition) + " has a '" + reserved +
                                 "' in its name, which feature references (view:feature, "
                                 "view@version:feature) need for themselves");
  }
  std::set<std::string_view> seen;
  for (const FeatureSpecV2* feature : FeaturesOf(*definition.object)) {
    if (feature->name().empty()) {
      return Wrong(definition, Title(definition) + " has a feature without a name");
    }
    if (!seen.insert(feature->name()).second) {
      return Wrong(definition,
                   Title(definition) + " has two features named '" + feature->name() + "'");
    }
    if (feature->name() == kReservedFeature || feature->name() == kDummyJoinKey) {
      return Wrong(definition, Title(definition) + " has a feature named '" + feature->name() +
                                   "', which is reserved; give it another name (with the "
                                   "source's field_mapping)");
    }
  }
  if (definition.kind == ObjectKind::kFeatureView) return CheckPlainView(definition);
  return Status::OK();
}

Status Validator::CheckPlainView(const Definition& definition) const {
  const FeatureViewSpec& spec = static_cast<const FeatureView&>(*definition.object).spec();
  if (spec.features().empty()) {
    return Wrong(definition, Title(definition) +
                                 " has no features; give it a schema, or a source with columns "
                                 "beside keys and times");
  }
  if (spec.ttl().seconds() < 0 || spec.ttl().nanos() < 0) {
    return Wrong(definition, Title(definition) + " has a negative ttl; zero means no limit");
  }
  if (spec.stream_source().type() == DataSource::PUSH_SOURCE && spec.online() &&
      !spec.has_batch_source()) {
    return Wrong(definition, Title(definition) + " is online and reads the push source '" +
                                 spec.stream_source().name() +
                                 "', which has no batch source to materialize from; give it one");
  }
  ARROW_RETURN_NOT_OK(CheckEntities(definition, spec));
  return CheckJoinKeys(definition, spec);
}

Status Validator::CheckEntities(const Definition& definition, const FeatureViewSpec& spec) const {
  std::map<std::string_view, const std::string*> by_key;
  for (const std::string& name : spec.entities()) {
    if (name == kDummyEntity) continue;
    auto entity = entities_.find(name);
    if (entity == entities_.end()) {
      std::vector<std::string> known;
      for (const auto& [other, object] : entities_) known.push_back(other);
      return Wrong(definition,
                   Title(definition) + " names the entity '" + name + "', which is not defined")
          .Near(NearNames(name, known));
    }
    const std::string& key = entity->second->spec().join_key();
    auto [other, is_new] = by_key.emplace(key, &name);
    if (!is_new) {
      return Wrong(definition,
                   fmt::format("{} has the entities '{}' and '{}' with one join key, '{}'",
                               Title(definition), *other->second, name, key));
    }
  }
  for (const FeatureSpecV2& column : spec.entity_columns()) {
    auto owner = by_key.find(column.name());
    if (owner == by_key.end()) continue;
    int type = entities_.at(*owner->second)->spec().value_type();
    if (type == 0 || type == column.value_type()) continue;
    return Wrong(definition, Title(definition) + " has the join key '" + column.name() + "' as " +
                                 ValueTypeName(column.value_type()) + ", and entity '" +
                                 *owner->second + "' as " + ValueTypeName(type));
  }
  return Status::OK();
}

Status Validator::CheckJoinKeys(const Definition& definition, const FeatureViewSpec& spec) const {
  std::set<std::string_view> keys;
  for (const FeatureSpecV2& column : spec.entity_columns()) {
    keys.insert(column.name());
    Result<ValueType> type = ValueTypeFromNumber(column.value_type());
    if (type.ok() && IsKeyType(*type)) continue;
    return Wrong(definition,
                 Title(definition) + " has the join key '" + column.name() + "' of type " +
                     ValueTypeName(column.value_type()) +
                     "; a join key can be a STRING, BYTES, INT32, INT64 or UNIX_TIMESTAMP");
  }
  for (const std::string& name : spec.entities()) {
    auto entity = entities_.find(name);
    if (entity != entities_.end()) keys.insert(entity->second->spec().join_key());
  }
  for (const FeatureSpecV2& feature : spec.features()) {
    if (!keys.contains(feature.name())) continue;
    return Wrong(definition, Title(definition) + " has '" + feature.name() +
                                 "' both as a feature and as a join key");
  }
  return Status::OK();
}

// view "a" with feature "b__c" and view "a__b" with feature "c" are both a__b__c.
Status Validator::CheckFullNames() const {
  using Reference = std::pair<std::string_view, std::string_view>;
  std::map<std::string, Reference> seen;
  for (const auto& [name, view] : views_) {
    for (const FeatureSpecV2* feature : FeaturesOf(*view)) {
      std::string full = name + "__" + feature->name();
      auto [other, is_new] = seen.emplace(full, Reference(name, feature->name()));
      if (is_new || other->second.first == name) continue;
      std::string message =
          fmt::format("'{}:{}' and '{}:{}' have the same full name '{}'; rename one of them",
                      other->second.first, other->second.second, name, feature->name(), full);
      for (const Definition& definition : definitions_) {
        if (definition.object.get() == view) return Wrong(definition, std::move(message));
      }
      return Error(ErrorKind::kDefinition, std::move(message)).Subject(full);
    }
  }
  return Status::OK();
}

Status Validator::CheckService(const Definition& definition) const {
  std::set<std::string> outputs;
  const auto& service = static_cast<const feast::core::FeatureService&>(*definition.object);
  for (const feast::core::FeatureViewProjection& projection : service.spec().features()) {
    ARROW_RETURN_NOT_OK(CheckProjection(definition, projection, &outputs));
  }
  return Status::OK();
}

Status Validator::CheckProjection(const Definition& definition,
                                  const feast::core::FeatureViewProjection& projection,
                                  std::set<std::string>* outputs) const {
  const std::string& name = projection.feature_view_name();
  auto found = views_.find(name);
  if (found == views_.end()) {
    std::vector<std::string> known;
    for (const auto& [other, view] : views_) known.push_back(other);
    return Wrong(definition,
                 Title(definition) + " names the feature view '" + name + "', which is not defined")
        .Near(NearNames(name, known));
  }
  const Message& view = *found->second;
  std::vector<std::string> features = NamesOf(FeaturesOf(view));
  std::set<std::string_view> known(features.begin(), features.end());
  const std::string& alias =
      projection.feature_view_name_alias().empty() ? name : projection.feature_view_name_alias();
  for (const FeatureSpecV2& feature : projection.feature_columns()) {
    if (!known.contains(feature.name())) {
      return Wrong(definition, Title(definition) + " names the feature '" + feature.name() +
                                   "', which feature view '" + name + "' does not have")
          .Near(NearNames(feature.name(), features));
    }
    if (!outputs->insert(alias + "__" + feature.name()).second) {
      return Wrong(definition, Title(definition) + " names '" + alias + ":" + feature.name() +
                                   "' twice; give one of the views another name (with_name)");
    }
  }
  if (view.GetDescriptor() != FeatureView::descriptor()) return Status::OK();
  std::vector<std::string> keys;
  for (const FeatureSpecV2& column :
       static_cast<const FeatureView&>(view).spec().entity_columns()) {
    keys.push_back(column.name());
  }
  for (const auto& [original, renamed] : projection.join_key_map()) {
    if (std::find(keys.begin(), keys.end(), original) != keys.end()) continue;
    return Wrong(definition,
                 fmt::format("{} renames the join key '{}', which feature view '{}' does not have",
                             Title(definition), original, name))
        .Near(NearNames(original, keys));
  }
  return Status::OK();
}

}  // namespace

Status ValidateDefinitions(const std::vector<Definition>& definitions,
                           const feast::core::Registry& existing, std::string_view project,
                           bool total) {
  return Validator(definitions, existing, project, total).Check();
}

Status ValidateNames(const std::vector<Definition>& definitions) {
  const feast::core::Registry nothing;
  return Validator(definitions, nothing, "", /*total=*/true).CheckNames();
}

}  // namespace featly
