#include "online/fork_count.h"

#include <atomic>
#include <pthread.h>

namespace featly {
namespace {

std::atomic<uint32_t> g_forks{0};

void CountFork() { g_forks.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

uint32_t ForkCount() {
  static const int registered = pthread_atfork(nullptr, nullptr, &CountFork);
  (void)registered;
  return g_forks.load(std::memory_order_relaxed);
}

Status OpenedBeforeFork(const std::string& path) {
  return Error(ErrorKind::kUnavailable, "the online store '" + path +
                                            "' was opened before this process was forked and "
                                            "cannot be used in the child; open it again")
      .Subject(path);
}

}  // namespace featly
