#include "online/lmdb_env.h"

#include <cerrno>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/logging.h"
#include "embedded/version.h"
#include "online/fork_count.h"
#include "online/lmdb_disk.h"
#include "online/lmdb_file_check.h"
#include "online/lmdb_format.h"
#include "online/store_errors.h"

namespace featly {
namespace {

// Halving the map ends here.
constexpr uint64_t kSmallestMap = uint64_t{1} << 30;

std::string DataFile(const std::string& path) { return path + "/data.mdb"; }
std::string LockFile(const std::string& path) { return path + "/lock.mdb"; }

// LMDB ends the process after this: the file is its memory, and what it relied on is not there.
void OnAssertion(MDB_env* env, const char* what) {
  const char* path = "";
  mdb_env_get_path(env, &path);
  Log(LogLevel::kError,
      "the online store '" + std::string(path) +
          "' was damaged while it was open, as when another program overwrites its data.mdb, and "
          "this process ends; stop what uses the store and put data.mdb back from a backup, or "
          "delete the folder and run 'featly apply' and 'featly materialize' (LMDB: " +
          what + ")");
}

Status CheckLocalFileSystem(const std::string& path) {
  struct statfs info;
  if (statfs(path.c_str(), &info) != 0) return ErrnoError(errno, "cannot look at '" + path + "'");
  if (const char* name = NetworkFileSystem(info.f_type)) {
    return Error(ErrorKind::kInvalid,
                 "the online store '" + path + "' lies on a network file system (" + name +
                     "), where LMDB's locks and memory map do not hold; put it on a local disk")
        .Subject(path);
  }
  return Status::OK();
}

}  // namespace

const char* NetworkFileSystem(int64_t magic) {
  switch (static_cast<uint32_t>(magic)) {
    case 0x6969:
      return "NFS";
    case 0x517B:
      return "SMB";
    case 0xFF534D42:
      return "CIFS";
    case 0xFE534D42:
      return "SMB2";
    case 0x00C36400:
      return "Ceph";
    case 0x5346414F:
      return "AFS";
    case 0x6B414653:
      return "AFS";
    case 0x73757245:
      return "Coda";
    case 0x01021997:
      return "9P";
    case 0x0BD00BD0:
      return "Lustre";
    case 0x47504653:
      return "GPFS";
    case 0x01161970:
      return "GFS2";
    case 0x7461636F:
      return "OCFS2";
    case 0x19830326:
      return "BeeGFS";
    default:
      return nullptr;
  }
}

Status LmdbError(int code, std::string_view doing, const std::string& path) {
  std::string message = std::string(doing) + " the online store '" + path + "': ";
  auto error = [&](ErrorKind kind, std::string_view rest) -> Status {
    return Error(kind, message + std::string(rest)).Subject(path);
  };
  switch (code) {
    case MDB_MAP_FULL:
      return error(ErrorKind::kTooLarge,
                   "its map is full; nothing of this write was stored; set a larger map_size");
    case MDB_MAP_RESIZED:
      return error(ErrorKind::kTooLarge,
                   "another process has grown it beyond this process's map; set a larger map_size");
    case MDB_READERS_FULL:
      return error(ErrorKind::kUnavailable,
                   "all reader slots are taken; try again, or set a larger max_readers");
    case MDB_TXN_FULL:
      return error(ErrorKind::kTooLarge,
                   "too many pages in one transaction; nothing of it was stored; write fewer rows");
    case MDB_INVALID:
      return error(ErrorKind::kCorrupt,
                   "data.mdb is not an LMDB file; move it away, or name another folder");
    case MDB_VERSION_MISMATCH:
      return error(ErrorKind::kCorrupt, "data.mdb is of another version of LMDB; move it away");
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
      return error(ErrorKind::kCorrupt, "data.mdb is damaged; move it away and materialize again");
    case MDB_PANIC:
      return error(
          ErrorKind::kUnavailable,
          "an earlier failure to write made it unusable; it is being opened again: try again");
    default:
      break;
  }
  if (code > 0) {
    message.resize(message.size() - 2);
    return ErrnoError(code, message);
  }
  return error(ErrorKind::kInternal, mdb_strerror(code));
}

Status LmdbTxn::Commit() {
  int code = mdb_txn_commit(txn_);
  txn_ = nullptr;  // freed, whatever the outcome
  if (code == EIO) code = ReasonOfShortWrite(DataFile(*path_));
  return code == 0 ? Status::OK() : LmdbError(code, "cannot commit to", *path_);
}

void LmdbTxn::Abort() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
  txn_ = nullptr;
}

