#include "catalog/registry_file.h"

#include <cerrno>
#include <filesystem>
#include <mutex>
#include <optional>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "base/time.h"
#include "registry/diff.h"

namespace featly {
namespace {

using feast::core::Registry;

// A read that does not parse may have met Feast in the middle of rewriting the file.
constexpr int kReadAttempts = 6;
constexpr int kRetryMillis = 100;

// A file changed this recently may change again within the file system's clock tick, to the same
// size and, after two replacements, the same inode: then its fingerprint does not tell.
constexpr int64_t kFreshNanos = int64_t{2} * 1000000000;

// The file's content, and which content it is.
struct Stored {
  std::optional<FileFingerprint> fingerprint;  // nullopt: there is no file
  bool trusted = false;     // the fingerprint tells this content from any later one
  size_t content_hash = 0;  // of the bytes; 0 where there is no file
  std::shared_ptr<Registry> registry;
};

// Feast's registries have a schema version; a file of something else that happens to parse is made
// of fields that a registry does not have.
bool LooksLikeRegistry(const Registry& registry) {
  if (!registry.registry_schema_version().empty()) {
    return registry.registry_schema_version() == kRegistrySchemaVersion;
  }
  return registry.GetReflection()->GetUnknownFields(registry).empty();
}

// A crash of another writer leaves such a file. As an empty registry it would delete everything at
// the next apply.
Status EmptyFile(const std::string& path) {
  return Error(ErrorKind::kCorrupt,
               "the registry '" + path +
                   "' is empty (0 bytes), as a writer that was interrupted leaves it: put it back "
                   "from a backup, or remove the file to begin with an empty registry")
      .Subject(path);
}

Status NotARegistry(const std::string& path, const Registry* parsed) {
  std::string message = "'" + path + "' is not a Feast registry";
  if (parsed != nullptr && !parsed->registry_schema_version().empty()) {
    message += " of schema version 1 (it says '" + parsed->registry_schema_version() + "')";
  }
  message +=
      ": a serialized feast.core.Registry was expected; name another path in the registry setting "
      "of feature_store.yaml, or move the file away to begin with an empty registry";
  return Error(ErrorKind::kCorrupt, std::move(message)).Subject(path);
}

bool IsTrusted(const std::optional<FileFingerprint>& fingerprint) {
  if (!fingerprint) return true;
  return SystemClock().Now().micros * 1000 - fingerprint->mtime_nanos > kFreshNanos;
}

}  // namespace

struct RegistryFile::Impl {
  explicit Impl(std::string path) : path(std::move(path)) {}

  // Makes the folder if need be: the lock lies beside the file.
  Result<FileLock> LockForWriting() const {
    Result<FileLock> lock = LockAndTidy();
    if (lock.ok()) return lock;
    return WithContext("the registry '" + path + "' cannot be changed", lock.status());
  }

  Result<FileLock> LockAndTidy() const {
    std::filesystem::path folder = std::filesystem::path(path).parent_path();
    ARROW_RETURN_NOT_OK(MakeDirectories(folder.string()));
    ARROW_ASSIGN_OR_RAISE(FileLock lock, FileLock::Acquire(path + ".lock"));
    ARROW_RETURN_NOT_OK(RemoveStaleTemporaries(path));
    return lock;
  }

  // One attempt; kCorrupt where the content is not a registry.
  Result<Stored> ReadOnce() const {
    Stored stored;
    // Before the content: a replacement in between is then seen the next time.
    ARROW_ASSIGN_OR_RAISE(stored.fingerprint, Fingerprint(path));
    stored.trusted = IsTrusted(stored.fingerprint);
    stored.registry = std::make_shared<Registry>();
    if (!stored.fingerprint) return stored;
    Result<std::string> bytes = ReadFile(path);
    if (!bytes.ok()) {
      if (KindOf(bytes.status()) != ErrorKind::kNotFound) return bytes.status();
      stored.fingerprint = std::nullopt;
      return stored;
    }
    if (bytes->empty()) return EmptyFile(path);
    if (!stored.registry->ParseFromString(*bytes)) return NotARegistry(path, nullptr);
    if (!LooksLikeRegistry(*stored.registry)) return NotARegistry(path, stored.registry.get());
    stored.content_hash = std::hash<std::string>()(*bytes);
    return stored;
  }

