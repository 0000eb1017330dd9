#include "base/file.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <random>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace featly {
namespace {

namespace fs = std::filesystem;

constexpr int kLockPollMillis = 50;
constexpr int kMaxLinks = 40;  // Linux's own limit

std::string Quoted(const std::string& path) { return "'" + path + "'"; }

// The file that `path` leads to through symbolic links, whether or not it exists; with a folder.
Result<fs::path> FollowLinks(const std::string& path) {
  fs::path current = path;
  for (int i = 0; i < kMaxLinks; ++i) {
    std::error_code error;
    fs::path target = fs::read_symlink(current, error);
    if (error) {  // not a link, or not there
      return current.has_parent_path() ? current : fs::path(".") / current;
    }
    current = target.is_absolute() ? target : current.parent_path() / target;
  }
  return ErrnoError(ELOOP, "cannot write " + Quoted(path));
}

Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return ErrnoError(errno, "cannot write " + Quoted(path));
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return Status::OK();
}

// Gives the new file the old one's owner, group and mode. Who is not root cannot give files away:
// then the group and the mode, which is what others' access hangs on.
Status KeepOwnerAndMode(int fd, const struct stat& old, const std::string& path) {
  struct stat now;
  if (::fstat(fd, &now) != 0) return ErrnoError(errno, "cannot write " + Quoted(path));
  if (now.st_uid != old.st_uid || now.st_gid != old.st_gid) {
    bool kept = ::fchown(fd, old.st_uid, old.st_gid) == 0 ||
                (errno == EPERM && (now.st_gid == old.st_gid ||
                                    ::fchown(fd, static_cast<uid_t>(-1), old.st_gid) == 0));
    if (!kept) return ErrnoError(errno, "cannot keep the group of " + Quoted(path));
  }
  if (::fchmod(fd, old.st_mode & 07777) != 0) {
    return ErrnoError(errno, "cannot keep the mode of " + Quoted(path));
  }
  return Status::OK();
}

// What the names of a target's temporary files begin and end with; a number stands between.
constexpr std::string_view kTemporarySuffix = ".tmp";
std::string TemporaryPrefix(const fs::path& target) {
  return "." + target.filename().string() + ".";
}

bool IsTemporaryOf(const fs::path& target, std::string_view name) {
  const std::string prefix = TemporaryPrefix(target);
  if (!name.starts_with(prefix) || !name.ends_with(kTemporarySuffix)) return false;
  if (name.size() <= prefix.size() + kTemporarySuffix.size()) return false;
  name.remove_prefix(prefix.size());
  name.remove_suffix(kTemporarySuffix.size());
  return name.find_first_not_of("0123456789") == std::string_view::npos;
}

// A file beside `target` that is removed again unless it was renamed.
class TemporaryFile {
 public:
  static Result<TemporaryFile> Create(const fs::path& target) {
    std::random_device random;
    for (;;) {
      std::string name = TemporaryPrefix(target) + std::to_string(random());
      name += kTemporarySuffix;
      std::string path = (target.parent_path() / name).string();
      OwnedFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
      if (fd.valid()) return TemporaryFile(std::move(fd), std::move(path));
      if (errno != EEXIST && errno != EINTR) {
        return ErrnoError(errno, "cannot write " + Quoted(target.string()));
      }
    }
  }
  TemporaryFile(TemporaryFile&& other) noexcept
      : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, {})) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  int fd() const { return fd_.get(); }

  Status RenameTo(const std::string& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) {
      return ErrnoError(errno, "cannot replace " + Quoted(target));
    }
    path_.clear();
    return Status::OK();
  }

 private:
  TemporaryFile(OwnedFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  OwnedFd fd_;
  std::string path_;
};

Status SyncFolder(const fs::path& folder) {
  OwnedFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) {
    return ErrnoError(errno, "cannot sync the folder " + Quoted(folder.string()));
  }
  return Status::OK();
}

}  // namespace

OwnedFd& OwnedFd::operator=(OwnedFd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.Release();
  }
  return *this;
}

