#include "offline/file_list.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fnmatch.h>
#include <fstream>
#include <system_error>

namespace featly {
namespace {

namespace fs = std::filesystem;

bool IsHidden(std::string_view name) { return name.starts_with('_') || name.starts_with('.'); }
bool HasWildcard(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

// What is on disk under one name.
Result<fs::file_type> TypeOf(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return fs::file_type::not_found;
  if (error) return ErrnoError(error.value(), "cannot look at '" + path.string() + "'");
  return status.type();
}

Result<std::vector<fs::path>> Entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    entries.push_back(it->path());
  }
  if (error) return ErrnoError(error.value(), "cannot list the folder '" + folder.string() + "'");
  std::sort(entries.begin(), entries.end());
  return entries;
}

class Lister {
 public:
  /// Takes a file, or all data files under a folder. `partitions` are those of the folders above.
  Status Add(const fs::path& path, std::vector<std::pair<std::string, std::string>> partitions,
             bool named_by_user) {
    ARROW_ASSIGN_OR_RAISE(const fs::file_type type, TypeOf(path));
    if (type == fs::file_type::directory) {
      ARROW_ASSIGN_OR_RAISE(auto entries, Entries(path));
      for (const fs::path& entry : entries) {
        const std::string name = entry.filename().string();
        if (IsHidden(name)) continue;
        ARROW_RETURN_NOT_OK(Add(entry, WithPartition(partitions, entry), false));
      }
      return Status::OK();
    }
    auto format = FormatOfSuffix(path.string());
    if (!format && named_by_user && BeginsAsParquet(path)) format = FileFormat::kParquet;
    if (!format && !named_by_user) return Status::OK();
    if (!format) {
      return Error(ErrorKind::kInvalid,
                   "'" + path.string() +
                       "' is not a data file featly knows: .parquet, .pq, .csv, .tsv or .csv.gz")
          .Subject(path.string());
    }
    files_.push_back({path.string(), *format, std::move(partitions)});
    return Status::OK();
  }

  /// Follows the rest of a glob, segment by segment.
  Status AddMatches(const fs::path& folder, const std::vector<std::string>& segments, size_t next,
                    const std::vector<std::pair<std::string, std::string>>& partitions) {
    if (next == segments.size()) return Add(folder, partitions, true);
    const std::string& segment = segments[next];
    const bool any_folders = segment == "**";
    if (any_folders) ARROW_RETURN_NOT_OK(AddMatches(folder, segments, next + 1, partitions));
    ARROW_ASSIGN_OR_RAISE(const fs::file_type type, TypeOf(folder));
    if (type != fs::file_type::directory) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto entries, Entries(folder));
    for (const fs::path& entry : entries) {
      const std::string name = entry.filename().string();
      if (IsHidden(name) && !segment.starts_with(name.front())) continue;
      if (any_folders) {
        ARROW_ASSIGN_OR_RAISE(const fs::file_type entry_type, TypeOf(entry));
        if (entry_type != fs::file_type::directory) continue;
        ARROW_RETURN_NOT_OK(AddMatches(entry, segments, next, WithPartition(partitions, entry)));
      } else if (::fnmatch(segment.c_str(), name.c_str(), 0) == 0) {
        ARROW_RETURN_NOT_OK(
            AddMatches(entry, segments, next + 1, WithPartition(partitions, entry)));
      }
    }
    return Status::OK();
  }

  /// The files, sorted by path, each once ("**" reaches some on several ways).
  std::vector<ListedFile> Take() {
    auto by_path = [](const ListedFile& a, const ListedFile& b) { return a.path < b.path; };
    std::sort(files_.begin(), files_.end(), by_path);
    auto same = [](const ListedFile& a, const ListedFile& b) { return a.path == b.path; };
    files_.erase(std::unique(files_.begin(), files_.end(), same), files_.end());
    return std::move(files_);
  }

 private:
  static std::vector<std::pair<std::string, std::string>> WithPartition(
      std::vector<std::pair<std::string, std::string>> partitions, const fs::path& entry) {
    const std::string name = entry.filename().string();
    const size_t equals = name.find('=');
    std::error_code ignored_type;  // a file named a=b.parquet is no folder: nothing to add
    if (equals != std::string::npos && equals > 0 && fs::is_directory(entry, ignored_type)) {
      partitions.emplace_back(name.substr(0, equals), name.substr(equals + 1));
    }
    return partitions;
  }

  static bool BeginsAsParquet(const fs::path& path) {
    char magic[4] = {};
    std::ifstream stream(path, std::ios::binary);
    return stream.read(magic, 4) && std::string_view(magic, 4) == "PAR1";
  }

  std::vector<ListedFile> files_;
};

