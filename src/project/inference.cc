#include "project/inference.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include <arrow/type.h>

#include "base/quoted_names.h"
#include "offline/column_list.h"
#include "project/definitions.h"
#include "registry/definition_index.h"
#include "registry/view_spec.h"
#include "types/user_type.h"
#include "types/value_type.h"

namespace featly {

namespace core = feast::core;

namespace {

using EntityIndex = std::map<std::string, const core::Entity*, std::less<>>;
using ViewIndex = std::map<std::string, const google::protobuf::Message*, std::less<>>;

/// Objects of one kind by name: those registered, replaced by those defined now.
template <typename Message>
std::map<std::string, const Message*, std::less<>> IndexByName(
    const core::Registry& existing, std::string_view project, ObjectKind kind,
    const std::vector<Definition>& definitions) {
  std::map<std::string, const Message*, std::less<>> index;
  for (const google::protobuf::Message* object : ObjectsOf(existing, kind)) {
    if (ObjectProject(kind, *object) != project) continue;
    index[ObjectName(kind, *object)] = static_cast<const Message*>(object);
  }
  for (const Definition& definition : definitions) {
    if (definition.kind != kind) continue;
    index[ObjectName(kind, *definition.object)] =
        static_cast<const Message*>(definition.object.get());
  }
  return index;
}

/// The views of every kind by name, as IndexByName.
ViewIndex IndexViews(const core::Registry& existing, std::string_view project,
                     const std::vector<Definition>& definitions) {
  ViewIndex views;
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    if (!info.is_feature_view) continue;
    for (const auto& [name, view] :
         IndexByName<google::protobuf::Message>(existing, project, info.kind, definitions)) {
      views[name] = view;
    }
  }
  return views;
}

bool HasField(const google::protobuf::RepeatedPtrField<core::FeatureSpecV2>& fields,
              std::string_view name) {
  for (const core::FeatureSpecV2& field : fields) {
    if (field.name() == name) return true;
  }
  return false;
}

void AddField(std::string name, ValueType type,
              google::protobuf::RepeatedPtrField<core::FeatureSpecV2>* fields) {
  core::FeatureSpecV2* field = fields->Add();
  field->set_name(std::move(name));
  field->set_value_type(static_cast<feast::types::ValueType::Enum>(type));
}

/// Works on one view.
class ViewInference {
 public:
  ViewInference(const Definition& definition, core::FeatureView* view, const EntityIndex& entities,
                bool open_sources, SourceCatalog* sources)
      : definition_(definition),
        spec_(view->mutable_spec()),
        entities_(entities),
        open_sources_(open_sources),
        sources_(sources) {}

  /// "" where the source names its own, or has no column of times.
  const std::string& inferred_timestamp_field() const { return inferred_timestamp_field_; }

  Status Run() {
    auto source_spec = CompileSource(spec_->batch_source(), "feature view '" + spec_->name() + "'");
    if (!source_spec.ok()) return AtDefinition(definition_, source_spec.status());
    source_spec_ = std::move(*source_spec);
    if (open_sources_) ARROW_RETURN_NOT_OK(CheckDeclaredColumns());
    if (!source_spec_.has_event_time()) ARROW_RETURN_NOT_OK(InferTimestampField());
    ARROW_RETURN_NOT_OK(InferKeys());
    if (spec_->features().empty()) ARROW_RETURN_NOT_OK(InferFeatures());
    return Status::OK();
  }

 private:
  /// The columns that the source itself names must be there, before anything is made of the others:
  /// without its timestamp_field the real one would be taken for a feature.
  Status CheckDeclaredColumns() {
    ARROW_ASSIGN_OR_RAISE(const Source* source, OpenSource(""));
    for (const auto& [name, what] :
         {std::pair(&source_spec_.timestamp_field, "timestamp_field"),
          std::pair(&source_spec_.created_timestamp_column, "created_timestamp_column")}) {
      if (name->empty()) continue;
      ARROW_RETURN_NOT_OK(CheckColumn(*source, source_spec_.ColumnFor(*name), what));
    }
    for (const auto& [column, mapped] : source_spec_.field_mapping) {
      ARROW_RETURN_NOT_OK(
          CheckColumn(*source, column, "mapped to '" + mapped + "' by its field_mapping"));
    }
    return Status::OK();
  }

