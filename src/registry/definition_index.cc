#include "registry/definition_index.h"

#include <google/protobuf/descriptor.h>

namespace featly {

using feast::core::DataSource;
using feast::core::FeatureSpecV2;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

DefinitionIndex::DefinitionIndex(const std::vector<Definition>& definitions) {
  for (const Definition& definition : definitions) Add(definition);
  for (const Definition& definition : definitions) AddInnerSources(definition);
}

const Definition* DefinitionIndex::Find(ObjectKind kind, std::string_view name) const {
  auto found = places_.find(std::pair(kind, std::string(name)));
  return found == places_.end() ? nullptr : &all_[found->second];
}

void DefinitionIndex::Add(const Definition& definition) {
  const std::string& name = ObjectName(definition.kind, *definition.object);
  if (definition.kind == ObjectKind::kEntity && name == kDummyEntity) return;
  if (places_.emplace(std::pair(definition.kind, name), all_.size()).second) {
    all_.push_back(definition);
  }
}

void DefinitionIndex::AddInnerSources(const Definition& definition) {
  for (const DataSource* source : InnerSources(*definition.object)) {
    if (source->name().empty()) continue;  // a source without a name cannot be listed
    Add({ObjectKind::kDataSource, std::make_shared<DataSource>(*source), definition.file,
         definition.line});
  }
}

std::vector<std::string> EntitiesOf(const Message& view) {
  const FieldDescriptor* spec_field = view.GetDescriptor()->FindFieldByName("spec");
  const Message& spec = view.GetReflection()->GetMessage(view, spec_field);
  const FieldDescriptor* field = spec.GetDescriptor()->FindFieldByName("entities");
  std::vector<std::string> entities;
  for (int i = 0; i < spec.GetReflection()->FieldSize(spec, field); ++i) {
    entities.push_back(spec.GetReflection()->GetRepeatedString(spec, field, i));
  }
  return entities;
}

std::vector<const FeatureSpecV2*> FeaturesOf(const Message& view) {
  const FieldDescriptor* spec = view.GetDescriptor()->FindFieldByName("spec");
  const Message& holder = view.GetReflection()->GetMessage(view, spec);
  const FieldDescriptor* field = holder.GetDescriptor()->FindFieldByName("features");
  std::vector<const FeatureSpecV2*> features;
  for (int i = 0; i < holder.GetReflection()->FieldSize(holder, field); ++i) {
    features.push_back(static_cast<const FeatureSpecV2*>(
        &holder.GetReflection()->GetRepeatedMessage(holder, field, i)));
  }
  return features;
}

std::vector<const DataSource*> InnerSources(const Message& object) {
  const Message* holder = &object;
  const FieldDescriptor* spec = object.GetDescriptor()->FindFieldByName("spec");
  if (spec != nullptr) holder = &object.GetReflection()->GetMessage(object, spec);
  std::vector<const DataSource*> sources;
  for (const char* name : {"batch_source", "stream_source", "source"}) {
    const FieldDescriptor* field = holder->GetDescriptor()->FindFieldByName(name);
    if (field == nullptr || field->message_type() != DataSource::descriptor() ||
        !holder->GetReflection()->HasField(*holder, field)) {
      continue;
    }
    const auto& source =
        static_cast<const DataSource&>(holder->GetReflection()->GetMessage(*holder, field));
    sources.push_back(&source);
    for (const DataSource* inner : InnerSources(source)) sources.push_back(inner);
  }
  return sources;
}

std::vector<DataSource*> MutableInnerSources(Message* object) {
  std::vector<DataSource*> sources;
  // They lie within `object`, which the caller may change.
  for (const DataSource* source : InnerSources(*object)) {
    sources.push_back(const_cast<DataSource*>(source));
  }
  return sources;
}

}  // namespace featly
