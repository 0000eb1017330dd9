// Rows from outside, written to the online store at once.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "base/time.h"
#include "online/online_store.h"
#include "registry/snapshot.h"

namespace featly {

/// Rows encoded for one view, ready to write. Owns the bytes.
struct EncodedRows {
  std::shared_ptr<const OnlineView> view;
  std::vector<KeyedRow> rows;
  Arena bytes;
};

/// Encodes `batch` for `view`: needs every feature, every join key and the source's time columns,
/// under the names the view's source gives them (or the feature's); extra columns are ignored.
/// kInvalid naming the missing or unfit column, or the row with a null key or time. A source
/// without event time gets `now`.
Result<std::unique_ptr<EncodedRows>> EncodeRows(const ViewSpec& view,
                                                std::shared_ptr<const OnlineView> online,
                                                const arrow::RecordBatch& batch, Timestamp now,
                                                int entity_key_version);

/// Encodes for every view of the push source first, so that a bad row writes nothing anywhere, then
/// writes them all at once, in all views or in none (where the store's writes are atomic); `done`
/// gets the sum once all are durable. On an I/O thread a view that the
/// store has not prepared is refused (kUnavailable): preparing writes.
void Push(const RegistrySnapshot& snapshot, std::string_view project, std::string_view push_source,
          const arrow::RecordBatch& batch, Timestamp now, int entity_key_version,
          OnlineStore& store, WriteCompletion done, MissingView missing = MissingView::kPrepare);

/// As Push, to the one view of this name, whatever its source. kInvalid where it is not online.
void WriteToView(const RegistrySnapshot& snapshot, std::string_view project, std::string_view view,
                 const arrow::RecordBatch& batch, Timestamp now, int entity_key_version,
                 OnlineStore& store, WriteCompletion done,
                 MissingView missing = MissingView::kPrepare);

}  // namespace featly
