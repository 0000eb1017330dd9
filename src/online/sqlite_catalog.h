// Which views an SQLite store holds: Feast's tables, and featly's note of whose they are.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "online/online_store.h"
#include "online/other_join_keys.h"
#include "online/sqlite_db.h"

namespace featly {

/// A view's table, and featly's note of it.
struct SqliteTable {
  std::string name;
  std::vector<std::string> columns;

  // The note; nullopt where Feast made the table and featly has not prepared it yet.
  struct Note {
    std::string project, view;
    std::string join_keys;  ///< DescribeKeys.
    int64_t incarnation;
  };
  std::optional<Note> note;

  bool exists() const { return !columns.empty(); }
  bool Has(std::string_view column) const;
  /// A handle bound under one incarnation is dead under another. 0 is a table that Feast made.
  int64_t incarnation() const { return note ? note->incarnation : 0; }
  /// kCorrupt where it is no table of Feast's, naming what it lacks.
  Status CheckShape(const std::string& path) const;
};

/// "project_view": Feast's name of the view's table.
std::string SqliteTableName(std::string_view project, std::string_view view);

/// The tables of the file at one moment. Immutable.
class SqliteCatalog {
 public:
  /// Reads all of them. REQUIRES: a transaction. Cost: proportional to the number of tables.
  static Result<std::shared_ptr<const SqliteCatalog>> Load(SqliteDb* db);

  /// The table of this name, which counts as SQLite counts it: without regard to ASCII case. Null
  /// where there is neither table nor note.
  const SqliteTable* Find(std::string_view table) const;
  /// The view's table, null where it has none; an error where the table is another view's, or not
  /// one of Feast's.
  Result<const SqliteTable*> FindOwn(const OnlineViewSchema& view, const std::string& path) const;

  /// Views of the project that featly has prepared and that have their tables, by name.
  std::vector<std::string> Views(std::string_view project) const;
  /// Whether anything but featly's notes is there.
  bool HasOtherTables() const;

 private:
  std::unordered_map<std::string, SqliteTable> tables_;  // by name in lower case
};

/// One connection's catalogue, read anew when the file's schema has changed. REQUIRES of Get: a
/// transaction. Cost: a look at the file's header.
class CachedSqliteCatalog {
 public:
  Result<const SqliteCatalog*> Get(SqliteDb* db);

 private:
  int64_t schema_version_ = -1;
  std::shared_ptr<const SqliteCatalog> catalog_;
};

/// Whether EnsureSqliteTables has nothing to do for `view`.
bool HasSqliteTable(const SqliteCatalog& catalog, const OnlineViewSchema& view, OtherJoinKeys other,
                    bool value_num);

// Changes, in a write transaction.

/// Makes the tables and notes that are missing. `value_num`: SqliteOptions. kConflict where two
/// views would share a table.
Status EnsureSqliteTables(SqliteDb* db, std::span<const OnlineViewSchema> views,
                          OtherJoinKeys other, bool value_num);
/// Drops the view's table and note; nothing where it has neither.
Status DropSqliteTable(SqliteDb* db, const SqliteCatalog& catalog, std::string_view project,
                       std::string_view view);

}  // namespace featly
