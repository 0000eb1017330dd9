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
#include "types/json_value.h"

namespace featly::cli {

namespace fs = std::filesystem;

namespace {

struct InitOptions {
  std::string directory = "features";
  std::string repo_path;  // empty: the directory
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

Status CheckNothingIsThere(const fs::path& repo, const std::vector<TemplateFile>& files) {
  for (const TemplateFile& file : files) {
    ARROW_ASSIGN_OR_RAISE(auto found, Fingerprint(repo / file.path));
    if (!found) continue;
    return Error(ErrorKind::kConflict,
                 "'" + (repo / file.path).string() +
                     "' exists already; nothing was written: choose another folder, or remove it "
                     "first")
        .Subject(file.path);
  }
  return Status::OK();
}

Status WriteFile(const fs::path& path, const TemplateFile& file) {
  ARROW_RETURN_NOT_OK(MakeDirectories(path.parent_path()));
  ARROW_RETURN_NOT_OK(WriteFileAtomically(path, file.text));
  if (!file.executable) return Status::OK();
  std::error_code failed;
  fs::permissions(path, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                  fs::perm_options::add, failed);
  if (failed) return ErrnoError(failed.value(), "'" + path.string() + "'");
  return Status::OK();
}

Status RunInit(CommandLine& line, const InitOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const RepositoryTemplate* chosen,
                        FindTemplate(options.minimal ? "minimal" : options.template_name));
  ARROW_ASSIGN_OR_RAISE(std::string here, line.RepoPath());
  ARROW_ASSIGN_OR_RAISE(auto clock, line.MakeClock());
  fs::path named = fs::path(options.directory).lexically_normal();
  if (!named.has_filename()) named = named.parent_path();
  TemplateRequest request;
  request.directory = options.repo_path.empty() ? options.directory : options.repo_path;
  request.now = clock->Now();
  const fs::path repo = (fs::path(here) / request.directory).lexically_normal();
  request.project = ProjectName((named == "." ? fs::path(here) : named).filename());

  const std::vector<TemplateFile> files = chosen->files(*chosen, request);
  ARROW_RETURN_NOT_OK(CheckNothingIsThere(repo, files));
  for (const TemplateFile& file : files) ARROW_RETURN_NOT_OK(WriteFile(repo / file.path, file));
  if (line.output == OutputForm::kJson) {
    std::string text = "{\"project\":";
    AppendJsonString(request.project, &text);
    text += ",\"folder\":";
    AppendJsonString(repo.string(), &text);
    text += ",\"files\":[";
    for (const TemplateFile& file : files) {
      if (&file != &files.front()) text += ',';
      AppendJsonString(file.path, &text);
    }
    Print(text + "]}\n");
    return Status::OK();
  }
  Print("Created the feature repository " + request.project + " in " + request.directory + "\n");
  Print(chosen->next_steps(*chosen, request));
  return Status::OK();
}

std::string TemplateHelp() {
  std::string text = "What to begin with:";
  for (const RepositoryTemplate& one : Templates()) {
    text += "\n" + one.name + ": " + one.help + (one.name == "local" ? " (default)" : "");
  }
  return text;
}

}  // namespace

void AddInit(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand("init", "Make a small feature repository that runs");
  auto options = std::make_shared<InitOptions>();
  command
      ->add_option("PROJECT_DIRECTORY", options->directory,
                   "The folder to make; its name is the project's (features)")
      ->type_name("DIR");
  command->add_flag("-m,--minimal", options->minimal, "As --template minimal");
  command->add_option("-t,--template", options->template_name, TemplateHelp())
      ->type_name("TEMPLATE");
  command
      ->add_option("--repo-path", options->repo_path,
                   "Make this folder; PROJECT_DIRECTORY only names the project")
      ->type_name("DIR");
  command->callback(
      [&line, options] { line.run = [&line, options] { return RunInit(line, *options); }; });
}

}  // namespace featly::cli
