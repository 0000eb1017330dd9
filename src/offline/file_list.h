// Which files a source's path means.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "offline/source_file.h"

namespace featly {

/// One file and what its folders say of it.
struct ListedFile {
  std::string path;
  FileFormat format = FileFormat::kParquet;
  /// Hive partitions ("year=2024/"), outermost first; values still percent-encoded text.
  std::vector<std::pair<std::string, std::string>> partitions;
};

/// The files of `path` (relative ones are under `root`): the file itself, every data file under a
/// folder, or what a glob (`*`, `?`, `[...]`, `**` for any folders) finds; sorted by path. Names
/// that begin with '_' or '.' are not data, nor are other suffixes inside folders. kNotFound where
/// there is nothing, kInvalid for files of several formats or a file of none, kNotImplemented for
/// remote paths.
Result<std::vector<ListedFile>> ListSourceFiles(const std::string& path, const std::string& root);

/// Whether a new file at `candidate` (relative to the working directory) would be one of those that
/// ListSourceFiles gives: it lies in the folder, or a glob finds it, and its name is that of data.
Result<bool> WouldBeSourceFile(const std::string& path, const std::string& root,
                               const std::string& candidate);

/// The local path that a path or file:// address means, under `root` where it is relative.
/// kNotImplemented for other addresses ("s3://...").
Result<std::string> ResolveLocalPath(const std::string& path, const std::string& root);

}  // namespace featly
