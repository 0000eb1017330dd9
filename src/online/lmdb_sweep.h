// Reclaiming the rows of dropped views.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "online/lmdb_catalog.h"
#include "online/lmdb_env.h"

namespace featly {

/// Walks over all rows, in bounded steps, and deletes those of dropped views; at the end of a pass
/// it forgets the views that were dropped when it began. Where a pass has got to is kept in memory
/// only: another process, or this one after a restart, begins again, which costs reading and
/// nothing else. Thread-safe: one sweep at a time.
class LmdbSweep {
 public:
  LmdbSweep(const LmdbEnv* env, LmdbCatalog* catalog, const LmdbOptions& options);

  /// See OnlineStore::Sweep.
  Result<int64_t> Run(int64_t max_rows);

 private:
  struct Found {
    std::vector<std::string> keys;
    bool pass_ended = false;
  };

  /// True where there is something to sweep; begins a pass where none is under way.
  Result<bool> BeginPass();
  /// The next rows to delete, at most `limit`; looks at a bounded number of rows.
  Result<Found> FindRows(size_t limit);
  Result<int64_t> DeleteRows(const std::vector<std::string>& keys);
  Status EndPass();

  const LmdbEnv* env_;
  LmdbCatalog* catalog_;
  const size_t max_rows_per_transaction_;
  const Duration pause_;

  std::mutex mutex_;
  // Guarded by mutex_: the pass under way, none where ids_ is empty.
  std::set<uint32_t> ids_;
  std::string position_;  // the last key looked at
};

}  // namespace featly
