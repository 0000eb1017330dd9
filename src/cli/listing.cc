// featly feature-views|entities|feature-services|data-sources list|describe
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/message_text.h"
#include "cli/table_text.h"
#include "registry/object_kind.h"

namespace featly::cli {

namespace core = feast::core;

namespace {

using Message = google::protobuf::Message;
using Row = std::vector<std::string>;

/// An object and its kind (the feature-views group has several).
struct Listed {
  ObjectKind kind;
  const Message* object;
};

/// One group of commands. Adding a kind is a row of Groups().
struct Group {
  const char* command;
  const char* title;
  std::vector<ObjectKind> kinds;
  std::vector<std::string> headings;
  Row (*row)(const Listed& listed);
};

template <typename Names>
std::string Joined(const Names& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text.empty() ? "-" : text;
}

const char* ClassOf(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kStreamFeatureView:
      return "StreamFeatureView";
    case ObjectKind::kOnDemandFeatureView:
      return "OnDemandFeatureView";
    case ObjectKind::kLabelView:
      return "LabelView";
    default:
      return "FeatureView";
  }
}

Row FeatureViewRow(const Listed& listed) {
  std::vector<std::string> entities;
  std::vector<std::string> features;
  if (listed.kind == ObjectKind::kFeatureView) {
    const auto& spec = static_cast<const core::FeatureView&>(*listed.object).spec();
    for (const auto& entity : spec.entities()) {
      if (entity != kDummyEntity) entities.push_back(entity);
    }
    for (const auto& feature : spec.features()) features.push_back(feature.name());
  } else if (listed.kind == ObjectKind::kStreamFeatureView) {
    const auto& spec = static_cast<const core::StreamFeatureView&>(*listed.object).spec();
    entities.assign(spec.entities().begin(), spec.entities().end());
    for (const auto& feature : spec.features()) features.push_back(feature.name());
  } else if (listed.kind == ObjectKind::kOnDemandFeatureView) {
    const auto& spec = static_cast<const core::OnDemandFeatureView&>(*listed.object).spec();
    entities.assign(spec.entities().begin(), spec.entities().end());
    for (const auto& feature : spec.features()) features.push_back(feature.name());
  }
  return {ObjectName(listed.kind, *listed.object), Joined(entities), ClassOf(listed.kind),
          Joined(features)};
}

Row EntityRow(const Listed& listed) {
  const auto& spec = static_cast<const core::Entity&>(*listed.object).spec();
  return {spec.name(), spec.description(), spec.join_key(), ValueTypeName(spec.value_type())};
}

Row FeatureServiceRow(const Listed& listed) {
  const auto& spec = static_cast<const core::FeatureService&>(*listed.object).spec();
  std::vector<std::string> features;
  for (const auto& projection : spec.features()) {
    const std::string& alias = projection.feature_view_name_alias();
    for (const auto& column : projection.feature_columns()) {
      features.push_back((alias.empty() ? projection.feature_view_name() : alias) + ":" +
                         column.name());
    }
  }
  return {spec.name(), Joined(features)};
}

Row DataSourceRow(const Listed& listed) {
  const auto& source = static_cast<const core::DataSource&>(*listed.object);
  return {source.name(), core::DataSource::SourceType_Name(source.type()),
          source.has_file_options() ? source.file_options().uri() : "-"};
}

const std::vector<Group>& Groups() {
  static const std::vector<Group> kGroups = {
      {"feature-views",
       "feature view",
       {ObjectKind::kFeatureView, ObjectKind::kStreamFeatureView, ObjectKind::kOnDemandFeatureView,
        ObjectKind::kLabelView},
       {"NAME", "ENTITIES", "TYPE", "FEATURES"},
       FeatureViewRow},
      {"entities",
       "entity",
       {ObjectKind::kEntity},
       {"NAME", "DESCRIPTION", "JOIN KEY", "TYPE"},
       EntityRow},
      {"feature-services",
       "feature service",
       {ObjectKind::kFeatureService},
       {"NAME", "FEATURES"},
       FeatureServiceRow},
      {"data-sources",
       "data source",
       {ObjectKind::kDataSource},
       {"NAME", "TYPE", "PATH"},
       DataSourceRow},
  };
  return kGroups;
}

/// The `tags` map of an object, wherever its message keeps it.
bool HasTag(const Message& object, const std::string& key, const std::string& value) {
  const Message* holder = &object;
  const auto* spec = object.GetDescriptor()->FindFieldByName("spec");
  if (spec) holder = &object.GetReflection()->GetMessage(object, spec);
  const auto* tags = holder->GetDescriptor()->FindFieldByName("tags");
  if (!tags || !tags->is_map()) return false;
  const auto* reflection = holder->GetReflection();
  for (int i = 0; i < reflection->FieldSize(*holder, tags); ++i) {
    const Message& entry = reflection->GetRepeatedMessage(*holder, tags, i);
    const auto* names = entry.GetReflection();
    const auto* descriptor = entry.GetDescriptor();
    if (names->GetString(entry, descriptor->map_key()) == key &&
        names->GetString(entry, descriptor->map_value()) == value) {
      return true;
    }
  }
  return false;
}

Result<std::vector<Listed>> ListGroup(const Group& group, const RegistrySnapshot& snapshot,
                                      const std::string& project,
                                      const std::vector<std::string>& tags) {
  std::vector<std::pair<std::string, std::string>> wanted;
  for (const std::string& tag : tags) {
    size_t colon = tag.find(':');
    if (colon == std::string::npos) {
      return Error(ErrorKind::kUsage, "'" + tag + "' is no tag; KEY:VALUE was expected")
          .Subject(tag);
    }
    wanted.emplace_back(tag.substr(0, colon), tag.substr(colon + 1));
  }
  std::vector<Listed> listed;
  for (ObjectKind kind : group.kinds) {
    for (const Message* object : snapshot.List(kind, project)) {
      if (kind == ObjectKind::kEntity && ObjectName(kind, *object) == kDummyEntity) continue;
      bool matches = true;
      for (const auto& [key, value] : wanted) matches = matches && HasTag(*object, key, value);
      if (matches) listed.push_back({kind, object});
    }
  }
  return listed;
}

Status RunList(CommandLine& line, const Group& group, const std::vector<std::string>& tags) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(auto snapshot, project->Snapshot());
  ARROW_ASSIGN_OR_RAISE(auto listed, ListGroup(group, *snapshot, project->name(), tags));
  if (line.output == OutputForm::kJson) {
    std::string text = "[";
    for (const Listed& item : listed) {
      ARROW_ASSIGN_OR_RAISE(std::string object, MessageAsJson(*item.object));
      while (object.ends_with('\n')) object.pop_back();
      text += (text.size() > 1 ? ",\n" : "\n") + object;
    }
    Print(text + (text.size() > 1 ? "\n]\n" : "]\n"));
    return Status::OK();
  }
  std::vector<Row> rows;
  for (const Listed& item : listed) rows.push_back(group.row(item));
  Print(FormatTable(group.headings, rows));
  return Status::OK();
}

