#include "cli/command_line.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <new>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/logging.h"
#include "base/out_of_memory.h"
#include "cli/command_tree.h"
#include "cli/commands.h"
#include "cli/complete.h"
#include "cli/help_text.h"
#include "cli/progress_bar.h"
#include "cli/version_text.h"
#include "project/config.h"

namespace featly::cli {

namespace {

// Reached from the signal handler, so it lives as long as the process.
StopToken g_stop;

void OnSignal(int signal) {
  g_stop.Stop();
  std::signal(signal, SIG_DFL);
}

/// Names and aliases of the subcommands of `app`.
std::vector<std::string> SubcommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

/// The subcommand that was being parsed, and what it is called from the program down.
std::pair<const CLI::App*, std::string> InnermostCommand(const CLI::App& app) {
  const CLI::App* current = &app;
  std::string name = "featly";
  while (!current->get_subcommands().empty()) {
    current = current->get_subcommands().front();
    name += ' ' + current->get_name();
  }
  return {current, name};
}

/// "label: message" on standard error, the label in `colour` (an ANSI code) on a terminal.
void PrintLabelled(const char* label, const char* colour, std::string_view message) {
  bool decorated = IsDecorated(STDERR_FILENO);
  std::fprintf(stderr, "%s%s:%s %.*s\n", decorated ? colour : "", label, decorated ? "\033[0m" : "",
               static_cast<int>(message.size()), message.data());
}

/// The long options of `command` and of the commands above it.
std::vector<std::string> OptionNames(const CLI::App* command) {
  std::vector<std::string> names;
  for (; command; command = command->get_parent()) {
    for (const OptionView& option : ViewOf(*command).options) {
      if (option.names.back().starts_with("--")) names.push_back(option.names.back());
    }
  }
  return names;
}

/// What the parser refused, as an error of wrong usage.
int ReportUsage(const CLI::App& app, const CLI::ParseError& error) {
  auto [command, name] = InnermostCommand(app);
  std::string message = error.what();
  std::vector<std::string> commands = SubcommandNames(*command);
  std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
  if (!unknown.empty() && unknown.front().starts_with('-')) {
    const std::string option = unknown.front().substr(0, unknown.front().find('='));
    message = FormatForPeople(Error(ErrorKind::kUsage, "'" + option + "' is no option of " + name)
                                  .Near(NearNames(option, OptionNames(command))));
  } else if (!commands.empty() && command->get_subcommands().empty()) {
    message = unknown.empty()
                  ? "which command?"
                  : FormatForPeople(Error(ErrorKind::kUsage,
                                          "'" + unknown.front() + "' is no command of " + name)
                                        .Near(NearNames(unknown.front(), commands)));
  }
  PrintError(message);
  std::fprintf(stderr, "Run '%s --help' for what there is.\n", name.c_str());
  return InfoOf(ErrorKind::kUsage).exit_code;
}

/// The forms of --output. Throws what the parser throws.
void ReadForm(const std::string& text, OutputForm* form) {
  const std::string lower = CLI::detail::to_lower(text);
  if (lower == "table") {
    *form = OutputForm::kTable;
  } else if (lower == "json") {
    *form = OutputForm::kJson;
  } else {
    throw CLI::ValidationError("--output", "'" + text + "' is not a form of output: table or json");
  }
}

void AddGlobalOptions(CLI::App& app, CommandLine& line) {
  app.add_option("-c,--chdir", line.chdir,
                 "Change to this folder first: where feature_store.yaml is (or set "
                 "FEATURE_REPO_DIR_ENV_VAR)")
      ->type_name("DIR")
      ->envname("FEATURE_REPO_DIR_ENV_VAR");
  app.add_option("-f,--feature-store-yaml", line.config_file,
                 "Use this configuration file in place of ./feature_store.yaml (or set "
                 "FEAST_FS_YAML_FILE_PATH)")
      ->type_name("FILE");
  app.add_option("--log-level", line.log_level, "debug, info, warning (default), error or off")
      ->type_name("LEVEL");
  app.add_option_function<std::string>(
         "--output", [&line](const std::string& form) { ReadForm(form, &line.output); },
         "How results are printed: table (default) or json")
      ->type_name("FORM");
  app.set_version_flag("--version", "", "Print the version, as 'featly version' does");
  // Documented in CONTRIBUTING.md: for tests.
  app.add_option("--test-clock", line.test_clock)->group("");
}

/// What the global options ask for before the command's own work.
Status ApplyGlobalOptions(const CommandLine& line) {
  std::string level = CLI::detail::to_lower(line.log_level);
  ARROW_ASSIGN_OR_RAISE(LogLevel parsed, ParseLogLevel(level == "critical" ? "error" : level));
  SetLogLevel(parsed);
  if (line.chdir.empty()) return Status::OK();
  std::error_code error;
  std::filesystem::current_path(line.chdir, error);
  if (error) return ErrnoError(error.value(), "cannot change to '" + line.chdir + "'");
  return Status::OK();
}

Status RunCommand(CommandLine& line) {
  ARROW_RETURN_NOT_OK(ApplyGlobalOptions(line));
  try {
    return line.run();
  } catch (const std::bad_alloc&) {
    return OutOfMemory("the command was given up");
  }
}

int RunParsed(CommandLine& line) {
  Status status = line.refused;
  if (status.ok()) status = RunCommand(line);
  if (status.ok() && (std::fflush(stdout) != 0 || std::ferror(stdout))) {
    status = Error(ErrorKind::kIo, "standard output could not be written");
  }
  if (status.ok()) return 0;
  std::fflush(stdout);
  PrintError(FormatForPeople(status));
  return InfoOf(KindOf(status)).exit_code;
}

}  // namespace

CommandLine::CommandLine() = default;
CommandLine::~CommandLine() = default;

Result<std::string> CommandLine::RepoPath() const {
  std::error_code error;
  std::filesystem::path path = std::filesystem::current_path(error);
  if (error) return ErrnoError(error.value(), "the working directory cannot be read");
  return path.string();
}

Result<std::unique_ptr<Clock>> CommandLine::MakeClock() const {
  return featly::MakeClock(test_clock);
}

Result<Config> CommandLine::ReadConfig() const {
  ARROW_ASSIGN_OR_RAISE(std::string repo, RepoPath());
  return LoadConfig(repo, config_file);
}

Result<std::unique_ptr<Project>> CommandLine::OpenProject(const std::string& project) const {
  ARROW_ASSIGN_OR_RAISE(Config config, ReadConfig());
  if (!project.empty()) config.project = project;
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Clock> clock, MakeClock());
  return Project::Open(std::move(config), std::move(clock));
}

