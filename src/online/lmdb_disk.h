// What LMDB leaves unsaid about the disk it lies on.
#pragma once

#include <string>

#include "base/error.h"

namespace featly {

/// Gives the lock file of an environment its blocks. LMDB makes it sparse and writes it through a
/// memory map, where a full disk is not an error but a SIGBUS. `max_readers` as the environment is
/// opened with. Errors as the system has them ("No space left on device"); OK where it may not be
/// written, which opening the environment then says.
Status AllocateLockFile(const std::string& lock_file, int max_readers);

/// The likely errno of a write to `data_file` that fell short: LMDB calls all of them EIO. ENOSPC
/// where the disk is full, EFBIG at a limit of the process's file size, else EIO.
int ReasonOfShortWrite(const std::string& data_file);

}  // namespace featly
