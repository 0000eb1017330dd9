// The embedded online store: LMDB. docs/format/lmdb.md has the databases and bytes.
#pragma once

#include <memory>
#include <string>

#include "online/online_store.h"
#include "online/write_queue.h"

namespace featly {

/// Settings of the `featly: online:` block, or their defaults.
struct LmdbOptions {
  /// Folder of the environment; made if missing.
  std::string path;
  /// Reserved address space; halved while open says ENOMEM.
  uint64_t map_bytes = uint64_t{1} << 40;
  int max_readers = 1024;
  WriteQueueLimits writes = {};
};

/// Opens (making it if missing) the environment; one per (device, inode) and process: a second open
/// shares the first. kInvalid for a network file system, kPermission for a folder that cannot be
/// written, kCorrupt for a foreign file or a newer format version (names the featly that wrote it).
/// Never carried across a fork: the child's handle refuses and says to open again.
Result<std::shared_ptr<OnlineStore>> OpenLmdbStore(const LmdbOptions& options);

}  // namespace featly
