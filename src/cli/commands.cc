#include "cli/commands.h"

namespace featly::cli {

// A subcommand is a file that defines one of these functions, and its line here.
#define FEATLY_COMMANDS(COMMAND)                     \
  COMMAND(AddInit, "Define")                         \
  COMMAND(AddPlan, "Define")                         \
  COMMAND(AddApply, "Define")                        \
  COMMAND(AddTrainingSet, "Train")                   \
  COMMAND(AddGetHistoricalFeatures, "Train")         \
  COMMAND(AddMaterialize, "Serve")                   \
  COMMAND(AddMaterializeIncremental, "Serve")        \
  COMMAND(AddGetOnlineFeatures, "Serve")             \
  COMMAND(AddServe, "Serve")                         \
  COMMAND(AddListings, "See what is registered")     \
  COMMAND(AddFeatures, "See what is registered")     \
  COMMAND(AddProjects, "See what is registered")     \
  COMMAND(AddRegistryDump, "See what is registered") \
  COMMAND(AddDoctor, "Look after it")                \
  COMMAND(AddConfiguration, "Look after it")         \
  COMMAND(AddDelete, "Look after it")                \
  COMMAND(AddTeardown, "Look after it")              \
  COMMAND(AddCompletion, "The program")              \
  COMMAND(AddMan, "The program")                     \
  COMMAND(AddVersion, "The program")                 \
  COMMAND(AddFeastCommands, "Feast's, not built yet")

#define FEATLY_DECLARE(add, heading) void add(CLI::App& app, CommandLine& line);
FEATLY_COMMANDS(FEATLY_DECLARE)
#undef FEATLY_DECLARE

const std::vector<CommandEntry>& AllCommands() {
#define FEATLY_ENTRY(add, heading) {add, heading},
  static const std::vector<CommandEntry> kCommands = {FEATLY_COMMANDS(FEATLY_ENTRY)};
#undef FEATLY_ENTRY
  return kCommands;
}

}  // namespace featly::cli
