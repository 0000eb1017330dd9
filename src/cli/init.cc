// featly init
#include <cctype>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/file.h"
#include "cli/command_line.h"
#include "cli/init_template.h"

namespace featly::cli {

namespace fs = std::filesystem;

namespace {

struct InitOptions {
  std::string directory;
  std::string template_name = "local";
  bool minimal = false;
};

/// A project name made of the folder's: what feature_store.yaml accepts.
std::string ProjectName(const std::string& folder) {
  std::string name;
  for (char c : folder) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  size_t first = name.find_first_not_of('_');
  return first == std::string::npos ? "features" : name.substr(first);
}

Status RunInit(CommandLine& line, const InitOptions& options) {
  if (options.template_name != "local") {
    return Error(ErrorKind::kNotImplemented, "the template '" + options.template_name +
                                                 "' is not built yet; this version has: local")
        .Subject(options.template_name);
  }
  ARROW_ASSIGN_OR_RAISE(std::string here, line.RepoPath());
  ARROW_ASSIGN_OR_RAISE(auto clock, line.MakeClock());
  fs::path repo = (fs::path(here) / options.directory).lexically_normal();
  if (!repo.has_filename()) repo = repo.parent_path();
  const std::string project = ProjectName(repo.filename());
  const std::vector<TemplateFile> files =
      RepositoryTemplate(project, options.minimal, clock->Now());
  for (const TemplateFile& file : files) {
    ARROW_ASSIGN_OR_RAISE(auto found, Fingerprint(repo / file.path));
    if (found) {
      return Error(ErrorKind::kConflict,
                   "'" + (repo / file.path).string() +
                       "' exists already; nothing was written: choose another "
                       "folder, or remove it first")
          .Subject(file.path);
    }
  }
  for (const TemplateFile& file : files) {
    const fs::path path = repo / file.path;
    ARROW_RETURN_NOT_OK(MakeDirectories(path.parent_path()));
    ARROW_RETURN_NOT_OK(WriteFileAtomically(path, file.text));
  }
  Print("Created the feature repository " + project + " in " + options.directory + "\n");
  if (!options.minimal) Print(NextSteps(options.directory, clock->Now()));
  return Status::OK();
}

}  // namespace

void AddInit(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand("init", "Make a small feature repository that runs");
  auto options = std::make_shared<InitOptions>();
  command->add_option("PROJECT_DIRECTORY", options->directory, "The folder to make")->required();
  command->add_flag("-m,--minimal", options->minimal, "Only feature_store.yaml");
  command->add_option("-t,--template", options->template_name, "What to begin with: local")
      ->type_name("NAME");
  command->callback(
      [&line, options] { line.run = [&line, options] { return RunInit(line, *options); }; });
}

}  // namespace featly::cli
