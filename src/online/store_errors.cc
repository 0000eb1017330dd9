#include "online/store_errors.h"

#include <optional>

namespace featly {

std::string DescribeKeys(const std::vector<JoinKey>& keys) {
  if (keys.empty()) return "none";
  std::string text;
  for (const JoinKey& key : keys) {
    if (!text.empty()) text += ", ";
    text += "'" + key.name + "' " + ValueTypeName(key.type);
  }
  return text;
}

Error JoinKeysDiffer(const OnlineViewSchema& asked, std::string_view stored) {
  return Error(ErrorKind::kConflict,
               "feature view '" + asked.view + "' of project '" + asked.project +
                   "' has other join keys in the online store (" + std::string(stored) +
                   ") than in this process's registry (" + DescribeKeys(asked.join_keys) +
                   "); nothing was changed: try again, and if that does not help, apply again")
      .Subject(asked.view);
}

Error ViewWasDropped(const OnlineViewSchema& view) {
  return Error(ErrorKind::kConflict, "feature view '" + view.view + "' of project '" +
                                         view.project +
                                         "' was dropped from the online store meanwhile; "
                                         "nothing was changed; apply it again")
      .Subject(view.view);
}

Result<StorePresence> PresenceOf(const std::string& path, const FileFingerprint& opened) {
  ARROW_ASSIGN_OR_RAISE(std::optional<FileFingerprint> now, Fingerprint(path));
  if (!now) return StorePresence::kGone;
  const bool same = now->device == opened.device && now->inode == opened.inode;
  return same ? StorePresence::kThere : StorePresence::kReplaced;
}

Status CheckPresence(StorePresence presence, const std::string& store) {
  switch (presence) {
    case StorePresence::kThere:
      return Status::OK();
    case StorePresence::kGone:
      return Error(ErrorKind::kUnavailable,
                   "the online store '" + store +
                       "' was deleted or torn down while it was open, and its rows are gone; run "
                       "'featly apply' to make it anew and 'featly materialize' to fill it: a "
                       "running server takes it up by itself")
          .Subject(store);
    case StorePresence::kReplaced:
      break;
  }
  return Error(ErrorKind::kUnavailable, "the online store '" + store +
                                            "' was replaced by another while it was open; nothing "
                                            "was stored: try again")
      .Subject(store);
}

Status CheckLayout(const WriteRequest& request) {
  const uint32_t layout = request.view->write_layout()->id();
  for (const KeyedRow& row : request.rows) {
    if (!LooksLikeRow(row.row) || RowView(row.row).layout_id() != layout) {
      const std::string& view = request.view->schema().view;
      return Error(ErrorKind::kInternal, "a row for feature view '" + view +
                                             "' is not in the layout it is to be written in")
          .Subject(view);
    }
  }
  return Status::OK();
}

}  // namespace featly
