#include "server/server.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/logging.h"
#include "base/parallel.h"
#include "server/access_log.h"
#include "server/long_work.h"
#include "server/serving_state.h"
#include "server/tls.h"
#include "server/worker.h"

namespace featly {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::minutes kMaintenancePeriod{1};
/// After a failure to accept (out of file descriptors), before the next try.
constexpr std::chrono::milliseconds kAcceptPause{100};

Status ListenError(const ServerOptions& options, const error_code& ec) {
  std::string place = options.host + ":" + std::to_string(options.port);
  if (ec == boost::asio::error::address_in_use) {
    return Error(ErrorKind::kUnavailable,
                 "port " + std::to_string(options.port) + " on " + options.host +
                     " is in use by another program; stop that one, or choose another port "
                     "with --port")
        .Subject(place);
  }
  if (ec == boost::asio::error::access_denied) {
    return Error(ErrorKind::kPermission, "may not listen on " + place +
                                             "; ports below 1024 need rights, choose one above "
                                             "with --port")
        .Subject(place);
  }
  return Error(ErrorKind::kUnavailable, "cannot listen on " + place + ": " + ec.message())
      .Subject(place);
}

Result<tcp::acceptor> Listen(boost::asio::io_context& io, const ServerOptions& options) {
  error_code ec;
  tcp::resolver resolver(io);
  auto found = resolver.resolve(options.host, std::to_string(options.port),
                                tcp::resolver::passive | tcp::resolver::numeric_service, ec);
  if (ec || found.empty()) {
    return Error(ErrorKind::kInvalid, "the host \"" + options.host + "\" is unknown (" +
                                          ec.message() +
                                          "); give an address of this machine with --host")
        .Subject(options.host);
  }
  tcp::endpoint endpoint = found.begin()->endpoint();
  tcp::acceptor acceptor(io);
  acceptor.open(endpoint.protocol(), ec);
  // A restarted server takes its port back although old connections linger.
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(boost::asio::socket_base::max_listen_connections, ec);
  if (!ec) acceptor.non_blocking(true, ec);
  if (ec) return ListenError(options, ec);
  return acceptor;
}

ConnectionLimits LimitsOf(const ServerOptions& options, const Config& config) {
  ConnectionLimits limits;
  limits.idle = options.idle_timeout.count()
                    ? options.idle_timeout
                    : std::chrono::milliseconds(config.idle_timeout.micros / 1000);
  limits.request = options.request_timeout;
  limits.stop = options.stop_timeout;
  limits.max_body_bytes = static_cast<uint64_t>(config.max_body_bytes);
  limits.max_lookup_values = static_cast<size_t>(config.max_lookup_values);
  return limits;
}

}  // namespace

struct Server::Impl {
  ServerOptions options;
  std::unique_ptr<ServingState> serving;
  std::unique_ptr<TlsContexts> tls;  // null: plain HTTP
  std::unique_ptr<AccessLog> access_log;
  std::unique_ptr<LongWork> long_work;
  std::vector<std::unique_ptr<Worker>> workers;

  // On the first worker's thread.
  std::optional<tcp::acceptor> acceptor;
  std::optional<boost::asio::steady_timer> accept_timer;
  size_t next_worker = 0;
  bool accepting = true;
  uint16_t port = 0;

