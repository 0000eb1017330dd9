// featly doctor
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>
#include <arrow/config.h>

#include "base/file.h"
#include "base/subprocess.h"
#include "cli/command_line.h"
#include "cli/help_text.h"
#include "cli/progress_bar.h"
#include "cli/version_text.h"
#include "offline/source.h"
#include "project/interpreter.h"
#include "types/json_value.h"

namespace featly::cli {

namespace fs = std::filesystem;

namespace {

enum class Health : uint8_t { kOk, kWarn, kFail };
constexpr const char* kHealthNames[] = {"ok", "warn", "fail"};
constexpr const char* kHealthColours[] = {"\033[32m", "\033[33m", "\033[31m"};

/// One line of the report.
struct Finding {
  std::string check;
  Health health = Health::kOk;
  std::string found;
  std::string advice;  // what to do; empty where there is nothing to be done
};
using Findings = std::vector<Finding>;

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kDiskFail = 64 * kMiB;
constexpr uint64_t kDiskWarn = 1024 * kMiB;
constexpr uint64_t kFilesWarn = 1024;
constexpr int64_t kDefaultMemoryLimit = 512 * static_cast<int64_t>(kMiB);
// Before this program was written: a machine whose clock says so has none.
constexpr Timestamp kEarliestNow = Timestamp::FromSeconds(1735689600);  // 2025-01-01

Finding Failed(const std::string& check, const Status& status, const std::string& advice) {
  return {check, Health::kFail, FormatForPeople(status), advice};
}

std::string Plural(size_t count, const std::string& what) {
  return GroupedDigits(static_cast<int64_t>(count)) + ' ' + what + (count == 1 ? "" : "s");
}

Finding CheckVersions() {
  return {"versions", Health::kOk,
          "featly " + Version() + ", Arrow " + arrow::GetBuildInfo().version_string, ""};
}

/// Whether the Python that would compile the definitions is there and has the classes.
Finding CheckPython(const std::string& repo) {
  const std::string check = "python";
  auto python = FindInterpreter(repo);
  if (!python.ok()) {
    return Failed(check, python.status(), "Install Python, or set FEATLY_PYTHON to the one to use");
  }
  SubprocessRequest request;
  request.script =
      "import importlib.metadata as m, os, platform\n"
      "def version(name):\n"
      "    try:\n"
      "        return m.version(name)\n"
      "    except m.PackageNotFoundError:\n"
      "        return ''\n"
      "text = platform.python_version() + '\\n' + version('featly') + '\\n' + version('feast')\n"
      "os.write(11, text.encode())\n";
  request.argv = {*python, "/proc/self/fd/" + std::to_string(request.script_fd)};
  auto ran = RunSubprocess(request);
  if (!ran.ok() || ran->exit_code != 0) {
    return {check, Health::kFail, *python + " does not run", "Set FEATLY_PYTHON to one that does"};
  }
  const std::vector<std::string> lines = CLI::detail::split(ran->result, '\n');
  const std::string featly = lines.size() > 1 ? lines[1] : "";
  const std::string feast = lines.size() > 2 ? lines[2] : "";
  std::string found = *python + ", Python " + lines[0];
  if (!featly.empty()) found += ", featly " + featly;
  if (!feast.empty()) found += ", feast " + feast;
  if (featly.empty() && feast.empty()) {
    return {check, Health::kFail, found + ", neither featly nor feast",
            "Install featly there, or set FEATLY_PYTHON to a Python that has it: 'featly apply' "
            "imports it"};
  }
  if (!featly.empty() && featly != Version()) {
    return {check, Health::kWarn, found + ", which is not this program's version",
            "Install featly " + Version() + " there"};
  }
  return {check, Health::kOk, found, ""};
}

Finding CheckRegistry(const Config& config, const RegistrySnapshot& snapshot) {
  const std::string check = "registry";
  const std::string& path = config.registry_path;
  if (!fs::exists(path)) {
    return {check, Health::kWarn, "'" + path + "' is not there: nothing was applied yet",
            "Run 'featly apply'"};
  }
  size_t objects = 0;
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    if (info.kind == ObjectKind::kProject) continue;
    for (const std::string& name : snapshot.Names(info.kind, config.project)) {
      objects += name == kDummyEntity ? 0 : 1;
    }
  }
  const std::string found =
      Plural(objects, "object") + " of project '" + config.project + "' in '" + path + "'";
  if (objects == 0) return {check, Health::kWarn, found, "Run 'featly apply'"};
  if (access(fs::path(path).parent_path().c_str(), W_OK) != 0) {
    return {check, Health::kWarn, found + ", in a folder that cannot be written",
            "To apply or to materialize, run as a user who may write there"};
  }
  return {check, Health::kOk, found, ""};
}

/// The views that this version cannot serve, each with its reason.
void CheckViews(const Config& config, const RegistrySnapshot& snapshot, Findings* findings) {
  for (const std::string& name : snapshot.Names(ObjectKind::kFeatureView, config.project)) {
    auto view = snapshot.View(config.project, name);
    if (view.ok()) continue;
    findings->push_back({"feature view " + name, Health::kWarn, FormatForPeople(view.status()),
                         "It stays registered; it is not joined, materialized or served"});
  }
}

/// Each source that a view is made from, once, and each view's columns in it.
void CheckSources(const Config& config, const RegistrySnapshot& snapshot, Findings* findings) {
  std::set<std::string> seen;
  for (const ViewSpec* view : snapshot.Views(config.project)) {
    const SourceSpec& spec = view->batch_source;
    if (spec.path.empty()) continue;
    const std::string check = "source " + spec.name;
    auto source = Source::Open(spec, config.repo_path);
    if (!source.ok()) {
      if (seen.insert(check).second) {
        findings->push_back(Failed(check, source.status(),
                                   "Put the data there, or correct the path of the source"));
      }
      continue;
    }
    if (Status fits = CheckSourceSchema(*view, **source); !fits.ok()) {
      findings->push_back(
          Failed(check, fits, "Correct the data or the definition, and run 'featly apply'"));
    } else if (seen.insert(check).second) {
      findings->push_back({check, Health::kOk,
                           Plural((*source)->files().size(), "file") + ", " +
                               Plural(static_cast<size_t>((*source)->row_count()), "row"),
                           ""});
    }
  }
}

Finding CheckOnlineStore(Project& project) {
  const std::string check = "online store";
  if (!project.config().online) {
    return {check, Health::kOk, "none: " + project.config().file + " says online_store: null", ""};
  }
  const std::string path = project.config().online->LocalPath();
  // To open it would make it.
  if (!path.empty() && !fs::exists(path)) {
    return {check, Health::kWarn, "'" + path + "' is not there yet",
            "Run 'featly apply', then 'featly materialize'"};
  }
  auto store = project.online();
  if (!store.ok()) return Failed(check, store.status(), "Nothing can be looked up until it opens");
  auto views = (*store)->ListViews(project.name());
  if (!views.ok()) return Failed(check, views.status(), "Restore it from a copy, or materialize");
  return {check, Health::kOk,
          "'" + (*store)->description() + "' opens, " + Plural(views->size(), "view"), ""};
}

Finding CheckClock(Timestamp now, const RegistrySnapshot* snapshot) {
  const std::string check = "clock";
  const std::string found = FormatTimestamp(now);
  const std::string advice =
      "Set the clock (NTP): times to live and incremental runs count from it";
  if (now < kEarliestNow) return {check, Health::kFail, found + " cannot be right", advice};
  if (snapshot) {
    const auto& changed = snapshot->proto().last_updated();
    if (changed.seconds() > now.micros / 1000000) {
      return {check, Health::kWarn,
              found + " is before the registry's last change, " +
                  FormatTimestamp(Timestamp::FromSeconds(changed.seconds())),
              advice};
    }
  }
  return {check, Health::kOk, found, ""};
}

/// The room where `path` lies or will lie.
Finding CheckDisk(const std::string& what, const std::string& path) {
  const std::string check = "disk of " + what;
  fs::path folder = path;
  while (!folder.empty() && !fs::exists(folder) && folder != folder.root_path()) {
    folder = folder.parent_path();
  }
  struct statvfs room = {};
  if (statvfs(folder.c_str(), &room) != 0) {
    return Failed(check, ErrnoError(errno, "'" + folder.string() + "'"), "Look at that folder");
  }
  const uint64_t free = static_cast<uint64_t>(room.f_bavail) * room.f_frsize;
  const std::string found =
      GroupedDigits(static_cast<int64_t>(free / kMiB)) + " MiB free at '" + folder.string() + "'";
  if (free >= kDiskWarn) return {check, Health::kOk, found, ""};
  return {check, free < kDiskFail ? Health::kFail : Health::kWarn, found,
          "Make room: what does not fit is refused, and what was there stays"};
}

Finding CheckOpenFiles() {
  struct rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  const bool unlimited = limit.rlim_cur == RLIM_INFINITY;
  const std::string found =
      unlimited ? "no limit" : "limit " + GroupedDigits(static_cast<int64_t>(limit.rlim_cur));
  if (unlimited || limit.rlim_cur >= kFilesWarn) return {"open files", Health::kOk, found, ""};
  return {"open files", Health::kWarn, found,
          "Raise it ('ulimit -n 65536') before 'featly serve': each connection is one"};
}

Finding CheckMemory(const Config& config) {
  const auto machine = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  const int64_t limit =
      config.memory_limit_bytes != 0 ? config.memory_limit_bytes : kDefaultMemoryLimit;
  const auto mib = static_cast<int64_t>(kMiB);
  const std::string found =
      "limit " + GroupedDigits(limit / mib) + " MiB of " + GroupedDigits(machine / mib) + " MiB";
  if (limit <= machine / 2) return {"memory", Health::kOk, found, ""};
  return {"memory", Health::kWarn, found,
          "Lower featly: memory_limit in " + config.file + " to at most half of the machine's"};
}

/// What needs a configuration that can be read.
void ExamineRepository(const CommandLine& line, const Config& config, Findings* findings) {
  findings->push_back(
      {"configuration", Health::kOk, "project '" + config.project + "' of " + config.file, ""});
  findings->push_back(CheckPython(config.repo_path));
  auto project = line.OpenProject();
  if (!project.ok()) {
    findings->push_back(Failed("project", project.status(), "Correct " + config.file));
    return;
  }
  auto snapshot = (*project)->Snapshot();
  if (snapshot.ok()) {
    findings->push_back(CheckRegistry(config, **snapshot));
    CheckViews(config, **snapshot, findings);
    CheckSources(config, **snapshot, findings);
  } else {
    findings->push_back(Failed("registry", snapshot.status(),
                               "Restore the file from a copy, or remove it and apply again"));
  }
  findings->push_back(CheckOnlineStore(**project));
  findings->push_back(
      CheckClock((*project)->clock().Now(), snapshot.ok() ? snapshot->get() : nullptr));
  findings->push_back(CheckDisk("registry", config.registry_path));
  if (const std::string path = config.online ? config.online->LocalPath() : ""; !path.empty()) {
    findings->push_back(CheckDisk("online store", path));
  }
  findings->push_back(CheckMemory(config));
}

void PrintReport(const Findings& findings) {
  constexpr size_t kIndent = 6;
  const bool colour = IsDecorated(STDOUT_FILENO);
  std::string text;
  for (const Finding& finding : findings) {
    const auto health = static_cast<size_t>(finding.health);
    const std::string name = kHealthNames[health];
    text += colour ? kHealthColours[health] + name + "\033[0m" : name;
    text.append(kIndent - name.size(), ' ');
    text += Wrapped(finding.check + ": " + finding.found, 80, kIndent, kIndent) + '\n';
    if (finding.advice.empty()) continue;
    text.append(kIndent, ' ');
    text += Wrapped("-> " + finding.advice, 80, kIndent + 3, kIndent) + '\n';
  }
  Print(text);
}

void PrintJson(const Findings& findings) {
  std::string text = "[";
  for (const Finding& finding : findings) {
    text += text.size() > 1 ? ",\n  {\"check\":" : "\n  {\"check\":";
    AppendJsonString(finding.check, &text);
    text += std::string(",\"state\":\"") + kHealthNames[static_cast<size_t>(finding.health)] +
            "\",\"found\":";
    AppendJsonString(finding.found, &text);
    text += ",\"advice\":";
    AppendJsonString(finding.advice, &text);
    text += '}';
  }
  Print(text + "\n]\n");
}

Status RunDoctor(CommandLine& line) {
  Findings findings = {CheckVersions()};
  auto config = line.ReadConfig();
  if (config.ok()) {
    ExamineRepository(line, *config, &findings);
  } else {
    findings.push_back(Failed("configuration", config.status(),
                              "Until it can be read, nothing of the repository is looked at"));
  }
  findings.push_back(CheckOpenFiles());
  line.output == OutputForm::kJson ? PrintJson(findings) : PrintReport(findings);
  const auto failed = std::count_if(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.health == Health::kFail;
  });
  if (failed == 0) return Status::OK();
  return Error(ErrorKind::kInvalid, std::to_string(failed) + " of " +
                                        std::to_string(findings.size()) + " checks failed");
}

}  // namespace

void AddDoctor(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand(
      "doctor",
      "Check the configuration, Python, registry, sources, store, clock, disk and limits, and say "
      "what to do; fails where one of them does");
  command->callback([&line] { line.run = [&line] { return RunDoctor(line); }; });
}

}  // namespace featly::cli
