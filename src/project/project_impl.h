// What a Project holds. For the .cc files of this room only.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <vector>

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

  std::mutex online_mutex;
  std::shared_ptr<OnlineStore> online;  // guarded by online_mutex; opened on first use
  pid_t online_pid = 0;                 // the process that opened it
};

/// What the store must know of a view.
OnlineViewSchema OnlineSchemaOf(const ViewSpec& view);

}  // namespace featly
