#include "cli/listing.h"

#include <memory>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/message_text.h"
#include "cli/table_text.h"
#include "cli/value_names.h"
#include "types/json_value.h"

namespace featly::cli {

namespace core = feast::core;

namespace {

using google::protobuf::Message;

/// "team:rides" texts, also several in one with commas between, as key and value.
using Tags = std::vector<std::pair<std::string, std::string>>;

Result<Tags> ParseTags(const std::vector<std::string>& texts) {
  Tags tags;
  for (const std::string& text : texts) {
    for (const std::string& part : CLI::detail::split(text, ',')) {
      const std::string tag = CLI::detail::trim_copy(part);
      size_t colon = tag.find(':');
      if (colon == std::string::npos) {
        return Error(ErrorKind::kUsage, "'" + tag + "' is no tag; KEY:VALUE was expected")
            .Subject(tag);
      }
      tags.emplace_back(tag.substr(0, colon), CLI::detail::trim_copy(tag.substr(colon + 1)));
    }
  }
  return tags;
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

std::vector<Listed> ListGroup(const ObjectGroup& group, const RegistrySnapshot& snapshot,
                              const std::string& project, const Tags& wanted) {
  std::vector<Listed> listed;
  for (ObjectKind kind : group.kinds) {
    for (const Message* object : snapshot.List(kind, OwnerOf(kind, project))) {
      if (kind == ObjectKind::kEntity && ObjectName(kind, *object) == kDummyEntity) continue;
      bool matches = true;
      for (const auto& [key, value] : wanted) matches = matches && HasTag(*object, key, value);
      if (matches) listed.push_back({kind, object});
    }
  }
  return listed;
}

/// The object as JSON, ending without a line break. What Feast's describe says of a view beside its
/// message stands at the end.
Result<std::string> ObjectAsJson(const Listed& listed) {
  ARROW_ASSIGN_OR_RAISE(std::string text, MessageAsJson(*listed.object));
  while (text.ends_with('\n')) text.pop_back();
  if (auto view = ViewStateOf(listed)) {
    text.erase(text.rfind('}'));
    while (text.ends_with('\n')) text.pop_back();
    text += std::string(",\n \"enabled\": ") + (view->enabled ? "true" : "false") +
            ",\n \"state\": \"" + view->state + "\"\n}";
  }
  return text;
}

Status RunList(CommandLine& line, const ObjectGroup& group, const std::vector<std::string>& tags) {
  ARROW_ASSIGN_OR_RAISE(Tags wanted, ParseTags(tags));
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(auto snapshot, project->Snapshot());
  const std::vector<Listed> listed = ListGroup(group, *snapshot, project->name(), wanted);
  if (line.output == OutputForm::kJson) {
    std::string text = "[";
    for (const Listed& item : listed) {
      ARROW_ASSIGN_OR_RAISE(std::string object, ObjectAsJson(item));
      text += (text.size() > 1 ? ",\n" : "\n") + object;
    }
    Print(text + (text.size() > 1 ? "\n]\n" : "]\n"));
    return Status::OK();
  }
  std::vector<std::vector<std::string>> rows;
  for (const Listed& item : listed) rows.push_back(group.row(item));
  Print(FormatTable(group.headings, rows));
  return Status::OK();
}

Status RunDescribe(CommandLine& line, const ObjectGroup& group, const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(auto snapshot, project->Snapshot());
  std::vector<std::string> names;
  for (ObjectKind kind : group.kinds) {
    const std::string owner = OwnerOf(kind, project->name());
    if (const Message* object = snapshot->Find(kind, owner, name)) {
      return PrintObject(line, {kind, object});
    }
    for (std::string& known : snapshot->Names(kind, owner)) names.push_back(known);
  }
  return Error(ErrorKind::kNotFound, std::string(group.title) + " '" + name +
                                         "' is not registered in project '" + project->name() + "'")
      .Subject(name)
      .Near(NearNames(name, names));
}

}  // namespace

CLI::App* AddObjectGroup(CLI::App& app, CommandLine& line, const ObjectGroup& group) {
  std::string plural = group.command;
  std::replace(plural.begin(), plural.end(), '-', ' ');
  CLI::App* commands = app.add_subcommand(group.command, "List or describe " + plural);
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
  describe->add_option("NAME", *name, std::string("Name of the ") + group.title)
      ->required()
      ->type_name(ValueNameOf(group.kinds.front()));
  describe->callback([&line, &group, name] {
    line.run = [&line, &group, name] { return RunDescribe(line, group, *name); };
  });
  return commands;
}

Status PrintObject(const CommandLine& line, const Listed& listed) {
  ARROW_ASSIGN_OR_RAISE(std::string text, ObjectAsJson(listed));
  text += '\n';
  if (line.output != OutputForm::kJson) {
    ARROW_ASSIGN_OR_RAISE(text, JsonAsYaml(text));
  }
  Print(text);
  return Status::OK();
}

std::string OwnerOf(ObjectKind kind, const std::string& project) {
  return kind == ObjectKind::kProject ? "" : project;
}

std::optional<ViewState> ViewStateOf(const Listed& listed) {
  if (listed.kind == ObjectKind::kFeatureView) {
    const auto& view = static_cast<const core::FeatureView&>(*listed.object);
    return ViewState{!view.spec().disabled(), core::FeatureViewState_Name(view.meta().state())};
  }
  if (listed.kind == ObjectKind::kOnDemandFeatureView) {
    const auto& view = static_cast<const core::OnDemandFeatureView&>(*listed.object);
    return ViewState{!view.spec().disabled(), core::FeatureViewState_Name(view.meta().state())};
  }
  return std::nullopt;
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "-" : text;
}

}  // namespace featly::cli
