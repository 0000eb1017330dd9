// How long a command's work took, for people.
#pragma once

#include <chrono>
#include <string>

#include "base/time.h"

namespace featly::cli {

/// Runs from its construction. One thread.
class Stopwatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }
  /// "3.2 s".
  std::string Text() const {
    return FormatDuration(Duration::Micros(static_cast<int64_t>(Seconds() * 1e6)));
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace featly::cli
