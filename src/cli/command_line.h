// What every subcommand works with: the global options, the opened repository, the streams.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/progress.h"
#include "project/project.h"

namespace CLI {
class App;
}

namespace featly::cli {

enum class OutputForm : uint8_t { kTable, kJson };

/// What a command may be told of its work; 0 is what feature_store.yaml says.
struct WorkOptions {
  int threads = 0;
  uint64_t memory_limit = 0;
};

/// Adds --threads and --memory-limit; `memory_help` says what the memory is for. `options` outlives
/// the command.
void AddWorkOptions(CLI::App* command, const std::string& memory_help, WorkOptions* options);

/// One run of the program: made by Main, handed to every subcommand, one thread. A subcommand's
/// registration sets `run` when it is the one that was named; Main calls it once parsing is over.
class CommandLine {
 public:
  CommandLine();
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // Global options.
  std::string chdir;
  std::string config_file;
  std::string log_level = "warning";
  std::string test_clock;
  OutputForm output = OutputForm::kTable;

  /// Set where an option was given that is known and not built: fails the command before its work.
  Status refused;
  /// The chosen subcommand's work.
  std::function<Status()> run;

  /// Where the repository is: the working directory, which --chdir has already changed.
  Result<std::string> RepoPath() const;
  Result<std::unique_ptr<Clock>> MakeClock() const;
  /// Reads the configuration of the repository in the working directory.
  Result<Config> ReadConfig() const;
  /// The same, and opens it; as `project` where that is given: another one of its registry.
  Result<std::unique_ptr<Project>> OpenProject(const std::string& project = "") const;

  /// For long work: a bar on a terminal, and a stop at SIGINT or SIGTERM (installed here, on first
  /// use; a second signal ends the program at once).
  WorkContext BeginWork(const WorkOptions& options, const Config& config);

 private:
  std::unique_ptr<Progress> progress_;
};

/// The program: parses, runs, prints the error. Returns the exit code: 0 done, 1 failed, 2 wrong
/// usage.
int Main(int argc, char** argv);

/// Writes to standard output.
void Print(std::string_view text);

/// Writes "error: text" and a line end to standard error: what does not end the command. What does
/// is returned.
void PrintError(std::string_view text);

/// Writes "warning: text" and a line end to standard error.
void PrintWarning(std::string_view text);

/// Whether colours and bars may be used on the descriptor: a terminal, and NO_COLOR is not set.
bool IsDecorated(int descriptor);

}  // namespace featly::cli
