// Whether LMDB's data file is as long as what it holds.
#pragma once

#include <lmdb.h>
#include <string>

#include "base/error.h"

namespace featly {

/// LMDB maps its file and trusts it: a page past the end of a file that was cut short (a copy made
/// while it was written, a file system repaired) ends the process by SIGBUS. OK where every page
/// that the newest commit may reach lies inside the file; kCorrupt naming the file, both sizes and
/// what to do. REQUIRES: no transaction of this thread. Cost: two system calls; only where the file
/// is shorter than its pages, which free ones at the end explain, the writer lock and a walk over
/// the list of free pages.
Status CheckLmdbFileIsWhole(MDB_env* env, const std::string& path);

}  // namespace featly
