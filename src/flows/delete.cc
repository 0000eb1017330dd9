#include "flows/delete.h"

#include <algorithm>

#include "base/quoted_names.h"
#include "online/view_schema.h"
#include "types/entity_key.h"

namespace featly {
namespace {

std::string Quoted(const std::vector<std::string>& names) {
  return names.empty() ? "none" : QuotedNames(names);
}

/// Sorted, as `join_keys` is here.
std::vector<std::string> KeyNames(const ViewSpec& view) {
  std::vector<std::string> names;
  for (const JoinKey& key : view.join_keys) names.push_back(key.name);
  return names;
}

}  // namespace

Result<std::vector<const ViewSpec*>> ViewsToDeleteFrom(const RegistrySnapshot& snapshot,
                                                       std::string_view project,
                                                       const std::vector<std::string>& names,
                                                       const std::vector<std::string>& join_keys) {
  std::vector<std::string> given = join_keys;
  std::sort(given.begin(), given.end());
  std::vector<const ViewSpec*> views;
  for (const std::string& name : names) {
    ARROW_ASSIGN_OR_RAISE(const ViewSpec* view, snapshot.View(project, name));
    if (!view->online) {
      return Error(ErrorKind::kInvalid, "feature view '" + name +
                                            "' is defined with online=False: it has no rows to "
                                            "delete")
          .Subject(name);
    }
    if (KeyNames(*view) != given) {
      return Error(ErrorKind::kInvalid,
                   "the rows of feature view '" + name + "' are of the join keys " +
                       Quoted(KeyNames(*view)) + ", and \"entities\" has " + Quoted(given) +
                       "; give a list of values for each join key and for nothing else")
          .Subject(name);
    }
    if (std::find(views.begin(), views.end(), view) == views.end()) views.push_back(view);
  }
  if (!names.empty()) return views;
  if (snapshot.Views(project).empty()) {
    return Error(ErrorKind::kNotFound,
                 "project '" + std::string(project) + "' has no feature views; run 'featly apply'")
        .Subject(std::string(project));
  }
  std::vector<std::string> known;
  for (const ViewSpec* view : snapshot.Views(project)) {
    if (!view->online) continue;
    if (KeyNames(*view) == given) views.push_back(view);
    for (const JoinKey& key : view->join_keys) known.push_back(key.name);
  }
  if (!views.empty()) return views;
  std::string first = given.empty() ? std::string() : given.front();
  return Error(ErrorKind::kInvalid, "no online feature view of project '" + std::string(project) +
                                        "' has exactly the join keys " + Quoted(given))
      .Subject(first)
      .Near(NearNames(first, known));
}

Result<int64_t> DeleteRows(const ViewSpec& view, std::span<const std::vector<KeyValue>> keys,
                           size_t rows, int entity_key_version, OnlineStore& store) {
  ARROW_ASSIGN_OR_RAISE(auto online, BindView(store, SchemaForStore(view), MissingView::kRefuse));
  ARROW_ASSIGN_OR_RAISE(auto codec, EntityKeyCodec::Make(view.join_keys, entity_key_version));
  std::string bytes;
  std::vector<size_t> ends;
  std::vector<KeyValue> values(keys.size());
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = 0; i < keys.size(); ++i) values[i] = keys[i][row];
    codec.Append(values, &bytes);
    ends.push_back(bytes.size());
  }
  // Views only now: the bytes moved while they grew.
  std::vector<std::string_view> encoded;
  size_t begin = 0;
  for (size_t end : ends) {
    encoded.push_back(std::string_view(bytes).substr(begin, end - begin));
    begin = end;
  }
  return store.DeleteEntities(*online, encoded);
}

}  // namespace featly
