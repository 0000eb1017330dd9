// One POST /get-online-features on its way, with all the memory it needs, kept for the next one.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/error.h"
#include "retrieval/json_response.h"
#include "retrieval/lookup.h"
#include "server/lookup_request.h"
#include "server/worker_plans.h"

namespace featly {

class Connection;
class Worker;

/// The state of one lookup from its body to its answer. Owned by its worker's pool and used on that
/// worker's thread, except that a store's thread may report the end of the read.
class LookupCall {
 public:
  explicit LookupCall(Worker& worker) : worker_(worker) {}

  /// Answers `connection`'s request, at once or when the store has read; then the call is back in
  /// its pool.
  void Run(std::shared_ptr<Connection> connection);

  /// Whether a large request has left it holding more memory than is worth keeping.
  bool oversized() const;

 private:
  Status Begin();
  /// Finds the request's columns by name and coerces their values to the keys' types.
  Status BindColumns();
  Status Coerce(const LookupRequest::Column& column, const JoinKey& key, KeyColumn* out);
  void OnRead(Status status);
  void Answer(const Status& status);
  void CountStatuses();
  void End(const Status& failed);

  Worker& worker_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<const CachedPlan> plan_;
  LookupRequest request_;
  std::vector<KeyColumn> key_columns_;  // as the plan's key_columns, then echoed other keys
  std::vector<EchoedColumn> echoed_;
  Lookup lookup_;
  LookupJsonWriter writer_;
  std::chrono::steady_clock::time_point read_began_;
};

/// A worker's calls: as many as were ever under way at once. One thread.
class LookupCallPool {
 public:
  explicit LookupCallPool(Worker& worker) : worker_(worker) {}
  LookupCall* Acquire();
  void Release(LookupCall* call) { free_.push_back(call); }

 private:
  Worker& worker_;
  std::vector<std::unique_ptr<LookupCall>> calls_;
  std::vector<LookupCall*> free_;
};

}  // namespace featly
