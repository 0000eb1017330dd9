#include "online/sqlite_catalog.h"

#include <algorithm>
#include <utility>

#include "online/store_errors.h"

namespace featly {
namespace {

// No view's table has this name: a project's name does not begin with '_'.
constexpr std::string_view kNotes = "_featly_views";
constexpr const char* kMakeNotes =
    "CREATE TABLE IF NOT EXISTS _featly_views (table_name TEXT COLLATE NOCASE PRIMARY KEY, "
    "project TEXT, view TEXT, join_keys TEXT, incarnation INTEGER)";
constexpr const char* kReadNotes =
    "SELECT table_name, project, view, join_keys, incarnation FROM _featly_views";
constexpr const char* kPutNote =
    "INSERT OR REPLACE INTO _featly_views (table_name, project, view, join_keys, incarnation) "
    "VALUES (?, ?, ?, ?, ?)";
constexpr const char* kForgetNote = "DELETE FROM _featly_views WHERE table_name = ?";

// Without these a table is not Feast's.
constexpr const char* kColumns[] = {"entity_key", "feature_name", "value", "event_ts",
                                    "created_ts"};

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// A new note's incarnation: never 0, and never one that was there before.
int64_t NewIncarnation() {
  int64_t number = 0;
  while (number == 0) sqlite3_randomness(sizeof number, &number);
  return number;
}

Error SharedTable(const std::string& table, const OnlineViewSchema& view,
                  const SqliteTable::Note& note) {
  return Error(ErrorKind::kConflict,
               "feature view '" + view.view + "' of project '" + view.project +
                   "' would be kept in the table '" + table + "', which holds feature view '" +
                   note.view + "' of project '" + note.project +
                   "': Feast's names of tables do not tell them apart; rename one of them, or give "
                   "each project a file of its own")
      .Subject(view.view);
}

Status WriteNote(SqliteDb* db, const std::string& table, const SqliteTable::Note& note) {
  ARROW_ASSIGN_OR_RAISE(SqliteQuery put, db->Query(kPutNote));
  put.BindText(1, table);
  put.BindText(2, note.project);
  put.BindText(3, note.view);
  put.BindText(4, note.join_keys);
  put.BindInt(5, note.incarnation);
  return put.Run();
}

// As Feast makes it.
Status MakeTable(SqliteDb* db, const std::string& table, bool value_num) {
  ARROW_RETURN_NOT_OK(
      db->Execute("CREATE TABLE " + QuoteName(table) +
                  " (entity_key BLOB, feature_name TEXT, value BLOB, value_text TEXT, " +
                  (value_num ? "value_num REAL, " : "") +
                  "vector_value BLOB, event_ts timestamp, created_ts timestamp, "
                  "PRIMARY KEY(entity_key, feature_name))"));
  return db->Execute("CREATE INDEX IF NOT EXISTS " + QuoteName(table + "_ek") + " ON " +
                     QuoteName(table) + " (entity_key)");
}

Status DropTable(SqliteDb* db, const std::string& table) {
  return db->Execute("DROP TABLE IF EXISTS " + QuoteName(table));
}

/// One view's table as it is, and what has to be done for it.
Status EnsureTable(SqliteDb* db, const OnlineViewSchema& view, const SqliteTable* found,
                   OtherJoinKeys other, bool value_num) {
  const std::string table = SqliteTableName(view.project, view.view);
  SqliteTable::Note note{view.project, view.view, DescribeKeys(view.join_keys), 0};
  if (found != nullptr && found->note &&
      (found->note->project != view.project || found->note->view != view.view)) {
    return SharedTable(table, view, *found->note);
  }
  if (found != nullptr && found->exists()) {
    ARROW_RETURN_NOT_OK(found->CheckShape(db->path()));
    const bool same_keys = !found->note || found->note->join_keys == note.join_keys;
    if (!same_keys && other == OtherJoinKeys::kLeave) return Status::OK();
    if (same_keys) {
      const std::string alter = "ALTER TABLE " + QuoteName(table) + " ADD COLUMN ";
      if (!found->Has("value_text")) ARROW_RETURN_NOT_OK(db->Execute(alter + "value_text TEXT"));
      if (value_num && !found->Has("value_num")) {
        ARROW_RETURN_NOT_OK(db->Execute(alter + "value_num REAL"));
      }
      if (found->note) return Status::OK();
      return WriteNote(db, table, note);
    }
    ARROW_RETURN_NOT_OK(DropTable(db, found->name));
  }
  ARROW_RETURN_NOT_OK(MakeTable(db, table, value_num));
  note.incarnation = NewIncarnation();
  return WriteNote(db, table, note);
}

}  // namespace

std::string SqliteTableName(std::string_view project, std::string_view view) {
  return std::string(project) + "_" + std::string(view);
}

bool SqliteTable::Has(std::string_view column) const {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

Status SqliteTable::CheckShape(const std::string& path) const {
  for (const char* column : kColumns) {
    if (Has(column)) continue;
    return Error(ErrorKind::kCorrupt, "the table '" + name + "' in '" + path +
                                          "' is not one of Feast's online store: "
                                          "it has no column '" +
                                          column + "'; move the file away, or name another path")
        .Subject(name);
  }
  return Status::OK();
}

Result<std::shared_ptr<const SqliteCatalog>> SqliteCatalog::Load(SqliteDb* db) {
  auto catalog = std::make_shared<SqliteCatalog>();
  ARROW_ASSIGN_OR_RAISE(
      SqliteQuery columns,
      db->Query("SELECT t.name, c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c "
                "WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"));
  bool has_notes = false;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(bool more, columns.Step());
    if (!more) break;
    std::string name(columns.Text(0));
    if (name == kNotes) {
      has_notes = true;
      continue;
    }
    SqliteTable& table = catalog->tables_[LowerAscii(name)];
    table.name = std::move(name);
    table.columns.emplace_back(columns.Text(1));
  }
  if (!has_notes) return catalog;
  ARROW_ASSIGN_OR_RAISE(SqliteQuery notes, db->Query(kReadNotes));
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(bool more, notes.Step());
    if (!more) break;
    std::string name(notes.Text(0));
    SqliteTable& table = catalog->tables_[LowerAscii(name)];
    if (table.name.empty()) table.name = std::move(name);
    table.note = SqliteTable::Note{std::string(notes.Text(1)), std::string(notes.Text(2)),
                                   std::string(notes.Text(3)), notes.Int(4)};
  }
  return catalog;
}

