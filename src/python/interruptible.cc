#include "python/interruptible.h"

#include <chrono>
#include <future>

#include <nanobind/nanobind.h>

namespace nb = nanobind;

namespace featly::python {

Status RunInterruptible(const Config& config,
                        const std::function<Status(const WorkContext&)>& work) {
  // How soon an interrupt is noticed; the work itself asks its token between batches.
  constexpr std::chrono::milliseconds kListenEvery{100};
  StopToken stop;
  WorkContext context = WorkContext::Defaults();
  context.stop = &stop;
  context.threads = config.threads;
  context.memory_limit_bytes = config.memory_limit_bytes;
  std::future<Status> done =
      std::async(std::launch::async, [&work, &context] { return work(context); });
  bool interrupted = false;
  while (true) {
    {
      nb::gil_scoped_release release;
      if (done.wait_for(kListenEvery) == std::future_status::ready) break;
    }
    if (!interrupted && PyErr_CheckSignals() != 0) {
      interrupted = true;
      stop.Stop();
    }
  }
  Status status = done.get();
  if (interrupted) throw nb::python_error();
  return status;
}

}  // namespace featly::python