Result<std::unique_ptr<LmdbEnv>> LmdbEnv::Open(const LmdbOptions& options) {
  ARROW_RETURN_NOT_OK(CheckLocalFileSystem(options.path));
  std::unique_ptr<LmdbEnv> env(new LmdbEnv(options, ForkCount()));
  ARROW_RETURN_NOT_OK(env->OpenMapped());
  ARROW_ASSIGN_OR_RAISE(std::optional<FileFingerprint> identity,
                        Fingerprint(DataFile(options.path)));
  if (!identity) {
    return Error(ErrorKind::kConflict, "the online store '" + options.path +
                                           "' was deleted while it was being opened; try again");
  }
  env->identity_ = *identity;
  ARROW_RETURN_NOT_OK(env->CheckReaders().status());
  ARROW_RETURN_NOT_OK(env->OpenDatabases());
  return env;
}

LmdbEnv::~LmdbEnv() {
  if (env_ != nullptr && !Forked()) mdb_env_close(env_);
}

Status LmdbEnv::OpenMapped() {
  ARROW_RETURN_NOT_OK(AllocateLockFile(LockFile(path_), options_.max_readers));
  for (uint64_t map = options_.map_bytes;; map /= 2) {
    int code = mdb_env_create(&env_);
    if (code == 0) code = mdb_env_set_assert(env_, &OnAssertion);
    if (code == 0) code = mdb_env_set_mapsize(env_, map);
    if (code == 0) code = mdb_env_set_maxdbs(env_, 2);
    if (code == 0) {
      code = mdb_env_set_maxreaders(env_, static_cast<unsigned>(options_.max_readers));
    }
    if (code == 0) code = mdb_env_open(env_, path_.c_str(), MDB_NOTLS, 0664);
    // Before the first transaction: what lies past the end of the file must not be touched.
    const Status whole = code == 0 ? CheckLmdbFileIsWhole(env_, path_) : Status::OK();
    if (code == 0 && whole.ok()) return Status::OK();
    mdb_env_close(env_);  // LMDB asks for this after a failed open
    env_ = nullptr;
    ARROW_RETURN_NOT_OK(whole);
    if (code == EACCES || code == EROFS) {
      return WithContext(
          "reading the store needs to write too, into its lock file: let this user "
          "write the folder and its files",
          LmdbError(code, "cannot open", path_));
    }
    if (code != ENOMEM || map / 2 < kSmallestMap) return LmdbError(code, "cannot open", path_);
  }
}

Status LmdbEnv::OpenDatabases() {
  {
    ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, Begin(MDB_RDONLY, {}));
    int code = mdb_dbi_open(txn.get(), kCatalogDatabase, 0, &catalog_);
    if (code == 0) {
      ARROW_RETURN_NOT_OK(CheckFormat(txn.get()));
      code = mdb_dbi_open(txn.get(), kRowsDatabase, 0, &rows_);
    }
    if (code == 0) return txn.Commit();  // keeps the handles
    if (code != MDB_NOTFOUND) return LmdbError(code, "cannot open", path_);
  }
  return MakeDatabases();
}

// First use of the environment. Two processes may get here at once: the second finds all made.
Status LmdbEnv::MakeDatabases() {
  ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, Begin(0, {}));
  MDB_dbi main;
  MDB_stat stat;
  int code = mdb_dbi_open(txn.get(), nullptr, 0, &main);
  if (code == 0) code = mdb_stat(txn.get(), main, &stat);
  if (code != 0) return LmdbError(code, "cannot look into", path_);
  bool fresh = stat.ms_entries == 0;

  code = mdb_dbi_open(txn.get(), kCatalogDatabase, fresh ? MDB_CREATE : 0, &catalog_);
  if (code == MDB_NOTFOUND) {
    return Error(ErrorKind::kCorrupt, "the LMDB environment '" + path_ +
                                          "' is not featly's; move it away, or name another folder")
        .Subject(path_);
  }
  if (code == 0) code = mdb_dbi_open(txn.get(), kRowsDatabase, fresh ? MDB_CREATE : 0, &rows_);
  if (code != 0) return LmdbError(code, "cannot make the databases of", path_);
  if (fresh) {
    std::string record = EncodeFormatRecord({kLmdbFormatVersion, std::string(embedded::kVersion)});
    MDB_val key = ToVal(kFormatKey);
    MDB_val value = ToVal(record);
    code = mdb_put(txn.get(), catalog_, &key, &value, 0);
    if (code != 0) return LmdbError(code, "cannot write to", path_);
  } else {
    ARROW_RETURN_NOT_OK(CheckFormat(txn.get()));
  }
  return txn.Commit();
}

