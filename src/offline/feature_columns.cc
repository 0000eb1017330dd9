#include "offline/feature_columns.h"

#include <algorithm>
#include <atomic>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type_traits.h>
#include <arrow/util/bit_util.h>

#include "base/parallel.h"
#include "offline/take_rows.h"
#include "types/arrow_convert.h"
#include "types/user_type.h"

namespace featly {
namespace {

constexpr uint32_t kNoUnit = UINT32_MAX;

// The matched rows of one unit.
struct UnitRows {
  int unit = 0;                   // in the source
  std::vector<uint32_t> rows;     // distinct, ascending: what is read
  std::vector<uint64_t> targets;  // index in `rows` << 32 | entity row, ascending: where it goes
};

// The matched rows, by unit.
std::vector<UnitRows> GroupByUnit(const std::vector<RowAddress>& matched, int unit_count) {
  std::vector<uint32_t> counts(static_cast<size_t>(unit_count));
  for (const RowAddress address : matched) {
    if (address != kNoRow) ++counts[AddressUnit(address)];
  }
  std::vector<UnitRows> units;
  std::vector<uint32_t> index(counts.size(), kNoUnit);
  for (size_t unit = 0; unit < counts.size(); ++unit) {
    if (counts[unit] == 0) continue;
    index[unit] = static_cast<uint32_t>(units.size());
    units.emplace_back().unit = static_cast<int>(unit);
    units.back().targets.reserve(counts[unit]);
  }
  for (size_t row = 0; row < matched.size(); ++row) {
    if (matched[row] == kNoRow) continue;
    units[index[AddressUnit(matched[row])]].targets.push_back(
        uint64_t{AddressRow(matched[row])} << 32 | row);
  }
  return units;
}

// Sorts targets by source row, and numbers the distinct ones.
void NumberRows(UnitRows* unit) {
  std::sort(unit->targets.begin(), unit->targets.end());
  for (uint64_t& target : unit->targets) {
    const auto row = static_cast<uint32_t>(target >> 32);
    if (unit->rows.empty() || unit->rows.back() != row) unit->rows.push_back(row);
    target = uint64_t{unit->rows.size() - 1} << 32 | static_cast<uint32_t>(target);
  }
}

// A column while it is read. Different threads write different units.
class ColumnSink : public FeatureColumn {
 public:
  /// Takes the values of rows [first, first + values->length()) of `unit.rows`; `targets` are
  /// theirs.
  virtual Status Take(size_t unit, std::span<const uint64_t> targets, uint32_t first,
                      const std::shared_ptr<arrow::Array>& values) = 0;
  /// All of the unit's values were taken.
  virtual Status EndUnit(size_t unit) = 0;
};

void ClearBitShared(uint8_t* bits, int64_t i) {
  std::atomic_ref<uint8_t>(bits[i / 8])
      .fetch_and(static_cast<uint8_t>(~(1 << (i % 8))), std::memory_order_relaxed);
}
void SetBitShared(uint8_t* bits, int64_t i) {
  std::atomic_ref<uint8_t>(bits[i / 8])
      .fetch_or(static_cast<uint8_t>(1 << (i % 8)), std::memory_order_relaxed);
}

// Numbers, times and bools: written where they belong as they are read. Neighbouring entity rows
// may share a byte of a bitmap between threads.
class FixedColumn : public ColumnSink {
 public:
  static Result<std::unique_ptr<ColumnSink>> Make(ValueType type, const arrow::Buffer& matched,
                                                  int64_t rows) {
    auto column = std::make_unique<FixedColumn>();
    column->type_ = ArrowTypeOf(type);
    column->bits_ = column->type_->bit_width();
    const int64_t bytes = arrow::bit_util::BytesForBits(rows * column->bits_);
    ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateBuffer(bytes));
    std::fill_n(values->mutable_data(), bytes, uint8_t{0});
    ARROW_ASSIGN_OR_RAISE(auto validity, arrow::AllocateBuffer(matched.size()));
    std::copy_n(matched.data(), matched.size(), validity->mutable_data());
    column->values_ = std::move(values);
    column->validity_ = std::move(validity);
    return column;
  }

