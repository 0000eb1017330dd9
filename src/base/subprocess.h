// Running another program without a shell.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace featly {

struct SubprocessRequest {
  std::vector<std::string> argv;             ///< argv[0] is a path or is looked up in PATH.
  std::string working_directory;             ///< Empty: this process's.
  std::vector<std::string> environment_add;  ///< "NAME=value", replacing what is inherited.
  /// Bytes the child finds as a readable, seekable file at descriptor `script_fd` (a memfd); the
  /// child's argv may name it as /proc/self/fd/N. Empty: none.
  std::string script;
  int script_fd = 10;
  /// The child's descriptor whose bytes come back as `result`.
  int result_fd = 11;
};

struct SubprocessResult {
  int exit_code = 0;   ///< 128 + signal where a signal ended it.
  std::string result;  ///< All that was written to result_fd.
};

/// Runs the child to its end; its standard streams are this process's own. kUnavailable where it
/// cannot be started. A StopToken is not needed: an interrupt at the terminal reaches the child
/// too.
Result<SubprocessResult> RunSubprocess(const SubprocessRequest& request);

}  // namespace featly
