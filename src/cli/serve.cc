// featly serve
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "server/server.h"

namespace featly::cli {

namespace {

struct ServeOptions {
  ServerOptions server;
  int64_t port = 6566;
  int registry_ttl_seconds = 1;
  int keep_alive_seconds = 0;  // 0: as feature_store.yaml says
  std::string type = "http";
  bool no_access_log = false;
  int64_t unused = 0;
};

Status CheckType(const std::string& type) {
  if (type == "http") return Status::OK();
  if (type == "grpc") {
    return Error(ErrorKind::kNotImplemented,
                 "--type grpc is not built yet; this version serves --type http")
        .Subject(type);
  }
  return Error(ErrorKind::kUsage, "there is no server of --type '" + type + "'; there is http")
      .Subject(type)
      .Near(NearNames(type, {"http", "grpc"}));
}

Status RunServe(CommandLine& line, const ServeOptions& options) {
  ARROW_RETURN_NOT_OK(CheckType(options.type));
  if (options.port < 0 || options.port > 65535) {
    return Error(ErrorKind::kUsage,
                 "--port is " + std::to_string(options.port) +
                     "; ports are 1 to 65535, and 0 is one that the system picks")
        .Subject("--port");
  }
  ARROW_ASSIGN_OR_RAISE(auto project, line.OpenProject());
  ServerOptions server_options = options.server;
  server_options.port = static_cast<uint16_t>(options.port);
  server_options.registry_poll = std::chrono::seconds(options.registry_ttl_seconds);
  server_options.idle_timeout = std::chrono::seconds(options.keep_alive_seconds);
  if (server_options.workers == 0) server_options.workers = project->config().threads;
  if (!options.no_access_log) server_options.access_log_fd = STDOUT_FILENO;
  ARROW_ASSIGN_OR_RAISE(auto server, Server::Start(*project, server_options));
  const std::string& host = server_options.host;
  const bool bracketed = host.find(':') != std::string::npos;
  // The address is the last word: scripts that ask for port 0 read it from here.
  Print("Serving project " + project->name() + " on " +
        (server_options.tls.enabled() ? "https://" : "http://") +
        (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(server->port()) + "\n");
  std::fflush(stdout);
  server->Wait();
  return Status::OK();
}

/// What `feast serve` takes for its own web server, which works otherwise.
void AddFeastsOptions(CLI::App& command, ServeOptions& options) {
  command.add_option("-t,--type", options.type, "Server type: http")->type_name("TYPE");
  command.add_flag("-m,--metrics")
      ->description("Accepted for Feast's sake: /metrics is always there");
  for (const char* name : {"--worker-connections", "--max-requests", "--max-requests-jitter"}) {
    command.add_option(name, options.unused, "Accepted for Feast's sake: there is no such limit")
        ->type_name("N");
  }
}

}  // namespace

void AddServe(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand("serve", "Answer lookups and pushes over HTTP");
  command->set_help_flag("--help",
                         "Print this help message and exit");  // -h is --host, as in Feast
  auto options = std::make_shared<ServeOptions>();
  command->add_option("-h,--host", options->server.host, "Address to listen on (127.0.0.1)")
      ->type_name("ADDRESS");
  command->add_option("-p,--port", options->port, "Port to listen on (6566); 0: any free one")
      ->type_name("PORT");
  command->add_option("-w,--workers", options->server.workers, "Threads (default: one a core)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  command
      ->add_option("-r,--registry_ttl_sec", options->registry_ttl_seconds,
                   "Seconds between looks at the registry (1)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 86400));
  command
      ->add_option("--keep-alive-timeout", options->keep_alive_seconds,
                   "Seconds that a connection may be idle (30, or as feature_store.yaml says)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 86400));
  command->add_flag("--no-access-log", options->no_access_log,
                    "No line on standard output for each request");
  command->add_option("-k,--key", options->server.tls.key, "Private key for TLS, a PEM file")
      ->type_name("FILE");
  command->add_option("-c,--cert", options->server.tls.cert, "Certificate for TLS, a PEM file")
      ->type_name("FILE");
  AddFeastsOptions(*command, *options);
  command->callback(
      [&line, options] { line.run = [&line, options] { return RunServe(line, *options); }; });
}

}  // namespace featly::cli
