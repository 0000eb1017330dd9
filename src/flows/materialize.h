// History into the present: the newest row of each entity in a range, written to the online store.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "base/time.h"
#include "offline/source.h"
#include "online/online_store.h"
#include "registry/snapshot.h"

namespace featly {

struct MaterializeRequest {
  const ViewSpec* view = nullptr;
  std::string root;       ///< The repository, for relative source paths.
  Timestamp start, end;   ///< Both inclusive.
  Timestamp run_started;  ///< Event time of rows of a source without event times.
  int entity_key_version = 3;
  /// Read and check every row of the range, and write nothing: what must be known before something
  /// is dropped.
  bool only_read = false;
  std::string spill_folder;  ///< For sorted runs past the memory limit; removed at the end.
};

struct MaterializeResult {
  /// The source has no event times: all its rows were read, whatever the range.
  bool present = false;
  int64_t rows_read = 0;           ///< In the range.
  int64_t rows_without_time = 0;   ///< Skipped.
  int64_t rows_with_null_key = 0;  ///< Skipped.
  int64_t entities = 0;            ///< Distinct keys.
  WriteResult written;
  /// Where the range held no rows: what the source does hold; nullopt where it is empty.
  std::optional<Source::TimeRange> source_range;
};

/// Reads the range, keeps the newest row of each key, and writes them ordered by key in bounded
/// transactions. Sorted runs spill past work.memory_limit_bytes (default 512 MiB); however small
/// the limit, a thread sorts 1 MiB, the merge reads 64 KiB of each spilled run, and three write
/// requests of up to 16 MiB are under way. May be killed at any moment and repeated: newest wins
/// makes that harmless. kCancelled when stopped.
Result<MaterializeResult> MaterializeView(const MaterializeRequest& request, OnlineStore& store,
                                          const WorkContext& work);

}  // namespace featly
