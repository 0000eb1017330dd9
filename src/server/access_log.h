// A line for each answered request.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace featly {

/// One request and its answer. Never has a body, a query or a key.
struct AccessEntry {
  std::string_view client;  ///< "127.0.0.1:40312"
  std::string_view method, path;
  int version = 11;
  int status = 0;
  uint64_t bytes = 0;  ///< Of the answer's body.
  std::chrono::microseconds took{0};
};

/// Appends the entry's line:
///   2024-05-10T13:00:00.123Z 127.0.0.1:40312 "POST /push HTTP/1.1" 200 0 1532us
/// What could forge a line is escaped; a long path is cut.
void AppendAccessLine(const AccessEntry& entry, std::string* out);

/// Writes lines to a file descriptor on a thread of its own. A reader that does not keep up costs
/// lines, which are counted, and never an I/O thread's time. Thread-safe; the destructor writes
/// what is left, for a second at most.
class AccessLog {
 public:
  /// `fd` stays open as long as this.
  explicit AccessLog(int fd);
  ~AccessLog();

  /// Takes whole lines. Costs a lock, so callers gather lines first.
  void Write(std::string lines);
  /// Bytes of lines that were left out since the start.
  uint64_t dropped_bytes() const;

 private:
  void Run();
  /// False where the descriptor takes nothing more.
  bool WriteOut(std::string_view lines);

  const int fd_;
  mutable std::mutex mutex_;  // guards the following
  std::condition_variable changed_;
  std::string waiting_;
  uint64_t dropped_bytes_ = 0;
  bool ending_ = false;
  std::chrono::steady_clock::time_point last_moment_;
  std::thread thread_;
};

}  // namespace featly
