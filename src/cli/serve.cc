// featly serve
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "server/server.h"

namespace featly::cli {

namespace {

struct ServeOptions {
  ServerOptions server;
  int registry_ttl_seconds = 1;
};

Status RunServe(CommandLine& line, const ServeOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ServerOptions server_options = options.server;
  server_options.registry_poll = std::chrono::seconds(options.registry_ttl_seconds);
  if (server_options.workers == 0) server_options.workers = project->config().threads;
  ARROW_ASSIGN_OR_RAISE(auto server, Server::Start(*project, server_options));
  const std::string& host = server_options.host;
  const bool bracketed = host.find(':') != std::string::npos;
  // The address is the last word: scripts that ask for port 0 read it from here.
  Print("Serving project " + project->name() + " on http://" +
        (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(server->port()) + "\n");
  std::fflush(stdout);
  server->Wait();
  return Status::OK();
}

}  // namespace

void AddServe(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand("serve", "Answer lookups and pushes over HTTP");
  command->set_help_flag("--help",
                         "Print this help message and exit");  // -h is --host, as in Feast
  auto options = std::make_shared<ServeOptions>();
  command->add_option("-h,--host", options->server.host, "Address to listen on (127.0.0.1)")
      ->type_name("ADDRESS");
  command
      ->add_option("-p,--port", options->server.port, "Port to listen on (6566); 0: any free one")
      ->type_name("PORT");
  command->add_option("-w,--workers", options->server.workers, "Threads (default: one a core)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  command
      ->add_option("-r,--registry_ttl_sec", options->registry_ttl_seconds,
                   "Seconds between looks at the registry (1)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 86400));
  command->add_flag("--no-access-log")
      ->description("Accepted for Feast's sake: there is no access log");
  command->callback(
      [&line, options] { line.run = [&line, options] { return RunServe(line, *options); }; });
}

}  // namespace featly::cli
