// What the registry records of materializations: the intervals of each view, which tell an
// incremental run where to begin.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "catalog/registry_file.h"
#include "online/online_store.h"
#include "registry/snapshot.h"

namespace featly {

/// The last end of the view's recorded intervals; nullopt where none is recorded.
std::optional<Timestamp> LastRecordedEnd(const ViewSpec& view);

/// Notes that `view` holds the range. A range that is there already is not added again, so that
/// repeating a run leaves the registry as it was. kConflict where the view has changed since
/// `view` was read: the rows are then not those of the view as it is now.
Status RecordInterval(RegistryStore& registry, const ViewSpec& view, Timestamp start, Timestamp end,
                      Timestamp now);

/// Forgets the intervals of these views. REQUIRES: the lock against applies, for this and the next.
Result<std::shared_ptr<const RegistrySnapshot>> ForgetRuns(RegistryStore& registry,
                                                           const std::string& project,
                                                           const std::vector<std::string>& views,
                                                           Timestamp now);

/// ForgetRuns for the online views of which runs are recorded and the store holds nothing, with a
/// warning in the log; `snapshot` itself where there are none. An incremental run would else begin
/// where the rows of another store, or of one that was deleted, ended.
Result<std::shared_ptr<const RegistrySnapshot>> ForgetLostRuns(
    RegistryStore& registry, const std::string& project,
    std::shared_ptr<const RegistrySnapshot> snapshot, OnlineStore& store, Timestamp now);

}  // namespace featly