  /// Whether the source has the column; `what` says for what it is needed.
  Status CheckColumn(const Source& source, const std::string& column,
                     const std::string& what) const {
    if (source.schema()->GetFieldByName(column)) return Status::OK();
    return Error(ErrorKind::kDefinition, "feature view '" + spec_->name() + "': its source '" +
                                             source_spec_.name + "' (" + source_spec_.path +
                                             ") has no column '" + column + "' (" + what +
                                             "); it has: " + ColumnList(*source.schema()))
        .Subject(column)
        .Near(NearNames(column, source.schema()->field_names()))
        .At(definition_.file, definition_.line);
  }

  /// The columns that are something else than the event time, by what the definition says.
  std::set<std::string> DeclaredColumns() const {
    std::set<std::string> declared = {
        source_spec_.ColumnFor(source_spec_.created_timestamp_column)};
    for (const auto* fields : {&spec_->features(), &spec_->entity_columns()}) {
      for (const core::FeatureSpecV2& field : *fields) {
        declared.insert(source_spec_.ColumnFor(field.name()));
      }
    }
    for (const std::string& name : spec_->entities()) {
      auto entity = entities_.find(name);
      if (entity == entities_.end()) continue;
      declared.insert(source_spec_.ColumnFor(entity->second->spec().join_key()));
    }
    return declared;
  }

  /// The one column of times that is not declared as anything else. None: a table of the present.
  Status InferTimestampField() {
    ARROW_ASSIGN_OR_RAISE(const Source* source, OpenSource("has a source without timestamp_field"));
    const std::set<std::string> declared = DeclaredColumns();
    std::vector<std::string> times;
    for (const auto& column : source->schema()->fields()) {
      if (column->type()->id() == arrow::Type::TIMESTAMP && !declared.contains(column->name())) {
        times.push_back(column->name());
      }
    }
    if (times.size() > 1) {
      return Error(ErrorKind::kDefinition,
                   "feature view '" + spec_->name() + "': its source '" + source_spec_.path +
                       "' has several columns of times (" + QuotedNames(times) +
                       "); say which one is the event time: timestamp_field=...")
          .Subject(spec_->batch_source().name())
          .At(definition_.file, definition_.line);
    }
    if (times.empty()) return Status::OK();
    inferred_timestamp_field_ = source_spec_.timestamp_field = times[0];
    spec_->mutable_batch_source()->set_timestamp_field(times[0]);
    return Status::OK();
  }

  Status InferKeys() {
    for (const std::string& name : spec_->entities()) {
      if (name == kDummyEntity) {
        if (!HasField(spec_->entity_columns(), kDummyJoinKey)) {
          AddField(std::string(kDummyJoinKey), ValueType::kString, spec_->mutable_entity_columns());
        }
        continue;
      }
      auto found = entities_.find(name);
      if (found == entities_.end()) continue;  // validation names the unknown entity
      const core::EntitySpecV2& entity = found->second->spec();
      if (HasField(spec_->entity_columns(), entity.join_key())) continue;
      ValueType type = ValueType::kInvalid;
      if (entity.value_type() != feast::types::ValueType::INVALID) {
        ARROW_ASSIGN_OR_RAISE(type, ValueTypeFromNumber(entity.value_type()));
      } else {
        ARROW_ASSIGN_OR_RAISE(type, TypeOfColumn("join key", entity.join_key()));
      }
      AddField(entity.join_key(), type, spec_->mutable_entity_columns());
    }
    return Status::OK();
  }

