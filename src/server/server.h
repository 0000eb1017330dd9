// The feature server.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "project/project.h"
#include "server/tls.h"

namespace featly {

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 6566;                              ///< 0: one the system picks.
  int workers = 0;                                   ///< I/O threads; 0: one a core.
  std::chrono::milliseconds registry_poll{1000};     ///< How often the registry is looked at again.
  std::chrono::milliseconds request_timeout{60000};  ///< For a client to send one whole request.
  /// To finish what was accepted after a stop, then connections are closed as they are.
  std::chrono::milliseconds stop_timeout{30000};
  /// Without a request on a kept connection; 0: as feature_store.yaml says.
  std::chrono::milliseconds idle_timeout{0};
  TlsFiles tls;
  int access_log_fd = -1;  ///< Where the access log goes; -1: none.
  /// SIGTERM and SIGINT stop the server, the second of them at once (exit code 128 + its number);
  /// SIGHUP looks at the registry and the TLS files now.
  bool handle_signals = true;
};

/// Serves one project over HTTP until it is stopped. Its threads: one for each worker, as many for
/// long work, one for the access log, and one that accepts nothing and answers nothing: it waits
/// for signals, reads the registry again and keeps the store in order. Stop and Wait may be called
/// from any thread; the destructor stops and waits.
class Server {
 public:
  /// Opens the store and the registry, listens, and begins to answer. `project` outlives the
  /// server. kUnavailable naming address and port where the port is in use.
  static Result<std::unique_ptr<Server>> Start(Project& project, const ServerOptions& options);
  /// The same with another face of the project's store.
  static Result<std::unique_ptr<Server>> Start(Project& project, std::shared_ptr<OnlineStore> store,
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
