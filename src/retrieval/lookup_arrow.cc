#include <algorithm>
#include <future>

#include <arrow/api.h>

#include "retrieval/lookup.h"
#include "types/json_value.h"
#include "types/key_coerce.h"
#include "types/user_type.h"

namespace featly {
namespace {

/// The batch's key columns in the key's own types, and their values. The arrays own the bytes.
struct BoundKeys {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  std::vector<KeyColumn> columns;
};

Result<BoundKeys> BindKeys(const RetrievalPlan& plan, const arrow::RecordBatch& keys) {
  BoundKeys bound;
  for (const JoinKey& key : plan.key_columns) {
    std::shared_ptr<arrow::Array> column = keys.GetColumnByName(key.name);
    if (!column) {
      return Error(ErrorKind::kInvalid, "the entity rows lack the join key \"" + key.name +
                                            "\", which the requested features need")
          .Subject(key.name)
          .Near(NearNames(key.name, keys.schema()->field_names()));
    }
    ARROW_ASSIGN_OR_RAISE(column, CoerceKeyColumn(column, key, NullKeys::kRefuse));
    KeyColumn& values = bound.columns.emplace_back();
    for (int64_t row = 0; row < column->length(); ++row) {
      values.values.push_back(KeyAt(*column, key, row));
    }
    bound.arrays.push_back(std::move(column));
  }
  return bound;
}

/// Runs the lookup and waits for it.
Status RunAndWait(std::shared_ptr<const RetrievalPlan> plan, OnlineStore& store,
                  std::span<const KeyColumn> columns, size_t rows, Timestamp now, Lookup* lookup) {
  // Shared: a store's thread may still be inside set_value when get() has returned.
  auto finished = std::make_shared<std::promise<Status>>();
  std::future<Status> result = finished->get_future();
  lookup->Run(std::move(plan), store, columns, rows, now,
              [finished](Status status) { finished->set_value(std::move(status)); });
  return result.get();
}

Result<std::shared_ptr<arrow::Array>> Statuses(const std::vector<FieldStatus>& statuses) {
  arrow::Int8Builder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<int64_t>(statuses.size())));
  for (FieldStatus status : statuses) builder.UnsafeAppend(static_cast<int8_t>(status));
  return builder.Finish();
}

Result<std::shared_ptr<arrow::Array>> Times(const std::vector<int64_t>& micros) {
  arrow::TimestampBuilder builder(ArrowTypeOf(ValueType::kUnixTimestamp),
                                  arrow::default_memory_pool());
  ARROW_RETURN_NOT_OK(builder.AppendValues(micros));
  return builder.Finish();
}

/// Appends the join keys as the request has them: in its order, and also those of the project that
/// the features do not need, as over HTTP.
Status AppendKeys(const RetrievalPlan& plan, const BoundKeys& bound, const arrow::RecordBatch& keys,
                  LookupColumns* out) {
  auto rows = static_cast<size_t>(keys.num_rows());
  ARROW_ASSIGN_OR_RAISE(auto statuses,
                        Statuses(std::vector<FieldStatus>(rows, FieldStatus::kPresent)));
  ARROW_ASSIGN_OR_RAISE(auto times, Times(std::vector<int64_t>(rows)));
  auto append = [&](const JoinKey& key, std::shared_ptr<arrow::Array> values) {
    out->names.push_back(key.name);
    out->values.push_back(std::move(values));
    out->types.push_back(key.type);
    out->json.emplace_back();
    out->statuses.push_back(statuses);
    out->event_times.push_back(times);
  };
  for (int i = 0; i < keys.num_columns(); ++i) {
    auto is_this = [&](const JoinKey& key) { return key.name == keys.column_name(i); };
    const auto needed = std::find_if(plan.key_columns.begin(), plan.key_columns.end(), is_this);
    if (needed != plan.key_columns.end()) {
      append(*needed, bound.arrays[static_cast<size_t>(needed - plan.key_columns.begin())]);
      continue;
    }
    const auto other = std::find_if(plan.other_keys.begin(), plan.other_keys.end(), is_this);
    if (other == plan.other_keys.end()) continue;
    ARROW_ASSIGN_OR_RAISE(auto values, CoerceKeyColumn(keys.column(i), *other, NullKeys::kRefuse));
    append(*other, std::move(values));
  }
  return Status::OK();
}

/// The values that JSON shows better than Arrow; null where the type is not one of those.
Result<std::shared_ptr<arrow::Array>> JsonOf(std::span<const RowView> rows,
                                             std::span<const RowLayout* const> layouts,
                                             std::string_view name, ValueType type) {
  if (!IsMessage(type) && type != ValueType::kZonedTimestamp) return nullptr;
  arrow::StringBuilder builder;
  std::string json;
  for (size_t row = 0; row < rows.size(); ++row) {
    const auto column = rows[row].present() ? layouts[row]->Find(name) : std::nullopt;
    if (!column || rows[row].IsNull(*column)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    json.clear();
    AppendJsonValue(*layouts[row], *column, rows[row], &json);
    ARROW_RETURN_NOT_OK(builder.Append(json));
  }
  return builder.Finish();
}

/// Appends the values, statuses and times of one feature.
Status AppendFeature(const Lookup& lookup, const PlannedFeature& feature, LookupColumns* out) {
  const RowColumn& column =
      lookup.plan().views[feature.view].online->schema().columns[feature.column];
  std::vector<RowView> rows(lookup.rows());
  std::vector<const RowLayout*> layouts(lookup.rows());
  std::vector<FieldStatus> statuses(lookup.rows());
  std::vector<int64_t> times(lookup.rows());
  for (size_t row = 0; row < lookup.rows(); ++row) {
    const Lookup::Cell& cell = lookup.cell(feature.view, row);
    statuses[row] = Lookup::StatusOf(feature, cell);
    if (statuses[row] != FieldStatus::kNotFound) times[row] = cell.row.order().event_micros;
    if (statuses[row] != FieldStatus::kPresent) continue;  // an absent row reads as null
    rows[row] = cell.row;
    layouts[row] = cell.layout;
  }
  out->names.push_back(feature.output_name);
  ARROW_ASSIGN_OR_RAISE(auto values, RowsToArray(rows, layouts, column.name, column.type));
  ARROW_ASSIGN_OR_RAISE(
      out->values.emplace_back(),
      UserColumn(values, column.type, feature.user_type, "feature '" + feature.output_name + "'"));
  out->types.push_back(column.type);
  ARROW_ASSIGN_OR_RAISE(out->json.emplace_back(), JsonOf(rows, layouts, column.name, column.type));
  ARROW_ASSIGN_OR_RAISE(out->statuses.emplace_back(), Statuses(statuses));
  ARROW_ASSIGN_OR_RAISE(out->event_times.emplace_back(), Times(times));
  return Status::OK();
}

}  // namespace

Result<LookupColumns> LookupArrow(std::shared_ptr<const RetrievalPlan> plan, OnlineStore& store,
                                  const arrow::RecordBatch& keys, Timestamp now) {
  ARROW_ASSIGN_OR_RAISE(BoundKeys bound, BindKeys(*plan, keys));
  auto rows = static_cast<size_t>(keys.num_rows());
  Lookup lookup;
  ARROW_RETURN_NOT_OK(RunAndWait(plan, store, bound.columns, rows, now, &lookup));

  LookupColumns out;
  ARROW_RETURN_NOT_OK(AppendKeys(*plan, bound, keys, &out));
  for (const PlannedFeature& feature : plan->features) {
    ARROW_RETURN_NOT_OK(AppendFeature(lookup, feature, &out));
  }
  return out;
}

}  // namespace featly