  Status InferFeatures() {
    ARROW_ASSIGN_OR_RAISE(const Source* source, OpenSource("has no schema"));
    std::set<std::string> excluded = {
        source_spec_.ColumnFor(source_spec_.timestamp_field),
        source_spec_.ColumnFor(source_spec_.created_timestamp_column)};
    for (const core::FeatureSpecV2& key : spec_->entity_columns()) {
      excluded.insert(source_spec_.ColumnFor(key.name()));
    }
    for (const auto& column : source->schema()->fields()) {
      const std::string& name = column->name();
      // Columns such as pandas' __index_level_0__ are a writer's own.
      if (excluded.contains(name) || name.starts_with("__") || name.ends_with("__")) continue;
      auto type = ValueTypeFromArrow(*column->type());
      if (!type.ok()) return NoTypeFor("column", name, *source, type.status());
      auto mapped = source_spec_.field_mapping.find(name);
      AddField(mapped == source_spec_.field_mapping.end() ? name : mapped->second, *type,
               spec_->mutable_features());
      auto* tags = spec_->mutable_features()->rbegin()->mutable_tags();
      const Status described = DescribeType(*column->type(), *type, tags);
      if (!described.ok()) return NoTypeFor("column", name, *source, described);
    }
    if (!spec_->features().empty()) return Status::OK();
    return Error(ErrorKind::kDefinition, "feature view '" + spec_->name() +
                                             "' has no features: it has no schema, and its "
                                             "source '" +
                                             source_spec_.path +
                                             "' has no column beside keys and times")
        .Subject(spec_->name())
        .At(definition_.file, definition_.line);
  }

  Result<ValueType> TypeOfColumn(const std::string& what, const std::string& name) {
    ARROW_ASSIGN_OR_RAISE(const Source* source,
                          OpenSource("gives its " + what + " '" + name + "' no type"));
    std::string column = source_spec_.ColumnFor(name);
    ARROW_RETURN_NOT_OK(CheckColumn(*source, column, what));
    auto type = ValueTypeFromArrow(*source->schema()->GetFieldByName(column)->type());
    if (!type.ok()) return NoTypeFor(what, column, *source, type.status());
    return *type;
  }

  Status NoTypeFor(const std::string& what, const std::string& column, const Source& source,
                   Status cause) const {
    if (source.row_count() == 0) {
      return Error(ErrorKind::kDefinition,
                   "feature view '" + spec_->name() + "': its source '" + source_spec_.path +
                       "' has no rows, so nothing tells the type of the " + what + " '" + column +
                       "'; put rows there, or declare features in schema=[...] and the type of a "
                       "key with Entity(value_type=...)")
          .Subject(column)
          .At(definition_.file, definition_.line);
    }
    return Error(ErrorKind::kDefinition,
                 "feature view '" + spec_->name() + "': the " + what + " '" + column +
                     "' of its source '" + source_spec_.path +
                     "' has a type that features cannot have; name the features in schema=[...]")
        .Subject(column)
        .At(definition_.file, definition_.line)
        .Cause(std::move(cause));
  }

  Result<const Source*> OpenSource(const std::string& why) {
    if (!open_sources_) {
      return Error(ErrorKind::kDefinition,
                   "feature view '" + spec_->name() + "' " + why +
                       ", so its source would have to be read, and --skip-source-validation "
                       "forbids that; declare it")
          .Subject(spec_->name())
          .At(definition_.file, definition_.line);
    }
    auto source = sources_->Open(source_spec_);
    if (source.ok()) return source;
    return AtDefinition(definition_,
                        WithContext("feature view '" + spec_->name() + "'", source.status()));
  }