  Status Take(size_t, std::span<const uint64_t> targets, uint32_t first,
              const std::shared_ptr<arrow::Array>& values) override {
    if (bits_ == 64) {
      Scatter<uint64_t>(targets, first, *values);
    } else if (bits_ == 32) {
      Scatter<uint32_t>(targets, first, *values);
    } else {
      ScatterBits(targets, first, static_cast<const arrow::BooleanArray&>(*values));
    }
    return Status::OK();
  }

  Status EndUnit(size_t) override { return Status::OK(); }

  Result<std::shared_ptr<arrow::Array>> Rows(int64_t first, int64_t count) const override {
    return arrow::MakeArray(arrow::ArrayData::Make(type_, count, {validity_, values_},
                                                   arrow::kUnknownNullCount, first));
  }

 private:
  template <typename T>
  void Scatter(std::span<const uint64_t> targets, uint32_t first, const arrow::Array& values) {
    const T* from = values.data()->GetValues<T>(1);
    T* to = reinterpret_cast<T*>(values_->mutable_data());
    if (values.null_count() == 0) {
      for (const uint64_t t : targets) to[static_cast<uint32_t>(t)] = from[(t >> 32) - first];
      return;
    }
    for (const uint64_t t : targets) {
      const auto index = static_cast<int64_t>((t >> 32) - first);
      const auto row = static_cast<uint32_t>(t);
      if (values.IsValid(index)) {
        to[row] = from[index];
      } else {
        ClearBitShared(validity_->mutable_data(), row);
      }
    }
  }

  void ScatterBits(std::span<const uint64_t> targets, uint32_t first,
                   const arrow::BooleanArray& values) {
    for (const uint64_t t : targets) {
      const auto index = static_cast<int64_t>((t >> 32) - first);
      const auto row = static_cast<uint32_t>(t);
      if (values.IsNull(index)) {
        ClearBitShared(validity_->mutable_data(), row);
      } else if (values.Value(index)) {
        SetBitShared(values_->mutable_data(), row);
      }
    }
  }

  std::shared_ptr<arrow::DataType> type_;
  int bits_ = 0;
  std::shared_ptr<arrow::Buffer> values_, validity_;
};

// Where an entity row's value lies among the values that were read; shared by all columns of a view
// whose values have no fixed width.
struct Positions {
  std::vector<uint32_t> unit;   // index in the units that were read; kNoUnit: no value
  std::vector<uint32_t> index;  // in that unit's rows
};

// Strings, bytes and lists: kept as they were read, and put in order when they are asked for.
class VariableColumn : public ColumnSink {
 public:
  /// `where` names the feature for errors of values that do not fit `user_type`.
  VariableColumn(ValueType type, std::shared_ptr<arrow::DataType> user_type, std::string where,
                 std::shared_ptr<const Positions> positions, size_t units)
      : type_(type),
        user_type_(std::move(user_type)),
        where_(std::move(where)),
        positions_(std::move(positions)),
        pieces_(units),
        parts_(units) {}

  Status Take(size_t unit, std::span<const uint64_t>, uint32_t,
              const std::shared_ptr<arrow::Array>& values) override {
    parts_[unit].push_back(values);
    return Status::OK();
  }

  Status EndUnit(size_t unit) override {
    const arrow::ArrayVector parts = std::exchange(parts_[unit], {});
    ARROW_ASSIGN_OR_RAISE(pieces_[unit], arrow::Concatenate(parts));
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Rows(int64_t first, int64_t count) const override {
    ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(ArrowTypeOf(type_)));
    ARROW_RETURN_NOT_OK(builder->Reserve(count));
    for (int64_t row = first; row < first + count; ++row) {
      const uint32_t unit = positions_->unit[static_cast<size_t>(row)];
      if (unit == kNoUnit) {
        ARROW_RETURN_NOT_OK(builder->AppendNull());
        continue;
      }
      ARROW_RETURN_NOT_OK(builder->AppendArraySlice(
          *pieces_[unit]->data(), positions_->index[static_cast<size_t>(row)], 1));
    }
    ARROW_ASSIGN_OR_RAISE(auto values, builder->Finish());
    return UserColumn(values, type_, user_type_, where_);
  }

