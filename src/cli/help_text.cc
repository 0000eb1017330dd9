#include "cli/help_text.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/command_tree.h"

namespace featly::cli {

namespace {

constexpr size_t kWidth = 80;
constexpr size_t kColumn = 28;  // where descriptions begin

/// A name and what it means: beside it, or below where the name is long.
void AppendRow(const std::string& name, const std::string& meaning, std::string* out) {
  std::string row = "  " + name;
  if (row.size() + 2 > kColumn) {
    *out += row + '\n';
    row.clear();
  }
  row.append(kColumn - row.size(), ' ');
  *out += row + Wrapped(meaning, kWidth, kColumn, kColumn) + '\n';
}

void AppendOptions(const std::string& title, const std::vector<OptionView>& options,
                   std::string* out) {
  if (options.empty()) return;
  *out += '\n' + title + ":\n";
  for (const OptionView& option : options) {
    const bool tell = option.required && !option.names.empty();
    AppendRow(Heading(option), option.description + (tell ? " (required)" : ""), out);
  }
}

void AppendCommands(const CLI::App& app, std::string* out) {
  std::set<std::string> seen;
  const std::vector<CommandView> commands = CommandsOf(app);
  for (const CommandView& first : commands) {
    if (!seen.insert(first.group).second) continue;
    *out += '\n' + first.group + ":\n";
    for (const CommandView& command : commands) {
      if (command.group != first.group) continue;
      AppendRow(command.name, command.description.substr(0, command.description.find('\n')), out);
    }
  }
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string name,
                                     CLI::AppFormatMode) const {
  const CommandView command = ViewOf(*app);
  std::string text = "Usage: " + Wrapped(name + ' ' + Synopsis(command), kWidth, 7, 7) + "\n\n" +
                     Wrapped(command.description, kWidth, 0, 0) + '\n';
  AppendCommands(*app, &text);
  AppendOptions("Arguments", command.positions, &text);
  AppendOptions("Options", command.options, &text);
  if (const std::string footer = app->get_footer(); !footer.empty()) text += '\n' + footer + '\n';
  return text;
}

std::string Wrapped(std::string_view text, size_t width, size_t indent, size_t used) {
  std::string out;
  size_t column = used;
  bool first_in_line = true;
  auto break_line = [&] {
    out += '\n' + std::string(indent, ' ');
    column = indent;
    first_in_line = true;
  };
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    if (!first_in_line && column + 1 + word.size() > width) break_line();
    if (!first_in_line) out += ' ';
    out += word;
    column += word.size() + (first_in_line ? 0 : 1);
    first_in_line = false;
    if (end < text.size() && text[end] == '\n') break_line();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace featly::cli
