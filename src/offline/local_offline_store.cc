// Training sets from local files. One view after another: match its rows to the entity rows, then
// read the features of those that won.
#include <algorithm>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <arrow/array/array_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include "offline/column_list.h"
#include "offline/entity_index.h"
#include "offline/feature_columns.h"
#include "offline/join_keys.h"
#include "offline/match.h"
#include "offline/offline_store.h"
#include "offline/source.h"
#include "offline/source_schema.h"
#include "types/key_coerce.h"

namespace featly {
namespace {

constexpr int64_t kOutputRows = 128 * 1024;

/// Hands out the finished training set batch by batch. One thread at a time.
class TrainingSetReader : public arrow::RecordBatchReader {
 public:
  TrainingSetReader(std::shared_ptr<arrow::Table> entities, arrow::FieldVector features,
                    std::vector<std::unique_ptr<FeatureColumn>> columns)
      : entities_(std::move(entities)), columns_(std::move(columns)) {
    arrow::FieldVector fields = entities_->schema()->fields();
    fields.insert(fields.end(), features.begin(), features.end());
    schema_ = arrow::schema(std::move(fields));
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = nullptr;
    const int64_t rows = std::min(kOutputRows, entities_->num_rows() - next_);
    if (rows <= 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto given, entities_->Slice(next_, rows)->CombineChunksToBatch());
    arrow::ArrayVector columns = given->columns();
    for (const auto& column : columns_) {
      ARROW_ASSIGN_OR_RAISE(auto values, column->Rows(next_, rows));
      columns.push_back(std::move(values));
    }
    *batch = arrow::RecordBatch::Make(schema_, rows, std::move(columns));
    next_ += rows;
    return Status::OK();
  }

 private:
  std::shared_ptr<arrow::Table> entities_;
  std::vector<std::unique_ptr<FeatureColumn>> columns_;
  std::shared_ptr<arrow::Schema> schema_;
  int64_t next_ = 0;
};

// One training set being built.
class Build {
 public:
  Build(const TrainingPlan& plan, const std::string& root, const WorkContext& work,
        TrainingStatistics* statistics)
      : features_(*plan.features),
        entities_(plan.entities),
        root_(root),
        work_(work),
        statistics_(statistics) {}

  Result<std::unique_ptr<arrow::RecordBatchReader>> Run() {
    ARROW_RETURN_NOT_OK(CheckEntities());
    *statistics_ = {};
    statistics_->entity_rows = entities_.table->num_rows();
    std::vector<std::unique_ptr<FeatureColumn>> columns(features_.features.size());
    for (uint32_t use = 0; use < features_.views.size(); ++use) {
      const ViewUse& view = features_.views[use];
      if (Status joined = JoinView(use, &columns); !joined.ok()) {
        const ErrorKind kind = KindOf(joined);  // errors of definitions name the view themselves
        if (kind == ErrorKind::kCancelled || kind == ErrorKind::kDefinition) return joined;
        return WithContext("feature view '" + view.view->name + "'", joined);
      }
    }
    arrow::FieldVector fields;
    for (const FeatureUse& use : features_.features) {
      const ViewSpec& view = *features_.views[use.view].view;
      fields.push_back(arrow::field(use.output_name, view.UserType(use.feature)));
    }
    return std::make_unique<TrainingSetReader>(entities_.table, std::move(fields),
                                               std::move(columns));
  }

 private:
  Status CheckEntities() const {
    const arrow::Schema& schema = *entities_.table->schema();
    for (const ViewUse& use : features_.views) {
      for (const std::string& column : use.key_columns) {
        if (schema.GetFieldIndex(column) >= 0) continue;
        return Error(ErrorKind::kInvalid, entities_.name + " has no column '" + column +
                                              "', the join key of feature view '" + use.view->name +
                                              "'; its columns: " + ColumnList(schema))
            .Subject(column)
            .Near(NearNames(column, schema.field_names()));
      }
      if (entities_.times == nullptr && use.view->batch_source.has_event_time()) {
        return Error(ErrorKind::kInvalid,
                     entities_.name + " has no time column, and feature view '" + use.view->name +
                         "' has event times: add event_timestamp, a column of timestamps (text "
                         "becomes one with pandas.to_datetime); its columns: " +
                         ColumnList(schema))
            .Subject("event_timestamp")
            .Near(NearNames("event_timestamp", schema.field_names()));
      }
    }
    for (const FeatureUse& use : features_.features) {
      if (schema.GetFieldIndex(use.output_name) < 0) continue;
      return Error(ErrorKind::kInvalid,
                   entities_.name + " has a column '" + use.output_name +
                       "', which is also a feature's name: rename the column, or ask for full "
                       "feature names")
          .Subject(use.output_name);
    }
    return Status::OK();
  }

