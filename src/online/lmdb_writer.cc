#include "online/lmdb_writer.h"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace featly {
namespace {

// From this many rows on, a transaction holds the writer lock long enough to keep others out.
constexpr size_t kBulkRows = 1000;
// From this many rows on, writing them in key order pays for the sort.
constexpr size_t kSortRows = 64;

bool InKeyOrder(std::span<const KeyedRow> rows) {
  return std::is_sorted(rows.begin(), rows.end(),
                        [](const KeyedRow& a, const KeyedRow& b) { return a.key < b.key; });
}

// An empty write counts too, so that a group is bounded.
size_t RowsCounted(size_t rows) { return std::max<size_t>(rows, 1); }

}  // namespace

LmdbWriter::LmdbWriter(const LmdbEnv* env, LmdbCatalog* catalog, const LmdbOptions& options,
                       uint64_t store_token)
    : env_(env),
      catalog_(catalog),
      max_rows_(static_cast<size_t>(std::max(options.max_rows_per_transaction, 1))),
      max_queue_(static_cast<size_t>(std::max(options.write_queue, 1))),
      bulk_pause_(options.bulk_pause),
      store_token_(store_token),
      thread_([this] { Run(); }) {}

LmdbWriter::~LmdbWriter() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void LmdbWriter::Submit(std::span<const WriteRequest> requests, WriteCompletion done) {
  Job job;
  for (const WriteRequest& request : requests) {
    auto view = std::dynamic_pointer_cast<const LmdbView>(request.view);
    if (!view) {
      done(Error(ErrorKind::kInternal,
                 "a view of another store was written to the online store '" + env_->path() + "'"));
      return;
    }
    job.parts.push_back({std::move(view), request.rows});
    job.rows += request.rows.size();
  }
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() < max_queue_) {
      job.done = std::move(done);
      done = nullptr;
      queue_.push_back(std::move(job));
    }
  }
  if (done) {
    done(Error(ErrorKind::kUnavailable, "the online store '" + env_->path() + "' has " +
                                            std::to_string(max_queue_) +
                                            " writes waiting already; try again later"));
    return;
  }
  changed_.notify_one();
}

void LmdbWriter::Run() {
  std::vector<Job> group;
  while (TakeGroup(&group)) {
    size_t rows = 0;
    for (const Job& job : group) rows += job.rows;
    CommitGroup(&group);
    group.clear();
    // LMDB's lock is unfair: without a moment outside it, another process's single put would wait
    // for the whole bulk run.
    if (rows >= kBulkRows) {
      std::this_thread::sleep_for(std::chrono::microseconds(bulk_pause_.micros));
    }
  }
}

bool LmdbWriter::TakeGroup(std::vector<Job>* group) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !queue_.empty() || stopping_; });
  if (queue_.empty()) return false;
  size_t rows = 0;
  while (!queue_.empty() &&
         (group->empty() || rows + RowsCounted(queue_.front().rows) <= max_rows_)) {
    rows += RowsCounted(queue_.front().rows);
    group->push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return true;
}

void LmdbWriter::CommitGroup(std::vector<Job>* group) {
  Result<Outcomes> outcomes = TryCommit(*group);
  if (outcomes.ok()) {
    for (size_t i = 0; i < group->size(); ++i) (*group)[i].done(std::move((*outcomes)[i]));
    return;
  }
  if (group->size() == 1) {
    group->front().done(outcomes.status());
    return;
  }
  // One of them may be at fault (too big for the disk, say): each for itself.
  for (Job& job : *group) {
    Result<Outcomes> alone = TryCommit({&job, 1});
    job.done(alone.ok() ? std::move(alone->front()) : Result<WriteResult>(alone.status()));
  }
}

Result<LmdbWriter::Outcomes> LmdbWriter::TryCommit(std::span<const Job> jobs) {
  ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, env_->BeginWrite());
  ARROW_ASSIGN_OR_RAISE(uint64_t generation, catalog_->Generation(txn.get()));
  Outcomes outcomes;
  {
    ARROW_ASSIGN_OR_RAISE(LmdbRowWriter writer, LmdbRowWriter::Make(*env_, txn.get()));
    for (const Job& job : jobs) {
      Status refused;
      for (const Part& part : job.parts) {
        if (refused.ok()) refused = CheckPart(part, txn.get(), generation);
      }
      // A job that is refused has put nothing; an error while putting rows ends the transaction.
      if (!refused.ok()) {
        outcomes.emplace_back(std::move(refused));
        continue;
      }
      WriteResult written;
      for (const Part& part : job.parts) ARROW_RETURN_NOT_OK(PutRows(part, &writer, &written));
      outcomes.emplace_back(written);
    }
  }
  ARROW_RETURN_NOT_OK(txn.Commit());
  return outcomes;
}

Status LmdbWriter::CheckPart(const Part& part, MDB_txn* txn, uint64_t generation) {
  const OnlineViewSchema& schema = part.view->schema();
  bool live = false;
  if (part.view->store_token() == store_token_) {
    ARROW_ASSIGN_OR_RAISE(live, part.view->IsLive(*catalog_, txn, generation));
  }
  if (!live) {
    return Error(ErrorKind::kConflict, "feature view '" + schema.view + "' of project '" +
                                           schema.project +
                                           "' was dropped from the online store meanwhile; "
                                           "nothing was written; apply it again")
        .Subject(schema.view);
  }
  uint32_t layout = part.view->write_layout()->id();
  for (const KeyedRow& row : part.rows) {
    if (!LooksLikeRow(row.row) || RowView(row.row).layout_id() != layout) {
      return Error(ErrorKind::kInternal, "a row for feature view '" + schema.view +
                                             "' is not in the layout it is to be written in")
          .Subject(schema.view);
    }
  }
  return Status::OK();
}

Status LmdbWriter::PutRows(const Part& part, LmdbRowWriter* writer, WriteResult* result) {
  auto put = [&](const KeyedRow& row) -> Status {
    ARROW_ASSIGN_OR_RAISE(bool stored, writer->Put(part.view->id(), row.key, row.row));
    ++(stored ? result->applied : result->stale);
    return Status::OK();
  };
  if (part.rows.size() < kSortRows || InKeyOrder(part.rows)) {
    for (const KeyedRow& row : part.rows) ARROW_RETURN_NOT_OK(put(row));
    return Status::OK();
  }
  order_.resize(part.rows.size());
  std::iota(order_.begin(), order_.end(), 0);
  // By key, then position: rows of one key keep their order, since an equal pair of times replaces.
  std::sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
    int order = part.rows[a].key.compare(part.rows[b].key);
    return order != 0 ? order < 0 : a < b;
  });
  for (uint32_t i : order_) ARROW_RETURN_NOT_OK(put(part.rows[i]));
  return Status::OK();
}

}  // namespace featly
