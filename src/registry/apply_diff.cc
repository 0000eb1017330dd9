// ApplyDiff: the registry after a diff, as Feast's apply would have left it.
#include <algorithm>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/timestamp.pb.h>

#include "base/uuid.h"
#include "registry/definition_index.h"
#include "registry/diff.h"
#include "registry/normalize.h"
#include "registry/proto_time.h"

namespace featly {
namespace {

using feast::core::DataSource;
using feast::core::Registry;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const FieldDescriptor* FieldOf(const Message& message, const char* name) {
  return message.GetDescriptor()->FindFieldByName(name);
}

// The meta of an object; null for kinds without one.
Message* MetaOf(Message* object) {
  const FieldDescriptor* meta = FieldOf(*object, "meta");
  return meta == nullptr ? nullptr : object->GetReflection()->MutableMessage(object, meta);
}

void SetTime(Message* meta, const char* name, Timestamp time) {
  const FieldDescriptor* field = FieldOf(*meta, name);
  if (field == nullptr) return;
  ToProto(time, static_cast<google::protobuf::Timestamp*>(
                    meta->GetReflection()->MutableMessage(meta, field)));
}

void SetVersionNumber(Message* meta, int32_t number) {
  const FieldDescriptor* field = FieldOf(*meta, "current_version_number");
  if (field != nullptr) meta->GetReflection()->SetInt32(meta, field, number);
}

// Feast types the dummy key of a view without entities as a column of the view.
void AddDummyKey(Message* spec) {
  const google::protobuf::Reflection* reflection = spec->GetReflection();
  const FieldDescriptor* entities = FieldOf(*spec, "entities");
  const FieldDescriptor* columns = FieldOf(*spec, "entity_columns");
  if (entities == nullptr || columns == nullptr || reflection->FieldSize(*spec, columns) > 0 ||
      reflection->FieldSize(*spec, entities) != 1 ||
      reflection->GetRepeatedString(*spec, entities, 0) != kDummyEntity) {
    return;
  }
  auto* column = static_cast<feast::core::FeatureSpecV2*>(reflection->AddMessage(spec, columns));
  column->set_name(std::string(kDummyJoinKey));
  column->set_value_type(feast::types::ValueType_Enum_STRING);
}

// One ApplyDiff.
class Applier {
 public:
  Applier(std::string_view project, const std::vector<Definition>& definitions, Timestamp now,
          Registry* registry)
      : project_(project), index_(definitions), now_(now), registry_(registry) {}

  void Perform(const Change& change) {
    if (change.type == ChangeType::kDelete) {
      Delete(change);
    } else if (const Definition* definition = index_.Find(change.kind, change.name)) {
      Put(change, *definition);
    }
  }

  // Feast's records of a project that has objects.
  void EnsureProject();

 private:
  void Put(const Change& change, const Definition& definition);
  void Delete(const Change& change);
  void DeleteProject();
  void StampInnerSources(Message* holder);
  void RecordVersion(const ObjectKindInfo& info, const Message* old, Message* object);
  int32_t NextVersion(const std::string& view) const;
  void AppendVersion(const ObjectKindInfo& info, const std::string& view, int32_t number,
                     const Message& object);
  void RemoveVersions(const std::string& view);

