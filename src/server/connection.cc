#include "server/connection.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>

#include "base/logging.h"
#include "server/error_body.h"
#include "server/route.h"

namespace featly {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr size_t kFirstBuffer = 4 * 1024;
/// A header must fit whole; bodies pass through.
constexpr size_t kMaxBuffer = 64 * 1024;
static_assert(kMaxBuffer > HttpRequestParser::kMaxHeaderBytes);
/// Pipelined answers gather up to this before they are written.
constexpr size_t kWriteBytes = 64 * 1024;
/// A buffer that a large answer has grown beyond this is given back.
constexpr size_t kKeepBytes = size_t{1} << 20;
constexpr size_t kLengthDigits = 10;
constexpr std::string_view kJson = "application/json";

}  // namespace

Connection::Connection(Worker& worker, boost::asio::ip::tcp::socket socket)
    : worker_(worker), socket_(std::move(socket)) {}

void Connection::Start() {
  error_code ec;
  socket_.non_blocking(true, ec);
  if (!ec) socket_.set_option(boost::asio::ip::tcp::no_delay(true), ec);
  if (ec) {  // the client has gone already
    Close();
    return;
  }
  in_ = std::make_unique_for_overwrite<char[]>(kFirstBuffer);
  in_capacity_ = kFirstBuffer;
  parser_.emplace(&request_, worker_.limits().max_body_bytes);
  SetDeadline(worker_.limits().idle);
  Read();
  if (worker_.stopping()) EndWhenAnswered();
}

void Connection::SetDeadline(std::chrono::milliseconds from_now) {
  deadline_ = worker_.coarse_now() + from_now;
}

