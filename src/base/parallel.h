// Work in numbered units on several threads.
#pragma once

#include <cstdint>
#include <functional>

#include "base/error.h"
#include "base/progress.h"

namespace featly {

/// `wanted`, or the number of cores this process may use where it is 0 or less; never under 1.
int ResolveThreads(int wanted);

/// Calls `work(unit, worker)` once for each unit in [0, units) on up to `threads` threads (0: one a
/// core), this one among them, and returns when all have ended. Units are begun in order; `worker`
/// is in [0, threads) and belongs to one thread, so it may index per-thread state. The error
/// returned is that of the lowest unit that failed, for any number of threads; after an error, and
/// once `stop` (may be null) is set, no further unit is begun. kCancelled where `stop` left units
/// undone. `work` must not throw.
Status ParallelFor(int64_t units, int threads, const StopToken* stop,
                   const std::function<Status(int64_t unit, int worker)>& work);

}  // namespace featly
