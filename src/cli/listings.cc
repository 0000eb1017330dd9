// featly feature-views|entities|feature-services|... list|describe: a row of Groups() each
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/feast_options.h"
#include "cli/feature_view_state.h"
#include "cli/listing.h"
#include "registry/definition_index.h"
#include "registry/snapshot.h"

namespace featly::cli {

namespace core = feast::core;

namespace {

using Row = std::vector<std::string>;

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

/// The entities of a view of any kind, without the one of views that have none.
std::vector<std::string> RealEntitiesOf(const Listed& listed) {
  std::vector<std::string> entities = EntitiesOf(*listed.object);
  std::erase(entities, kDummyEntity);
  return entities;
}

Row FeatureViewRow(const Listed& listed) {
  const auto state = ViewStateOf(listed);
  return {ObjectName(listed.kind, *listed.object), Joined(RealEntitiesOf(listed)),
          ClassOf(listed.kind),
          !state           ? "-"
          : state->enabled ? "Yes"
                           : "No",
          state ? state->state : "-"};
}

Row LabelViewRow(const Listed& listed) {
  const auto& spec = static_cast<const core::LabelView&>(*listed.object).spec();
  return {spec.name(), Joined(RealEntitiesOf(listed)),
          core::ConflictResolutionPolicy_Name(spec.conflict_policy())};
}

Row NameRow(const Listed& listed) { return {ObjectName(listed.kind, *listed.object)}; }

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

Row PermissionRow(const Listed& listed) {
  using Spec = core::PermissionSpec;
  const Spec& spec = static_cast<const core::Permission&>(*listed.object).spec();
  std::vector<std::string> types;
  std::vector<std::string> actions;
  std::vector<std::string> tags;
  for (int type : spec.types()) types.push_back(Spec::Type_Name(static_cast<Spec::Type>(type)));
  for (int action : spec.actions()) {
    actions.push_back(Spec::AuthzedAction_Name(static_cast<Spec::AuthzedAction>(action)));
  }
  for (const auto& [key, value] : spec.required_tags()) {
    tags.push_back(key);
    tags.back() += ':';
    tags.back() += value;
  }
  const auto& patterns = spec.name_patterns();
  const auto& roles = spec.policy().role_based_policy().roles();
  return {spec.name(),
          Joined(types),
          Joined({patterns.begin(), patterns.end()}),
          Joined(actions),
          Joined({roles.begin(), roles.end()}),
          Joined(tags)};
}

const std::vector<ObjectGroup>& Groups() {
  using K = ObjectKind;
  const std::vector<std::string> view_headings = {"NAME", "ENTITIES", "TYPE", "ENABLED", "STATE"};
  static const std::vector<ObjectGroup> kGroups = {
      {"feature-views",
       "feature view",
       {K::kFeatureView, K::kStreamFeatureView, K::kOnDemandFeatureView, K::kLabelView},
       view_headings,
       FeatureViewRow},
      {"on-demand-feature-views",
       "on-demand feature view",
       {K::kOnDemandFeatureView},
       view_headings,
       FeatureViewRow},
      {"stream-feature-views",
       "stream feature view",
       {K::kStreamFeatureView},
       view_headings,
       FeatureViewRow},
      {"label-views",
       "label view",
       {K::kLabelView},
       {"NAME", "ENTITIES", "CONFLICT_POLICY"},
       LabelViewRow},
      {"entities", "entity", {K::kEntity}, {"NAME", "DESCRIPTION", "JOIN KEY", "TYPE"}, EntityRow},
      {"feature-services",
       "feature service",
       {K::kFeatureService},
       {"NAME", "FEATURES"},
       FeatureServiceRow},
      {"data-sources", "data source", {K::kDataSource}, {"NAME", "TYPE", "PATH"}, DataSourceRow},
      {"saved-datasets", "saved dataset", {K::kSavedDataset}, {"NAME"}, NameRow},
      {"validation-references",
       "validation reference",
       {K::kValidationReference},
       {"NAME"},
       NameRow},
      {"permissions",
       "permission",
       {K::kPermission},
       {"NAME", "TYPES", "NAME_PATTERNS", "ACTIONS", "ROLES", "REQUIRED_TAGS"},
       PermissionRow},
  };
  return kGroups;
}

}  // namespace

void AddListings(CLI::App& app, CommandLine& line) {
  for (const ObjectGroup& group : Groups()) {
    CLI::App* commands = AddObjectGroup(app, line, group);
    const ObjectKind kind = group.kinds.front();
    if (kind == ObjectKind::kFeatureView) AddFeatureViewState(commands, line);
    if (kind == ObjectKind::kPermission) {
      const char* why = "permissions are kept and listed; access is not checked against them";
      RefuseFeastCommand(commands, line, "check", why);
      RefuseFeastCommand(commands, line, "list-roles", why);
      RefuseFeastOption(commands->get_subcommand("list"), line, "-v,--verbose", OptionValue::kNone,
                        why);
    }
  }
}

}  // namespace featly::cli
