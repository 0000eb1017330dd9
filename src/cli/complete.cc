#include "cli/complete.h"

#include <utility>

#include <CLI/CLI.hpp>

#include "cli/command_tree.h"
#include "cli/value_names.h"

namespace featly::cli {

namespace {

/// Where the words have led.
struct Place {
  const CLI::App* command = nullptr;
  const CLI::Option* option = nullptr;  // whose value comes next; null: none
  size_t positions = 0;                 // arguments by position that were given
  std::string chdir;
  std::string config_file;
};

/// The command named `word` directly below; null where there is none.
const CLI::App* FindCommand(const CLI::App* command, const std::string& word) {
  auto is_named = [&word](const CLI::App* sub) { return sub->get_name() == word; };
  const std::vector<const CLI::App*> found = command->get_subcommands(is_named);
  return found.empty() ? nullptr : found.front();
}

/// "--name" or "-n" among the options of the command and of those above it.
const CLI::Option* FindOption(const CLI::App* command, const std::string& name) {
  for (; command; command = command->get_parent()) {
    if (const CLI::Option* option = command->get_option_no_throw(name)) return option;
  }
  return nullptr;
}

bool TakesValue(const CLI::Option* option) { return option && option->get_type_size() != 0; }

bool TakesMore(const CLI::Option* option) {
  return option->get_expected_max() >= CLI::detail::expected_max_vector_size &&
         option->get_allow_extra_args();
}

/// Keeps the values of the options that say which repository is meant. Commands have others of the
/// same letters.
void Remember(const CLI::Option* option, const std::string& value, Place* place) {
  if (!option) return;
  if (option->check_lname("chdir")) place->chdir = value;
  if (option->check_lname("feature-store-yaml")) place->config_file = value;
}

/// Takes one word that stands before the one to complete.
void Step(const std::string& word, Place* place) {
  if (word.size() > 1 && word.starts_with('-')) {
    const size_t equals = word.starts_with("--") ? word.find('=') : word.npos;
    place->option = FindOption(place->command, word.substr(0, equals));
    if (equals != word.npos) Remember(place->option, word.substr(equals + 1), place);
    if (equals != word.npos || !TakesValue(place->option)) place->option = nullptr;
    return;
  }
  if (place->option) {
    Remember(place->option, word, place);
    if (!TakesMore(place->option)) place->option = nullptr;
    return;
  }
  if (const CLI::App* sub = FindCommand(place->command, word)) {
    place->command = sub;
    place->positions = 0;
  } else {
    ++place->positions;
  }
}

using Candidates = std::vector<std::pair<std::string, std::string>>;  // value, meaning

std::string Listed(const Candidates& candidates, const std::string& begins,
                   const std::string& before) {
  std::string text = "values\n";
  for (const auto& [value, meaning] : candidates) {
    if (!value.starts_with(begins)) continue;
    text += before + value + '\t' + meaning.substr(0, meaning.find('\n')) + '\n';
  }
  return text;
}

/// The values of an option or argument; `before` is what the word has before the value ("--out=").
std::string CompleteValue(const CLI::Option& option, const Place& place, const std::string& begins,
                          const std::string& before) {
  const std::string type = option.get_type_name();
  if (type == "FILE") return "files\n";
  if (type == "DIR") return "directories\n";
  Candidates candidates;
  for (std::string& name : ValueNames(type, place.chdir, place.config_file)) {
    candidates.emplace_back(std::move(name), "");
  }
  return Listed(candidates, begins, before);
}

std::string CompleteOption(const CLI::App* command, const std::string& begins) {
  Candidates candidates;
  for (; command; command = command->get_parent()) {
    for (const OptionView& option : ViewOf(*command).options) {
      for (const std::string& name : option.names) {
        candidates.emplace_back(name, option.description);
      }
    }
  }
  return Listed(candidates, begins, "");
}

}  // namespace

std::string Complete(const CLI::App& app, const std::vector<std::string>& words) {
  if (words.empty()) return "values\n";
  Place place;
  place.command = &app;
  for (size_t i = 0; i + 1 < words.size(); ++i) Step(words[i], &place);

  const std::string& word = words.back();
  if (const size_t equals = word.find('='); word.starts_with("--") && equals != word.npos) {
    const CLI::Option* option = FindOption(place.command, word.substr(0, equals));
    if (!TakesValue(option)) return "values\n";
    return CompleteValue(*option, place, word.substr(equals + 1), word.substr(0, equals + 1));
  }
  if (word.starts_with('-')) return CompleteOption(place.command, word);
  if (place.option) return CompleteValue(*place.option, place, word, "");
  Candidates commands;
  for (const CommandView& command : CommandsOf(*place.command)) {
    commands.emplace_back(command.name, command.description);
  }
  if (!commands.empty()) return Listed(commands, word, "");
  const std::vector<OptionView> positions = ViewOf(*place.command).positions;
  if (place.positions >= positions.size()) return "values\n";
  return CompleteValue(*positions[place.positions].option, place, word, "");
}

}  // namespace featly::cli
