// One LMDB environment: opening it safely, its transactions, and its errors in featly's words.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <lmdb.h>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "online/lmdb_store.h"

namespace featly {

/// Version of the databases, keys and records of docs/format/lmdb.md.
inline constexpr uint32_t kLmdbFormatVersion = 1;

/// A transaction, aborted by its destructor unless committed. Move-only; a write transaction stays
/// on the thread that began it.
class LmdbTxn {
 public:
  /// Keeps its environment from being opened again while it lives.
  using Gate = std::shared_lock<std::shared_mutex>;

  LmdbTxn(MDB_txn* txn, const std::string* path, Gate gate)
      : txn_(txn), path_(path), gate_(std::move(gate)) {}
  LmdbTxn(LmdbTxn&& other) noexcept
      : txn_(std::exchange(other.txn_, nullptr)),
        path_(other.path_),
        gate_(std::move(other.gate_)) {}
  LmdbTxn& operator=(LmdbTxn&&) = delete;
  ~LmdbTxn() { Abort(); }

  MDB_txn* get() const { return txn_; }
  /// Durable when it returns OK; nothing of it is kept otherwise.
  Status Commit();
  void Abort();
  /// Gives the transaction to the caller, who ends it.
  MDB_txn* Detach() { return std::exchange(txn_, nullptr); }

 private:
  MDB_txn* txn_;
  const std::string* path_;
  Gate gate_;
};

/// An open environment of featly's format. Owned by its store. Thread-safe, as far as LMDB is: one
/// write transaction at a time over all processes, any number of readers. Never used after a fork:
/// every way in asks CheckUsable first.
class LmdbEnv {
 public:
  /// Opens or makes the environment in the existing folder options.path. The caller sees to it that
  /// no other environment of this process has the same file, and that nobody tears it down
  /// meanwhile.
  static Result<std::unique_ptr<LmdbEnv>> Open(const LmdbOptions& options);
  /// Closes. After a fork it only forgets: LMDB's shared state is the parent's.
  ~LmdbEnv();
  LmdbEnv(const LmdbEnv&) = delete;
  LmdbEnv& operator=(const LmdbEnv&) = delete;

  const std::string& path() const { return path_; }
  MDB_dbi catalog() const { return catalog_; }
  MDB_dbi rows() const { return rows_; }

  /// True in a child of the process that opened it. Cost: one relaxed load.
  bool Forked() const;
  /// kUnavailable after a fork.
  Status CheckUsable() const;
  /// Of its data file. kThere where that cannot be told: the next use says why.
  StorePresence Presence() const;
  /// kUnavailable where it is gone or replaced: what is written would be lost.
  Status CheckStillThere() const;

  Result<LmdbTxn> BeginRead() const;
  /// Waits for the writer lock, which all processes share.
  Result<LmdbTxn> BeginWrite() const;

  // A failed write of LMDB's own meta page (the disk, not the data) makes an environment refuse
  // everything from then on: it must be opened again, once nothing of it is in use.

  /// Called once, by whichever thread meets a refusal first; again after OpenAgain. Set before the
  /// environment is shared.
  void OnBroken(std::function<void()> call) { on_broken_ = std::move(call); }
  /// Says that a transaction was refused so.
  void Refused(int code) const;
  /// Whether a transaction would be refused so now.
  bool Broken() const;
  /// Waits for the transactions under way, and keeps new ones out (kUnavailable) while it is held.
  std::unique_lock<std::shared_mutex> KeepOut() const { return std::unique_lock(gate_); }
  /// Closes and opens it. REQUIRES: KeepOut is held, and no transaction is left. kUnavailable
  /// where its file was deleted meanwhile. After an error it refuses everything, and may be tried
  /// again.
  Status OpenAgain();

  /// Frees the reader slots of processes that died, which would pin old pages for ever; how many.
  Result<int> CheckReaders() const;
  /// Removes the environment's files. REQUIRES: the caller holds a write transaction on it, so that
  /// nobody's write is acknowledged after it.
  Status RemoveFiles() const;

  /// The device and inode of the data file.
  const FileFingerprint& identity() const { return identity_; }

 private:
  LmdbEnv(LmdbOptions options, uint32_t forks)
      : path_(options.path), options_(std::move(options)), forks_(forks) {}
  Status OpenMapped();
  Result<LmdbTxn::Gate> Enter() const;
  Result<LmdbTxn> Begin(unsigned flags, LmdbTxn::Gate gate) const;
  Status OpenDatabases();
  Status MakeDatabases();
  Status CheckFormat(MDB_txn* txn) const;

  const std::string path_;
  const LmdbOptions options_;
  uint32_t forks_;                  // ForkCount() when it was opened
  mutable std::shared_mutex gate_;  // shared: transactions; exclusive: OpenAgain
  std::function<void()> on_broken_;
  mutable std::atomic<bool> broken_{false};
  MDB_env* env_ = nullptr;  // null after an OpenAgain that failed
  MDB_dbi catalog_ = 0;
  MDB_dbi rows_ = 0;
  FileFingerprint identity_;
};

/// A code of LMDB as an error: what was being done, with what, and what to do about it.
Status LmdbError(int code, std::string_view doing, const std::string& path);

/// Name of the network file system with this magic number (statfs), or null for a local one. LMDB's
/// locks and memory map do not hold over a network.
const char* NetworkFileSystem(int64_t magic);

inline MDB_val ToVal(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}
inline std::string_view FromVal(const MDB_val& val) {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}

}  // namespace featly
