// featly man: the manual page, made from the commands themselves.
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/command_tree.h"
#include "cli/version_text.h"

namespace featly::cli {

namespace {

/// Text as roff takes it: nothing in it is a request or an escape.
std::string Escaped(std::string_view text) {
  std::string out;
  bool line_begins = true;
  for (char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    line_begins = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    if (c == '\n') out += ".br\n";
  }
  return out;
}

void AppendOptions(const std::vector<OptionView>& options, std::string* out) {
  for (const OptionView& option : options) {
    *out += ".TP\n.B " + Escaped(Heading(option)) + '\n' + Escaped(option.description) +
            (option.required ? " Required.\n" : "\n");
  }
}

/// One command, or each command of a group of them.
void AppendCommand(const std::string& path, const CommandView& command, std::string* out) {
  const std::string name = path + ' ' + command.name;
  const std::vector<CommandView> below = CommandsOf(*command.app);
  if (!below.empty()) {
    for (const CommandView& sub : below) AppendCommand(name, sub, out);
    return;
  }
  *out +=
      ".SS " + Escaped(name + ' ' + Synopsis(command)) + '\n' + Escaped(command.description) + '\n';
  AppendOptions(command.positions, out);
  for (const OptionView& option : command.options) {
    if (option.option != command.app->get_help_ptr()) AppendOptions({option}, out);
  }
}

std::string ManualPage(const CLI::App& app) {
  const CommandView program = ViewOf(app);
  std::string text = ".TH FEATLY 1 \"\" \"" + VersionLine();
  text.back() = '"';
  text +=
      " \"User Commands\"\n.SH NAME\nfeatly \\- a feature store: the same feature values in "
      "training and in production\n.SH SYNOPSIS\n.B featly\n" +
      Escaped(Synopsis(program)) +
      "\n.SH DESCRIPTION\n"
      "A feature repository is a folder with feature_store.yaml and Python files that define "
      "features. featly registers them, joins training rows with the values that were known at "
      "their times, keeps the newest values ready for lookups, and serves them over HTTP.\n"
      ".SH OPTIONS\nOf every command, before or after its name.\n";
  AppendOptions(program.options, &text);
  text += ".SH COMMANDS\n";
  for (const CommandView& command : CommandsOf(app)) AppendCommand("featly", command, &text);
  text +=
      ".SH EXIT STATUS\n"
      ".TP\n.B 0\nDone.\n.TP\n.B 1\nFailed; the last line on standard error says why.\n"
      ".TP\n.B 2\nWrong usage; nothing was done.\n"
      ".TP\n.B 130\nInterrupted (SIGINT, SIGTERM); a command that is run again goes on.\n"
      ".SH ENVIRONMENT\n"
      ".TP\n.B FEATURE_REPO_DIR_ENV_VAR\nThe repository's folder, as \\-\\-chdir.\n"
      ".TP\n.B FEAST_FS_YAML_FILE_PATH\nThe configuration file, as \\-\\-feature\\-store\\-yaml.\n"
      ".TP\n.B FEATLY_PYTHON\nThe Python that compiles the definitions.\n"
      ".TP\n.B NO_COLOR\nSet: no colours and no bars, on a terminal neither.\n"
      ".SH FILES\n"
      ".TP\n.B feature_store.yaml\nThe configuration of a repository.\n"
      ".TP\n.B .feastignore\nPython files that define nothing, one pattern a line.\n";
  return text;
}

}  // namespace

void AddMan(CLI::App& app, CommandLine& line) {
  CLI::App* command =
      app.add_subcommand("man", "Print the manual page: 'featly man | man -l -' shows it");
  command->callback([&app, &line] {
    line.run = [&app]() -> Status {
      Print(ManualPage(app));
      return Status::OK();
    };
  });
}

}  // namespace featly::cli