  const std::string project_;
  const DefinitionIndex index_;
  const Timestamp now_;
  Registry* const registry_;
};

void Applier::EnsureProject() {
  if (MutableObject(ObjectKind::kProject, "", project_, registry_) == nullptr) {
    feast::core::Project* project = registry_->add_projects();
    project->mutable_spec()->set_name(project_);
    ToProto(now_, project->mutable_meta()->mutable_created_timestamp());
    ToProto(now_, project->mutable_meta()->mutable_last_updated_timestamp());
  }
  const auto& all = registry_->project_metadata();
  bool known = std::any_of(all.begin(), all.end(), [&](const feast::core::ProjectMetadata& m) {
    return m.project() == project_;
  });
  if (!known) {
    feast::core::ProjectMetadata* metadata = registry_->add_project_metadata();
    metadata->set_project(project_);
    metadata->set_project_uuid(NewUuid());
  }
  if (MutableObject(ObjectKind::kEntity, project_, kDummyEntity, registry_) == nullptr) {
    feast::core::Entity* dummy = registry_->add_entities();
    dummy->mutable_spec()->set_name(std::string(kDummyEntity));
    dummy->mutable_spec()->set_join_key(std::string(kDummyJoinKey));
    dummy->mutable_spec()->set_project(project_);
    ToProto(now_, dummy->mutable_meta()->mutable_created_timestamp());
    ToProto(now_, dummy->mutable_meta()->mutable_last_updated_timestamp());
  }
}

void Applier::Put(const Change& change, const Definition& definition) {
  const ObjectKindInfo& info = InfoOf(change.kind);
  std::string_view project = project_;
  if (change.kind == ObjectKind::kProject) project = {};  // a project is in none
  std::unique_ptr<Message> object(definition.object->New());
  object->CopyFrom(*definition.object);
  SetObjectProject(change.kind, project, object.get());

  const Message* old = MutableObject(change.kind, project, change.name, registry_);
  if (Message* meta = MetaOf(object.get())) {
    meta->Clear();
    if (old != nullptr) {
      meta->CopyFrom(old->GetReflection()->GetMessage(*old, FieldOf(*old, "meta")));
    } else {
      SetTime(meta, "created_timestamp", now_);
    }
    SetTime(meta, "last_updated_timestamp", now_);
  }
  const FieldDescriptor* spec_field = FieldOf(*object, "spec");
  Message* spec = spec_field == nullptr
                      ? object.get()
                      : object->GetReflection()->MutableMessage(object.get(), spec_field);
  StampInnerSources(spec);
  if (info.is_feature_view) {
    AddDummyKey(spec);
    RecordVersion(info, old, object.get());
  }
  UpsertObject(change.kind, *object, registry_);
}

// A source inside another object carries the times of the registered one, which came before it.
void Applier::StampInnerSources(Message* holder) {
  for (const char* name : {"batch_source", "stream_source"}) {
    const FieldDescriptor* field = FieldOf(*holder, name);
    const google::protobuf::Reflection* reflection = holder->GetReflection();
    if (field == nullptr || !reflection->HasField(*holder, field)) continue;
    auto* inner = static_cast<DataSource*>(reflection->MutableMessage(holder, field));
    const Message* listed =
        MutableObject(ObjectKind::kDataSource, project_, inner->name(), registry_);
    if (listed != nullptr) {
      *inner->mutable_meta() = static_cast<const DataSource*>(listed)->meta();
    }
    StampInnerSources(inner);
  }
}

void Applier::RecordVersion(const ObjectKindInfo& info, const Message* old, Message* object) {
  const std::string& view = ObjectName(info.kind, *object);
  Message* meta = MetaOf(object);
  if (old == nullptr) {
    RemoveVersions(view);  // of a view of this name that was deleted by other means
    SetVersionNumber(meta, 0);
    AppendVersion(info, view, 0, *object);
    return;
  }
  std::unique_ptr<Message> before = DefinitionOnly(*old), after = DefinitionOnly(*object);
  bool schema_differs = SchemaDiffers(*before, *after);
  if (schema_differs || SourceDiffers(*before, *after)) ForgetMaterialization(meta);
  if (!schema_differs) return;
  int32_t next = NextVersion(view);
  if (next == 0) {
    AppendVersion(info, view, 0, *old);
    next = 1;
  }
  SetVersionNumber(meta, next);
  AppendVersion(info, view, next, *object);
}

int32_t Applier::NextVersion(const std::string& view) const {
  int32_t last = -1;
  for (const auto& record : registry_->feature_view_version_history().records()) {
    if (record.feature_view_name() != view || record.project_id() != project_) continue;
    last = std::max(last, record.version_number());
  }
  return last + 1;
}

void Applier::AppendVersion(const ObjectKindInfo& info, const std::string& view, int32_t number,
                            const Message& object) {
  feast::core::FeatureViewVersionRecord* record =
      registry_->mutable_feature_view_version_history()->add_records();
  record->set_feature_view_name(view);
  record->set_project_id(project_);
  record->set_version_number(number);
  record->set_feature_view_type(info.id);
  record->set_feature_view_proto(object.SerializeAsString());
  ToProto(now_, record->mutable_created_timestamp());
  record->set_version_id(NewUuid());
}

void Applier::RemoveVersions(const std::string& view) {
  if (!registry_->has_feature_view_version_history()) return;
  auto* records = registry_->mutable_feature_view_version_history()->mutable_records();
  records->erase(std::remove_if(records->begin(), records->end(),
                                [&](const feast::core::FeatureViewVersionRecord& record) {
                                  return record.feature_view_name() == view &&
                                         record.project_id() == project_;
                                }),
                 records->end());
}

void Applier::Delete(const Change& change) {
  if (change.kind == ObjectKind::kProject) {
    DeleteProject();
    return;
  }
  RemoveObject(change.kind, project_, change.name, registry_);
  if (InfoOf(change.kind).is_feature_view) RemoveVersions(change.name);
}

void Applier::DeleteProject() {
  RemoveObject(ObjectKind::kProject, "", project_, registry_);
  RemoveObject(ObjectKind::kEntity, project_, kDummyEntity, registry_);
  auto* metadata = registry_->mutable_project_metadata();
  metadata->erase(std::remove_if(metadata->begin(), metadata->end(),
                                 [&](const feast::core::ProjectMetadata& m) {
                                   return m.project() == project_;
                                 }),
                  metadata->end());
}

}  // namespace

void ApplyDiff(const RegistryDiff& diff, std::string_view project,
               const std::vector<Definition>& definitions, Timestamp now, Registry* registry) {
  Applier applier(project, definitions, now, registry);
  for (const Change& change : diff.changes) applier.Perform(change);
  if (!definitions.empty()) applier.EnsureProject();
  TouchRegistry(now, registry);
}

void ForgetMaterialization(Message* meta) {
  for (const char* name : {"materialization_intervals", "state"}) {
    const FieldDescriptor* field = FieldOf(*meta, name);
    if (field != nullptr) meta->GetReflection()->ClearField(meta, field);
  }
}

void TouchRegistry(Timestamp now, Registry* registry) {
  registry->set_registry_schema_version(std::string(kRegistrySchemaVersion));
  registry->set_version_id(NewVersionId());
  ToProto(now, registry->mutable_last_updated());
}

std::string NewVersionId() { return NewUuid(); }

}  // namespace featly
