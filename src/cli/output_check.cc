#include "cli/output_check.h"

#include <filesystem>
#include <system_error>

#include "base/file.h"
#include "offline/file_list.h"

namespace featly::cli {

namespace fs = std::filesystem;

namespace {

/// Whether both names mean one file: by device and inode where it is there (hard links too), else
/// by the path without symbolic links.
Result<bool> IsSameFile(const std::string& a, const std::string& b) {
  ARROW_ASSIGN_OR_RAISE(auto first, Fingerprint(a));
  ARROW_ASSIGN_OR_RAISE(auto second, Fingerprint(b));
  if (first && second) return first->device == second->device && first->inode == second->inode;
  std::error_code failed;
  const fs::path one = fs::weakly_canonical(fs::absolute(a), failed);
  if (failed) return ErrnoError(failed.value(), "'" + a + "'");
  const fs::path other = fs::weakly_canonical(fs::absolute(b), failed);
  if (failed) return ErrnoError(failed.value(), "'" + b + "'");
  return one == other;
}

Status Refused(const std::string& out, const std::string& why) {
  return Error(ErrorKind::kUsage, "the output '" + out + "' " + why + "; write to another file")
      .Subject(out);
}

}  // namespace

Status CheckOutput(const std::string& out, const std::string& entities,
                   const ResolvedFeatures& features, const std::string& root) {
  if (!entities.empty()) {
    ARROW_ASSIGN_OR_RAISE(bool same, IsSameFile(out, entities));
    if (same) return Refused(out, "is the entity file '" + entities + "'");
  }
  for (const ViewUse& use : features.views) {
    const SourceSpec& source = use.view->batch_source;
    if (source.path.empty()) continue;
    const std::string whose = "source '" + source.name + "' (" + source.path +
                              ") of feature view '" + use.view->name + "'";
    auto files = ListSourceFiles(source.path, root);
    // A source that cannot be listed fails the join, with more to say about it.
    if (!files.ok()) continue;
    for (const ListedFile& file : *files) {
      ARROW_ASSIGN_OR_RAISE(bool same, IsSameFile(out, file.path));
      if (same) return Refused(out, "is the file '" + file.path + "' of " + whose);
    }
    ARROW_ASSIGN_OR_RAISE(bool taken, WouldBeSourceFile(source.path, root, out));
    if (taken) return Refused(out, "would become part of " + whose);
  }
  return Status::OK();
}

}  // namespace featly::cli