 private:
  ValueType type_;
  std::shared_ptr<arrow::DataType> user_type_;
  std::string where_;
  std::shared_ptr<const Positions> positions_;
  arrow::ArrayVector pieces_;              // a unit each
  std::vector<arrow::ArrayVector> parts_;  // of units that are being read
};

bool IsFixed(ValueType type) { return arrow::is_primitive(ArrowTypeOf(type)->id()); }

class FeatureReader {
 public:
  FeatureReader(const ViewSpec& view, const Source& source, const std::vector<uint32_t>& features,
                const std::vector<RowAddress>& matched, const WorkContext& work)
      : view_(view), source_(source), features_(features), matched_(matched), work_(work) {}

  Result<std::vector<std::unique_ptr<FeatureColumn>>> Run() {
    units_ = GroupByUnit(matched_, source_.unit_count());
    const auto units = static_cast<int64_t>(units_.size());
    ARROW_RETURN_NOT_OK(ParallelFor(units, work_.threads, work_.stop, [&](int64_t unit, int) {
      NumberRows(&units_[static_cast<size_t>(unit)]);
      return Status::OK();
    }));
    ARROW_RETURN_NOT_OK(MakeColumns());
    int64_t rows = 0;
    for (const UnitRows& unit : units_) rows += source_.unit(unit.unit).rows;
    // All columns of a unit at once where the format gives nothing else; else the columns of a unit
    // follow each other, so that threads read neighbouring bytes.
    const int64_t reads = source_.columnar() ? static_cast<int64_t>(features_.size()) : 1;
    const size_t columns = source_.columnar() ? 1 : features_.size();
    work_.progress->Begin(view_.name + ": reading features", rows * reads);
    Status read =
        ParallelFor(units * reads, work_.threads, work_.stop, [&](int64_t i, int) -> Status {
          return ReadUnit(static_cast<size_t>(i / reads), static_cast<size_t>(i % reads) * columns,
                          columns);
        });
    work_.progress->End();
    ARROW_RETURN_NOT_OK(read);
    std::vector<std::unique_ptr<FeatureColumn>> result;
    for (auto& column : columns_) result.push_back(std::move(column));
    return result;
  }

 private:
  Status MakeColumns() {
    const auto rows = static_cast<int64_t>(matched_.size());
    ARROW_ASSIGN_OR_RAISE(auto validity, arrow::AllocateEmptyBitmap(rows));
    for (int64_t row = 0; row < rows; ++row) {
      if (matched_[static_cast<size_t>(row)] != kNoRow) {
        arrow::bit_util::SetBit(validity->mutable_data(), row);
      }
    }
    std::shared_ptr<const Positions> positions;
    for (const uint32_t feature : features_) {
      const ValueType type = view_.features[feature].type;
      if (IsFixed(type)) {
        ARROW_ASSIGN_OR_RAISE(auto column, FixedColumn::Make(type, *validity, rows));
        columns_.push_back(std::move(column));
        continue;
      }
      if (positions == nullptr) positions = MakePositions();
      columns_.push_back(std::make_unique<VariableColumn>(
          type, view_.UserType(feature), "feature '" + view_.features[feature].name + "'",
          positions, units_.size()));
    }
    return Status::OK();
  }

