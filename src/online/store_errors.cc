#include "online/store_errors.h"

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

Error DeletedWhileOpen(const std::string& path) {
  return Error(ErrorKind::kConflict, "the online store '" + path +
                                         "' was deleted or torn down while it was open; open it "
                                         "again")
      .Subject(path);
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
