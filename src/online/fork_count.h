// Whether this process is a fork of one that had stores open.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace featly {

/// How often this process is a fork of a process that asked this before. Counts from the first call
/// on. Cost: one relaxed load.
uint32_t ForkCount();

/// kUnavailable for a store at `path` that was opened before this process was forked: its locks,
/// threads and connections are the parent's.
Status OpenedBeforeFork(const std::string& path);

}  // namespace featly