Status RunDescribe(CommandLine& line, const Group& group, const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(auto snapshot, project->Snapshot());
  std::vector<std::string> names;
  for (ObjectKind kind : group.kinds) {
    if (const Message* object = snapshot->Find(kind, project->name(), name)) {
      ARROW_ASSIGN_OR_RAISE(std::string text, line.output == OutputForm::kJson
                                                  ? MessageAsJson(*object)
                                                  : MessageAsYaml(*object));
      Print(text);
      return Status::OK();
    }
    for (std::string& known : snapshot->Names(kind, project->name())) names.push_back(known);
  }
  return Error(ErrorKind::kNotFound, std::string(group.title) + " '" + name +
                                         "' is not registered in project '" + project->name() + "'")
      .Subject(name)
      .Near(NearNames(name, names));
}

void AddGroup(CLI::App& app, CommandLine& line, const Group& group) {
  CLI::App* commands = app.add_subcommand(
      group.command, std::string("list or describe what is registered: ") + group.command);
  commands->require_subcommand(1);
  CLI::App* list = commands->add_subcommand("list", "List them");
  auto tags = std::make_shared<std::vector<std::string>>();
  list->add_option("-t,--tags", *tags, "Only those with this tag; again for more tags")
      ->type_name("KEY:VALUE")
      ->allow_extra_args(false);
  list->callback([&line, &group, tags] {
    line.run = [&line, &group, tags] { return RunList(line, group, *tags); };
  });
  CLI::App* describe = commands->add_subcommand("describe", "Show one in full");
  auto name = std::make_shared<std::string>();
  describe->add_option("NAME", *name, std::string("Name of the ") + group.title)->required();
  describe->callback([&line, &group, name] {
    line.run = [&line, &group, name] { return RunDescribe(line, group, *name); };
  });
}

}  // namespace

void AddListings(CLI::App& app, CommandLine& line) {
  for (const Group& group : Groups()) AddGroup(app, line, group);
}

}  // namespace featly::cli
