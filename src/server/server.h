// The feature server.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "project/project.h"

namespace featly {

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 6566;                              ///< 0: one the system picks.
  int workers = 0;                                   ///< I/O threads; 0: one a core.
  std::chrono::milliseconds registry_poll{1000};     ///< How often the registry is looked at again.
  std::chrono::milliseconds request_timeout{60000};  ///< For a client to send one whole request.
  bool handle_signals = true;                        ///< SIGTERM and SIGINT stop the server.
};

/// Serves one project over HTTP until it is stopped. Its threads: one for each worker, and one that
/// accepts nothing and answers nothing: it waits for signals, reads the registry again and keeps
/// the store in order. Stop and Wait may be called from any thread; the destructor stops and waits.
class Server {
 public:
  /// Opens the store and the registry, listens, and begins to answer. `project` outlives the
  /// server. kUnavailable naming address and port where the port is in use.
  static Result<std::unique_ptr<Server>> Start(Project& project, const ServerOptions& options);
  /// The same with another face of the project's store, which outlives the server.
  static Result<std::unique_ptr<Server>> Start(Project& project, OnlineStore& store,
                                               const ServerOptions& options);
  ~Server();

  uint16_t port() const;
  /// Begins a graceful stop: no new connections; what was received is answered. Returns at once.
  void Stop();
  /// Until the server has stopped: by Stop, or by a signal.
  void Wait();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace featly
