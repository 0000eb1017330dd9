#include "server/lookup_call.h"

#include <algorithm>
#include <array>

#include "server/connection.h"
#include "server/worker.h"
#include "types/json_value.h"
#include "types/key_coerce.h"

namespace featly {
namespace {

/// What takes longer than about a millisecond is not done on an I/O thread.
constexpr size_t kLongBody = 256 * 1024;
constexpr size_t kLongAnswer = 50'000;  // values
/// Requests of more than this are rare enough to take their memory anew.
constexpr size_t kKeepBody = size_t{1} << 20;
constexpr size_t kKeepValues = 64 * 1024;

/// A value of a key that no feature needs, as it came.
Status AppendAsItCame(const JsonScalar& value, const JoinKey& key, int64_t row, std::string* out) {
  switch (value.kind) {
    case JsonScalar::Kind::kNull:
      out->append("null");
      break;
    case JsonScalar::Kind::kBool:
      out->append(value.boolean ? "true" : "false");
      break;
    case JsonScalar::Kind::kInt:
      AppendJsonInt(value.integer, out);
      break;
    case JsonScalar::Kind::kUint:
      out->append(std::to_string(value.unsigned_integer));
      break;
    case JsonScalar::Kind::kDouble:
      AppendJsonDouble(value.number, out);
      break;
    case JsonScalar::Kind::kString:
      AppendJsonString(value.text, out);
      break;
    case JsonScalar::Kind::kList:
    case JsonScalar::Kind::kObject:
      return KeyMismatch(value.Describe(), key, row);
  }
  return Status::OK();
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
  long_ = false;
  const std::string& body = connection_->request().body;
  if (body.size() <= kLongBody) {
    Begin(request_.Parse(body, worker_.limits().max_lookup_values));
    return;
  }
  worker_.RunLong([this, &body] {
    Status parsed = request_.Parse(body, worker_.limits().max_lookup_values);
    worker_.Post([this, parsed = std::move(parsed)] { Begin(parsed); });
  });
}

void LookupCall::Begin(const Status& parsed) {
  Status status = parsed.ok() ? Bind() : parsed;
  read_began_ = std::chrono::steady_clock::now();
  if (!status.ok()) {
    Answer(status);
    return;
  }
  long_ = values() > kLongAnswer;
  if (long_) {
    worker_.RunLong([this] { Read(); });
  } else {
    Read();
  }
}

Status LookupCall::Bind() {
  ARROW_ASSIGN_OR_RAISE(plan_, worker_.plans().Find(request_.feature_service, request_.features,
                                                    request_.full_feature_names));
  ARROW_RETURN_NOT_OK(BindColumns());
  return CheckSize();
}

Status LookupCall::BindColumns() {
  const RetrievalPlan& plan = *plan_->plan;
  const EntityColumns& entities = request_.entities;
  if (entities.columns().empty()) {
    return Error(ErrorKind::kInvalid,
                 "\"entities\" has no column, so the number of rows is unknown; give each join "
                 "key a list of values (for views without entities: any list)")
        .Subject("entities");
  }
  bound_.clear();
  size_t found = 0;
  for (const EntityColumns::Column& column : entities.columns()) {
    if (const JoinKey* key = FindKey(plan.key_columns, column.name)) {
      bound_.push_back({&column, key, static_cast<int>(key - plan.key_columns.data())});
      ++found;
    } else if (const JoinKey* other = FindKey(plan.other_keys, column.name)) {
      bound_.push_back({&column, other, -1});
    }  // extra columns are passed over, as in Feast
  }
  if (found == plan.key_columns.size()) return Status::OK();
  for (const JoinKey& key : plan.key_columns) {
    bool given = std::any_of(bound_.begin(), bound_.end(),
                             [&](const BoundColumn& bound) { return bound.key == &key; });
    if (given) continue;
    return Error(ErrorKind::kInvalid, "\"entities\" lacks the join key \"" + key.name +
                                          "\", which the requested features need")
        .Subject(key.name)
        .Near(NearNames(key.name, entities.Names()));
  }
  return Status::OK();
}

Status LookupCall::CheckSize() const {
  const size_t limit = worker_.limits().max_lookup_values;
  return values() <= limit ? Status::OK() : TooManyValues("asks for", values(), limit);
}

Status LookupCall::Coerce() {
  // Never smaller, so that the columns keep their memory.
  key_columns_.resize(std::max(key_columns_.size(), plan_->plan->key_columns.size()));
  echoed_.clear();
  echoed_json_.clear();
  for (BoundColumn& bound : bound_) {
    EchoedColumn& echoed = echoed_.emplace_back();
    echoed.name = bound.key->name;
    if (bound.needed < 0) {
      ARROW_RETURN_NOT_OK(AppendEchoed(bound));
      continue;
    }
    KeyColumn* to = &key_columns_[static_cast<size_t>(bound.needed)];
    ARROW_RETURN_NOT_OK(
        request_.entities.Coerce(*bound.column, *bound.key, &request_.memory.arena, &to->values));
    echoed.column = to;
    echoed.type = bound.key->type;
  }
  // Views only now: the text moved while it grew.
  size_t begin = 0;
  for (size_t i = 0; i < bound_.size(); ++i) {
    if (bound_[i].needed >= 0) continue;
    echoed_[i].json = std::string_view(echoed_json_).substr(begin, bound_[i].echoed_end - begin);
    begin = bound_[i].echoed_end;
  }
  return Status::OK();
}

Status LookupCall::AppendEchoed(BoundColumn& bound) {
  for (size_t row = 0; row < rows(); ++row) {
    if (row) echoed_json_.push_back(',');
    ARROW_RETURN_NOT_OK(AppendAsItCame(request_.entities.value(*bound.column, row), *bound.key,
                                       static_cast<int64_t>(row), &echoed_json_));
  }
  bound.echoed_end = echoed_json_.size();
  return Status::OK();
}

void LookupCall::Read() {
  Status status = Coerce();
  if (!status.ok()) {
    AnswerSoon(status);
    return;
  }
  read_began_ = std::chrono::steady_clock::now();
  lookup_.Run(plan_->plan, *plan_->served->store,
              std::span(key_columns_).first(plan_->plan->key_columns.size()), rows(),
              worker_.serving().Now(), [this](const Status& read) { OnRead(read); });
}

void LookupCall::OnRead(const Status& status) {
  read_took_ = std::chrono::steady_clock::now() - read_began_;
  has_read_ = true;
  if (!status.ok() || !long_) {
    AnswerSoon(status);
  } else if (worker_.OnLongThread()) {
    Render();
  } else {
    worker_.RunLong([this] { Render(); });
  }
}

void LookupCall::Render() {
  CountStatuses();
  writer_.Append(lookup_, echoed_, request_.with_views, &body_);
  lookup_.Finish();
  AnswerSoon(Status::OK());
}

void LookupCall::AnswerSoon(const Status& status) {
  if (worker_.OnOwnThread()) {
    Answer(status);
  } else {
    worker_.Post([this, status] { Answer(status); });
  }
}

void LookupCall::Answer(const Status& status) {
  WorkerMetrics& metrics = worker_.metrics();
  if (has_read_) metrics.store_read.Observe(read_took_.count());
  has_read_ = false;
  if (!status.ok()) {
    lookup_.Finish();
    End(status);
    return;
  }
  metrics.lookups.Add();
  metrics.entity_count.Observe(static_cast<double>(rows()));
  if (!long_) {
    CountStatuses();
    std::string* out = connection_->BeginAnswer(200, "application/json");
    writer_.Append(lookup_, echoed_, request_.with_views, out);
    lookup_.Finish();
  }
  for (size_t view = 0; view < statuses_.size(); ++view) {
    for (size_t status = 1; status < statuses_[view].size(); ++status) {
      uint64_t count = statuses_[view][status];
      if (count) (*plan_->counters[view])[status].Add(count);
    }
  }
  End(Status::OK());
}

void LookupCall::CountStatuses() {
  const RetrievalPlan& plan = *plan_->plan;
  statuses_.assign(plan.views.size(), {});
  for (const PlannedFeature& feature : plan.features) {
    std::array<uint64_t, 5>& counts = statuses_[feature.view];
    for (size_t row = 0; row < lookup_.rows(); ++row) {
      ++counts[static_cast<size_t>(Lookup::StatusOf(feature, lookup_.cell(feature.view, row)))];
    }
  }
}

void LookupCall::End(const Status& failed) {
  std::shared_ptr<Connection> connection = std::move(connection_);
  std::string body = std::move(body_);
  body_.clear();
  const bool is_long = long_;
  const bool oversized =
      connection->request().body.size() > kKeepBody || request_.entities.capacity() > kKeepValues;
  plan_.reset();
  // Back before the answer leaves: the next pipelined request may take it at once, and needs
  // nothing of it. An oversized one ends here: nothing of it is used below.
  worker_.lookups().Release(this, oversized);
  if (!failed.ok()) {
    connection->Fail(failed);
  } else if (is_long) {
    connection->AnswerWith(200, "application/json", std::move(body));
  } else {
    connection->EndAnswer();
  }
}

LookupCall* LookupCallPool::Acquire() {
  if (free_.empty()) {
    calls_.push_back(std::make_unique<LookupCall>(worker_));
    return calls_.back().get();
  }
  LookupCall* call = free_.back();
  free_.pop_back();
  return call;
}

void LookupCallPool::Release(LookupCall* call, bool oversized) {
  if (!oversized) {
    free_.push_back(call);
    return;
  }
  auto owned = std::find_if(calls_.begin(), calls_.end(),
                            [&](const auto& candidate) { return candidate.get() == call; });
  calls_.erase(owned);
}

}  // namespace featly
