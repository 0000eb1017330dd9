#include "python/interruptible.h"

#include <chrono>
#include <future>
#include <mutex>

#include <nanobind/nanobind.h>

namespace nb = nanobind;

namespace featly::python {
namespace {

/// Keeps what the workers tell until the thread with the GIL looks.
class KeptProgress : public Progress {
 public:
  struct State {
    std::string phase;
    int64_t done = 0;
    int64_t total = 0;
  };

  void Begin(std::string_view phase, int64_t total_rows) override {
    std::lock_guard lock(mutex_);
    state_ = {std::string(phase), 0, total_rows};
  }
  void Add(int64_t rows) override {
    std::lock_guard lock(mutex_);
    state_.done += rows;
  }
  void End() override {}

  State state() const {
    std::lock_guard lock(mutex_);
    return state_;
  }

 private:
  mutable std::mutex mutex_;
  State state_;  // guarded by mutex_
};

}  // namespace

Status RunInterruptible(const Config& config, const std::function<Status(const WorkContext&)>& work,
                        const ProgressCallback& progress) {
  // How soon an interrupt is noticed; the work itself asks its token between batches.
  constexpr std::chrono::milliseconds kListenEvery{100};
  StopToken stop;
  KeptProgress kept;
  WorkContext context = WorkContext::Defaults();
  context.stop = &stop;
  context.threads = config.threads;
  context.memory_limit_bytes = config.memory_limit_bytes;
  if (progress) context.progress = &kept;
  std::future<Status> done =
      std::async(std::launch::async, [&work, &context] { return work(context); });
  bool interrupted = false;
  auto raised = [&] {
    // The error stays Python's current one until the work has stopped.
    interrupted = true;
    stop.Stop();
  };
  while (true) {
    {
      nb::gil_scoped_release release;
      if (done.wait_for(kListenEvery) == std::future_status::ready) break;
    }
    if (interrupted) continue;
    if (PyErr_CheckSignals() != 0) {
      raised();
    } else if (progress) {
      KeptProgress::State state = kept.state();
      try {
        progress(state.phase, state.done, state.total);
      } catch (nb::python_error& error) {
        error.restore();
        raised();
      }
    }
  }
  Status status = done.get();
  if (interrupted) throw nb::python_error();
  if (progress) progress("", 0, 0);
  return status;
}

}  // namespace featly::python
