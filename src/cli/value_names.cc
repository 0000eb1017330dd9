#include "cli/value_names.h"

#include <cctype>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "cli/init_template.h"
#include "project/project.h"

namespace featly::cli {

namespace {

using Names = std::vector<std::string>;

/// Values that do not depend on the repository.
const std::map<std::string, Names, std::less<>>& FixedNames() {
  static const std::map<std::string, Names, std::less<>> kNames = {
      {"FORM", {"table", "json"}},
      {"LEVEL", {"debug", "info", "warning", "error", "off"}},
      {"SHELL", {"bash", "zsh", "fish"}},
      {"STATE", {"CREATED", "GENERATED", "MATERIALIZING", "AVAILABLE_ONLINE"}},
      {"TEMPLATE", TemplateNames()},
  };
  return kNames;
}

/// A project and what it has registered.
struct Registered {
  std::string project;
  std::shared_ptr<const RegistrySnapshot> snapshot;
};

Result<Registered> Read(const std::string& chdir, const std::string& config_file) {
  std::error_code failed;
  if (!chdir.empty()) std::filesystem::current_path(chdir, failed);
  if (failed) return ErrnoError(failed.value(), "cannot change to '" + chdir + "'");
  const std::filesystem::path here = std::filesystem::current_path(failed);
  if (failed) return ErrnoError(failed.value(), "the working directory cannot be read");
  ARROW_ASSIGN_OR_RAISE(Config config, LoadConfig(here.string(), config_file));
  ARROW_ASSIGN_OR_RAISE(auto project,
                        Project::Open(std::move(config), std::make_unique<SystemClock>()));
  ARROW_ASSIGN_OR_RAISE(auto snapshot, project->Snapshot());
  return Registered{project->name(), std::move(snapshot)};
}

Names FeatureReferences(const Registered& registered) {
  Names names;
  for (const ViewSpec* view : registered.snapshot->Views(registered.project)) {
    for (const RowColumn& feature : view->features)
      names.push_back(view->name + ':' + feature.name);
  }
  return names;
}

Names FeatureNames(const Registered& registered) {
  Names names;
  for (const std::string& reference : FeatureReferences(registered)) {
    names.push_back(reference.substr(reference.find(':') + 1));
  }
  return names;
}

Names NamesOfKind(const Registered& registered, ObjectKind kind) {
  Names names =
      registered.snapshot->Names(kind, kind == ObjectKind::kProject ? "" : registered.project);
  std::erase(names, kDummyEntity);  // Feast's, for views without entities
  return names;
}

Names AllNames(const Registered& registered) {
  Names all;
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    if (info.kind == ObjectKind::kProject) continue;
    for (std::string& name : NamesOfKind(registered, info.kind)) all.push_back(std::move(name));
  }
  return all;
}

}  // namespace

std::string ValueNameOf(ObjectKind kind) {
  std::string name = InfoOf(kind).id;
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

Names ValueNames(std::string_view type, const std::string& chdir, const std::string& config_file) {
  if (auto fixed = FixedNames().find(type); fixed != FixedNames().end()) return fixed->second;
  Result<Registered> registered = Read(chdir, config_file);
  if (!registered.ok()) return {};  // somebody is typing: no place for an error
  if (type == "VIEW:FEATURE") return FeatureReferences(*registered);
  if (type == "FEATURE") return FeatureNames(*registered);
  if (type == "OBJECT") return AllNames(*registered);
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    if (type == ValueNameOf(info.kind)) return NamesOfKind(*registered, info.kind);
  }
  return {};
}

}  // namespace featly::cli
