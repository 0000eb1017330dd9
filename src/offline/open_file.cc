#include "offline/open_file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <arrow/io/file.h>

namespace featly {
namespace {

FileVersion VersionOf(const struct stat& info) {
  return {info.st_dev, info.st_ino, info.st_size,
          info.st_mtim.tv_sec * int64_t{1000000000} + info.st_mtim.tv_nsec};
}

}  // namespace

Result<OpenedFile> OpenForReading(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoError(errno, "cannot open '" + path + "'");
  struct stat info{};
  if (::fstat(fd, &info) != 0) {
    const int error = errno;
    ::close(fd);
    return ErrnoError(error, "cannot look at '" + path + "'");
  }
  if (S_ISDIR(info.st_mode) || info.st_size == 0) {
    ::close(fd);
    return Error(ErrorKind::kMalformed,
                 "'" + path +
                     (S_ISDIR(info.st_mode) ? "' is a folder, a file was expected"
                                            : "' is empty (0 bytes)"))
        .Subject(path);
  }
  OpenedFile opened;
  opened.version = VersionOf(info);
  auto stream = arrow::io::ReadableFile::Open(fd);
  if (!stream.ok()) {
    ::close(fd);
    return AsKind(ErrorKind::kIo, "cannot read '" + path + "'", stream.status());
  }
  opened.stream = *std::move(stream);
  return opened;
}

Status CheckUnchanged(const std::string& path, const FileVersion& first, const FileVersion& now) {
  if (first == now) return Status::OK();
  return Error(ErrorKind::kConflict,
               "'" + path +
                   "' was replaced or written to while it was being read; nothing of it was used: "
                   "run again once its writer is done")
      .Subject(path);
}

Status CheckUnchanged(const std::string& path, const FileVersion& first, const OpenedFile& opened) {
  const auto& file = static_cast<const arrow::io::ReadableFile&>(*opened.stream);
  struct stat info{};
  if (::fstat(file.file_descriptor(), &info) != 0) {
    return ErrnoError(errno, "cannot look at '" + path + "'");
  }
  return CheckUnchanged(path, first, VersionOf(info));
}

}  // namespace featly
