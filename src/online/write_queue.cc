#include "online/write_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace featly {
namespace {

// From this many rows on, a transaction holds the store's lock long enough to keep others out.
constexpr size_t kBulkRows = 1000;

// An empty write counts too, so that a group is bounded.
size_t RowsCounted(size_t rows) { return std::max<size_t>(rows, 1); }

}  // namespace

WriteQueue::WriteQueue(std::string description, const WriteQueueLimits& limits, CommitJobs commit)
    : description_(std::move(description)),
      max_rows_(static_cast<size_t>(std::max(limits.max_rows_per_transaction, 1))),
      max_waiting_(static_cast<size_t>(std::max(limits.max_waiting, 1))),
      bulk_pause_(limits.bulk_pause),
      commit_(std::move(commit)),
      thread_([this] { Run(); }) {}

WriteQueue::~WriteQueue() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void WriteQueue::Submit(std::span<const WriteRequest> requests, WriteCompletion done) {
  WriteJob job;
  for (const WriteRequest& request : requests) {
    job.parts.push_back(request);
    job.rows += request.rows.size();
  }
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() < max_waiting_) {
      job.done = std::move(done);
      done = nullptr;
      queue_.push_back(std::move(job));
    }
  }
  if (done) {
    done(Error(ErrorKind::kUnavailable, "the online store '" + description_ + "' has " +
                                            std::to_string(max_waiting_) +
                                            " writes waiting already; try again later"));
    return;
  }
  changed_.notify_one();
}

void WriteQueue::Run() {
  std::vector<WriteJob> group;
  while (TakeGroup(&group)) {
    size_t rows = 0;
    for (const WriteJob& job : group) rows += job.rows;
    CommitGroup(&group);
    group.clear();
    if (rows >= kBulkRows) {
      std::this_thread::sleep_for(std::chrono::microseconds(bulk_pause_.micros));
    }
  }
}

bool WriteQueue::TakeGroup(std::vector<WriteJob>* group) {
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

void WriteQueue::CommitGroup(std::vector<WriteJob>* group) {
  Result<Outcomes> outcomes = commit_(*group);
  if (outcomes.ok()) {
    for (size_t i = 0; i < group->size(); ++i) (*group)[i].done(std::move((*outcomes)[i]));
    return;
  }
  if (group->size() == 1) {
    group->front().done(outcomes.status());
    return;
  }
  // One of them may be at fault (too big for the disk, say): each for itself.
  for (WriteJob& job : *group) {
    Result<Outcomes> alone = commit_({&job, 1});
    job.done(alone.ok() ? std::move(alone->front()) : Result<WriteResult>(alone.status()));
  }
}

}  // namespace featly
