// Entity rows as Feast's get-historical-features takes them on the command line.
#pragma once

#include <string_view>

#include "offline/entity_table.h"

namespace featly::cli {

/// Reads [{"driver_id": 1001, "event_timestamp": "2024-05-10T12:00:00"}, ...]: every row an object,
/// a column for each key, in order of first use; a key that a row lacks is null there. Integers are
/// int64, other numbers double; event_timestamp is ISO 8601 text, UTC without an offset. kMalformed
/// with the position for what is no JSON, kInvalid naming row and column for the rest.
Result<EntityTable> EntitiesFromJson(std::string_view text);

}  // namespace featly::cli
