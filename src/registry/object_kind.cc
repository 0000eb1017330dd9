#include "registry/object_kind.h"

#include <google/protobuf/descriptor.h>

namespace featly {
namespace {

using feast::core::Registry;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

const FieldDescriptor* RegistryField(ObjectKind kind) {
  return Registry::descriptor()->FindFieldByNumber(InfoOf(kind).registry_field);
}

// Where a message keeps `name` or `project`: in its spec if it has one, else in itself. Null fields
// where it has no such thing.
struct NamePlace {
  const Message* message;
  const FieldDescriptor* field;
};

NamePlace FindName(const Message& object, const char* field) {
  const Message* holder = &object;
  const FieldDescriptor* spec = object.GetDescriptor()->FindFieldByName("spec");
  if (spec != nullptr) holder = &object.GetReflection()->GetMessage(object, spec);
  return {holder, holder->GetDescriptor()->FindFieldByName(field)};
}

const std::string& ReadName(const Message& object, const char* field) {
  static const std::string kNone;
  auto [holder, descriptor] = FindName(object, field);
  if (descriptor == nullptr) return kNone;
  std::string unused;
  return holder->GetReflection()->GetStringReference(*holder, descriptor, &unused);
}

// Index of the object in its field; -1 where there is none.
int IndexOf(const Registry& registry, ObjectKind kind, std::string_view project,
            std::string_view name) {
  const FieldDescriptor* field = RegistryField(kind);
  const Reflection* reflection = registry.GetReflection();
  int count = reflection->FieldSize(registry, field);
  for (int i = 0; i < count; ++i) {
    const Message& object = reflection->GetRepeatedMessage(registry, field, i);
    if (ObjectName(kind, object) == name && ObjectProject(kind, object) == project) return i;
  }
  return -1;
}

}  // namespace

const std::vector<ObjectKindInfo>& AllObjectKinds() {
  using R = Registry;
  // clang-format off
  static const std::vector<ObjectKindInfo> kTable = {
      {ObjectKind::kProject, "project", "project", "projects",
       R::kProjectsFieldNumber, false},
      {ObjectKind::kEntity, "entity", "entity", "entities",
       R::kEntitiesFieldNumber, false},
      {ObjectKind::kDataSource, "data_source", "data source", "data-sources",
       R::kDataSourcesFieldNumber, false},
      {ObjectKind::kFeatureView, "feature_view", "feature view", "feature-views",
       R::kFeatureViewsFieldNumber, true},
      {ObjectKind::kStreamFeatureView, "stream_feature_view", "stream feature view",
       "stream-feature-views", R::kStreamFeatureViewsFieldNumber, true},
      {ObjectKind::kOnDemandFeatureView, "on_demand_feature_view", "on-demand feature view",
       "on-demand-feature-views", R::kOnDemandFeatureViewsFieldNumber, true},
      {ObjectKind::kLabelView, "label_view", "label view", "label-views",
       R::kLabelViewsFieldNumber, true},
      {ObjectKind::kFeatureService, "feature_service", "feature service", "feature-services",
       R::kFeatureServicesFieldNumber, false},
      {ObjectKind::kSavedDataset, "saved_dataset", "saved dataset", "saved-datasets",
       R::kSavedDatasetsFieldNumber, false},
      {ObjectKind::kValidationReference, "validation_reference", "validation reference",
       "validation-references", R::kValidationReferencesFieldNumber, false},
      {ObjectKind::kPermission, "permission", "permission", "permissions",
       R::kPermissionsFieldNumber, false},
  };
  // clang-format on
  return kTable;
}

const ObjectKindInfo& InfoOf(ObjectKind kind) {
  return AllObjectKinds()[static_cast<size_t>(kind)];
}

Result<ObjectKind> ObjectKindFromId(std::string_view id) {
  std::vector<std::string> known;
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    if (id == info.id) return info.kind;
    known.emplace_back(info.id);
  }
  return Error(ErrorKind::kInvalid, "'" + std::string(id) + "' is not a kind of registry object")
      .Subject(std::string(id))
      .Near(NearNames(id, known));
}

std::unique_ptr<Message> NewObject(ObjectKind kind) {
  const google::protobuf::Descriptor* type = RegistryField(kind)->message_type();
  google::protobuf::MessageFactory* factory = google::protobuf::MessageFactory::generated_factory();
  return std::unique_ptr<Message>(factory->GetPrototype(type)->New());
}

const std::string& ObjectName(ObjectKind, const Message& object) {
  return ReadName(object, "name");
}

const std::string& ObjectProject(ObjectKind, const Message& object) {
  return ReadName(object, "project");
}

void SetObjectProject(ObjectKind, std::string_view project, Message* object) {
  Message* holder = object;
  const FieldDescriptor* spec = object->GetDescriptor()->FindFieldByName("spec");
  if (spec != nullptr) holder = object->GetReflection()->MutableMessage(object, spec);
  const FieldDescriptor* field = holder->GetDescriptor()->FindFieldByName("project");
  if (field == nullptr) return;
  holder->GetReflection()->SetString(holder, field, std::string(project));
}

std::vector<const Message*> ObjectsOf(const Registry& registry, ObjectKind kind) {
  const FieldDescriptor* field = RegistryField(kind);
  const Reflection* reflection = registry.GetReflection();
  int count = reflection->FieldSize(registry, field);
  std::vector<const Message*> objects;
  objects.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    objects.push_back(&reflection->GetRepeatedMessage(registry, field, i));
  }
  return objects;
}

Message* MutableObject(ObjectKind kind, std::string_view project, std::string_view name,
                       Registry* registry) {
  int index = IndexOf(*registry, kind, project, name);
  if (index < 0) return nullptr;
  return registry->GetReflection()->MutableRepeatedMessage(registry, RegistryField(kind), index);
}

void UpsertObject(ObjectKind kind, const Message& object, Registry* registry) {
  RemoveObject(kind, ObjectProject(kind, object), ObjectName(kind, object), registry);
  registry->GetReflection()->AddMessage(registry, RegistryField(kind))->CopyFrom(object);
}

bool RemoveObject(ObjectKind kind, std::string_view project, std::string_view name,
                  Registry* registry) {
  int index = IndexOf(*registry, kind, project, name);
  if (index < 0) return false;
  const FieldDescriptor* field = RegistryField(kind);
  const Reflection* reflection = registry->GetReflection();
  int last = reflection->FieldSize(*registry, field) - 1;
  for (int i = index; i < last; ++i) reflection->SwapElements(registry, field, i, i + 1);
  reflection->RemoveLast(registry, field);
  return true;
}

}  // namespace featly