  const Definition& definition_;
  core::FeatureViewSpec* spec_;
  const EntityIndex& entities_;
  bool open_sources_;
  SourceCatalog* sources_;
  SourceSpec source_spec_;
  std::string inferred_timestamp_field_;
};

/// A source whose timestamp field was found in its files.
struct TimedSource {
  std::string name;
  std::string timestamp_field;
};

/// Gives every copy of the source among the definitions (the registered one, those inside other
/// views and inside push sources) the field that one view found.
void SetTimestampField(const TimedSource& found, const std::vector<Definition>& definitions) {
  if (found.name.empty()) return;  // only the view has it
  auto set = [&](core::DataSource* source) {
    if (source->type() == core::DataSource::BATCH_FILE && source->name() == found.name &&
        source->timestamp_field().empty()) {
      source->set_timestamp_field(found.timestamp_field);
    }
  };
  for (const Definition& definition : definitions) {
    if (definition.kind == ObjectKind::kDataSource) {
      set(static_cast<core::DataSource*>(definition.object.get()));
    }
    for (core::DataSource* source : MutableInnerSources(definition.object.get())) set(source);
    if (definition.kind != ObjectKind::kFeatureService) continue;
    auto* service = static_cast<core::FeatureService*>(definition.object.get());
    for (auto& projection : *service->mutable_spec()->mutable_features()) {
      if (projection.has_batch_source()) set(projection.mutable_batch_source());
    }
  }
}

/// A service's projection of a view: the columns it leaves out, or names without their type.
void CompleteColumns(const google::protobuf::Message& view,
                     core::FeatureViewProjection* projection) {
  const std::vector<const core::FeatureSpecV2*> features = FeaturesOf(view);
  if (projection->feature_columns().empty()) {
    for (const core::FeatureSpecV2* feature : features) {
      *projection->add_feature_columns() = *feature;
    }
    return;
  }
  for (core::FeatureSpecV2& column : *projection->mutable_feature_columns()) {
    if (column.value_type() != feast::types::ValueType::INVALID) continue;
    for (const core::FeatureSpecV2* feature : features) {
      if (feature->name() == column.name()) column = *feature;
    }
  }
}

/// What Feast's projections show of the view's history, where the view was named by text. Feast has
/// the created column as the timestamp field, and compares it.
void CompleteSource(const core::FeatureView& view, core::FeatureViewProjection* projection) {
  if (projection->has_batch_source() || !view.spec().has_batch_source()) return;
  core::DataSource* source = projection->mutable_batch_source();
  *source = view.spec().batch_source();
  if (source->type() != core::DataSource::CUSTOM_SOURCE) source->clear_data_source_class_type();
  projection->set_timestamp_field(source->created_timestamp_column());
  projection->set_created_timestamp_column(source->created_timestamp_column());
  projection->set_date_partition_column(source->date_partition_column());
}

bool ReadsFiles(const core::FeatureView& view) {
  return view.spec().batch_source().type() == core::DataSource::BATCH_FILE &&
         !view.spec().has_feature_transformation();
}

}  // namespace

Status InferFromSources(const core::Registry& existing, std::string_view project, bool open_sources,
                        SourceCatalog* sources, std::vector<Definition>* definitions,
                        std::vector<std::string>* notes) {
  EntityIndex entities =
      IndexByName<core::Entity>(existing, project, ObjectKind::kEntity, *definitions);
  for (const Definition& definition : *definitions) {
    if (definition.kind != ObjectKind::kFeatureView) continue;
    auto* view = static_cast<core::FeatureView*>(definition.object.get());
    if (!ReadsFiles(*view)) continue;
    ViewInference inference(definition, view, entities, open_sources, sources);
    ARROW_RETURN_NOT_OK(inference.Run());
    const std::string& field = inference.inferred_timestamp_field();
    if (field.empty()) continue;
    const core::DataSource& source = view->spec().batch_source();
    SetTimestampField({source.name(), field}, *definitions);
    notes->push_back("data source '" + source.name() + "': timestamp_field is '" + field +
                     "', its only column of times");
  }
  const ViewIndex views = IndexViews(existing, project, *definitions);
  for (const Definition& definition : *definitions) {
    if (definition.kind != ObjectKind::kFeatureService) continue;
    auto* service = static_cast<core::FeatureService*>(definition.object.get());
    for (auto& projection : *service->mutable_spec()->mutable_features()) {
      auto view = views.find(projection.feature_view_name());
      if (view == views.end()) continue;
      CompleteColumns(*view->second, &projection);
      if (view->second->GetDescriptor() == core::FeatureView::descriptor()) {
        CompleteSource(static_cast<const core::FeatureView&>(*view->second), &projection);
      }
    }
  }
  return Status::OK();
}

}  // namespace featly
