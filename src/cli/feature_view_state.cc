#include "cli/feature_view_state.h"

#include <cctype>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/listing.h"
#include "cli/table_text.h"
#include "cli/value_names.h"
#include "registry/diff.h"
#include "types/json_value.h"

namespace featly::cli {

namespace core = feast::core;

namespace {

constexpr ObjectKind kKinds[] = {ObjectKind::kFeatureView, ObjectKind::kOnDemandFeatureView};

/// The view's parts that these commands change, whichever kind it is of.
struct MutableView {
  std::function<void(bool)> set_disabled;
  std::function<void(core::FeatureViewState)> set_state;
  google::protobuf::Timestamp* last_updated;
};

template <typename View>
MutableView PartsOf(View* view) {
  return {[view](bool disabled) { view->mutable_spec()->set_disabled(disabled); },
          [view](core::FeatureViewState state) { view->mutable_meta()->set_state(state); },
          view->mutable_meta()->mutable_last_updated_timestamp()};
}

MutableView PartsOf(ObjectKind kind, google::protobuf::Message* view) {
  if (kind == ObjectKind::kFeatureView) return PartsOf(static_cast<core::FeatureView*>(view));
  return PartsOf(static_cast<core::OnDemandFeatureView*>(view));
}

/// The registered view, or kNotFound with near names.
Result<Listed> FindView(const core::Registry& registry, const std::string& project,
                        const std::string& name) {
  std::vector<std::string> names;
  for (ObjectKind kind : kKinds) {
    for (const auto* object : ObjectsOf(registry, kind)) {
      if (ObjectProject(kind, *object) != project) continue;
      if (ObjectName(kind, *object) == name) return Listed{kind, object};
      names.push_back(ObjectName(kind, *object));
    }
  }
  return Error(ErrorKind::kNotFound,
               "feature view '" + name + "' is not registered in project '" + project + "'")
      .Subject(name)
      .Near(NearNames(name, names));
}

/// Lets `change` change the view, of which it is told the state, and says `done` where it did: it
/// returns false for a view that is so already.
using Change = std::function<Result<bool>(const ViewState& now, MutableView* view)>;

Status ChangeView(CommandLine& line, const std::string& name, const std::string& done,
                  const std::string& already, const Change& change) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(auto snapshot, project->Snapshot());
  ARROW_RETURN_NOT_OK(FindView(snapshot->proto(), project->name(), name).status());
  bool changed = false;
  auto edit = [&](core::Registry* registry) -> Status {
    ARROW_ASSIGN_OR_RAISE(Listed found, FindView(*registry, project->name(), name));
    MutableView view =
        PartsOf(found.kind, MutableObject(found.kind, project->name(), name, registry));
    ARROW_ASSIGN_OR_RAISE(changed, change(*ViewStateOf(found), &view));
    if (!changed) return Status::OK();
    const Timestamp now = project->clock().Now();
    view.last_updated->set_seconds(now.micros / 1000000);
    view.last_updated->set_nanos(static_cast<int32_t>(now.micros % 1000000 * 1000));
    TouchRegistry(now, registry);
    return Status::OK();
  };
  // On a copy first: what changes nothing leaves the file as it is.
  core::Registry copy = snapshot->proto();
  ARROW_RETURN_NOT_OK(edit(&copy));
  if (changed) ARROW_RETURN_NOT_OK(project->registry().Commit(edit).status());
  Print("Feature view '" + name + "' " + (changed ? done : already) + "\n");
  return Status::OK();
}

Status Enable(CommandLine& line, const std::string& name, bool enable) {
  const std::string word = enable ? "enabled" : "disabled";
  return ChangeView(
      line, name, "has been " + word + "; the next apply sets what its definition says",
      "is already " + word, [enable](const ViewState& now, MutableView* view) -> Result<bool> {
        if (now.enabled == enable) return false;
        view->set_disabled(!enable);
        return true;
      });
}

/// Feast's transitions: what each state may become.
std::vector<core::FeatureViewState> NextStates(core::FeatureViewState state) {
  switch (state) {
    case core::STATE_UNSPECIFIED:
      return {core::CREATED};
    case core::CREATED:
      return {core::GENERATED};
    case core::GENERATED:
      return {core::MATERIALIZING};
    case core::MATERIALIZING:
      return {core::AVAILABLE_ONLINE, core::GENERATED};
    case core::AVAILABLE_ONLINE:
      return {core::MATERIALIZING};
    default:
      return {};
  }
}

Status SetState(CommandLine& line, const std::string& name, const std::string& text) {
  std::string wanted_name = text;
  for (char& c : wanted_name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  core::FeatureViewState wanted = core::STATE_UNSPECIFIED;
  if (!core::FeatureViewState_Parse(wanted_name, &wanted) || wanted == core::STATE_UNSPECIFIED) {
    return Error(ErrorKind::kUsage,
                 "'" + text + "' is no state; there are: " + Joined(ValueNames("STATE", "", "")))
        .Subject(text);
  }
  return ChangeView(
      line, name, "is now in state " + wanted_name, "is already in state " + wanted_name,
      [&](const ViewState& now, MutableView* view) -> Result<bool> {
        if (now.state == wanted_name) return false;
        core::FeatureViewState current = core::STATE_UNSPECIFIED;
        core::FeatureViewState_Parse(now.state, &current);
        std::vector<std::string> allowed;
        for (core::FeatureViewState next : NextStates(current)) {
          if (next == wanted) {
            view->set_state(wanted);
            return true;
          }
          allowed.push_back(core::FeatureViewState_Name(next));
        }
        return Error(ErrorKind::kInvalid, "feature view '" + name + "' is in state " + now.state +
                                              ", from which it cannot go to " + wanted_name +
                                              "; it can to: " + Joined(allowed))
            .Subject(name);
      });
}

Status ListVersions(CommandLine& line, const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ARROW_ASSIGN_OR_RAISE(auto snapshot, project->Snapshot());
  ARROW_RETURN_NOT_OK(FindView(snapshot->proto(), project->name(), name).status());
  std::vector<std::vector<std::string>> rows;
  std::string json = "[";
  for (const auto& record : snapshot->proto().feature_view_version_history().records()) {
    if (record.project_id() != project->name() || record.feature_view_name() != name) continue;
    const std::string version = "v" + std::to_string(record.version_number());
    const std::string created = FormatTimestamp({record.created_timestamp().seconds() * 1000000 +
                                                 record.created_timestamp().nanos() / 1000});
    rows.push_back({version, record.feature_view_type(), created, record.version_id()});
    json += json.size() > 1 ? ",\n  " : "\n  ";
    json += "{\"version\":\"";
    json += version;
    json += "\",\"type\":\"";
    json += record.feature_view_type();
    json += "\",\"created\":\"";
    json += created;
    json += "\",\"version_id\":";
    AppendJsonString(record.version_id(), &json);
    json += '}';
  }
  Print(line.output == OutputForm::kJson
            ? json + (json.size() > 1 ? "\n]\n" : "]\n")
            : FormatTable({"VERSION", "TYPE", "CREATED", "VERSION_ID"}, rows));
  return Status::OK();
}

/// Adds a command that takes the name of a view.
CLI::App* AddNamed(CLI::App* parent, const char* command_name, const char* help,
                   const std::shared_ptr<std::string>& name) {
  CLI::App* command = parent->add_subcommand(command_name, help);
  command->add_option("NAME", *name, "Name of the feature view")
      ->required()
      ->type_name(ValueNameOf(ObjectKind::kFeatureView));
  return command;
}

}  // namespace

void AddFeatureViewState(CLI::App* feature_views, CommandLine& line) {
  for (bool enable : {true, false}) {
    auto name = std::make_shared<std::string>();
    CLI::App* command = AddNamed(feature_views, enable ? "enable" : "disable",
                                 enable ? "Let it be served and materialized again"
                                        : "Keep it from being served and materialized",
                                 name);
    command->callback([&line, name, enable] {
      line.run = [&line, name, enable] { return Enable(line, *name, enable); };
    });
  }
  auto name = std::make_shared<std::string>();
  auto state = std::make_shared<std::string>();
  CLI::App* set_state =
      AddNamed(feature_views, "set-state", "Set the state that the registry shows", name);
  set_state->add_option("STATE", *state, "CREATED, GENERATED, MATERIALIZING or AVAILABLE_ONLINE")
      ->required()
      ->type_name("STATE");
  set_state->callback([&line, name, state] {
    line.run = [&line, name, state] { return SetState(line, *name, *state); };
  });
  auto versioned = std::make_shared<std::string>();
  CLI::App* versions =
      AddNamed(feature_views, "list-versions", "List what the view was before", versioned);
  versions->callback([&line, versioned] {
    line.run = [&line, versioned] { return ListVersions(line, *versioned); };
  });
}

}  // namespace featly::cli
