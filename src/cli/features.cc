// featly features list|describe
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/listing.h"
#include "cli/message_text.h"
#include "cli/table_text.h"
#include "types/json_value.h"
#include "types/value_type.h"

namespace featly::cli {

namespace core = feast::core;

namespace {

/// A feature of a view of any kind. Borrowed from a snapshot.
struct ListedFeature {
  const core::FeatureSpecV2* feature;
  std::string view;
  bool online;
  const core::DataSource* source;  // null: the view has none
};

template <typename View>
void Append(const View& view, bool online, const core::DataSource* source,
            std::vector<ListedFeature>* out) {
  for (const core::FeatureSpecV2& feature : view.spec().features()) {
    out->push_back({&feature, view.spec().name(), online, source});
  }
}

/// In Feast's order: plain, on-demand, stream views.
std::vector<ListedFeature> AllFeatures(const RegistrySnapshot& snapshot,
                                       const std::string& project) {
  std::vector<ListedFeature> features;
  for (const auto* object : snapshot.List(ObjectKind::kFeatureView, project)) {
    const auto& view = static_cast<const core::FeatureView&>(*object);
    Append(view, view.spec().online(), &view.spec().batch_source(), &features);
  }
  for (const auto* object : snapshot.List(ObjectKind::kOnDemandFeatureView, project)) {
    const auto& view = static_cast<const core::OnDemandFeatureView&>(*object);
    Append(view, view.spec().write_to_online_store(), nullptr, &features);
  }
  for (const auto* object : snapshot.List(ObjectKind::kStreamFeatureView, project)) {
    const auto& view = static_cast<const core::StreamFeatureView&>(*object);
    Append(view, view.spec().online(), &view.spec().batch_source(), &features);
  }
  return features;
}

Status RunList(CommandLine& line) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(auto snapshot, project->Snapshot());
  std::vector<std::vector<std::string>> rows;
  std::string json = "[";
  for (const ListedFeature& listed : AllFeatures(*snapshot, project->name())) {
    const std::string type = ValueTypeName(listed.feature->value_type());
    rows.push_back({listed.feature->name(), listed.view, type});
    json += json.size() > 1 ? ",\n  {\"feature_name\":" : "\n  {\"feature_name\":";
    AppendJsonString(listed.feature->name(), &json);
    json += ",\"feature_view\":";
    AppendJsonString(listed.view, &json);
    json += ",\"dtype\":\"" + type + "\"}";
  }
  Print(line.output == OutputForm::kJson ? json + (json.size() > 1 ? "\n]\n" : "]\n")
                                         : FormatTable({"FEATURE", "FEATURE VIEW", "TYPE"}, rows));
  return Status::OK();
}

/// One feature under the keys of Feast's describe.
Result<std::string> FeatureAsJson(const ListedFeature& listed) {
  std::string json = "  {\"Feature Name\": ";
  AppendJsonString(listed.feature->name(), &json);
  json += ", \"Feature View\": ";
  AppendJsonString(listed.view, &json);
  json +=
      ", \"Data Type\": \"" + ValueTypeName(listed.feature->value_type()) + "\", \"Description\": ";
  AppendJsonString(listed.feature->description(), &json);
  json +=
      std::string(", \"Online Store\": ") + (listed.online ? "true" : "false") + ", \"Source\": ";
  if (!listed.source) return json + "null}";
  ARROW_ASSIGN_OR_RAISE(std::string source, MessageAsJson(*listed.source));
  while (source.ends_with('\n')) source.pop_back();
  return json + source + "}";
}

Status RunDescribe(CommandLine& line, const std::string& wanted) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(auto snapshot, project->Snapshot());
  std::string json;
  std::vector<std::string> names;
  for (const ListedFeature& listed : AllFeatures(*snapshot, project->name())) {
    const std::string& name = listed.feature->name();
    names.push_back(name);
    if (wanted != name && wanted != listed.view + ":" + name) continue;
    ARROW_ASSIGN_OR_RAISE(std::string one, FeatureAsJson(listed));
    json += (json.empty() ? "[\n" : ",\n") + one;
  }
  if (json.empty()) {
    return Error(ErrorKind::kNotFound, "no feature view of project '" + project->name() +
                                           "' has a feature '" + wanted + "'")
        .Subject(wanted)
        .Near(NearNames(wanted, names));
  }
  json += "\n]\n";
  if (line.output != OutputForm::kJson) {
    ARROW_ASSIGN_OR_RAISE(json, JsonAsYaml(json));
  }
  Print(json);
  return Status::OK();
}

}  // namespace

void AddFeatures(CLI::App& app, CommandLine& line) {
  CLI::App* commands =
      app.add_subcommand("features", "List or describe the features of all feature views");
  commands->require_subcommand(1);
  CLI::App* list = commands->add_subcommand("list", "List them, with their views and types");
  list->callback([&line] { line.run = [&line] { return RunList(line); }; });
  CLI::App* describe =
      commands->add_subcommand("describe", "Show a feature, in every view that has it");
  auto name = std::make_shared<std::string>();
  describe->add_option("NAME", *name, "FEATURE, or VIEW:FEATURE for that of one view")
      ->required()
      ->type_name("FEATURE");
  describe->callback(
      [&line, name] { line.run = [&line, name] { return RunDescribe(line, *name); }; });
}

}  // namespace featly::cli
