// A batch of a view's rows, from a source or from outside, ready to be encoded row by row.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "base/time.h"
#include "registry/snapshot.h"
#include "types/entity_key.h"
#include "types/event_order.h"
#include "types/row.h"

namespace featly {

/// Where a batch has what a view needs: indices of its columns.
struct ViewColumns {
  std::vector<int> keys;      ///< In the codec's order.
  std::vector<int> features;  ///< In the view's order.
  int time = -1;              ///< -1: the view's source has no event time.
  int created = -1;           ///< -1: it has no created time.
};

/// The columns of one batch, cast, with the encoders of key and row over them. Borrows the codec
/// and the view; keeps the columns alive. Immutable after Make. Cost: a pass over columns whose
/// type is not the canonical one; then a few copies a row.
class ViewRows {
 public:
  /// `origin` is for messages: "file 'a.parquet'", "the pushed rows". `no_time` is the event time
  /// where the source has none.
  static Result<ViewRows> Make(const ViewSpec& view, const EntityKeyCodec& codec,
                               std::shared_ptr<const RowLayout> layout,
                               const arrow::RecordBatch& batch, const ViewColumns& columns,
                               Timestamp no_time, std::string_view origin);
  ViewRows(ViewRows&&) noexcept;
  ~ViewRows();

  int64_t size() const { return size_; }
  bool HasNullKey(int64_t row) const { return keys_.HasNull(row); }
  /// Which of the codec's keys it is; nullopt where none is null.
  std::optional<size_t> FirstNullKey(int64_t row) const { return keys_.FirstNull(row); }
  /// nullopt where the row has no event time.
  std::optional<EventOrder> order(int64_t row) const;
  void AppendKey(int64_t row, std::string* out) const { keys_.Append(row, out); }
  Status AppendRow(int64_t row, EventOrder order, std::string* out) const {
    return encoder_.Append(row, order, out);
  }

 private:
  ViewRows(KeyColumns keys, RowEncoder encoder)
      : keys_(std::move(keys)), encoder_(std::move(encoder)) {}

  KeyColumns keys_;
  RowEncoder encoder_;
  std::shared_ptr<arrow::TimestampArray> times_;    // null: no_time_ for every row
  std::shared_ptr<arrow::TimestampArray> created_;  // null: none
  Timestamp no_time_;
  int64_t size_ = 0;
};

}  // namespace featly