WorkContext CommandLine::BeginWork(const WorkOptions& options, const Config& config) {
  if (!progress_) {
    std::signal(SIGINT, OnSignal);
    std::signal(SIGTERM, OnSignal);
    if (IsDecorated(STDERR_FILENO)) {
      progress_ = std::make_unique<ProgressBar>();
    } else {
      progress_ = std::make_unique<NoProgress>();
    }
  }
  WorkContext work;
  work.progress = progress_.get();
  work.stop = &g_stop;
  work.threads = options.threads != 0 ? options.threads : config.threads;
  work.memory_limit_bytes = options.memory_limit != 0 ? static_cast<int64_t>(options.memory_limit)
                                                      : config.memory_limit_bytes;
  return work;
}

void AddWorkOptions(CLI::App* command, const std::string& memory_help, WorkOptions* options) {
  command->add_option("--threads", options->threads, "Threads (default: one a core)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024).description(""));
  command->add_option("--memory-limit", options->memory_limit, memory_help)
      ->type_name("BYTES")
      ->transform(CLI::AsSizeValue(false).description(""));
}

void AddEverything(CLI::App& app, CommandLine& line) {
  app.require_subcommand(1);
  app.fallthrough();  // subcommands inherit it: global options may also stand after the command
  app.formatter(std::make_shared<HelpFormatter>());
  AddGlobalOptions(app, line);
  app.footer("Options of every command: -c, -f, --log-level, --output ('featly --help').");
  const std::string no_heading = app.get_group();  // what the parser gives them
  for (const CommandEntry& entry : AllCommands()) {
    entry.add(app, line);
    for (CLI::App* added : app.get_subcommands(
             [&](const CLI::App* command) { return command->get_group() == no_heading; })) {
      added->group(entry.heading);
    }
  }
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.\n"
      "'featly COMMAND --help' says more of a command, 'featly doctor' what is wrong.");
}

int Main(int argc, char** argv) {
  std::signal(SIGXFSZ,
              SIG_IGN);  // a limit of the file size is an error of the write, as a full disk
  CommandLine line;
  CLI::App app("featly, a feature store: the same feature values in training and in production.",
               "featly");
  AddEverything(app, line);
  // Outside the parser, for which unfinished words would be errors.
  if (argc > 1 && std::string_view(argv[1]) == kCompleteCommand) {
    Print(Complete(app, {argv + 2, argv + argc}));
    return 0;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion&) {
    Print(VersionLine());
    return 0;
  } catch (const CLI::ParseError& error) {
    return ReportUsage(app, error);
  }
  return RunParsed(line);
}

void PrintError(std::string_view text) { PrintLabelled("error", "\033[1;31m", text); }

void PrintWarning(std::string_view text) { PrintLabelled("warning", "\033[1;33m", text); }

void Print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

bool IsDecorated(int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  return isatty(descriptor) != 0 && (no_color == nullptr || *no_color == '\0');
}

}  // namespace featly::cli
