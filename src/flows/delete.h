// Rows of entities, deleted from the online store.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "online/online_store.h"
#include "registry/snapshot.h"

namespace featly {

/// The views from which the rows of entities that `join_keys` identify are to be deleted: those
/// named, or all online ones with exactly these join keys where none is. kNotFound for an unknown
/// view, and where the project has none at all; kInvalid where a named one is not online or has
/// other join keys, and where no view has them.
Result<std::vector<const ViewSpec*>> ViewsToDeleteFrom(const RegistrySnapshot& snapshot,
                                                       std::string_view project,
                                                       const std::vector<std::string>& names,
                                                       const std::vector<std::string>& join_keys);

/// Deletes the rows of `rows` entities in `view`; the number that there were. `keys[i]` has the
/// values of view.join_keys[i]. Durable when it returns, and waits for the disk: not on an I/O
/// thread. A view that the store has not prepared is kUnavailable. Killed or repeated, it is
/// harmless.
Result<int64_t> DeleteRows(const ViewSpec& view, std::span<const std::vector<KeyValue>> keys,
                           size_t rows, int entity_key_version, OnlineStore& store);

}  // namespace featly
