// Long work of the core, called from Python: without the GIL, and stopped by Ctrl-C.
#pragma once

#include <functional>

#include "base/error.h"
#include "base/progress.h"
#include "project/config.h"

namespace featly::python {

/// Runs `work` on a thread of its own while this one listens for Python's signals; an interrupt
/// stops the work through its StopToken and is then raised as Python would. Progress is not shown.
/// Threads and memory limit are the repository's. REQUIRES: the GIL (released while waiting).
Status RunInterruptible(const Config& config,
                        const std::function<Status(const WorkContext&)>& work);

}  // namespace featly::python
