#include "offline/match.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>

#include "base/parallel.h"
#include "offline/join_keys.h"
#include "types/arrow_convert.h"
#include "types/event_order.h"

namespace featly {
namespace {

// The event time of rows of a source without one: not later than any entity row, and only the other
// parts of the order tell them apart.
constexpr int64_t kAlways = std::numeric_limits<int64_t>::min();
constexpr RowAddress kLocked = ~RowAddress{0};

// The best feature row that was offered to a slot so far. The address is also the lock of the
// others, held for a few instructions; the event time only grows, so a row that is older than what
// is seen without the lock has lost.
class Best {
 public:
  void Offer(EventOrder order, RowAddress address) {
    if (order.event_micros < event_.load(std::memory_order_relaxed)) return;
    RowAddress held = address_.exchange(kLocked, std::memory_order_acquire);
    while (held == kLocked) held = address_.exchange(kLocked, std::memory_order_acquire);
    const EventOrder mine{event_.load(std::memory_order_relaxed), created_};
    if (held == kNoRow || std::tie(order, address) > std::tie(mine, held)) {
      event_.store(order.event_micros, std::memory_order_relaxed);
      created_ = order.created_micros;
      held = address;
    }
    address_.store(held, std::memory_order_release);
  }

  int64_t event() const { return event_.load(std::memory_order_relaxed); }
  RowAddress address() const { return address_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> event_{kAlways};
  int64_t created_ = kNoCreatedTime;
  std::atomic<RowAddress> address_{kNoRow};
};

// What the threads of one join share, and what each has.
class Matcher {
 public:
  Matcher(const ViewSpec& view, const Source& source, const EntityIndex& index,
          const WorkContext& work)
      : view_(view),
        source_(source),
        index_(index),
        work_(work),
        timed_(source.spec().has_event_time()),
        created_(!source.spec().created_timestamp_column.empty()),
        unlimited_(view.ttl.micros <= 0),
        best_(index.slot_count()) {}

  Result<MatchResult> Run() {
    if (index_.slot_count() == 0) return Finish();
    PrepareRequest();
    std::vector<int> units;
    int64_t total = 0;
    for (int unit = 0; unit < source_.unit_count(); ++unit) {
      if (!source_.MayMatch(unit, request_)) continue;
      units.push_back(unit);
      total += source_.unit(unit).rows;
    }
    work_.progress->Begin(view_.name + ": matching", total);
    const int threads = ResolveThreads(work_.threads);
    std::vector<std::unique_ptr<JoinKeys>> keys(static_cast<size_t>(threads));
    Status matched = ParallelFor(static_cast<int64_t>(units.size()), threads, work_.stop,
                                 [&](int64_t i, int worker) -> Status {
                                   auto& mine = keys[static_cast<size_t>(worker)];
                                   if (mine == nullptr)
                                     mine = std::make_unique<JoinKeys>(view_.join_keys);
                                   return MatchUnit(units[static_cast<size_t>(i)], mine.get());
                                 });
    work_.progress->End();
    ARROW_RETURN_NOT_OK(matched);
    return Finish();
  }

 private:
  void PrepareRequest() {
    const SourceSpec& spec = source_.spec();
    for (const JoinKey& key : view_.join_keys) {
      request_.columns.push_back(spec.ColumnFor(key.name));
      request_.types.push_back(key.type);
    }
    if (timed_) request_.columns.push_back(spec.ColumnFor(spec.timestamp_field));
    if (created_) request_.columns.push_back(spec.ColumnFor(spec.created_timestamp_column));
    request_.types.resize(request_.columns.size(), ValueType::kUnixTimestamp);
    if (!timed_) return;
    const int64_t* times = index_.slot_times();
    const auto [first, last] = std::minmax_element(times, times + index_.slot_count());
    request_.oldest = OldestVisible(Timestamp{*first}, view_.ttl);
    request_.newest = Timestamp{*last};
  }

  std::string Where(size_t column, uint32_t file) const {
    return "column '" + request_.columns[column] + "' of '" + source_.files()[file] + "'";
  }

  Status MatchUnit(int unit, JoinKeys* keys) {
    const Source::Unit place = source_.unit(unit);
    if (place.rows > std::numeric_limits<uint32_t>::max()) {
      return Error(ErrorKind::kTooLarge,
                   "'" + source_.files()[place.file] +
                       "' has a row group of more than 2^32 rows: write it with smaller ones");
    }
    return source_.ReadUnit(unit, request_, [&](const SourceBatch& batch) -> Status {
      ARROW_RETURN_NOT_OK(work_.stop->Check("the training set"));
      const auto first_row = static_cast<uint32_t>(batch.first_row - place.first_row);
      ARROW_RETURN_NOT_OK(
          MatchBatch(batch, MakeAddress(static_cast<uint32_t>(unit), first_row), keys));
      work_.progress->Add(batch.columns->num_rows());
      return Status::OK();
    });
  }

