#include "flows/materialize.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <arrow/record_batch.h>

#include "base/parallel.h"
#include "flows/run_merge.h"
#include "flows/sorted_run.h"
#include "flows/spill.h"
#include "flows/view_rows.h"
#include "flows/write_pipeline.h"
#include "online/view_schema.h"

namespace featly {
namespace {

constexpr int64_t kDefaultMemoryLimit = int64_t{512} << 20;
constexpr int64_t kSmallestRun = int64_t{1} << 20;
// What the sort may use of the limit; the rest is for what each thread reads (a row group's
// columns), then for the merge.
constexpr double kSortShare = 0.4;
constexpr size_t kMostMergeBuffer = size_t{1} << 20;
constexpr size_t kLeastMergeBuffer = size_t{64} << 10;
// Rows between two looks at the stop token.
constexpr int64_t kRowsPerCheck = 8192;

// What one thread of the reading phase keeps to itself.
struct Worker {
  explicit Worker(size_t memory_bytes) : run(memory_bytes) {}
  RunBuilder run;
  std::optional<SpillFile> file;
  std::vector<SpillFile::Segment> segments;
  int64_t rows_read = 0;
  int64_t rows_without_time = 0;
  int64_t rows_with_null_key = 0;
};

// The source columns a view is read from, each once, and where they are in a batch of them.
struct ColumnChoice {
  std::vector<std::string> names;
  std::vector<ValueType> types;  // kInvalid: a time column, read as what it is
  ViewColumns places;

  int Place(const std::string& name, ValueType type = ValueType::kInvalid) {
    auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      found = names.insert(names.end(), name);
      types.push_back(type);
    }
    return static_cast<int>(found - names.begin());
  }
};

ColumnChoice ChooseColumns(const ViewSpec& view, const EntityKeyCodec& codec) {
  const SourceSpec& source = view.batch_source;
  ColumnChoice choice;
  for (const JoinKey& key : codec.keys()) {
    choice.places.keys.push_back(choice.Place(source.ColumnFor(key.name), key.type));
  }
  for (const RowColumn& feature : view.features) {
    choice.places.features.push_back(choice.Place(source.ColumnFor(feature.name), feature.type));
  }
  if (source.has_event_time()) choice.places.time = choice.Place(source.timestamp_field);
  if (!source.created_timestamp_column.empty()) {
    choice.places.created = choice.Place(source.created_timestamp_column);
  }
  return choice;
}

/// One run of MaterializeView.
class Materialization {
 public:
  Materialization(const MaterializeRequest& request, OnlineStore& store, const WorkContext& work,
                  EntityKeyCodec codec, std::unique_ptr<Source> source,
                  std::shared_ptr<const OnlineView> online)
      : request_(request),
        view_(*request.view),
        store_(store),
        work_(work),
        codec_(std::move(codec)),
        source_(std::move(source)),
        online_(std::move(online)) {}

  Result<MaterializeResult> Run() {
    result_.present = !timed();
    ARROW_RETURN_NOT_OK(ReadAll());
    for (const auto& worker : workers_) {
      result_.rows_read += worker->rows_read;
      result_.rows_without_time += worker->rows_without_time;
      result_.rows_with_null_key += worker->rows_with_null_key;
    }
    if (result_.rows_read == 0 && timed()) {
      ARROW_ASSIGN_OR_RAISE(result_.source_range, source_->EventTimeRange(work_));
      return result_;
    }
    if (!request_.only_read) ARROW_RETURN_NOT_OK(WriteAll());
    return result_;
  }

 private:
  bool timed() const { return view_.batch_source.has_event_time(); }
  std::string Phase(const char* doing) const { return view_.name + ": " + doing; }
  Status CheckStop() const { return work_.stop->Check("materialize " + view_.name); }

  Status ReadAll();
  Status ReadUnit(int unit, const ScanRequest& scan, const ViewColumns& places, Worker* worker);
  Status TakeBatch(const SourceBatch& batch, const ViewColumns& places, Worker* worker);
  Status Spill(Worker* worker);
  Status WriteAll();
  Result<RunMerge> Merge();

  const MaterializeRequest& request_;
  const ViewSpec& view_;
  OnlineStore& store_;
  const WorkContext& work_;
  EntityKeyCodec codec_;
  std::unique_ptr<Source> source_;
  std::shared_ptr<const OnlineView> online_;
  int64_t memory_limit_ = kDefaultMemoryLimit;
  std::vector<std::unique_ptr<Worker>> workers_;
  MaterializeResult result_;
};

Status Materialization::ReadAll() {
  if (work_.memory_limit_bytes > 0) memory_limit_ = work_.memory_limit_bytes;
  ColumnChoice choice = ChooseColumns(view_, codec_);
  ScanRequest scan;
  scan.columns = choice.names;
  scan.types = choice.types;
  if (timed()) {
    scan.oldest = request_.start;
    scan.newest = request_.end;
  }

  std::vector<int> units;
  int64_t rows = 0;
  for (int i = 0; i < source_->unit_count(); ++i) {
    if (!source_->MayMatch(i, scan)) continue;
    units.push_back(i);
    int64_t in_unit = source_->unit(i).rows;
    rows = in_unit < 0 || rows < 0 ? -1 : rows + in_unit;
  }

  int threads = std::clamp(static_cast<int>(units.size()), 1, ResolveThreads(work_.threads));
  auto share = static_cast<int64_t>(static_cast<double>(memory_limit_) * kSortShare) / threads;
  for (int i = 0; i < threads; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(static_cast<size_t>(std::max(share, kSmallestRun))));
  }

