#include "registry/normalize.h"

#include <algorithm>
#include <set>
#include <string_view>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>

#include "registry/snapshot.h"
#include "types/value_type.h"

namespace featly {
namespace {

using feast::core::DataSource;
using feast::core::FeatureSpecV2;
using feast::core::FeatureViewProjection;
using feast::core::StreamFeatureViewSpec;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::util::MessageDifferencer;

constexpr size_t kMaxValueChars = 60;

void ClearField(Message* message, const char* name) {
  const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(name);
  if (field != nullptr) message->GetReflection()->ClearField(message, field);
}

// The message's spec; itself where it has none.
Message* SpecOf(Message* object) {
  const FieldDescriptor* spec = object->GetDescriptor()->FindFieldByName("spec");
  return spec == nullptr ? object : object->GetReflection()->MutableMessage(object, spec);
}

std::string StringField(const Message& message, const char* name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  return field == nullptr ? "" : message.GetReflection()->GetString(message, field);
}

// Feast adds the dummy entity's key to the views without entities.
void RemoveDummyKey(Message* spec, const FieldDescriptor* entity_columns) {
  const Reflection* reflection = spec->GetReflection();
  for (int i = reflection->FieldSize(*spec, entity_columns) - 1; i >= 0; --i) {
    const Message& column = reflection->GetRepeatedMessage(*spec, entity_columns, i);
    if (static_cast<const FeatureSpecV2&>(column).name() != kDummyJoinKey) continue;
    // The order of keys says nothing, so the last one may take its place.
    int last = reflection->FieldSize(*spec, entity_columns) - 1;
    reflection->SwapElements(spec, entity_columns, i, last);
    reflection->RemoveLast(spec, entity_columns);
  }
}

// Feast's apply finds the keys of a stream view and keeps them among its features as well.
void RemoveKeys(StreamFeatureViewSpec* spec) {
  std::set<std::string_view> keys;
  for (const FeatureSpecV2& column : spec->entity_columns()) keys.insert(column.name());
  auto* features = spec->mutable_features();
  auto kept = std::stable_partition(
      features->pointer_begin(), features->pointer_end(),
      [&](const FeatureSpecV2* feature) { return !keys.contains(feature->name()); });
  features->DeleteSubrange(static_cast<int>(kept - features->pointer_begin()),
                           static_cast<int>(features->pointer_end() - kept));
  spec->clear_entity_columns();
}

// Removes the bookkeeping that this one message carries.
void NormalizeOne(Message* message) {
  const Descriptor* type = message->GetDescriptor();
  if (type == DataSource::descriptor()) {
    auto* source = static_cast<DataSource*>(message);
    source->clear_project();
    source->clear_meta();
    // Of every other type, `type` says the same.
    if (source->type() != DataSource::CUSTOM_SOURCE) source->clear_data_source_class_type();
  } else if (type == FeatureViewProjection::descriptor()) {
    for (const char* copied : {"timestamp_field", "date_partition_column",
                               "created_timestamp_column", "batch_source", "stream_source"}) {
      ClearField(message, copied);
    }
    if (StringField(*message, "view_type") == "featureView") ClearField(message, "view_type");
  }
  if (type->FindFieldByName("body_text") != nullptr &&
      !StringField(*message, "body_text").empty()) {
    ClearField(message, "body");  // a pickle differs from run to run; the text does not
  }
  const FieldDescriptor* entity_columns = type->FindFieldByName("entity_columns");
  if (entity_columns != nullptr && entity_columns->message_type() == FeatureSpecV2::descriptor()) {
    RemoveDummyKey(message, entity_columns);
  }
  if (type == StreamFeatureViewSpec::descriptor()) {
    RemoveKeys(static_cast<StreamFeatureViewSpec*>(message));
  }
  const FieldDescriptor* ttl = type->FindFieldByName("ttl");
  if (ttl != nullptr && ttl->message_type() == google::protobuf::Duration::descriptor()) {
    message->GetReflection()->MutableMessage(message, ttl);  // none is a ttl of zero
  }
  if (type->FindFieldByName("version") != nullptr && type->FindFieldByName("features") != nullptr &&
      StringField(*message, "version") == "latest") {
    ClearField(message, "version");
  }
}

void NormalizeTree(Message* message) {
  NormalizeOne(message);
  const Reflection* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      NormalizeTree(reflection->MutableMessage(message, field));
      continue;
    }
    int count = reflection->FieldSize(*message, field);
    for (int i = 0; i < count; ++i) {
      NormalizeTree(reflection->MutableRepeatedMessage(message, field, i));
    }
  }
}

