// What a Project holds. For the .cc files of this room only.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/file.h"
#include "project/plan_cache.h"
#include "project/project.h"

namespace featly {

struct Project::Impl {
  Impl(Config config, std::unique_ptr<Clock> clock);

  const Config config;
  const std::unique_ptr<Clock> clock;
  RegistryFile registry;
  const std::unique_ptr<OfflineStore> offline;
  PlanCache plans;

  std::mutex online_mutex;              // guards the following
  std::shared_ptr<OnlineStore> online;  // opened on first use
  pid_t online_pid = 0;                 // the process that opened it
};

/// What the store must know of the project's online views.
std::vector<OnlineViewSchema> OnlineSchemas(const RegistrySnapshot& snapshot,
                                            std::string_view project);

/// Held by one apply or teardown at a time: a view is in the store before it is in the registry,
/// and another's removal of what the registry lacks must not see it in between. `give_up` as
/// FileLock::Acquire has it.
Result<FileLock> LockAgainstApplies(const Config& config,
                                    const std::function<bool()>& give_up = {});

/// Reclaims what dropped views left, a bounded number of rows at a time.
Status SweepAll(OnlineStore& store);

}  // namespace featly
