// How long work tells how far it is, and hears that it should stop.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace featly {

/// Receives the progress of long work. Called from the working thread(s); implementations are
/// thread-safe and cheap (they draw at most a few times a second).
class Progress {
 public:
  virtual ~Progress() = default;
  /// A new phase begins ("driver_stats: reading"); `total` rows, or 0 where it is unknown.
  virtual void Begin(std::string_view phase, int64_t total_rows) = 0;
  /// `rows` more are done.
  virtual void Add(int64_t rows) = 0;
  /// The phase is over.
  virtual void End() = 0;
};

/// Shows nothing.
class NoProgress : public Progress {
 public:
  void Begin(std::string_view, int64_t) override {}
  void Add(int64_t) override {}
  void End() override {}
};

/// Set once by a signal handler or another thread; long work asks between batches.
class StopToken {
 public:
  void Stop() { stopped_.store(true, std::memory_order_relaxed); }
  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }
  /// kCancelled naming `what` once stopped.
  Status Check(std::string_view what) const;

 private:
  std::atomic<bool> stopped_{false};
};

/// What every long piece of work is given. Both pointers outlive the work.
struct WorkContext {
  Progress* progress = nullptr;     ///< Never null: see Defaults().
  const StopToken* stop = nullptr;  ///< Never null.
  int threads = 0;                  ///< 0: one a core.
  int64_t memory_limit_bytes = 0;   ///< 0: the default of the work.

  /// No progress, never stopped.
  static WorkContext Defaults();
};

}  // namespace featly