  Status MatchBatch(const SourceBatch& batch, RowAddress first, JoinKeys* keys) {
    const int64_t rows = batch.columns->num_rows();
    std::vector<std::shared_ptr<arrow::Array>> key_columns;
    for (size_t k = 0; k < view_.join_keys.size(); ++k) {
      ARROW_ASSIGN_OR_RAISE(auto column,
                            CanonicalColumn(batch.columns->column(static_cast<int>(k)),
                                            view_.join_keys[k].type, Where(k, batch.file)));
      key_columns.push_back(std::move(column));
    }
    keys->Load(key_columns, rows);
    Times times;
    size_t column = view_.join_keys.size();
    if (timed_) {
      ARROW_ASSIGN_OR_RAISE(times.event, TimeColumn(batch.columns->column(static_cast<int>(column)),
                                                    Where(column, batch.file), TimeRounding::kUp));
      rows_without_time_.fetch_add(times.event->null_count(), std::memory_order_relaxed);
      ++column;
    }
    if (created_) {
      ARROW_ASSIGN_OR_RAISE(times.created,
                            TimeColumn(batch.columns->column(static_cast<int>(column)),
                                       Where(column, batch.file), TimeRounding::kUp));
    }
    rows_read_.fetch_add(rows, std::memory_order_relaxed);
    for (int64_t row = 0; row < rows; row += EntityIndex::kFindRows) {
      MatchSome(*keys, times, row, std::min(EntityIndex::kFindRows, rows - row), first);
    }
    return Status::OK();
  }

  struct Times {
    std::shared_ptr<arrow::TimestampArray> event, created;
  };

  // Up to kFindRows rows: find their groups, then their slots, then offer them, each step with the
  // memory of the next one on its way.
  void MatchSome(const JoinKeys& keys, const Times& times, int64_t first, int64_t count,
                 RowAddress address) {
    EntityIndex::Group groups[EntityIndex::kFindRows];
    index_.Find(keys, first, count, groups);
    const int64_t* slot_times = index_.slot_times();
    for (int64_t i = 0; i < count; ++i) {
      __builtin_prefetch(slot_times + groups[i].begin + groups[i].count / 2);
    }
    uint32_t slots[EntityIndex::kFindRows];
    uint32_t offers[EntityIndex::kFindRows];
    int64_t found = 0;
    for (int64_t i = 0; i < count; ++i) {
      if (groups[i].count == 0) continue;
      if (!FindSlot(groups[i], times, first + i, &slots[found])) continue;
      __builtin_prefetch(&best_[slots[found]], 1);
      offers[found++] = static_cast<uint32_t>(first + i);
    }
    for (int64_t i = 0; i < found; ++i) {
      EventOrder order{kAlways, kNoCreatedTime};
      if (timed_) order.event_micros = times.event->Value(offers[i]);
      if (created_ && times.created->IsValid(offers[i])) {
        order.created_micros = times.created->Value(offers[i]);
      }
      best_[slots[i]].Offer(order, address + offers[i]);
    }
  }

  // The first slot of the group that may see the row: later ones get it by inheritance (Finish).
  bool FindSlot(const EntityIndex::Group& group, const Times& times, int64_t row,
                uint32_t* slot) const {
    *slot = group.begin;
    if (!timed_) return true;
    if (times.event->IsNull(row)) return false;
    const int64_t event = times.event->Value(row);
    const int64_t* found = index_.slot_times() + group.begin;
    if (found[group.count - 1] < event) return false;
    // A binary search without branches: which half it is cannot be guessed.
    for (uint32_t left = group.count; left > 1;) {
      const uint32_t half = left / 2;
      found += found[half - 1] < event ? half : 0;
      left -= half;
    }
    *slot = static_cast<uint32_t>(found - index_.slot_times());
    return unlimited_ || IsVisible(Timestamp{event}, Timestamp{*found}, view_.ttl);
  }

  // A slot without rows of its own has the row of the slot before it, which is older than any of
  // its own would be; then the TTL decides.
  MatchResult Finish() {
    MatchResult result;
    result.rows.assign(static_cast<size_t>(index_.row_count()), kNoRow);
    for (const EntityIndex::Group& group : index_.groups()) {
      const Best* newest = nullptr;
      for (uint32_t slot = group.begin; slot < group.begin + group.count; ++slot) {
        if (best_[slot].address() != kNoRow) newest = &best_[slot];
        if (newest == nullptr) continue;
        const Timestamp asked{index_.slot_times()[slot]};
        if (timed_ && !IsVisible(Timestamp{newest->event()}, asked, view_.ttl)) continue;
        result.rows[index_.slot_rows()[slot]] = newest->address();
      }
    }
    result.rows_read = rows_read_.load();
    result.rows_without_time = rows_without_time_.load();
    return result;
  }

  const ViewSpec& view_;
  const Source& source_;
  const EntityIndex& index_;
  const WorkContext& work_;
  const bool timed_, created_, unlimited_;
  ScanRequest request_;
  std::vector<Best> best_;
  std::atomic<int64_t> rows_read_{0}, rows_without_time_{0};
};

}  // namespace

Result<MatchResult> MatchRows(const ViewSpec& view, const Source& source, const EntityIndex& index,
                              const WorkContext& work) {
  return Matcher(view, source, index, work).Run();
}

}  // namespace featly
