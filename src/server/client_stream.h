// A client's bytes, plain or under TLS.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace featly {

/// One read and one write at a time; all on its worker's thread. Handlers own what keeps this
/// alive.
class ClientStream {
 public:
  using error_code = boost::system::error_code;
  using tcp = boost::asio::ip::tcp;

  /// `tls` null: plain.
  ClientStream(tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> tls)
      : context_(std::move(tls)), socket_(std::move(socket)) {
    if (context_) tls_.emplace(socket_, *context_);
  }

  tcp::socket& socket() { return socket_; }
  bool secure() const { return tls_.has_value(); }

  /// handler(error). REQUIRES: secure().
  template <typename Handler>
  void Handshake(Handler handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::move(handler));
  }

  /// handler(error, bytes).
  template <typename Handler>
  void ReadSome(boost::asio::mutable_buffer buffer, Handler handler) {
    if (tls_) {
      tls_->async_read_some(buffer, std::move(handler));
    } else {
      socket_.async_read_some(buffer, std::move(handler));
    }
  }

  /// The read on its way ends with operation_aborted, unless it has its bytes already. REQUIRES: no
  /// write is on its way.
  void CancelRead() {
    error_code ec;
    socket_.cancel(ec);
  }

  /// What the system takes at once. Nothing under TLS, whose records cannot be cut short.
  size_t WriteNow(boost::asio::const_buffer buffer, error_code& ec) {
    if (tls_) return 0;
    size_t written = socket_.write_some(buffer, ec);
    if (ec != boost::asio::error::would_block) return ec ? 0 : written;
    ec = {};
    return 0;
  }

  /// All of both, one after the other: handler(error, bytes).
  template <typename Handler>
  void Write(std::array<boost::asio::const_buffer, 2> buffers, Handler handler) {
    if (tls_) {
      boost::asio::async_write(*tls_, buffers, std::move(handler));
    } else {
      boost::asio::async_write(socket_, buffers, std::move(handler));
    }
  }

  /// Whether the client has sent what was not read yet.
  bool InputWaits() {
    if (tls_ && SSL_has_pending(tls_->native_handle())) return true;
    error_code ec;
    return socket_.available(ec) > 0 && !ec;
  }

  /// Tells the client that nothing more comes, then calls handler(error).
  template <typename Handler>
  void EndOutput(Handler handler) {
    if (tls_) {
      // Says goodbye without waiting for the client's.
      SSL_set_shutdown(tls_->native_handle(), SSL_RECEIVED_SHUTDOWN);
      tls_->async_shutdown([this, handler = std::move(handler)](error_code ec) mutable {
        ShutdownSend();
        handler(ec);
      });
    } else {
      ShutdownSend();
      handler(error_code());
    }
  }

  /// Reads what the client still sends, below TLS: for swallowing it. handler(error, bytes).
  template <typename Handler>
  void ReadRaw(boost::asio::mutable_buffer buffer, Handler handler) {
    socket_.async_read_some(buffer, std::move(handler));
  }

  void Close() {
    error_code ec;
    socket_.shutdown(tcp::socket::shutdown_both, ec);
    socket_.close(ec);
  }

 private:
  void ShutdownSend() {
    error_code ec;
    socket_.shutdown(tcp::socket::shutdown_send, ec);
  }

  std::shared_ptr<boost::asio::ssl::context> context_;  // outlives tls_
  tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<tcp::socket&>> tls_;
};

}  // namespace featly
