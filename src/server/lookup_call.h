// One POST /get-online-features on its way, with all the memory it needs, kept for the next one.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "retrieval/json_response.h"
#include "retrieval/lookup.h"
#include "server/lookup_request.h"
#include "server/worker_plans.h"

namespace featly {

class Connection;
class Worker;

/// The state of one lookup from its body to its answer. Owned by its worker's pool. Runs on that
/// worker's thread; what takes long of a large one (a long body, many values) is done by the
/// server's threads for long work meanwhile, and a store's thread may report the end of the read.
/// One thread has it at a time.
class LookupCall {
 public:
  explicit LookupCall(Worker& worker) : worker_(worker) {}

  /// Answers `connection`'s request, at once or later; then the call is back in its pool.
  void Run(std::shared_ptr<Connection> connection);

 private:
  /// A column of the request that the answer has.
  struct BoundColumn {
    const EntityColumns::Column* column;
    const JoinKey* key;
    int needed;             ///< Index in the plan's key_columns; -1: only echoed.
    size_t echoed_end = 0;  ///< Where its text in echoed_json_ ends, if it is only echoed.
  };

  // The steps, in order.
  void Begin(const Status& parsed);
  void Read();
  void OnRead(const Status& status);
  void Render();
  void Answer(const Status& status);
  void End(const Status& failed);

  /// Finds the plan and the request's columns in it.
  Status Bind();
  Status BindColumns();
  /// kTooLarge where the answer would have more values than the limit.
  Status CheckSize() const;
  /// The columns' values as the keys' types; of columns that no feature needs, as they came.
  Status Coerce();
  Status AppendEchoed(BoundColumn& bound);
  void CountStatuses();
  /// Answer, on the worker's thread.
  void AnswerSoon(const Status& status);
  size_t rows() const { return request_.entities.rows(); }
  /// In the answer.
  size_t values() const { return rows() * (bound_.size() + plan_->plan->features.size()); }

  Worker& worker_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<const CachedPlan> plan_;
  LookupRequest request_;
  std::vector<BoundColumn> bound_;
  std::vector<KeyColumn> key_columns_;  // as the plan's key_columns
  std::vector<EchoedColumn> echoed_;
  std::string echoed_json_;  // the values of columns that are only echoed
  Lookup lookup_;
  LookupJsonWriter writer_;
  std::vector<std::array<uint64_t, 5>> statuses_;  // by view of the plan
  bool long_ = false;                              // the rest is long work
  bool has_read_ = false;                          // read_took_ is of this request
  std::string body_;                               // of a long answer
  std::chrono::steady_clock::time_point read_began_;
  std::chrono::duration<double> read_took_{};
};

/// A worker's calls: as many as were ever under way at once. One thread.
class LookupCallPool {
 public:
  explicit LookupCallPool(Worker& worker) : worker_(worker) {}
  LookupCall* Acquire();
  /// Back for the next one; `oversized`: it has taken more memory than is worth keeping, and ends.
  void Release(LookupCall* call, bool oversized);

 private:
  Worker& worker_;
  std::vector<std::unique_ptr<LookupCall>> calls_;
  std::vector<LookupCall*> free_;
};

}  // namespace featly
