// Group commits into the LMDB store.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "online/lmdb_catalog.h"
#include "online/lmdb_env.h"
#include "online/lmdb_row_writer.h"
#include "online/write_queue.h"

namespace featly {

/// Turns queued writes into transactions. Owned by the store; used by its writer thread alone.
class LmdbWriter {
 public:
  LmdbWriter(const LmdbEnv* env, LmdbCatalog* catalog, uint64_t store_token)
      : env_(env), catalog_(catalog), store_token_(store_token) {}

  /// WriteQueue::CommitJobs.
  Result<WriteQueue::Outcomes> Commit(std::span<const WriteJob> jobs);

 private:
  /// Whether the part may be written, before anything of its job is.
  Status CheckPart(const WriteRequest& part, MDB_txn* txn, uint64_t generation);
  Status PutRows(const WriteRequest& part, LmdbRowWriter* writer, WriteResult* result);

  const LmdbEnv* env_;
  LmdbCatalog* catalog_;
  const uint64_t store_token_;
  std::vector<uint32_t> order_;  // scratch
};

}  // namespace featly