  // A file that is empty or not a registry is looked at again: Feast may be rewriting it.
  Result<Stored> Read() const {
    for (int attempt = 1;; ++attempt) {
      Result<Stored> stored = ReadOnce();
      bool torn = !stored.ok() && KindOf(stored.status()) == ErrorKind::kCorrupt;
      if (!torn || attempt == kReadAttempts) return stored;
      ::poll(nullptr, 0, kRetryMillis);
    }
  }

  // Takes what was read or written as the present. REQUIRES: mutex is held.
  void Adopt(const Stored& stored, std::shared_ptr<const RegistrySnapshot> made) {
    snapshot = std::move(made);
    fingerprint = stored.fingerprint;
    trusted = stored.trusted;
    content_hash = stored.content_hash;
  }

  const std::string path;

  std::mutex mutex;  // guards the following
  std::shared_ptr<const RegistrySnapshot> snapshot;
  std::optional<FileFingerprint> fingerprint;  // of the file that `snapshot` was made from
  bool trusted = false;
  size_t content_hash = 0;
};

RegistryFile::RegistryFile(std::string path) : impl_(std::make_unique<Impl>(std::move(path))) {}
RegistryFile::~RegistryFile() = default;

Result<std::shared_ptr<const RegistrySnapshot>> RegistryFile::Load() {
  std::lock_guard<std::mutex> lock(impl_->mutex);
  if (impl_->snapshot != nullptr && impl_->trusted) {
    ARROW_ASSIGN_OR_RAISE(std::optional<FileFingerprint> now, Fingerprint(impl_->path));
    if (now == impl_->fingerprint) return impl_->snapshot;
  }
  ARROW_ASSIGN_OR_RAISE(Stored stored, impl_->Read());
  auto snapshot = impl_->snapshot;
  if (snapshot == nullptr || stored.content_hash != impl_->content_hash) {
    ARROW_ASSIGN_OR_RAISE(snapshot, RegistrySnapshot::Make(stored.registry));
  }
  impl_->Adopt(stored, snapshot);
  return snapshot;
}

Result<std::shared_ptr<const RegistrySnapshot>> RegistryFile::Commit(
    const std::function<Status(Registry*)>& change) {
  ARROW_ASSIGN_OR_RAISE(FileLock file_lock, impl_->LockForWriting());
  ARROW_ASSIGN_OR_RAISE(Stored stored, impl_->Read());
  std::string old_version = stored.registry->version_id();
  ARROW_RETURN_NOT_OK(change(stored.registry.get()));
  if (stored.registry->version_id() == old_version) {
    TouchRegistry(SystemClock().Now(), stored.registry.get());
  }
  std::string bytes;
  if (!stored.registry->SerializeToString(&bytes)) {
    return Error(ErrorKind::kTooLarge,
                 "the registry is over protobuf's limit of 2 GiB; nothing was changed");
  }
  ARROW_ASSIGN_OR_RAISE(auto snapshot, RegistrySnapshot::Make(stored.registry));
  ARROW_RETURN_NOT_OK(WriteFileAtomically(impl_->path, bytes));
  ARROW_ASSIGN_OR_RAISE(stored.fingerprint, Fingerprint(impl_->path));
  stored.trusted = false;
  stored.content_hash = std::hash<std::string>()(bytes);

  std::lock_guard<std::mutex> lock(impl_->mutex);
  impl_->Adopt(stored, snapshot);
  return snapshot;
}

Status RegistryFile::RemoveIf(const std::function<bool(const Registry&)>& unused) {
  ARROW_ASSIGN_OR_RAISE(std::optional<FileFingerprint> there, Fingerprint(impl_->path));
  if (!there) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(FileLock file_lock, impl_->LockForWriting());
  ARROW_ASSIGN_OR_RAISE(Stored stored, impl_->Read());
  if (!stored.fingerprint || !unused(*stored.registry)) return Status::OK();
  if (::unlink(impl_->path.c_str()) != 0 && errno != ENOENT) {
    return ErrnoError(errno, "cannot remove the registry '" + impl_->path + "'");
  }
  std::lock_guard<std::mutex> lock(impl_->mutex);
  impl_->snapshot = nullptr;
  return Status::OK();
}

const std::string& RegistryFile::location() const { return impl_->path; }

}  // namespace featly
