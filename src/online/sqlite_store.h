// The online store of Feast's default: one SQLite file. docs/format/sqlite.md has its tables.
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "online/online_store.h"
#include "online/write_queue.h"

namespace featly {

struct SqliteOptions {
  /// The file; it and its folder are made if missing.
  std::string path;
  /// Makes tables with the column value_num, as Feast does where enable_openai_compatible_store is
  /// set. Tables that have it get numbers written either way.
  bool value_num = false;
  /// How long a read or write waits for another process's lock; as Python's sqlite3, so as Feast.
  Duration busy_timeout = Duration::Seconds(5);
  /// Threads that read, each with its own connection; 0: one a core, at most 8.
  int read_threads = 0;
  /// Smaller transactions than LMDB's, since nobody reads while one commits, and longer pauses,
  /// since SQLite's waiters do not queue but look again every few milliseconds.
  WriteQueueLimits writes{.max_rows_per_transaction = 5000, .bulk_pause = Duration::Millis(10)};
};

/// Opens (making it if missing) the file. Several processes may have it open, Feast's among them;
/// its journal mode is left as it is. kCorrupt for a file that is not SQLite's, kPermission where
/// it cannot be opened. A file or folder that cannot be written opens, and its writes are refused.
/// Never carried across a fork: the child's handle refuses and says to open again.
Result<std::shared_ptr<OnlineStore>> OpenSqliteStore(const SqliteOptions& options);

}  // namespace featly