Status LmdbEnv::CheckFormat(MDB_txn* txn) const {
  MDB_val key = ToVal(kFormatKey);
  MDB_val value;
  int code = mdb_get(txn, catalog_, &key, &value);
  if (code == MDB_NOTFOUND) {
    return Error(ErrorKind::kCorrupt,
                 "the LMDB environment '" + path_ +
                     "' is not featly's: it has no format record; move it away")
        .Subject(path_);
  }
  if (code != 0) return LmdbError(code, "cannot read", path_);
  ARROW_ASSIGN_OR_RAISE(FormatRecord record, DecodeFormatRecord(FromVal(value)));
  if (record.version != kLmdbFormatVersion) {
    return Error(ErrorKind::kCorrupt,
                 "the online store '" + path_ + "' has format version " +
                     std::to_string(record.version) + ", written by featly " + record.writer +
                     "; this is featly " + std::string(embedded::kVersion) +
                     ", which reads version " + std::to_string(kLmdbFormatVersion) +
                     ": use a featly of that version or later")
        .Subject(path_);
  }
  return Status::OK();
}

bool LmdbEnv::Forked() const { return ForkCount() != forks_; }

Status LmdbEnv::CheckUsable() const { return Forked() ? OpenedBeforeFork(path_) : Status::OK(); }

StorePresence LmdbEnv::Presence() const {
  return PresenceOf(DataFile(path_), identity_).ValueOr(StorePresence::kThere);
}

Status LmdbEnv::CheckStillThere() const {
  ARROW_ASSIGN_OR_RAISE(StorePresence presence, PresenceOf(DataFile(path_), identity_));
  return CheckPresence(presence, path_);
}

Result<LmdbTxn::Gate> LmdbEnv::Enter() const {
  ARROW_RETURN_NOT_OK(CheckUsable());  // before the gate, which a fork may have left locked
  LmdbTxn::Gate gate(gate_, std::try_to_lock);
  if (gate.owns_lock() && env_ != nullptr) return gate;
  if (gate.owns_lock()) Refused(MDB_PANIC);
  return LmdbError(MDB_PANIC, "cannot use", path_);
}

Result<LmdbTxn> LmdbEnv::Begin(unsigned flags, LmdbTxn::Gate gate) const {
  MDB_txn* raw;
  int code = mdb_txn_begin(env_, nullptr, flags, &raw);
  if (code == MDB_READERS_FULL) {
    // Processes that were killed may hold the slots.
    int dead = 0;
    if (mdb_reader_check(env_, &dead) == 0) code = mdb_txn_begin(env_, nullptr, flags, &raw);
  }
  if (code != 0) {
    Refused(code);
    return LmdbError(code, flags == MDB_RDONLY ? "cannot read" : "cannot write to", path_);
  }
  LmdbTxn txn(raw, &path_, std::move(gate));
  // Under the writer lock, because a teardown deletes the files while it holds it.
  if (flags != MDB_RDONLY) ARROW_RETURN_NOT_OK(CheckStillThere());
  return txn;
}

Result<LmdbTxn> LmdbEnv::BeginRead() const {
  ARROW_ASSIGN_OR_RAISE(LmdbTxn::Gate gate, Enter());
  return Begin(MDB_RDONLY, std::move(gate));
}

Result<LmdbTxn> LmdbEnv::BeginWrite() const {
  ARROW_ASSIGN_OR_RAISE(LmdbTxn::Gate gate, Enter());
  return Begin(0, std::move(gate));
}

void LmdbEnv::Refused(int code) const {
  if (code == MDB_PANIC && !broken_.exchange(true) && on_broken_) on_broken_();
}

bool LmdbEnv::Broken() const {
  LmdbTxn::Gate gate(gate_);
  if (env_ == nullptr) return true;
  MDB_txn* txn;
  const int code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (code == 0) mdb_txn_abort(txn);
  return code == MDB_PANIC;
}

Status LmdbEnv::OpenAgain() {
  if (env_ != nullptr) mdb_env_close(env_);
  env_ = nullptr;
  broken_ = false;
  // A store that another process has made since in its place is not the one that views are bound
  // to.
  ARROW_RETURN_NOT_OK(CheckStillThere());
  ARROW_RETURN_NOT_OK(OpenMapped());
  Status opened = OpenDatabases();
  if (opened.ok()) return opened;
  mdb_env_close(env_);
  env_ = nullptr;
  return opened;
}

Result<int> LmdbEnv::CheckReaders() const {
  ARROW_ASSIGN_OR_RAISE(LmdbTxn::Gate gate, Enter());
  int dead = 0;
  int code = mdb_reader_check(env_, &dead);
  if (code != 0) return LmdbError(code, "cannot check the readers of", path_);
  return dead;
}

Status LmdbEnv::RemoveFiles() const {
  for (const std::string& file : {DataFile(path_), LockFile(path_)}) {
    if (unlink(file.c_str()) != 0 && errno != ENOENT) {
      return ErrnoError(errno, "cannot delete '" + file + "'");
    }
  }
  return Status::OK();
}

}  // namespace featly
