// Files that must not change between being opened and being read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/io/type_fwd.h>

#include "base/error.h"

namespace featly {

/// Which file a path named, and which version of it.
struct FileVersion {
  uint64_t device = 0, inode = 0;
  int64_t size = 0, mtime_nanos = 0;
  bool operator==(const FileVersion&) const = default;
};

/// An open file and its version at that moment.
struct OpenedFile {
  std::shared_ptr<arrow::io::RandomAccessFile> stream;
  FileVersion version;
};

/// Opens `path` for reading. kNotFound, kPermission or kIo naming the path; kMalformed where it is
/// empty, which no format here allows.
Result<OpenedFile> OpenForReading(const std::string& path);

/// kConflict where `now` is not the version that was opened first.
Status CheckUnchanged(const std::string& path, const FileVersion& first, const FileVersion& now);
/// The same, for the open file as it is now.
Status CheckUnchanged(const std::string& path, const FileVersion& first, const OpenedFile& opened);

}  // namespace featly
