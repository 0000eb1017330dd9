#include "base/progress.h"

#include <string>

namespace featly {

Status StopToken::Check(std::string_view what) const {
  if (!stopped()) return Status::OK();
  return Error(ErrorKind::kCancelled, std::string(what) + " was interrupted");
}

WorkContext WorkContext::Defaults() {
  static NoProgress no_progress;
  static const StopToken never;
  return {.progress = &no_progress, .stop = &never};
}

}  // namespace featly
