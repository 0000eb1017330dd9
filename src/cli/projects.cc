// featly projects list|describe|current_project|delete
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/confirm.h"
#include "cli/listing.h"
#include "cli/value_names.h"
#include "types/json_value.h"

namespace featly::cli {

namespace core = feast::core;

namespace {

std::vector<std::string> ProjectRow(const Listed& listed) {
  const auto& spec = static_cast<const core::Project&>(*listed.object).spec();
  std::vector<std::string> tags;
  for (const auto& [key, value] : spec.tags()) {
    tags.push_back(key);
    tags.back() += ':';
    tags.back() += value;
  }
  return {spec.name(), spec.description(), Joined(tags), spec.owner()};
}

const ObjectGroup& Group() {
  static const ObjectGroup kGroup = {"projects",
                                     "project",
                                     {ObjectKind::kProject},
                                     {"NAME", "DESCRIPTION", "TAGS", "OWNER"},
                                     ProjectRow};
  return kGroup;
}

/// The registered project of this name.
Result<Listed> FindProject(const RegistrySnapshot& snapshot, const std::string& name,
                           const std::string& registry) {
  const auto* object = snapshot.Find(ObjectKind::kProject, "", name);
  if (object) return Listed{ObjectKind::kProject, object};
  return Error(ErrorKind::kNotFound,
               "project '" + name + "' is not registered in '" + registry + "'")
      .Subject(name)
      .Near(NearNames(name, snapshot.Names(ObjectKind::kProject, "")));
}

Status RunCurrent(CommandLine& line) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(auto snapshot, project->Snapshot());
  auto found = FindProject(*snapshot, project->name(), project->registry().location());
  if (!found.ok()) return WithContext("nothing was applied yet", found.status());
  return PrintObject(line, *found);
}

Status RunDelete(CommandLine& line, const std::string& name, bool yes) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject(name));
  ARROW_ASSIGN_OR_RAISE(auto snapshot, project->Snapshot());
  ARROW_RETURN_NOT_OK(FindProject(*snapshot, name, project->registry().location()).status());
  ARROW_RETURN_NOT_OK(Confirm(
      "This deletes project '" + name + "': all that is registered of it and its online rows.", yes,
      Unasked::kRefuse));
  ARROW_RETURN_NOT_OK(project->Teardown().status());
  if (line.output == OutputForm::kJson) {
    std::string text = "{\"deleted_project\":";
    AppendJsonString(name, &text);
    Print(text + "}\n");
  } else {
    Print("Project '" + name + "' deleted successfully.\n");
  }
  return Status::OK();
}

}  // namespace

void AddProjects(CLI::App& app, CommandLine& line) {
  CLI::App* commands = AddObjectGroup(app, line, Group());
  CLI::App* current =
      commands->add_subcommand("current_project", "Show the project of feature_store.yaml");
  current->callback([&line] { line.run = [&line] { return RunCurrent(line); }; });
  CLI::App* remove = commands->add_subcommand(
      "delete", "Delete all that is registered of a project, and its online rows");
  auto name = std::make_shared<std::string>();
  auto yes = std::make_shared<bool>(false);
  remove->add_option("NAME", *name, "Name of the project")
      ->required()
      ->type_name(ValueNameOf(ObjectKind::kProject));
  AddYes(remove, yes.get());
  remove->callback([&line, name, yes] {
    line.run = [&line, name, yes] { return RunDelete(line, *name, *yes); };
  });
}

}  // namespace featly::cli