  std::shared_ptr<const Positions> MakePositions() const {
    auto positions = std::make_shared<Positions>();
    positions->unit.assign(matched_.size(), kNoUnit);
    positions->index.assign(matched_.size(), 0);
    for (size_t unit = 0; unit < units_.size(); ++unit) {
      for (const uint64_t target : units_[unit].targets) {
        positions->unit[static_cast<uint32_t>(target)] = static_cast<uint32_t>(unit);
        positions->index[static_cast<uint32_t>(target)] = static_cast<uint32_t>(target >> 32);
      }
    }
    return positions;
  }

  // Reads features_[first, first + count) of one unit.
  Status ReadUnit(size_t unit, size_t first, size_t count) {
    const UnitRows& rows = units_[unit];
    ScanRequest request;
    for (size_t f = first; f < first + count; ++f) {
      const RowColumn& feature = view_.features[features_[f]];
      request.columns.push_back(source_.spec().ColumnFor(feature.name));
      request.types.push_back(feature.type);
    }
    const Source::Unit place = source_.unit(rows.unit);
    size_t row = 0, target = 0;
    ARROW_RETURN_NOT_OK(source_.ReadUnit(rows.unit, request, [&](const SourceBatch& b) -> Status {
      ARROW_RETURN_NOT_OK(work_.stop->Check("the training set"));
      work_.progress->Add(b.columns->num_rows());
      const uint64_t batch_first = b.first_row - place.first_row;
      const uint64_t batch_end = batch_first + static_cast<uint64_t>(b.columns->num_rows());
      const size_t first_row = row;
      while (row < rows.rows.size() && rows.rows[row] < batch_end) ++row;
      if (row == first_row) return Status::OK();
      const size_t first_target = target;
      while (target < rows.targets.size() && rows.targets[target] >> 32 < row) ++target;
      const Some some{std::span(rows.rows).subspan(first_row, row - first_row),
                      std::span(rows.targets).subspan(first_target, target - first_target),
                      static_cast<uint32_t>(batch_first), static_cast<uint32_t>(first_row)};
      for (size_t c = 0; c < count; ++c) {
        const std::string where =
            "column '" + request.columns[c] + "' of '" + source_.files()[b.file] + "'";
        ARROW_RETURN_NOT_OK(
            TakeSome(unit, first + c, some, b.columns->column(static_cast<int>(c)), where));
      }
      return Status::OK();
    }));
    if (row != rows.rows.size()) {
      return Error(ErrorKind::kInternal,
                   "matched rows are missing in '" + source_.files()[place.file] + "'");
    }
    for (size_t c = first; c < first + count; ++c) {
      ARROW_RETURN_NOT_OK(columns_[c]->EndUnit(unit));
    }
    return Status::OK();
  }

  // The matched rows that lie in one batch.
  struct Some {
    std::span<const uint32_t> rows;
    std::span<const uint64_t> targets;
    uint32_t batch_first;  // row of the unit
    uint32_t first;        // index in UnitRows::rows
  };

  Status TakeSome(size_t unit, size_t column, const Some& some,
                  const std::shared_ptr<arrow::Array>& values, std::string_view where) {
    ARROW_ASSIGN_OR_RAISE(auto taken, TakeRows(values, some.rows, some.batch_first));
    ARROW_ASSIGN_OR_RAISE(auto canonical,
                          CanonicalColumn(taken, view_.features[features_[column]].type, where));
    return columns_[column]->Take(unit, some.targets, some.first, canonical);
  }

  const ViewSpec& view_;
  const Source& source_;
  const std::vector<uint32_t>& features_;
  const std::vector<RowAddress>& matched_;
  const WorkContext& work_;
  std::vector<UnitRows> units_;
  std::vector<std::unique_ptr<ColumnSink>> columns_;
};

}  // namespace

Result<std::vector<std::unique_ptr<FeatureColumn>>> ReadFeatureColumns(
    const ViewSpec& view, const Source& source, const std::vector<uint32_t>& features,
    const std::vector<RowAddress>& matched, const WorkContext& work) {
  return FeatureReader(view, source, features, matched, work).Run();
}

}  // namespace featly
