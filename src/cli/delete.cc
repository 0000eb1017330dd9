// featly delete
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/confirm.h"
#include "cli/listing.h"
#include "types/json_value.h"

namespace featly::cli {

namespace {

struct DeleteOptions {
  std::string name;
  std::string kind;  // "feature-view"; empty: whichever has the name
  bool yes = false;
};

/// "feature-view": what --kind takes.
std::string KindName(const ObjectKindInfo& info) {
  std::string name = info.id;
  for (char& c : name) c = c == '_' ? '-' : c;
  return name;
}

/// The one registered object that is meant.
Result<ObjectKindInfo> FindKind(const RegistrySnapshot& snapshot, const std::string& project,
                                const DeleteOptions& options) {
  std::vector<ObjectKindInfo> found;
  std::vector<std::string> kinds;
  std::vector<std::string> names;
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    if (info.kind == ObjectKind::kProject) continue;  // featly projects delete
    kinds.push_back(KindName(info));
    if (!options.kind.empty() && kinds.back() != options.kind) continue;
    if (snapshot.Find(info.kind, project, options.name)) found.push_back(info);
    for (std::string& name : snapshot.Names(info.kind, project)) names.push_back(std::move(name));
  }
  if (!options.kind.empty() && std::find(kinds.begin(), kinds.end(), options.kind) == kinds.end()) {
    return Error(ErrorKind::kUsage,
                 "'" + options.kind + "' is no kind of object; there are: " + Joined(kinds))
        .Subject(options.kind)
        .Near(NearNames(options.kind, kinds));
  }
  if (found.empty()) {
    return Error(ErrorKind::kNotFound,
                 "nothing named '" + options.name + "' is registered in project '" + project + "'")
        .Subject(options.name)
        .Near(NearNames(options.name, names));
  }
  if (found.size() == 1) return found.front();
  kinds.clear();
  for (const ObjectKindInfo& info : found) kinds.push_back(KindName(info));
  return Error(ErrorKind::kUsage, "several objects are named '" + options.name +
                                      "'; say which with --kind: " + Joined(kinds))
      .Subject(options.name);
}

Status RunDelete(CommandLine& line, const DeleteOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(auto snapshot, project->Snapshot());
  ARROW_ASSIGN_OR_RAISE(ObjectKindInfo kind, FindKind(*snapshot, project->name(), options));
  ApplyOptions apply;
  apply.total = false;
  apply.deletions = {{kind.kind, options.name}};
  // What cannot be deleted is not asked about.
  ARROW_RETURN_NOT_OK(project->Plan({}, apply).status());
  const std::string what = std::string(kind.title) + " '" + options.name + "'";
  ARROW_RETURN_NOT_OK(Confirm("This deletes " + what + " of project '" + project->name() + "'" +
                                  (kind.is_feature_view ? " and its online rows." : "."),
                              options.yes, Unasked::kGoOn));
  ARROW_RETURN_NOT_OK(project->Apply({}, apply).status());
  if (line.output == OutputForm::kJson) {
    std::string text = "{\"deleted\":\"" + std::string(kind.id) + "\",\"name\":";
    AppendJsonString(options.name, &text);
    Print(text + "}\n");
  } else {
    Print("Deleted " + what + " from project '" + project->name() + "'\n");
  }
  return Status::OK();
}

}  // namespace

void AddDelete(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand(
      "delete",
      "Delete a registered object by its name; what a Python file still defines comes back with "
      "the next apply");
  auto options = std::make_shared<DeleteOptions>();
  command->add_option("NAME", options->name, "Name of the object")->required()->type_name("OBJECT");
  command->add_option("--kind", options->kind, "Of which kind, where several have the name")
      ->type_name("KIND");
  AddYes(command, &options->yes);
  command->callback(
      [&line, options] { line.run = [&line, options] { return RunDelete(line, *options); }; });
}

}  // namespace featly::cli