// Features and keys are a set with names, entities a set: see DiffRegistry.
void SetUp(const Descriptor* spec, MessageDifferencer* differencer) {
  const FieldDescriptor* name = FeatureSpecV2::descriptor()->FindFieldByName("name");
  for (const char* columns : {"features", "entity_columns"}) {
    const FieldDescriptor* field = spec->FindFieldByName(columns);
    if (field != nullptr && field->message_type() == FeatureSpecV2::descriptor()) {
      differencer->TreatAsMap(field, name);
    }
  }
  const FieldDescriptor* entities = spec->FindFieldByName("entities");
  if (entities != nullptr) differencer->TreatAsSet(entities);
}

std::string Shortened(std::string text) {
  if (text.size() <= kMaxValueChars) return text;
  size_t cut = kMaxValueChars;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;  // within UTF-8
  return text.substr(0, cut) + "...";
}

std::string DurationText(const google::protobuf::Duration& duration) {
  std::string text = std::to_string(duration.seconds());
  if (duration.nanos() != 0) {
    std::string nanos = std::to_string(duration.nanos());
    text += '.' + std::string(9 - std::min<size_t>(9, nanos.size()), '0') + nanos;
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "s";
}

using Path = std::vector<MessageDifferencer::SpecificField>;

// Writes the differences as texts. Borrows the two messages that are compared.
class TextReporter : public MessageDifferencer::Reporter {
 public:
  TextReporter(const Message& before, const Message& after, std::vector<std::string>* out)
      : before_(before), after_(after), out_(out) {}

  // The messages given are those around the last field; paths begin at the ones we have.
  void ReportAdded(const Message&, const Message&, const Path& path) override {
    if (EndsInDuration(path)) return AddChange(path);
    Add(PathText(after_, path, true) + ": added (" + ValueText(after_, path, true) + ")");
  }
  void ReportDeleted(const Message&, const Message&, const Path& path) override {
    if (EndsInDuration(path)) return AddChange(path);
    Add(PathText(before_, path, false) + ": removed (" + ValueText(before_, path, false) + ")");
  }
  void ReportModified(const Message&, const Message&, const Path& path) override {
    if (path.back().field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return;  // what differs within was told
    }
    AddChange(path);
  }

 private:
  // "ttl" is told, not "ttl.seconds".
  static bool EndsInDuration(const Path& path) {
    return path.back().field->containing_type() == google::protobuf::Duration::descriptor();
  }

  void AddChange(Path path) {
    if (EndsInDuration(path)) path.pop_back();
    Add(PathText(after_, path, true) + ": " + ValueText(before_, path, false) + " -> " +
        ValueText(after_, path, true));
  }

  void Add(std::string text) {
    if (out_->empty() || out_->back() != text) out_->push_back(std::move(text));
  }

  static int IndexOf(const MessageDifferencer::SpecificField& step, bool after) {
    return after ? step.new_index : step.index;
  }

  static const Message* Step(const Message& message, const MessageDifferencer::SpecificField& step,
                             bool after) {
    const Reflection* reflection = message.GetReflection();
    if (!step.field->is_repeated()) return &reflection->GetMessage(message, step.field);
    return &reflection->GetRepeatedMessage(message, step.field, IndexOf(step, after));
  }

  // A map entry's key or the name of a named element; "" for others.
  static std::string ElementName(const Message& element) {
    const FieldDescriptor* key = element.GetDescriptor()->FindFieldByName(
        element.GetDescriptor()->options().map_entry() ? "key" : "name");
    if (key == nullptr || key->type() != FieldDescriptor::TYPE_STRING) return "";
    return element.GetReflection()->GetString(element, key);
  }

  // "batch_source.timestamp_field", "tags.team", "features.trips.value_type".
  static std::string PathText(const Message& root, const Path& path, bool after) {
    std::string text;
    auto append = [&](const std::string& step) {
      if (step.empty()) return;
      if (!text.empty()) text += '.';
      text += step;
    };
    const Message* at = &root;
    for (size_t i = 0; i < path.size(); ++i) {
      const FieldDescriptor* field = path[i].field;
      bool told = (i == 0 && field->name() == "spec") || (i > 0 && path[i - 1].field->is_map());
      if (!told) append(field->name());
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) break;
      at = Step(*at, path[i], after);
      if (field->is_repeated()) append(ElementName(*at));
    }
    return text;
  }

  // The value at the end of the path.
  static std::string ValueText(const Message& root, const Path& path, bool after) {
    const Message* at = &root;
    for (size_t i = 0; i + 1 < path.size(); ++i) at = Step(*at, path[i], after);
    const FieldDescriptor* field = path.back().field;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return MessageText(*Step(*at, path.back(), after));
    }
    const Reflection* reflection = at->GetReflection();
    int index = field->is_repeated() ? IndexOf(path.back(), after) : -1;
    if (field->type() == FieldDescriptor::TYPE_BYTES) {
      std::string bytes = index < 0 ? reflection->GetString(*at, field)
                                    : reflection->GetRepeatedString(*at, field, index);
      return std::to_string(bytes.size()) + " bytes";
    }
    std::string text;
    google::protobuf::TextFormat::PrintFieldValueToString(*at, field, index, &text);
    return Shortened(std::move(text));
  }

  static std::string MessageText(const Message& message) {
    if (message.GetDescriptor() == google::protobuf::Duration::descriptor()) {
      return DurationText(static_cast<const google::protobuf::Duration&>(message));
    }
    if (message.GetDescriptor() == FeatureSpecV2::descriptor()) {
      int type = static_cast<const FeatureSpecV2&>(message).value_type();
      return ValueTypeName(type);
    }
    const FieldDescriptor* value = message.GetDescriptor()->FindFieldByName("value");
    if (message.GetDescriptor()->options().map_entry() &&
        value->type() == FieldDescriptor::TYPE_STRING) {
      return Shortened("\"" + StringField(message, "value") + "\"");
    }
    std::string name = StringField(message, "name");
    return name.empty() ? Shortened(message.ShortDebugString()) : "'" + name + "'";
  }

  const Message& before_;
  const Message& after_;
  std::vector<std::string>* const out_;
};

