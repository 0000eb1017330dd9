// Feast's commands that this version does not have: refused by name, with what to do instead.
#include <CLI/CLI.hpp>

#include "cli/feast_options.h"

namespace featly::cli {

namespace {

struct FeastCommand {
  const char* name;
  const char* meanwhile;
};

constexpr FeastCommand kFeastCommands[] = {
    {"dbt", "write the views of dbt's models as feature views in Python"},
    {"demo-notebooks", "'featly init' makes a repository that runs"},
    {"endpoint", "'featly serve' prints the address it answers on"},
    {"listen", "'featly serve' takes pushes over HTTP, at /push"},
    {"mcp", "'featly serve' answers lookups over HTTP"},
    {"mlflow", "'featly training-set' writes a file that MLflow can log"},
    {"monitor", "'featly serve' has metrics for Prometheus at /metrics"},
    {"registry", "the registry is a file, made by the first 'featly apply'"},
    {"serve_lineage", "'featly registry-dump' prints what is made from what"},
    {"serve_offline", "'featly training-set' builds training sets on this machine"},
    {"serve_registry", "the registry is a file; Feast's clients can read a copy of it"},
    {"serve_transformations", "on-demand feature views are registered and listed, not computed"},
    {"ui", "'featly feature-views list' and its kin print what is registered"},
    {"validate", "saved datasets and validation references are kept and listed, not made"},
};

}  // namespace

void AddFeastCommands(CLI::App& app, CommandLine& line) {
  for (const FeastCommand& command : kFeastCommands) {
    RefuseFeastCommand(&app, line, command.name, command.meanwhile);
  }
}

}  // namespace featly::cli
