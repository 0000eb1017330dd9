#include "server/lookup_call.h"

#include <algorithm>
#include <array>

#include <boost/asio/post.hpp>

#include "server/connection.h"
#include "server/worker.h"
#include "types/key_coerce.h"

namespace featly {
namespace {

/// Requests of more values than this are rare enough to take their memory anew.
constexpr size_t kKeepValues = 64 * 1024;

std::vector<std::string> Names(const std::vector<LookupRequest::Column>& columns) {
  std::vector<std::string> names;
  for (const LookupRequest::Column& column : columns) names.emplace_back(column.name);
  return names;
}

Result<KeyValue> CoerceValue(const JsonScalar& value, const JoinKey& key, int64_t row,
                             Arena* arena) {
  switch (value.kind) {
    case JsonScalar::Kind::kInt:
      return KeyFromInt(value.integer, key, row);
    case JsonScalar::Kind::kString:
      return KeyFromString(value.text, key, row, arena);
    case JsonScalar::Kind::kUint:
      return KeyFromUint(value.unsigned_integer, key, row);
    case JsonScalar::Kind::kDouble:
      return KeyFromDouble(value.number, key, row);
    case JsonScalar::Kind::kBool:
      return KeyFromBool(value.boolean, key, row);
    case JsonScalar::Kind::kNull:
      return KeyFromNull(key, row);
    case JsonScalar::Kind::kList:
    case JsonScalar::Kind::kObject:
      break;
  }
  return KeyMismatch(value.Describe(), key, row);
}

const JoinKey* FindKey(const std::vector<JoinKey>& keys, std::string_view name) {
  for (const JoinKey& key : keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

}  // namespace

void LookupCall::Run(std::shared_ptr<Connection> connection) {
  connection_ = std::move(connection);
  Status status = Begin();
  if (!status.ok()) {
    End(status);
    return;
  }
  read_began_ = std::chrono::steady_clock::now();
  lookup_.Run(plan_->plan, worker_.serving().store(),
              std::span(key_columns_).first(plan_->plan->key_columns.size()), request_.rows(),
              worker_.serving().Now(), [this](Status read) { OnRead(std::move(read)); });
}

Status LookupCall::Begin() {
  ARROW_RETURN_NOT_OK(request_.Parse(connection_->request().body));
  ARROW_ASSIGN_OR_RAISE(plan_, worker_.plans().Find(request_.feature_service, request_.features,
                                                    request_.full_feature_names));
  return BindColumns();
}

Status LookupCall::BindColumns() {
  const RetrievalPlan& plan = *plan_->plan;
  if (request_.columns.empty()) {
    return Error(ErrorKind::kInvalid,
                 "\"entities\" has no column, so the number of rows is unknown; give each join "
                 "key a list of values (for views without entities: any list)")
        .Subject("entities");
  }
  echoed_.clear();
  // Sized first: echoed columns point into it.
  key_columns_.resize(
      std::max(key_columns_.size(), plan.key_columns.size() + request_.columns.size()));
  size_t next_other = plan.key_columns.size();
  size_t found = 0;
  for (const LookupRequest::Column& column : request_.columns) {
    const JoinKey* key = FindKey(plan.key_columns, column.name);
    KeyColumn* to = nullptr;
    if (key) {
      to = &key_columns_[static_cast<size_t>(key - plan.key_columns.data())];
      ++found;
    } else if ((key = FindKey(plan.other_keys, column.name))) {
      to = &key_columns_[next_other++];
    } else {
      continue;  // extra columns are passed over, as in Feast
    }
    ARROW_RETURN_NOT_OK(Coerce(column, *key, to));
    echoed_.push_back({key->name, to, key->type});
  }
  if (found == plan.key_columns.size()) return Status::OK();
  for (const JoinKey& key : plan.key_columns) {
    bool given = std::any_of(request_.columns.begin(), request_.columns.end(),
                             [&](const auto& column) { return column.name == key.name; });
    if (given) continue;
    return Error(ErrorKind::kInvalid, "\"entities\" lacks the join key \"" + key.name +
                                          "\", which the requested features need")
        .Subject(key.name)
        .Near(NearNames(key.name, Names(request_.columns)));
  }
  return Status::OK();
}

Status LookupCall::Coerce(const LookupRequest::Column& column, const JoinKey& key, KeyColumn* out) {
  out->values.resize(column.size());
  for (size_t row = 0; row < column.size(); ++row) {
    ARROW_ASSIGN_OR_RAISE(out->values[row],
                          CoerceValue(request_.values[column.begin + row], key,
                                      static_cast<int64_t>(row), &request_.arena));
  }
  return Status::OK();
}

void LookupCall::OnRead(Status status) {
  if (worker_.io().get_executor().running_in_this_thread()) {
    Answer(status);
    return;
  }
  boost::asio::post(worker_.io(), [this, status = std::move(status)] { Answer(status); });
}

void LookupCall::Answer(const Status& status) {
  WorkerMetrics& metrics = worker_.metrics();
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - read_began_;
  metrics.store_read.Observe(took.count());
  if (!status.ok()) {
    lookup_.Finish();
    End(status);
    return;
  }
  metrics.lookups.Add();
  metrics.entity_count.Observe(static_cast<double>(request_.rows()));
  CountStatuses();
  std::string* out = connection_->BeginAnswer(200, "application/json");
  writer_.Append(lookup_, echoed_, request_.with_views, out);
  lookup_.Finish();
  End(Status::OK());
}

void LookupCall::CountStatuses() {
  const RetrievalPlan& plan = *plan_->plan;
  for (const PlannedFeature& feature : plan.features) {
    std::array<uint64_t, 5> counts{};
    for (size_t row = 0; row < lookup_.rows(); ++row) {
      ++counts[static_cast<size_t>(Lookup::StatusOf(feature, lookup_.cell(feature.view, row)))];
    }
    ViewStatusCounters& counters = *plan_->counters[feature.view];
    for (size_t status = 1; status < counts.size(); ++status) {
      if (counts[status]) counters[status].Add(counts[status]);
    }
  }
}

void LookupCall::End(const Status& failed) {
  std::shared_ptr<Connection> connection = std::move(connection_);
  plan_.reset();
  // Back before the answer leaves: the next pipelined request may take it at once, and needs
  // nothing of it.
  worker_.lookups().Release(this);
  if (failed.ok()) {
    connection->EndAnswer();
  } else {
    connection->Fail(failed);
  }
}

bool LookupCall::oversized() const { return request_.values.capacity() > kKeepValues; }

LookupCall* LookupCallPool::Acquire() {
  if (free_.empty()) {
    calls_.push_back(std::make_unique<LookupCall>(worker_));
    return calls_.back().get();
  }
  LookupCall* call = free_.back();
  free_.pop_back();
  if (!call->oversized()) return call;
  auto owned = std::find_if(calls_.begin(), calls_.end(),
                            [&](const auto& candidate) { return candidate.get() == call; });
  *owned = std::make_unique<LookupCall>(worker_);
  return owned->get();
}

}  // namespace featly