bool Same(const Message& a, const Message& b) {
  MessageDifferencer differencer;
  SetUp(a.GetDescriptor(), &differencer);
  return differencer.Compare(a, b);
}

}  // namespace

std::unique_ptr<Message> DefinitionOnly(const Message& object) {
  std::unique_ptr<Message> copy(object.New());
  copy->CopyFrom(object);
  copy->DiscardUnknownFields();
  ClearField(copy.get(), "meta");
  ClearField(SpecOf(copy.get()), "project");
  NormalizeTree(copy.get());
  return copy;
}

std::vector<std::string> DescribeDifferences(const Message& before, const Message& after) {
  std::vector<std::string> differences;
  TextReporter reporter(before, after, &differences);
  MessageDifferencer differencer;
  const FieldDescriptor* spec = before.GetDescriptor()->FindFieldByName("spec");
  SetUp(spec == nullptr ? before.GetDescriptor() : spec->message_type(), &differencer);
  differencer.ReportDifferencesTo(&reporter);
  differencer.Compare(before, after);
  return differences;
}

bool SchemaDiffers(const Message& before, const Message& after) {
  auto schema_of = [](const Message& object) {
    std::unique_ptr<Message> copy(object.New());
    copy->CopyFrom(object);
    Message* spec = SpecOf(copy.get());
    // Feast's list of what does not make a version: metadata, settings and sources.
    for (const char* setting :
         {"description", "tags", "owner", "org", "version", "ttl", "online", "offline", "disabled",
          "enable_validation", "batch_source", "stream_source", "mode", "write_to_online_store",
          "singleton", "labeler_field", "conflict_policy", "reference_feature_view"}) {
      ClearField(spec, setting);
    }
    return copy;
  };
  std::unique_ptr<Message> a = schema_of(before), b = schema_of(after);
  return !Same(*SpecOf(a.get()), *SpecOf(b.get()));
}

bool SourceDiffers(const Message& before, const Message& after) {
  for (const char* name : {"batch_source", "stream_source"}) {
    auto source_of = [&](const Message& object) {
      DataSource source;
      const FieldDescriptor* spec = object.GetDescriptor()->FindFieldByName("spec");
      const Message& holder = object.GetReflection()->GetMessage(object, spec);
      const FieldDescriptor* field = holder.GetDescriptor()->FindFieldByName(name);
      if (field != nullptr) source.CopyFrom(holder.GetReflection()->GetMessage(holder, field));
      for (DataSource* s = &source;; s = s->mutable_batch_source()) {
        for (const char* metadata : {"name", "description", "tags", "owner"}) {
          ClearField(s, metadata);
        }
        if (!s->has_batch_source()) break;
      }
      return source;
    };
    if (!Same(source_of(before), source_of(after))) return true;
  }
  return false;
}

}  // namespace featly