const SqliteTable* SqliteCatalog::Find(std::string_view table) const {
  auto found = tables_.find(LowerAscii(table));
  return found == tables_.end() ? nullptr : &found->second;
}

Result<const SqliteTable*> SqliteCatalog::FindOwn(const OnlineViewSchema& view,
                                                  const std::string& path) const {
  const SqliteTable* table = Find(SqliteTableName(view.project, view.view));
  if (table == nullptr || !table->exists()) return nullptr;
  if (table->note && (table->note->project != view.project || table->note->view != view.view)) {
    return SharedTable(table->name, view, *table->note);
  }
  ARROW_RETURN_NOT_OK(table->CheckShape(path));
  return table;
}

std::vector<std::string> SqliteCatalog::Views(std::string_view project) const {
  std::vector<std::string> views;
  for (const auto& [name, table] : tables_) {
    if (table.exists() && table.note && table.note->project == project) {
      views.push_back(table.note->view);
    }
  }
  std::sort(views.begin(), views.end());
  return views;
}

bool SqliteCatalog::HasOtherTables() const {
  return std::any_of(tables_.begin(), tables_.end(),
                     [](const auto& entry) { return entry.second.exists(); });
}

Result<const SqliteCatalog*> CachedSqliteCatalog::Get(SqliteDb* db) {
  int64_t version = 0;
  {
    ARROW_ASSIGN_OR_RAISE(SqliteQuery query, db->Query("PRAGMA schema_version"));
    ARROW_ASSIGN_OR_RAISE(bool found, query.Step());
    if (found) version = query.Int(0);
  }
  if (catalog_ == nullptr || version != schema_version_) {
    ARROW_ASSIGN_OR_RAISE(catalog_, SqliteCatalog::Load(db));
    schema_version_ = version;
    db->ForgetStatements();  // some are of tables that are gone
  }
  return catalog_.get();
}

bool HasSqliteTable(const SqliteCatalog& catalog, const OnlineViewSchema& view, OtherJoinKeys other,
                    bool value_num) {
  const SqliteTable* table = catalog.Find(SqliteTableName(view.project, view.view));
  if (table == nullptr || !table->exists() || !table->note) return false;
  if (table->note->project != view.project || table->note->view != view.view) return false;
  if (table->note->join_keys != DescribeKeys(view.join_keys)) return other == OtherJoinKeys::kLeave;
  return table->Has("value_text") && (!value_num || table->Has("value_num"));
}

Status EnsureSqliteTables(SqliteDb* db, std::span<const OnlineViewSchema> views,
                          OtherJoinKeys other, bool value_num) {
  ARROW_RETURN_NOT_OK(db->Execute(kMakeNotes));
  ARROW_ASSIGN_OR_RAISE(auto catalog, SqliteCatalog::Load(db));
  std::unordered_map<std::string, const OnlineViewSchema*> done;
  for (const OnlineViewSchema& view : views) {
    const std::string table = SqliteTableName(view.project, view.view);
    auto [before, first] = done.emplace(LowerAscii(table), &view);
    if (first) {
      ARROW_RETURN_NOT_OK(EnsureTable(db, view, catalog->Find(table), other, value_num));
    } else if (before->second->project != view.project || before->second->view != view.view) {
      return SharedTable(table, view, {before->second->project, before->second->view, "", 0});
    }  // else the same view with other features: one table has both
  }
  return Status::OK();
}

Status DropSqliteTable(SqliteDb* db, const SqliteCatalog& catalog, std::string_view project,
                       std::string_view view) {
  const SqliteTable* table = catalog.Find(SqliteTableName(project, view));
  if (table == nullptr) return Status::OK();
  if (table->note && (table->note->project != project || table->note->view != view)) {
    return Status::OK();  // another view's
  }
  ARROW_RETURN_NOT_OK(DropTable(db, table->name));
  if (!table->note) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(SqliteQuery forget, db->Query(kForgetNote));
  forget.BindText(1, table->name);
  return forget.Run();
}

}  // namespace featly