OwnedFd::~OwnedFd() {
  if (fd_ >= 0) ::close(fd_);
}

int OwnedFd::Release() { return std::exchange(fd_, -1); }

Result<std::string> ReadFile(const std::string& path) {
  OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoError(errno, "cannot read " + Quoted(path));
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) return ErrnoError(errno, "cannot read " + Quoted(path));
  if (S_ISDIR(info.st_mode)) return ErrnoError(EISDIR, "cannot read " + Quoted(path));

  // The size is only a first guess: the file may grow, and those of /proc say 0.
  std::string bytes(static_cast<size_t>(info.st_size) + 1, '\0');
  size_t size = 0;
  for (;;) {
    if (size == bytes.size()) bytes.resize(bytes.size() * 2);
    ssize_t n = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (n < 0) {
      if (errno == EINTR) continue;
      return ErrnoError(errno, "cannot read " + Quoted(path));
    }
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  bytes.resize(size);
  return bytes;
}

Status WriteFileAtomically(const std::string& path, std::string_view bytes) {
  ARROW_ASSIGN_OR_RAISE(fs::path target, FollowLinks(path));
  struct stat old;
  bool exists = ::stat(target.c_str(), &old) == 0;
  if (!exists && errno != ENOENT) return ErrnoError(errno, "cannot write " + Quoted(path));
  // A rename needs no right to the file itself, so it is asked for here.
  if (exists && ::faccessat(AT_FDCWD, target.c_str(), W_OK, AT_EACCESS) != 0) {
    return ErrnoError(errno, "cannot write " + Quoted(path));
  }

  ARROW_ASSIGN_OR_RAISE(TemporaryFile file, TemporaryFile::Create(target));
  if (exists) ARROW_RETURN_NOT_OK(KeepOwnerAndMode(file.fd(), old, path));
  ARROW_RETURN_NOT_OK(WriteAll(file.fd(), bytes, path));
  if (::fsync(file.fd()) != 0) return ErrnoError(errno, "cannot sync " + Quoted(path));
  ARROW_RETURN_NOT_OK(file.RenameTo(target.string()));
  return SyncFolder(target.parent_path());
}

Status RemoveStaleTemporaries(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(fs::path target, FollowLinks(path));
  std::error_code error;
  fs::directory_iterator entry(target.parent_path(), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (!IsTemporaryOf(target, entry->path().filename().string())) continue;
    if (::unlink(entry->path().c_str()) != 0 && errno != ENOENT) {
      return ErrnoError(errno, "cannot remove " + Quoted(entry->path().string()) +
                                   ", which a killed program left");
    }
  }
  if (!error) return Status::OK();
  return ErrnoError(error.value(), "cannot list " + Quoted(target.parent_path().string()));
}

Result<std::optional<FileFingerprint>> Fingerprint(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return ErrnoError(errno, "cannot look at " + Quoted(path));
  }
  return FileFingerprint{
      .device = info.st_dev,
      .inode = info.st_ino,
      .size = static_cast<uint64_t>(info.st_size),
      .mtime_nanos = int64_t{info.st_mtim.tv_sec} * 1000000000 + info.st_mtim.tv_nsec};
}

Status MakeDirectories(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return ErrnoError(error.value(), "cannot make the folder " + Quoted(path));
  return Status::OK();
}

Result<FileLock> FileLock::Acquire(const std::string& path, const std::function<bool()>& give_up) {
  OwnedFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!fd.valid()) return ErrnoError(errno, "cannot lock " + Quoted(path));
  struct flock whole = {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  for (;;) {
    if (::fcntl(fd.get(), give_up ? F_OFD_SETLK : F_OFD_SETLKW, &whole) == 0) {
      return FileLock(std::move(fd));
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EACCES) {
      return ErrnoError(errno, "cannot lock " + Quoted(path));
    }
    if (give_up()) {
      return Error(ErrorKind::kUnavailable,
                   "gave up waiting for the lock " + Quoted(path) +
                       ", which another process or thread holds; try again later");
    }
    ::poll(nullptr, 0, kLockPollMillis);
  }
}

}  // namespace featly
