// Which feature row each entity row gets: the point-in-time join, without the features.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "offline/entity_index.h"
#include "offline/source.h"
#include "registry/snapshot.h"

namespace featly {

/// Where a feature row lies: its unit in the source, its row within the unit. As one number, rows
/// compare as their SourcePositions do: by file, then by row.
using RowAddress = uint64_t;
inline constexpr RowAddress kNoRow = INT64_MAX;
inline constexpr RowAddress MakeAddress(uint32_t unit, uint32_t row) {
  return RowAddress{unit} << 32 | row;
}
inline constexpr uint32_t AddressUnit(RowAddress address) {
  return static_cast<uint32_t>(address >> 32);
}
inline constexpr uint32_t AddressRow(RowAddress address) { return static_cast<uint32_t>(address); }

struct MatchResult {
  std::vector<RowAddress> rows;  ///< For each entity row: the feature row it gets, or kNoRow.
  int64_t rows_read = 0;
  int64_t rows_without_time = 0;
};

/// Joins the source of `view` to the entity rows: for each of them the visible feature row (types/
/// event_order.h) that is greatest by event time, created time, file and row. Reads only the key
/// and time columns, and only units whose times may matter; the same result for any number of
/// threads. Memory: 40 bytes an entity row; a thread has a decoded batch, and of the row group it
/// reads the key and time columns as they are in the file.
Result<MatchResult> MatchRows(const ViewSpec& view, const Source& source, const EntityIndex& index,
                              const WorkContext& work);

}  // namespace featly
