// The registry in one file, as Feast keeps it: a serialized feast.core.Registry.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "registry/snapshot.h"

namespace featly {

/// Where the registry is kept. Thread-safe. Several processes may use one place at once.
class RegistryStore {
 public:
  virtual ~RegistryStore() = default;

  /// The registry as it is now; an empty one where there is none. kCorrupt where something else
  /// stands in its place, also a file of 0 bytes. A snapshot is reused
  /// while the stored version is unchanged, so polling is cheap.
  virtual Result<std::shared_ptr<const RegistrySnapshot>> Load() = 0;

  /// Changes the registry: reads it under the lock, lets `change` edit it, and replaces it durably.
  /// `change` may be called only once per Commit; where it fails nothing is written and its error
  /// is returned. Returns the new snapshot. Unknown fields of every message are kept.
  virtual Result<std::shared_ptr<const RegistrySnapshot>> Commit(
      const std::function<Status(feast::core::Registry*)>& change) = 0;

  /// Removes the registry where `unused` says so of what it holds, asked under the lock, so that no
  /// commit in between is lost; else leaves it as it is. OK where there is none.
  virtual Status RemoveIf(const std::function<bool(const feast::core::Registry&)>& unused) = 0;

  /// The place, for messages.
  virtual const std::string& location() const = 0;
};

/// One file, by default data/registry.db. Writers lock the sidecar `<path>.lock`, and replace the
/// file atomically. Readers take no lock: Feast truncates in place without one, so a read that does
/// not parse is tried again a few times (for about half a second) before it is kCorrupt: "not a
/// Feast registry". Owned by the Project. Cost of a Load: a stat while the file is unchanged, else
/// reading and indexing it; of a Commit: that, two syncs, and a look at the folder's names.
class RegistryFile : public RegistryStore {
 public:
  /// Opens nothing yet. `path` absolute.
  explicit RegistryFile(std::string path);
  ~RegistryFile() override;

  Result<std::shared_ptr<const RegistrySnapshot>> Load() override;
  Result<std::shared_ptr<const RegistrySnapshot>> Commit(
      const std::function<Status(feast::core::Registry*)>& change) override;
  Status RemoveIf(const std::function<bool(const feast::core::Registry&)>& unused) override;
  const std::string& location() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace featly
