// Long work of the core, called from Python: without the GIL, and stopped by Ctrl-C.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/error.h"
#include "base/progress.h"
#include "project/config.h"

namespace featly::python {

/// Told how far the work is, now and then, with the GIL: phase, rows done, rows in all (0 where
/// that is not known). After the last phase it is called once more, with an empty phase.
using ProgressCallback = std::function<void(const std::string& phase, int64_t done, int64_t total)>;

/// Runs `work` on a thread of its own while this one listens for Python's signals; an interrupt
/// stops the work through its StopToken and is then raised as Python would, as is what `progress`
/// (which may be empty) raises. Threads and memory limit are the repository's. REQUIRES: the GIL
/// (released while waiting).
Status RunInterruptible(const Config& config, const std::function<Status(const WorkContext&)>& work,
                        const ProgressCallback& progress = {});

}  // namespace featly::python
