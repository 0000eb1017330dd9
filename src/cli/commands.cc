#include "cli/commands.h"

namespace featly::cli {

// A subcommand is a file that defines one of these functions, and a name in each of the two lists.
void AddInit(CLI::App& app, CommandLine& line);
void AddPlan(CLI::App& app, CommandLine& line);
void AddApply(CLI::App& app, CommandLine& line);
void AddMaterialize(CLI::App& app, CommandLine& line);
void AddMaterializeIncremental(CLI::App& app, CommandLine& line);
void AddTrainingSet(CLI::App& app, CommandLine& line);
void AddGetHistoricalFeatures(CLI::App& app, CommandLine& line);
void AddGetOnlineFeatures(CLI::App& app, CommandLine& line);
void AddServe(CLI::App& app, CommandLine& line);
void AddListings(CLI::App& app, CommandLine& line);
void AddRegistryDump(CLI::App& app, CommandLine& line);
void AddTeardown(CLI::App& app, CommandLine& line);
void AddVersion(CLI::App& app, CommandLine& line);

const std::vector<AddCommand>& AllCommands() {
  static const std::vector<AddCommand> kCommands = {
      AddInit,
      AddPlan,
      AddApply,
      AddMaterialize,
      AddMaterializeIncremental,
      AddTrainingSet,
      AddGetHistoricalFeatures,
      AddGetOnlineFeatures,
      AddServe,
      AddListings,
      AddRegistryDump,
      AddTeardown,
      AddVersion,
  };
  return kCommands;
}

}  // namespace featly::cli
