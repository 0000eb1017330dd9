#include "cli/command_tree.h"

#include <CLI/CLI.hpp>

namespace featly::cli {

namespace {

OptionView ViewOf(const CLI::Option& option) {
  OptionView view;
  view.option = &option;
  if (option.nonpositional()) {
    for (const std::string& name : option.get_snames()) view.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) view.names.push_back("--" + name);
  } else {
    view.position = option.get_name(/*positional=*/true);
  }
  if (option.get_type_size() != 0) view.value = option.get_type_name();
  view.description = option.get_description();
  view.required = option.get_required();
  view.many = option.get_expected_max() >= CLI::detail::expected_max_vector_size;
  return view;
}

}  // namespace

CommandView ViewOf(const CLI::App& app) {
  CommandView view;
  view.app = &app;
  view.name = app.get_name();
  view.description = app.get_description();
  view.group = app.get_group();
  auto is_shown = [](const CLI::Option* option) { return !option->get_group().empty(); };
  for (const CLI::Option* option : app.get_options(is_shown)) {
    OptionView one = ViewOf(*option);
    (one.names.empty() ? view.positions : view.options).push_back(std::move(one));
  }
  return view;
}

std::vector<CommandView> CommandsOf(const CLI::App& app) {
  std::vector<CommandView> commands;
  auto is_shown = [](const CLI::App* sub) { return !sub->get_group().empty(); };
  for (const CLI::App* sub : app.get_subcommands(is_shown)) commands.push_back(ViewOf(*sub));
  return commands;
}

std::string Heading(const OptionView& option) {
  std::string text = option.position;
  for (const std::string& name : option.names) text += (text.empty() ? "" : ", ") + name;
  if (!option.names.empty() && !option.value.empty()) text += ' ' + option.value;
  if (option.many) text += "...";
  return text;
}

std::string Synopsis(const CommandView& command) {
  std::string text = "[OPTIONS]";
  for (const OptionView& position : command.positions) {
    const std::string heading = Heading(position);
    text += position.required ? ' ' + heading : " [" + heading + "]";
  }
  if (!CommandsOf(*command.app).empty()) text += " COMMAND";
  return text;
}

}  // namespace featly::cli
