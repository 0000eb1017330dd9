#include "online/lmdb_disk.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace featly {
namespace {

// As LMDB 0.9 has them (mdb.c, MDB_reader and MDB_txninfo): two cache lines, and one a reader. The
// file says how many readers there are, so it is not a byte larger.
constexpr off_t kReaderBytes = 64;
constexpr off_t kHeaderBytes = 128;
// Less than the largest transaction writes: the disk was full for it.
constexpr uint64_t kNearlyFull = uint64_t{16} << 20;

}  // namespace

Status AllocateLockFile(const std::string& lock_file, int max_readers) {
  const std::string context = "cannot make the lock file '" + lock_file + "'";
  int fd = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0664);
  // LMDB says what may not be written, with what to do.
  if (fd < 0 && (errno == EACCES || errno == EROFS)) return Status::OK();
  if (fd < 0) return ErrnoError(errno, context);
  struct stat info;
  int code = ::fstat(fd, &info) == 0 ? 0 : errno;
  if (code == 0) {
    // Who has it open maps as much of it as there was: it may not grow under them.
    const off_t wanted =
        info.st_size > 0 ? info.st_size : kHeaderBytes + max_readers * kReaderBytes;
    code = ::posix_fallocate(fd, 0, wanted);
  }
  ::close(fd);
  return code == 0 ? Status::OK() : ErrnoError(code, context);
}

int ReasonOfShortWrite(const std::string& data_file) {
  struct statvfs disk;
  if (::statvfs(data_file.c_str(), &disk) == 0 &&
      uint64_t{disk.f_bavail} * disk.f_frsize < kNearlyFull) {
    return ENOSPC;
  }
  struct rlimit limit;
  struct stat info;
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      ::stat(data_file.c_str(), &info) == 0 &&
      static_cast<rlim_t>(info.st_size) + kNearlyFull > limit.rlim_cur) {
    return EFBIG;
  }
  return EIO;
}

}  // namespace featly
