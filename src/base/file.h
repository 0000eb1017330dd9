// Files that are read whole, and replaced whole or not at all.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace featly {

/// A file descriptor, closed by its destructor. Move-only.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(other.Release()) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept;
  ~OwnedFd();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release();

 private:
  int fd_ = -1;
};

/// The bytes of `path`. kNotFound, kPermission or kIo, naming the path.
Result<std::string> ReadFile(const std::string& path);

/// Replaces `path` with `bytes` so that after a crash at any moment it holds the old or the new
/// content whole: writes and syncs a temporary file in the same folder, renames it, syncs the
/// folder. A symbolic link is followed (its target is replaced); mode and owner of an existing file
/// are kept. On failure no temporary file is left, and the old file stands unless it was the last
/// step, the syncing of the folder, that failed.
Status WriteFileAtomically(const std::string& path, std::string_view bytes);

/// Removes the temporary files that killed writers of `path` left beside it. REQUIRES: nobody else
/// writes `path` meanwhile (the caller holds its lock). Cost: reads the folder's list of names.
Status RemoveStaleTemporaries(const std::string& path);

/// Who the file is and which version of it: changes whenever it is replaced or rewritten.
struct FileFingerprint {
  uint64_t device = 0, inode = 0, size = 0;
  int64_t mtime_nanos = 0;
  bool operator==(const FileFingerprint&) const = default;
};

/// nullopt where there is no such file.
Result<std::optional<FileFingerprint>> Fingerprint(const std::string& path);

/// `mkdir -p`.
Status MakeDirectories(const std::string& path);

/// An exclusive lock of the whole file `path` (made if missing), held until destruction, between
/// threads as well as processes (open file description lock). The file itself carries no content:
/// it is a sidecar, because a rename would change the inode under the lock.
class FileLock {
 public:
  /// Waits for the lock, asking `give_up` (may be empty) about every 50 ms.
  static Result<FileLock> Acquire(const std::string& path,
                                  const std::function<bool()>& give_up = {});

 private:
  explicit FileLock(OwnedFd fd) : fd_(std::move(fd)) {}
  OwnedFd fd_;
};

}  // namespace featly
