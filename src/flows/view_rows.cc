#include "flows/view_rows.h"

#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "types/arrow_convert.h"
#include "types/user_type.h"

namespace featly {

Result<ViewRows> ViewRows::Make(const ViewSpec& view, const EntityKeyCodec& codec,
                                std::shared_ptr<const RowLayout> layout,
                                const arrow::RecordBatch& batch, const ViewColumns& columns,
                                Timestamp no_time, std::string_view origin) {
  auto where = [&](int column) {
    return "column '" + batch.column_name(column) + "' of " + std::string(origin);
  };
  ARROW_ASSIGN_OR_RAISE(KeyColumns keys, KeyColumns::Make(codec, batch, columns.keys));
  std::vector<std::shared_ptr<arrow::Array>> features;
  features.reserve(columns.features.size());
  for (size_t i = 0; i < columns.features.size(); ++i) {
    int column = columns.features[i];
    ARROW_ASSIGN_OR_RAISE(
        auto feature, CanonicalColumn(batch.column(column), view.features[i].type, where(column)));
    if (IsMessage(view.features[i].type)) {
      // A struct that is not as declared is refused here, and not when it is read.
      ARROW_RETURN_NOT_OK(
          UserColumn(feature, view.features[i].type, view.UserType(i), where(column)).status());
    }
    features.push_back(std::move(feature));
  }
  ARROW_ASSIGN_OR_RAISE(RowEncoder encoder,
                        RowEncoder::Make(std::move(layout), std::move(features)));
  ViewRows rows(std::move(keys), std::move(encoder));
  rows.no_time_ = no_time;
  rows.size_ = batch.num_rows();
  auto time_column = [&](int column) {
    return TimeColumn(batch.column(column), where(column), TimeRounding::kUp);
  };
  if (columns.time >= 0) {
    ARROW_ASSIGN_OR_RAISE(rows.times_, time_column(columns.time));
  }
  if (columns.created >= 0) {
    ARROW_ASSIGN_OR_RAISE(rows.created_, time_column(columns.created));
  }
  return rows;
}

ViewRows::ViewRows(ViewRows&&) noexcept = default;
ViewRows::~ViewRows() = default;

std::optional<EventOrder> ViewRows::order(int64_t row) const {
  EventOrder order{no_time_.micros, kNoCreatedTime};
  if (times_) {
    if (times_->IsNull(row)) return std::nullopt;
    order.event_micros = times_->Value(row);
  }
  if (created_ && !created_->IsNull(row)) order.created_micros = created_->Value(row);
  return order;
}

}  // namespace featly
