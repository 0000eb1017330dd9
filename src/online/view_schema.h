// From a view's definition to what an online store must know of it.
#pragma once

#include "online/online_store.h"
#include "registry/snapshot.h"

namespace featly {

/// The schema under which `view` is prepared, bound, written and read. Cheap; any thread.
inline OnlineViewSchema SchemaForStore(const ViewSpec& view) {
  return {view.project, view.name, view.join_keys, view.features};
}

}  // namespace featly