// "data/*/x" as the folder "data" and the segments that have to be matched.
void SplitGlob(const fs::path& path, fs::path* folder, std::vector<std::string>* segments) {
  for (const fs::path& part : path) {
    if (segments->empty() && !HasWildcard(part.string())) {
      *folder /= part;
    } else if (!part.empty()) {
      segments->push_back(part.string());
    }
  }
}

// Whether the segments of a glob find the parts [next, ...) of a path. What they find may be a
// folder, which brings all that is in it.
bool GlobFinds(const std::vector<std::string>& segments, size_t segment,
               const std::vector<std::string>& parts, size_t next) {
  if (segment == segments.size()) return true;
  if (segments[segment] == "**" && GlobFinds(segments, segment + 1, parts, next)) return true;
  if (next == parts.size()) return false;
  if (segments[segment] == "**") return GlobFinds(segments, segment, parts, next + 1);
  if (::fnmatch(segments[segment].c_str(), parts[next].c_str(), 0) != 0) return false;
  return GlobFinds(segments, segment + 1, parts, next + 1);
}

}  // namespace

Result<bool> WouldBeSourceFile(const std::string& path, const std::string& root,
                               const std::string& candidate) {
  ARROW_ASSIGN_OR_RAISE(const std::string local, ResolveLocalPath(path, root));
  if (!FormatOfSuffix(candidate)) return false;
  fs::path folder = local;
  std::vector<std::string> segments;
  ARROW_ASSIGN_OR_RAISE(const fs::file_type type, TypeOf(local));
  if (type == fs::file_type::not_found && HasWildcard(local)) {
    folder.clear();
    SplitGlob(local, &folder, &segments);
  } else if (type != fs::file_type::directory) {
    return false;
  }
  std::error_code failed;
  const fs::path top = fs::weakly_canonical(fs::absolute(folder), failed);
  if (failed) return ErrnoError(failed.value(), "'" + folder.string() + "'");
  const fs::path file = fs::weakly_canonical(fs::absolute(candidate), failed);
  if (failed) return ErrnoError(failed.value(), "'" + candidate + "'");
  const fs::path below = file.lexically_relative(top);
  std::vector<std::string> parts;
  for (const fs::path& part : below) parts.push_back(part.string());
  if (parts.empty() || parts.front() == "..") return false;
  // Hidden names count where a segment of a glob spells them out; that near, better refused.
  if (segments.empty() && std::any_of(parts.begin(), parts.end(), IsHidden)) return false;
  return GlobFinds(segments, 0, parts, 0);
}

Result<std::string> ResolveLocalPath(const std::string& path, const std::string& root) {
  std::string local = path;
  if (local.starts_with("file://")) local.erase(0, 7);
  const size_t scheme = local.find("://");
  if (scheme != std::string::npos) {
    return Error(ErrorKind::kNotImplemented,
                 "'" + path +
                     "' is a remote path; this version reads local files only: copy the "
                     "data to a local folder")
        .Subject(path);
  }
  if (local.empty()) return Error(ErrorKind::kDefinition, "the source has no path");
  return (fs::path(root) / local).lexically_normal().string();
}

Result<std::vector<ListedFile>> ListSourceFiles(const std::string& path, const std::string& root) {
  ARROW_ASSIGN_OR_RAISE(const std::string local, ResolveLocalPath(path, root));
  Lister lister;
  ARROW_ASSIGN_OR_RAISE(const fs::file_type type, TypeOf(local));
  const bool glob = type == fs::file_type::not_found && HasWildcard(local);
  if (glob) {
    fs::path folder;
    std::vector<std::string> segments;
    SplitGlob(local, &folder, &segments);
    if (folder.empty()) folder = ".";
    ARROW_RETURN_NOT_OK(lister.AddMatches(folder, segments, 0, {}));
  } else if (type == fs::file_type::not_found) {
    return Error(ErrorKind::kNotFound, "there is no file or folder '" + local + "'").Subject(local);
  } else {
    ARROW_RETURN_NOT_OK(lister.Add(local, {}, true));
  }
  std::vector<ListedFile> files = lister.Take();
  if (files.empty()) {
    return Error(ErrorKind::kNotFound, glob ? "no file matches '" + local + "'"
                                            : "the folder '" + local +
                                                  "' holds no .parquet, .pq, .csv, .tsv or .csv.gz "
                                                  "file")
        .Subject(local);
  }
  const FileFormat format = files.front().format;
  for (const ListedFile& file : files) {
    if ((file.format == FileFormat::kParquet) == (format == FileFormat::kParquet)) continue;
    return Error(ErrorKind::kInvalid, "a source is either Parquet or CSV, but holds both '" +
                                          files.front().path + "' and '" + file.path + "'")
        .Subject(local);
  }
  return files;
}

}  // namespace featly
