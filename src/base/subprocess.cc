#include "base/subprocess.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

extern char** environ;

namespace featly {
namespace {

// How often the child is looked at while its result pipe is silent. A child that ends closes the
// pipe, which wakes us at once: this is only for one whose own children keep the pipe open.
constexpr int kPollMillis = 50;

Status CannotStart(const SubprocessRequest& request, int errnum) {
  return Error(ErrorKind::kUnavailable, "cannot start '" + request.argv[0] + "'")
      .Subject(request.argv[0])
      .Cause(ErrnoError(errnum, "exec"));
}

// posix_spawn's two option objects, destroyed with this.
struct SpawnOptions {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnOptions() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;
  ~SpawnOptions() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

// A duplicate of `fd` with a number above every number the child is promised, so that putting one
// descriptor in its place cannot overwrite another.
Result<OwnedFd> MoveAbove(OwnedFd fd, const SubprocessRequest& request) {
  int above = std::max(request.script_fd, request.result_fd) + 1;
  OwnedFd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, above));
  if (!moved.valid()) return CannotStart(request, errno);
  return moved;
}

Result<OwnedFd> ScriptFile(const SubprocessRequest& request) {
  OwnedFd fd(::memfd_create("script", MFD_CLOEXEC));
  if (!fd.valid()) return CannotStart(request, errno);
  std::string_view rest = request.script;
  while (!rest.empty()) {
    ssize_t n = ::write(fd.get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return CannotStart(request, errno);
    rest.remove_prefix(static_cast<size_t>(n));
  }
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) return CannotStart(request, errno);
  return MoveAbove(std::move(fd), request);
}

// This process's environment with the additions in place of what they name.
std::vector<char*> EnvironmentOf(const SubprocessRequest& request) {
  auto name_of = [](std::string_view entry) { return entry.substr(0, entry.find('=')); };
  std::vector<char*> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    bool replaced =
        std::any_of(request.environment_add.begin(), request.environment_add.end(),
                    [&](const std::string& added) { return name_of(added) == name_of(*entry); });
    if (!replaced) result.push_back(*entry);
  }
  for (const std::string& added : request.environment_add) {
    result.push_back(const_cast<char*>(added.c_str()));
  }
  result.push_back(nullptr);
  return result;
}

Result<pid_t> Spawn(const SubprocessRequest& request, int script, int result_pipe) {
  SpawnOptions options;
  if (script >= 0) {
    posix_spawn_file_actions_adddup2(&options.actions, script, request.script_fd);
  }
  posix_spawn_file_actions_adddup2(&options.actions, result_pipe, request.result_fd);
  if (!request.working_directory.empty()) {
    posix_spawn_file_actions_addchdir_np(&options.actions, request.working_directory.c_str());
  }
  // A server blocks signals and ignores SIGPIPE; the child starts as from a shell.
  sigset_t none, pipe;
  sigemptyset(&none);
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  posix_spawnattr_setsigmask(&options.attributes, &none);
  posix_spawnattr_setsigdefault(&options.attributes, &pipe);
  posix_spawnattr_setflags(&options.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<char*> argv;
  for (const std::string& arg : request.argv) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> environment = EnvironmentOf(request);
  pid_t pid = 0;
  int errnum = ::posix_spawnp(&pid, argv[0], &options.actions, &options.attributes, argv.data(),
                              environment.data());
  if (errnum != 0) return CannotStart(request, errnum);
  return pid;
}

int ExitCode(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

// Reads the pipe to its end, or to the child's end if something else keeps the pipe open.
Result<SubprocessResult> Collect(pid_t pid, int pipe) {
  SubprocessResult result;
  char buffer[1 << 16];
  int wait_status = 0;
  bool ended = false;
  for (;;) {
    struct pollfd ready = {pipe, POLLIN, 0};
    int n = ::poll(&ready, 1, ended ? 0 : kPollMillis);
    if (n < 0 && errno != EINTR) return ErrnoError(errno, "cannot wait for a child process");
    if (n > 0) {
      ssize_t got = ::read(pipe, buffer, sizeof buffer);
      if (got < 0 && errno != EINTR) return ErrnoError(errno, "cannot read a child's result");
      if (got > 0) result.result.append(buffer, static_cast<size_t>(got));
      if (got == 0) break;
      continue;
    }
    if (ended) break;
    if (n == 0) ended = ::waitpid(pid, &wait_status, WNOHANG) == pid;
  }
  while (!ended) {
    if (::waitpid(pid, &wait_status, 0) == pid) break;
    if (errno != EINTR) return ErrnoError(errno, "cannot wait for a child process");
  }
  result.exit_code = ExitCode(wait_status);
  return result;
}

}  // namespace

Result<SubprocessResult> RunSubprocess(const SubprocessRequest& request) {
  if (request.argv.empty()) return Error(ErrorKind::kInternal, "a subprocess without a program");
  if (!request.working_directory.empty() &&
      ::access(request.working_directory.c_str(), X_OK) != 0) {
    return ErrnoError(errno, "cannot start '" + request.argv[0] + "' in the folder '" +
                                 request.working_directory + "'");
  }
  OwnedFd script;
  if (!request.script.empty()) {
    ARROW_ASSIGN_OR_RAISE(script, ScriptFile(request));
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return CannotStart(request, errno);
  OwnedFd reading(ends[0]);
  ARROW_ASSIGN_OR_RAISE(OwnedFd writing, MoveAbove(OwnedFd(ends[1]), request));
  ARROW_ASSIGN_OR_RAISE(pid_t pid, Spawn(request, script.get(), writing.get()));
  writing = OwnedFd();  // the child's copy is then the only one, and its end is our end of file
  return Collect(pid, reading.get());
}

}  // namespace featly
