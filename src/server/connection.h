// One client's connection: reads requests, hands them to routes, writes the answers in order.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

#include "base/error.h"
#include "server/http_request.h"
#include "server/worker.h"

namespace boost::asio::ssl {
class context;
}

namespace featly {

class ClientStream;

/// An HTTP/1.1 connection with keep-alive and pipelining. Lives on its worker's thread and is kept
/// alive by the worker until it is closed and no answer is being made for it any more. One
/// request is answered at a time; answers of pipelined requests gather in one buffer and leave in
/// one write.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// `tls` null: plain HTTP.
  Connection(Worker& worker, boost::asio::ip::tcp::socket socket,
             std::shared_ptr<boost::asio::ssl::context> tls);
  ~Connection();

  // For routes.

  Worker& worker() { return worker_; }
  const HttpRequest& request() const { return request_; }
  /// Begins the answer; append the body to what is returned, then call EndAnswer. Exactly one
  /// answer for each call of a route's handler, on the worker's thread.
  std::string* BeginAnswer(int status, std::string_view content_type);
  void EndAnswer();
  /// A whole answer whose body is large: not copied.
  void AnswerWith(int status, std::string_view content_type, std::string body);
  /// A header of the next answer.
  void AddHeader(std::string_view name, std::string_view value);
  /// Answers with an error's JSON object and its kind's HTTP status, or `http_status` if it is
  /// given.
  void Fail(const Status& status, int http_status = 0);
  /// For an answer that comes later.
  std::shared_ptr<Connection> Share() { return shared_from_this(); }

  // For the worker.

  void Start();
  std::chrono::steady_clock::time_point deadline() const { return deadline_; }
  void OnDeadline();
  /// Closes now if nothing was received that is not answered, else after that answer.
  void EndWhenAnswered();
  /// Closes; an answer that is still being made is thrown away.
  void Close();

 private:
  enum class State : uint8_t {
    kHandshake,  ///< TLS is being agreed on.
    kReceiving,  ///< Waiting for a request, or in the midst of one.
    kAnswering,  ///< A route has the request.
    kDraining,  ///< Said all; swallows what the client still sends, so that it can read the answer.
    kClosed,
  };

  void Begin();
  void Read();
  void OnRead(boost::system::error_code ec, size_t bytes);
  /// Parses and answers what is in the buffer, as far as it goes.
  void Process();
  /// False where more bytes are needed or the connection was failed.
  bool ParseRequest();
  void OfferContinue();
  void Dispatch();
  void FailParse(boost::system::error_code ec);
  /// The client cannot be understood any more: answers, then closes.
  void FailAndClose(const Status& status, int http_status);
  void AppendHeader(int status, std::string_view content_type);
  void LogAccess();
  void LogFailure(const Status& status, int http_status);
  void Write();
  void OnWritten();
  void DropLarge();
  bool writing() const { return !sending_.empty(); }
  /// Says goodbye, and swallows what the client still sends if it may.
  void Drain();
  void Swallow();
  bool InputWaits();
  void SetDeadline(std::chrono::milliseconds from_now);
  bool mid_request() const { return parser_ && parser_->got_some(); }

  Worker& worker_;
  const std::unique_ptr<ClientStream> stream_;
  std::string client_;  // its address, for the access log
  State state_ = State::kReceiving;
  bool processing_ = false;  // Process is on the stack
  bool reading_ = false;
  bool close_after_write_ = false;
  bool unread_input_ = false;  // closing while the client may still be sending
  bool keep_alive_ = true;     // as the current request wants
  std::chrono::steady_clock::time_point deadline_;

  // Received and not parsed: in_[in_begin_, in_end_).
  std::unique_ptr<char[]> in_;
  size_t in_capacity_ = 0;
  size_t in_begin_ = 0;
  size_t in_end_ = 0;

  HttpRequest request_;
  std::optional<HttpRequestParser> parser_;
  size_t route_index_ = 0;
  std::chrono::steady_clock::time_point began_;

  // Answers: being made in out_; those that the client does not take at once wait in sending_.
  // The last answer in out_ may end with large_.
  std::string out_, large_;
  std::string sending_, sending_large_;
  int answer_status_ = 0;
  std::string headers_;  // further ones of the next answer
  std::string allowed_methods_;
  size_t length_at_ = 0;  // where in out_ the Content-Length digits end
  size_t body_at_ = 0;
};

}  // namespace featly