  work_.progress->Begin(Phase("reading"), std::max<int64_t>(rows, 0));
  ARROW_RETURN_NOT_OK(ParallelFor(
      static_cast<int64_t>(units.size()), threads, work_.stop, [&](int64_t i, int worker) {
        return ReadUnit(units[static_cast<size_t>(i)], scan, choice.places,
                        workers_[static_cast<size_t>(worker)].get());
      }));
  ARROW_RETURN_NOT_OK(ParallelFor(threads, threads, work_.stop, [&](int64_t i, int) {
    workers_[static_cast<size_t>(i)]->run.Sort();
    return Status::OK();
  }));
  work_.progress->End();
  return Status::OK();
}

Status Materialization::ReadUnit(int unit, const ScanRequest& scan, const ViewColumns& places,
                                 Worker* worker) {
  return source_->ReadUnit(unit, scan, [&](const SourceBatch& batch) -> Status {
    ARROW_RETURN_NOT_OK(TakeBatch(batch, places, worker));
    work_.progress->Add(batch.columns->num_rows());
    return Status::OK();
  });
}

Status Materialization::TakeBatch(const SourceBatch& batch, const ViewColumns& places,
                                  Worker* worker) {
  std::string origin = "file '" + source_->files()[batch.file] + "'";
  ARROW_ASSIGN_OR_RAISE(
      ViewRows rows, ViewRows::Make(view_, codec_, online_->write_layout(), *batch.columns, places,
                                    request_.run_started, origin));
  for (int64_t i = 0; i < rows.size(); ++i) {
    if (i % kRowsPerCheck == 0) ARROW_RETURN_NOT_OK(CheckStop());
    std::optional<EventOrder> order = rows.order(i);
    if (!order) {
      ++worker->rows_without_time;
      continue;
    }
    if (timed() && !InRange({order->event_micros}, request_.start, request_.end)) continue;
    ++worker->rows_read;
    if (rows.HasNullKey(i)) {
      ++worker->rows_with_null_key;
      continue;
    }
    RunBuilder& run = worker->run;
    std::string* out = run.Begin({batch.file, batch.first_row + static_cast<uint64_t>(i)});
    rows.AppendKey(i, out);
    run.EndKey();
    ARROW_RETURN_NOT_OK(rows.AppendRow(i, *order, out));
    run.End();
    if (run.full()) ARROW_RETURN_NOT_OK(Spill(worker));
  }
  return Status::OK();
}

Status Materialization::Spill(Worker* worker) {
  if (!worker->file) {
    ARROW_ASSIGN_OR_RAISE(worker->file, SpillFile::Create(request_.spill_folder));
  }
  worker->run.Sort();
  ARROW_ASSIGN_OR_RAISE(SpillFile::Segment segment, worker->file->Append(worker->run));
  worker->segments.push_back(segment);
  worker->run.Clear();
  return Status::OK();
}

Result<RunMerge> Materialization::Merge() {
  size_t spilled = 0;
  for (const auto& worker : workers_) spilled += worker->segments.size();
  size_t buffer =
      std::clamp(static_cast<size_t>(static_cast<double>(memory_limit_) * (1 - kSortShare)) /
                     std::max<size_t>(spilled, 1),
                 kLeastMergeBuffer, kMostMergeBuffer);
  std::vector<std::unique_ptr<RunCursor>> runs;
  for (const auto& worker : workers_) {
    for (const SpillFile::Segment& segment : worker->segments) {
      runs.push_back(std::make_unique<SpilledRunCursor>(&*worker->file, segment, buffer));
    }
    runs.push_back(std::make_unique<MemoryRunCursor>(&worker->run));
  }
  return RunMerge::Make(std::move(runs));
}

Status Materialization::WriteAll() {
  work_.progress->Begin(Phase("writing"), result_.rows_read - result_.rows_with_null_key);
  ARROW_ASSIGN_OR_RAISE(RunMerge merge, Merge());
  WritePipeline pipeline(&store_, online_, work_.progress);
  RunRecord record;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(bool more, merge.Next(&record));
    if (!more) break;
    if (result_.entities++ % kRowsPerCheck == 0) ARROW_RETURN_NOT_OK(CheckStop());
    ARROW_RETURN_NOT_OK(pipeline.Add(record.key, record.row));
  }
  ARROW_ASSIGN_OR_RAISE(result_.written, pipeline.Finish());
  work_.progress->End();
  return Status::OK();
}

}  // namespace

Result<MaterializeResult> MaterializeView(const MaterializeRequest& request, OnlineStore& store,
                                          const WorkContext& work) {
  const ViewSpec& view = *request.view;
  if (request.start > request.end) {
    return Error(ErrorKind::kInvalid,
                 "cannot materialize '" + view.name + "' from " + FormatTimestamp(request.start) +
                     " to " + FormatTimestamp(request.end) + ": the range ends before it starts")
        .Subject(view.name);
  }
  ARROW_ASSIGN_OR_RAISE(auto codec,
                        EntityKeyCodec::Make(view.join_keys, request.entity_key_version));
  ARROW_ASSIGN_OR_RAISE(auto source, Source::Open(view.batch_source, request.root));
  ARROW_RETURN_NOT_OK(CheckSourceSchema(view, *source));
  ARROW_RETURN_NOT_OK(store.Maintain());
  ARROW_ASSIGN_OR_RAISE(auto online, store.Bind(SchemaForStore(view)));
  return Materialization(request, store, work, std::move(codec), std::move(source),
                         std::move(online))
      .Run();
}

}  // namespace featly
