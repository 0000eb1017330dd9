#include "registry/view_spec.h"

#include <algorithm>
#include <set>
#include <utility>

#include "types/user_type.h"

namespace featly {
namespace {

using feast::core::DataSource;
using feast::core::FeatureSpecV2;
using feast::core::FeatureView;
using feast::core::FeatureViewSpec;
using feast::core::Registry;

Status NotBuilt(const std::string& whose, const std::string& what) {
  return Error(ErrorKind::kNotImplemented, whose + " " + what + " in this version of featly");
}

// The type of a feature or join key; `what` names it for messages.
Result<ValueType> TypeOf(int number, const std::string& what) {
  if (number == 0) {
    return Error(ErrorKind::kCorrupt, what + " has no type; apply the definitions again");
  }
  Result<ValueType> type = ValueTypeFromNumber(number);
  if (type.ok()) return type;
  // A number that this version does not know is a later Feast's: as good as a type not built yet.
  return Error(ErrorKind::kNotImplemented, what + " has the type " + ValueTypeName(number) +
                                               ", which rows do not hold in this version of featly")
      .Cause(type.status());
}

Status CompileFeatures(const FeatureViewSpec& spec, const std::string& whose, ViewSpec* view) {
  std::set<std::string_view> seen;
  for (const FeatureSpecV2& feature : spec.features()) {
    if (!seen.insert(feature.name()).second) {
      return Error(ErrorKind::kCorrupt, whose + " has two features named '" + feature.name() + "'");
    }
    ARROW_ASSIGN_OR_RAISE(ValueType type, TypeOf(feature.value_type(),
                                                 "feature '" + feature.name() + "' of " + whose));
    const auto user_type = UserArrowType(type, feature.tags());
    if (!user_type.ok()) {
      return WithContext("feature '" + feature.name() + "' of " + whose, user_type.status());
    }
    view->features.push_back({feature.name(), type});
    view->user_types.push_back(*user_type);
  }
  return Status::OK();
}

const feast::core::EntitySpecV2* FindEntity(const Registry& registry, const std::string& project,
                                            const std::string& name) {
  for (const feast::core::Entity& entity : registry.entities()) {
    if (entity.spec().name() == name && entity.spec().project() == project) return &entity.spec();
  }
  return nullptr;
}

Status AddJoinKey(const std::string& name, int type_number, const std::string& whose,
                  ViewSpec* view) {
  std::string what = "join key '" + name + "' of " + whose;
  ARROW_ASSIGN_OR_RAISE(ValueType type, TypeOf(type_number, what));
  if (!IsKeyType(type)) {
    return Error(ErrorKind::kNotImplemented,
                 what + " has the type " + ValueTypeName(type) +
                     "; a join key can be a STRING, BYTES, INT32, INT64 or UNIX_TIMESTAMP");
  }
  view->join_keys.push_back({name, type});
  return Status::OK();
}

// The view's own typed columns first; what they leave out comes from the entities, untyped ones
// being strings as in Feast.
Status CompileJoinKeys(const FeatureViewSpec& spec, const Registry& registry,
                       const std::string& whose, ViewSpec* view) {
  std::set<std::string_view> seen;
  for (const FeatureSpecV2& column : spec.entity_columns()) {
    if (column.name() == kDummyJoinKey || !seen.insert(column.name()).second) continue;
    ARROW_RETURN_NOT_OK(AddJoinKey(column.name(), column.value_type(), whose, view));
  }
  for (const std::string& name : spec.entities()) {
    if (name == kDummyEntity) continue;
    view->entities.push_back(name);
    const feast::core::EntitySpecV2* entity = FindEntity(registry, spec.project(), name);
    if (entity == nullptr || seen.contains(entity->join_key())) continue;
    seen.insert(entity->join_key());
    int type = entity->value_type() == feast::types::ValueType_Enum_INVALID
                   ? feast::types::ValueType_Enum_STRING
                   : entity->value_type();
    ARROW_RETURN_NOT_OK(AddJoinKey(entity->join_key(), type, whose, view));
  }
  if (!view->entities.empty() && view->join_keys.empty()) {
    return Error(ErrorKind::kCorrupt, whose + " names the entity '" + view->entities[0] +
                                          "', which is not in the registry, and has no join keys");
  }
  std::sort(view->join_keys.begin(), view->join_keys.end(),
            [](const JoinKey& a, const JoinKey& b) { return a.name < b.name; });
  return Status::OK();
}

Status CompileSources(const FeatureViewSpec& spec, const std::string& whose, ViewSpec* view) {
  if (spec.has_stream_source()) {
    // A stream is not read, but the history beside it is, as Feast's materialize does.
    const bool pushed = spec.stream_source().type() == DataSource::PUSH_SOURCE;
    if (!pushed && !spec.has_batch_source()) {
      return NotBuilt(whose, "reads the stream '" + spec.stream_source().name() +
                                 "', which is not supported; give it a batch_source");
    }
    if (pushed) view->push_source = spec.stream_source().name();
  }
  if (!spec.has_batch_source()) return Status::OK();
  return CompileSource(spec.batch_source(), whose).Value(&view->batch_source);
}

}  // namespace

Result<SourceSpec> CompileSource(const DataSource& source, const std::string& whose) {
  std::string what = "reads the source '" + source.name() + "'";
  if (source.type() != DataSource::BATCH_FILE) {
    return NotBuilt(whose, what + " of type " + DataSource::SourceType_Name(source.type()) +
                               ", which is not supported");
  }
  if (source.file_options().file_format().has_delta_format()) {
    return NotBuilt(whose, what + " in Delta format, which is not supported");
  }
  SourceSpec spec;
  spec.name = source.name();
  spec.path = source.file_options().uri();
  spec.timestamp_field = source.timestamp_field();
  spec.created_timestamp_column = source.created_timestamp_column();
  spec.field_mapping.insert(source.field_mapping().begin(), source.field_mapping().end());
  return spec;
}

Result<ViewSpec> CompileView(const FeatureView& proto, const Registry& registry) {
  const FeatureViewSpec& spec = proto.spec();
  std::string whose = "feature view '" + spec.name() + "'";
  if (spec.has_feature_transformation()) {
    return NotBuilt(whose, "has a transformation, which is not supported");
  }
  if (spec.source_views_size() > 0) {
    return NotBuilt(whose, "is made from other feature views, which is not supported");
  }
  ViewSpec view;
  view.proto = &proto;
  view.project = spec.project();
  view.name = spec.name();
  view.online = spec.online();
  view.enabled = !spec.disabled();
  if (spec.ttl().seconds() < 0 || spec.ttl().nanos() < 0) {
    return Error(ErrorKind::kCorrupt, whose + " has a negative ttl");
  }
  view.ttl = Duration::Micros(spec.ttl().seconds() * 1000000 + spec.ttl().nanos() / 1000);
  ARROW_RETURN_NOT_OK(CompileFeatures(spec, whose, &view));
  ARROW_RETURN_NOT_OK(CompileJoinKeys(spec, registry, whose, &view));
  ARROW_RETURN_NOT_OK(CompileSources(spec, whose, &view));
  return view;
}

}  // namespace featly