void Connection::Read() {
  if (reading_ || state_ == State::kClosed) return;
  if (in_begin_ == in_end_) {
    in_begin_ = in_end_ = 0;
    bool in_body = parser_->is_header_done() && !parser_->is_done();
    if (in_body && in_capacity_ < kMaxBuffer) {  // more to come than fits: fewer, larger reads
      in_ = std::make_unique_for_overwrite<char[]>(kMaxBuffer);
      in_capacity_ = kMaxBuffer;
    }
  } else if (in_begin_ > 0 && in_end_ == in_capacity_) {
    std::memmove(in_.get(), in_.get() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
  } else if (in_end_ == in_capacity_) {
    auto larger = std::make_unique_for_overwrite<char[]>(in_capacity_ * 2);
    std::memcpy(larger.get(), in_.get(), in_end_);
    in_ = std::move(larger);
    in_capacity_ *= 2;
  }
  reading_ = true;
  socket_.async_read_some(
      boost::asio::buffer(in_.get() + in_end_, in_capacity_ - in_end_),
      [self = shared_from_this()](error_code ec, size_t bytes) { self->OnRead(ec, bytes); });
}

void Connection::OnRead(error_code ec, size_t bytes) {
  reading_ = false;
  if (state_ == State::kClosed) return;
  if (ec) {
    Close();  // the client did, or is gone; what it had asked before was answered
    return;
  }
  if (state_ == State::kDraining) {
    in_begin_ = in_end_ = 0;
    Read();
    return;
  }
  in_end_ += bytes;
  Process();
}

void Connection::Process() {
  if (processing_) return;  // a route answered at once: the loop below goes on
  processing_ = true;
  while (state_ == State::kReceiving && !writing() && !close_after_write_) {
    if (!ParseRequest()) break;
    Dispatch();
    if (out_.size() >= kWriteBytes) Write();
  }
  processing_ = false;
  if (state_ == State::kClosed) return;
  if (!out_.empty() && !writing()) Write();
  if (state_ == State::kReceiving && !writing() && !close_after_write_) Read();
}

bool Connection::ParseRequest() {
  error_code ec;
  while (!parser_->is_done()) {
    if (in_begin_ == in_end_) return false;
    bool fresh = !parser_->got_some();
    bool header_was_done = parser_->is_header_done();
    size_t used =
        parser_->put(boost::asio::const_buffer(in_.get() + in_begin_, in_end_ - in_begin_), ec);
    in_begin_ += used;
    if (fresh && parser_->got_some()) SetDeadline(worker_.limits().request);
    if (ec == http::error::need_more) {
      bool full = in_end_ - in_begin_ >= kMaxBuffer;  // a chunk header without an end
      if (full) FailParse(http::error::header_limit);
      return false;
    }
    if (ec) {
      FailParse(ec);
      return false;
    }
    if (!header_was_done && parser_->is_header_done()) {
      parser_->eager(true);
      if (!parser_->is_done() && in_begin_ == in_end_) OfferContinue();
    }
  }
  return true;
}

void Connection::OfferContinue() {
  if (!request_.expects_continue) return;
  out_.append("HTTP/1.1 100 Continue\r\n\r\n");
}

void Connection::Dispatch() {
  state_ = State::kAnswering;
  keep_alive_ = parser_->keep_alive();
  began_ = std::chrono::steady_clock::now();
  Result<const Route*> route = FindRoute(request_.method, request_.path, &allowed_methods_);
  if (!route.ok() || !*route) {
    route_index_ = Routes().size();
    if (!route.ok()) {
      Fail(route.status());
      return;
    }
    allow_ = allowed_methods_;
    Fail(Error(ErrorKind::kInvalid, request_.method_text + " is not a method of " + request_.path +
                                        "; it takes " + allowed_methods_),
         405);
    return;
  }
  route_index_ = static_cast<size_t>(*route - Routes().data());
  (*route)->handle(*this);
}

void Connection::FailParse(error_code ec) {
  if (ec == http::error::body_limit) {
    uint64_t limit = worker_.limits().max_body_bytes;
    FailAndClose(Error(ErrorKind::kTooLarge,
                       "the request body is over the limit of " + std::to_string(limit) +
                           " bytes; send fewer rows at once, or raise max_body_size in the featly: "
                           "server block of feature_store.yaml"),
                 413);
  } else if (ec == http::error::header_limit) {
    FailAndClose(Error(ErrorKind::kTooLarge,
                       "the request's header is over the limit of " +
                           std::to_string(HttpRequestParser::kMaxHeaderBytes) + " bytes"),
                 431);
  } else {
    FailAndClose(Error(ErrorKind::kMalformed, "not an HTTP/1.1 request: " + ec.message()), 400);
  }
}

void Connection::FailAndClose(const Status& status, int http_status) {
  state_ = State::kAnswering;
  keep_alive_ = false;
  unread_input_ = true;
  route_index_ = Routes().size();
  began_ = std::chrono::steady_clock::now();
  Fail(status, http_status);
}

void Connection::AppendHeader(int status, std::string_view content_type) {
  // The answer of nearly every request, ready to copy.
  static constexpr std::string_view kOkJson =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
  if (status == 200 && content_type == kJson) {
    out_.append(kOkJson);
  } else {
    auto reason = http::obsolete_reason(static_cast<http::status>(status));
    out_.append("HTTP/1.1 ").append(std::to_string(status)).push_back(' ');
    out_.append(reason.data(), reason.size());
    if (!content_type.empty()) out_.append("\r\nContent-Type: ").append(content_type);
    out_.append("\r\n");
  }
  if (!allow_.empty()) {
    out_.append("Allow: ").append(allow_).append("\r\n");
    allow_ = {};
  }
  if (worker_.stopping() && in_begin_ == in_end_) keep_alive_ = false;
  if (!keep_alive_) {
    out_.append("Connection: close\r\n");
  } else if (request_.version < 11) {
    out_.append("Connection: keep-alive\r\n");
  }
  out_.append("Content-Length: ");
  out_.append(kLengthDigits, ' ');
  length_at_ = out_.size();
  out_.append("\r\n\r\n");
}

std::string* Connection::BeginAnswer(int status, std::string_view content_type) {
  answer_status_ = status;
  AppendHeader(status, content_type);
  body_at_ = out_.size();
  return &out_;
}

void Connection::EndAnswer() {
  // The length, right-aligned in the space left for it: blanks before a value are allowed.
  char digits[20];
  size_t count = static_cast<size_t>(
      std::to_chars(digits, digits + sizeof digits, out_.size() - body_at_).ptr - digits);
  std::memcpy(out_.data() + length_at_ - count, digits, count);
  if (request_.method == http::verb::head) out_.resize(body_at_);

  RouteMetrics& metrics = worker_.metrics().route(route_index_);
  (answer_status_ < 400 ? metrics.succeeded : metrics.failed).Add();
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
  metrics.latency.Observe(took.count());

  if (state_ == State::kClosed) {  // the client went before its answer was made
    worker_.Forget(this);
    return;
  }
  request_.Clear();
  parser_.emplace(&request_, worker_.limits().max_body_bytes);
  SetDeadline(worker_.limits().idle);
  state_ = State::kReceiving;
  if (!keep_alive_) close_after_write_ = true;
  Process();
}

void Connection::Fail(const Status& status, int http_status) {
  if (!http_status) http_status = HttpStatusOf(status);
  if (http_status >= 500) {
    Log(LogLevel::kError, request_.method_text + " " + request_.path + " answered " +
                              std::to_string(http_status) + ": " + FormatForPeople(status));
  }
  AppendErrorBody(status, http_status, BeginAnswer(http_status, kJson));
  EndAnswer();
}

void Connection::Write() {
  error_code ec;
  size_t written = socket_.write_some(boost::asio::buffer(out_), ec);
  if (ec && ec != boost::asio::error::would_block) {
    Close();
    return;
  }
  if (ec) written = 0;
  if (written == out_.size()) {
    out_.clear();
    if (out_.capacity() > kKeepBytes) std::string().swap(out_);
    OnWritten();
    return;
  }
  sending_.swap(out_);
  SetDeadline(worker_.limits().request);
  boost::asio::async_write(
      socket_, boost::asio::buffer(sending_.data() + written, sending_.size() - written),
      [self = shared_from_this()](error_code failed, size_t) {
        self->sending_.clear();
        if (self->state_ == State::kClosed) return;
        if (failed) {
          self->Close();
          return;
        }
        if (self->out_.empty()) self->OnWritten();
        self->Process();
      });
}

void Connection::OnWritten() {
  if (sending_.capacity() > kKeepBytes) std::string().swap(sending_);
  if (state_ != State::kReceiving) return;
  if (close_after_write_) {
    if (unread_input_) {
      Drain();
    } else {
      Close();
    }
    return;
  }
  if (!mid_request()) SetDeadline(worker_.limits().idle);
  if (worker_.stopping() && in_begin_ == in_end_) EndWhenAnswered();
}

void Connection::Drain() {
  // Closing with unread input would reset the connection and with it the answer on its way.
  state_ = State::kDraining;
  error_code ec;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ec);
  SetDeadline(
      std::min<std::chrono::milliseconds>(worker_.limits().idle, std::chrono::milliseconds(5000)));
  in_begin_ = in_end_ = 0;
  Read();
}

void Connection::OnDeadline() {
  if (state_ == State::kAnswering) {
    SetDeadline(worker_.limits().request);  // the delay is ours, not the client's
    return;
  }
  if (state_ == State::kReceiving && mid_request() && !writing()) {
    FailAndClose(
        Error(ErrorKind::kMalformed, "the request did not arrive whole within " +
                                         std::to_string(worker_.limits().request.count()) + " ms"),
        408);
    return;
  }
  Close();
}

void Connection::EndWhenAnswered() {
  if (state_ == State::kAnswering || writing() || mid_request()) {
    return;  // the answer says `Connection: close`
  }
  error_code ec;
  if (state_ == State::kReceiving && socket_.available(ec) > 0 && !ec) return;  // to be read yet
  Close();
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  const bool answering = state_ == State::kAnswering;
  state_ = State::kClosed;
  error_code ec;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_both, ec);
  socket_.close(ec);
  // The worker must not end before what a store still has to say is said: EndAnswer forgets then.
  if (!answering) worker_.Forget(this);
}

}  // namespace featly