  // On the control thread.
  boost::asio::io_context control{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running{
      control.get_executor()};
  boost::asio::steady_timer poll_timer{control};
  boost::asio::steady_timer maintenance_timer{control};
  boost::asio::signal_set signals{control};
  boost::asio::signal_set reload_signals{control};
  std::thread control_thread;

  std::atomic<bool> stopping{false};
  std::mutex wait_mutex;  // one thread joins, the others wait for it

  void Accept();
  void Adopt(tcp::socket socket);
  void AwaitStopSignal();
  void AwaitReloadSignal();
  void Refresh();
  void StopAccepting();
  void Repeat(boost::asio::steady_timer& timer, std::chrono::milliseconds period,
              std::function<void()> work);
  void Maintain();
  void Stop();
  void Wait();
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  Stop();
  Wait();
}

Result<std::unique_ptr<Server>> Server::Start(Project& project, const ServerOptions& options) {
  return Start(project, nullptr, options);
}

Result<std::unique_ptr<Server>> Server::Start(Project& project, std::shared_ptr<OnlineStore> store,
                                              const ServerOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  if (!options.tls.key.empty() || !options.tls.cert.empty()) {
    ARROW_ASSIGN_OR_RAISE(impl->tls, TlsContexts::Load(options.tls));
  }
  ARROW_ASSIGN_OR_RAISE(impl->serving, ServingState::Open(project, std::move(store)));

  const int count = ResolveThreads(options.workers);
  impl->long_work = std::make_unique<LongWork>(count);
  if (options.access_log_fd >= 0) {
    impl->access_log = std::make_unique<AccessLog>(options.access_log_fd);
  }
  const WorkerContext context{*impl->serving, *impl->long_work, impl->access_log.get(),
                              LimitsOf(options, impl->serving->config())};
  for (int i = 0; i < count; ++i) {
    impl->workers.push_back(std::make_unique<Worker>(context, impl->workers));
  }
  ARROW_ASSIGN_OR_RAISE(impl->acceptor, Listen(impl->workers.front()->io(), options));
  impl->accept_timer.emplace(impl->workers.front()->io());
  impl->port = impl->acceptor->local_endpoint().port();

  Impl* self = impl.get();
  if (options.handle_signals) {
    // Before the threads begin, so that no signal finds its default.
    self->signals.add(SIGTERM);
    self->signals.add(SIGINT);
    self->AwaitStopSignal();
    self->reload_signals.add(SIGHUP);
    self->AwaitReloadSignal();
  }
  self->Repeat(self->poll_timer, options.registry_poll, [self] { self->Refresh(); });
  self->Repeat(self->maintenance_timer, kMaintenancePeriod, [self] { self->Maintain(); });
  self->Accept();
  for (const auto& worker : self->workers) worker->Start();
  self->control_thread = std::thread([self] { self->control.run(); });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

uint16_t Server::port() const { return impl_->port; }
void Server::Stop() { impl_->Stop(); }
void Server::Wait() { impl_->Wait(); }

void Server::Impl::AwaitStopSignal() {
  signals.async_wait([this](error_code ec, int signal) {
    if (ec) return;
    // Whoever asks twice does not want to wait. What was acknowledged is on the disk.
    if (stopping) std::_Exit(128 + signal);
    Stop();
    AwaitStopSignal();
  });
}

void Server::Impl::AwaitReloadSignal() {
  reload_signals.async_wait([this](error_code ec, int) {
    if (ec || stopping) return;
    Refresh();
    AwaitReloadSignal();
  });
}

void Server::Impl::Refresh() {
  serving->Refresh();
  if (tls) tls->Refresh();
}

void Server::Impl::Adopt(tcp::socket socket) {
  Worker& worker = *workers[next_worker];
  next_worker = (next_worker + 1) % workers.size();
  worker.Adopt(std::move(socket), tls ? tls->current() : nullptr);
}

void Server::Impl::Accept() {
  Worker& worker = *workers[next_worker];
  acceptor->async_accept(worker.io(), [this](error_code ec, tcp::socket socket) {
    if (!ec) {
      Adopt(std::move(socket));
      if (accepting) Accept();
      return;
    }
    if (!accepting) return;
    accept_timer->expires_after(kAcceptPause);
    accept_timer->async_wait([this](error_code cancelled) {
      if (!cancelled && accepting) Accept();
    });
  });
}

void Server::Impl::StopAccepting() {
  accepting = false;
  accept_timer->cancel();
  error_code ec;
  acceptor->cancel(ec);
  // Clients that the system has accepted already are answered too.
  while (!ec) {
    Worker& worker = *workers[next_worker];
    tcp::socket socket = acceptor->accept(worker.io(), ec);
    if (!ec) Adopt(std::move(socket));
  }
  acceptor->close(ec);
}

void Server::Impl::Repeat(boost::asio::steady_timer& timer, std::chrono::milliseconds period,
                          std::function<void()> work) {
  timer.expires_after(period);
  timer.async_wait([this, &timer, period, work = std::move(work)](error_code ec) {
    // Asked too, since a wait that is over already cannot be cancelled.
    if (ec || stopping) return;
    work();
    Repeat(timer, period, work);
  });
}

void Server::Impl::Maintain() {
  Status status = serving->served()->store->Maintain();
  if (!status.ok()) {
    Log(LogLevel::kWarning, "upkeep of the online store failed: " + FormatForPeople(status));
  }
}

void Server::Impl::Stop() {
  if (stopping.exchange(true)) return;
  boost::asio::post(workers.front()->io(), [this] {
    StopAccepting();
    // Behind the completion of an accept that is on its way: its client is adopted before.
    boost::asio::post(workers.front()->io(), [this] {
      for (const auto& worker : workers) worker->BeginStop();
    });
  });
  boost::asio::post(control, [this] {
    poll_timer.cancel();
    maintenance_timer.cancel();
  });
}

void Server::Impl::Wait() {
  std::lock_guard lock(wait_mutex);
  if (!control_thread.joinable()) return;
  for (const auto& worker : workers) worker->Join();
  long_work->Join();
  boost::asio::post(control, [this] {
    error_code ec;
    signals.cancel(ec);
    reload_signals.cancel(ec);
    keep_running.reset();
  });
  control_thread.join();
}

}  // namespace featly
