// The list and describe commands of every kind of object.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <google/protobuf/message.h>

#include "base/error.h"
#include "registry/object_kind.h"

namespace CLI {
class App;
}

namespace featly::cli {

class CommandLine;

/// An object and its kind. Borrowed from a registry snapshot.
struct Listed {
  ObjectKind kind;
  const google::protobuf::Message* object;
};

/// One group of commands: what it lists, and how.
struct ObjectGroup {
  const char* command;  ///< "feature-views".
  const char* title;    ///< "feature view": in messages.
  std::vector<ObjectKind> kinds;
  std::vector<std::string> headings;
  std::vector<std::string> (*row)(const Listed& listed);
};

/// Adds `list` and `describe` of the group, which lives as long as the program. Returns the group's
/// command, for more of them.
CLI::App* AddObjectGroup(CLI::App& app, CommandLine& line, const ObjectGroup& group);

/// Prints one object in full, as YAML or as JSON.
Status PrintObject(const CommandLine& line, const Listed& listed);

/// The registered project that the kind's objects are filed under: "" for projects themselves.
std::string OwnerOf(ObjectKind kind, const std::string& project);

/// Whether a view of this kind can be switched off, whether it is, and how far it has come.
struct ViewState {
  bool enabled = true;
  std::string state;  ///< As Feast names it: "AVAILABLE_ONLINE".
};
/// nullopt for what has no such thing.
std::optional<ViewState> ViewStateOf(const Listed& listed);

/// "a, b"; "-" for nothing.
std::string Joined(const std::vector<std::string>& names);

}  // namespace featly::cli