  Status JoinView(uint32_t use_index, std::vector<std::unique_ptr<FeatureColumn>>* columns) {
    const ViewUse& use = features_.views[use_index];
    const ViewSpec& view = *use.view;
    std::vector<uint32_t> wanted;  // distinct features of the view
    for (const FeatureUse& feature : features_.features) {
      if (feature.view == use_index) wanted.push_back(feature.feature);
    }
    if (wanted.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto source, Source::Open(view.batch_source, root_));
    ARROW_RETURN_NOT_OK(CheckSourceTimes(view, *source));
    for (const JoinKey& key : view.join_keys) {
      ARROW_RETURN_NOT_OK(CheckSourceColumn(view, *source, key.name, key.type, kJoinKey));
    }
    for (const uint32_t feature : wanted) {
      const RowColumn& column = view.features[feature];
      ARROW_RETURN_NOT_OK(CheckSourceColumn(view, *source, column.name, column.type, kFeature));
    }
    ARROW_ASSIGN_OR_RAISE(const EntityIndex* index, IndexFor(use));
    ARROW_ASSIGN_OR_RAISE(MatchResult matched, MatchRows(view, *source, *index, work_));
    statistics_->source_rows_read += matched.rows_read;
    statistics_->source_rows_without_time += matched.rows_without_time;
    ARROW_ASSIGN_OR_RAISE(auto read,
                          ReadFeatureColumns(view, *source, wanted, matched.rows, work_));
    size_t next = 0;
    for (size_t f = 0; f < features_.features.size(); ++f) {
      if (features_.features[f].view == use_index) (*columns)[f] = std::move(read[next++]);
    }
    return Status::OK();
  }

  // Views with the same keys share the index.
  Result<const EntityIndex*> IndexFor(const ViewUse& use) {
    std::vector<std::pair<std::string, ValueType>> id;
    for (size_t k = 0; k < use.key_columns.size(); ++k) {
      id.emplace_back(use.key_columns[k], use.view->join_keys[k].type);
    }
    auto& index = indexes_[id];
    if (index == nullptr) {
      ARROW_ASSIGN_OR_RAISE(index, MakeIndex(use));
    }
    return index.get();
  }

  Result<std::unique_ptr<EntityIndex>> MakeIndex(const ViewUse& use) const {
    auto index = std::make_unique<EntityIndex>(use.view->join_keys);
    JoinKeys keys(use.view->join_keys);
    for (int64_t first = 0; first < entities_.table->num_rows(); first += kOutputRows) {
      const auto rows = entities_.table->Slice(first, kOutputRows);
      std::vector<std::shared_ptr<arrow::Array>> columns;
      for (size_t k = 0; k < use.key_columns.size(); ++k) {
        ARROW_ASSIGN_OR_RAISE(
            auto column, KeyColumn(*rows, use.key_columns[k], first, use.view->join_keys[k].type));
        columns.push_back(std::move(column));
      }
      keys.Load(columns, rows->num_rows());
      ARROW_RETURN_NOT_OK(index->Add(keys));
    }
    std::vector<int64_t> times;
    if (entities_.times != nullptr) {
      times.reserve(static_cast<size_t>(entities_.table->num_rows()));
      for (const auto& chunk : entities_.times->chunks()) {
        const auto& values = static_cast<const arrow::TimestampArray&>(*chunk);
        times.insert(times.end(), values.raw_values(), values.raw_values() + values.length());
      }
    }
    index->Build(times);
    return index;
  }

  // One key column of some entity rows, exactly of the key's type.
  Result<std::shared_ptr<arrow::Array>> KeyColumn(const arrow::Table& rows, const std::string& name,
                                                  int64_t first, ValueType type) const {
    const auto chunked = rows.GetColumnByName(name);
    ARROW_ASSIGN_OR_RAISE(auto column, arrow::Concatenate(chunked->chunks()));
    if (entities_.from_text && type == ValueType::kString && arrow::is_integer(column->type_id())) {
      ARROW_ASSIGN_OR_RAISE(column, arrow::compute::Cast(*column, arrow::utf8()));
    }
    auto coerced = CoerceKeyColumn(column, JoinKey{name, type}, NullKeys::kKeep);
    if (coerced.ok()) return coerced;
    return WithContext(
        first == 0 ? entities_.name : entities_.name + " from row " + std::to_string(first) + " on",
        coerced.status());
  }

  const ResolvedFeatures& features_;
  const EntityTable& entities_;
  const std::string& root_;
  const WorkContext& work_;
  TrainingStatistics* statistics_;
  std::map<std::vector<std::pair<std::string, ValueType>>, std::unique_ptr<EntityIndex>> indexes_;
};

class LocalOfflineStore : public OfflineStore {
 public:
  explicit LocalOfflineStore(std::string root) : root_(std::move(root)) {}

  Result<std::unique_ptr<arrow::RecordBatchReader>> GetHistoricalFeatures(
      const TrainingPlan& plan, const WorkContext& work, TrainingStatistics* statistics) override {
    return Build(plan, root_, work, statistics).Run();
  }

 private:
  const std::string root_;
};

}  // namespace

std::unique_ptr<OfflineStore> MakeLocalOfflineStore(std::string root) {
  return std::make_unique<LocalOfflineStore>(std::move(root));
}

}  // namespace featly
