#include "flows/write_pipeline.h"

#include <algorithm>
#include <utility>

namespace featly {
namespace {

// As many as a store takes into one transaction without keeping others out for long.
constexpr size_t kRowsPerRequest = 20000;
constexpr size_t kBytesPerRequest = size_t{16} << 20;

}  // namespace

WritePipeline::WritePipeline(OnlineStore* store, std::shared_ptr<const OnlineView> view,
                             Progress* progress)
    : store_(store), view_(std::move(view)), progress_(progress) {
  for (size_t i = 0; i < kRequests; ++i) requests_.push_back(std::make_unique<Request>());
}

WritePipeline::~WritePipeline() { WaitForAll(); }

Status WritePipeline::Add(std::string_view key, std::string_view row) {
  Request& request = *requests_[filling_];
  uint8_t* bytes = request.bytes.Allocate(key.size() + row.size());
  std::copy(key.begin(), key.end(), bytes);
  std::copy(row.begin(), row.end(), bytes + key.size());
  const char* text = reinterpret_cast<const char*>(bytes);
  request.rows.push_back({{text, key.size()}, {text + key.size(), row.size()}});
  request.size += key.size() + row.size();
  if (request.rows.size() < kRowsPerRequest && request.size < kBytesPerRequest) {
    return Status::OK();
  }
  ARROW_RETURN_NOT_OK(Submit());
  return TakeFree();
}

Result<WriteResult> WritePipeline::Finish() {
  if (!requests_[filling_]->rows.empty()) ARROW_RETURN_NOT_OK(Submit());
  WaitForAll();
  std::lock_guard lock(mutex_);
  ARROW_RETURN_NOT_OK(failed_);
  return written_;
}

Status WritePipeline::Submit() {
  Request* request = requests_[filling_].get();
  {
    std::lock_guard lock(mutex_);
    ARROW_RETURN_NOT_OK(failed_);
    request->under_way = true;
  }
  WriteRequest write{view_, request->rows};
  store_->Write({&write, 1}, [this, request](Result<WriteResult> result) {
    Complete(request, std::move(result));
  });
  return Status::OK();
}

void WritePipeline::Complete(Request* request, Result<WriteResult> result) {
  if (result.ok()) progress_->Add(static_cast<int64_t>(request->rows.size()));
  std::lock_guard lock(mutex_);
  if (!result.ok()) {
    if (failed_.ok()) failed_ = result.status();
  } else {
    written_.applied += result->applied;
    written_.stale += result->stale;
  }
  request->under_way = false;
  completed_.notify_one();
}

Status WritePipeline::TakeFree() {
  filling_ = (filling_ + 1) % kRequests;
  Request* request = requests_[filling_].get();
  std::unique_lock lock(mutex_);
  completed_.wait(lock, [&] { return !request->under_way; });
  ARROW_RETURN_NOT_OK(failed_);
  request->bytes.Reset();
  request->rows.clear();
  request->size = 0;
  return Status::OK();
}

void WritePipeline::WaitForAll() {
  std::unique_lock lock(mutex_);
  completed_.wait(lock, [&] {
    return std::none_of(requests_.begin(), requests_.end(),
                        [](const auto& request) { return request->under_way; });
  });
}

}  // namespace featly
