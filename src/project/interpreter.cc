#include "project/interpreter.h"

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace featly {

namespace fs = std::filesystem;

namespace {

bool IsProgram(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string FindInPath(std::string_view program) {
  std::string path = Environment("PATH");
  for (size_t begin = 0; begin <= path.size();) {
    size_t end = path.find(':', begin);
    if (end == std::string::npos) end = path.size();
    if (end > begin) {
      fs::path candidate = fs::path(path.substr(begin, end - begin)) / program;
      if (IsProgram(candidate)) return candidate;
    }
    begin = end + 1;
  }
  return "";
}

Result<std::string> FromSetting(const std::string& setting) {
  if (setting.find('/') == std::string::npos) {
    std::string found = FindInPath(setting);
    if (!found.empty()) return found;
  } else if (IsProgram(setting)) {
    return setting;
  }
  return Error(ErrorKind::kConfiguration,
               "FEATLY_PYTHON names '" + setting + "', which is not a program that can be run")
      .Subject("FEATLY_PYTHON");
}

}  // namespace

Result<std::string> FindInterpreter(const std::string& repo_path) {
  if (std::string setting = Environment("FEATLY_PYTHON"); !setting.empty()) {
    return FromSetting(setting);
  }
  std::vector<fs::path> candidates;
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) candidates.push_back(program.parent_path() / "python3");
  if (std::string venv = Environment("VIRTUAL_ENV"); !venv.empty()) {
    candidates.push_back(fs::path(venv) / "bin" / "python3");
  }
  for (fs::path folder = fs::path(repo_path);; folder = folder.parent_path()) {
    candidates.push_back(folder / ".venv" / "bin" / "python3");
    if (folder == folder.parent_path()) break;
  }
  for (const fs::path& candidate : candidates) {
    if (IsProgram(candidate)) return candidate.string();
  }
  if (std::string found = FindInPath("python3"); !found.empty()) return found;
  return Error(
      ErrorKind::kUnavailable,
      "no Python interpreter to compile the definitions with: looked beside the program, in "
      "$VIRTUAL_ENV, for .venv in '" +
          repo_path +
          "' and the folders above it, and for python3 in PATH; set "
          "FEATLY_PYTHON to the interpreter that has featly installed");
}

}  // namespace featly
