#include "server/connection.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <malloc.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>

#include "base/logging.h"
#include "server/access_log.h"
#include "server/client_stream.h"
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

Connection::Connection(Worker& worker, boost::asio::ip::tcp::socket socket,
                       std::shared_ptr<boost::asio::ssl::context> tls)
    : worker_(worker), stream_(std::make_unique<ClientStream>(std::move(socket), std::move(tls))) {}

Connection::~Connection() = default;

void Connection::Start() {
  error_code ec;
  auto& socket = stream_->socket();
  socket.non_blocking(true, ec);
  if (!ec) socket.set_option(boost::asio::ip::tcp::no_delay(true), ec);
  if (ec) {  // the client has gone already
    Close();
    return;
  }
  if (worker_.access_log()) {
    auto peer = socket.remote_endpoint(ec);
    std::string address = peer.address().to_string();
    client_ = (peer.address().is_v6() ? "[" + address + "]" : address) + ":" +
              std::to_string(peer.port());
  }
  if (!stream_->secure()) {
    Begin();
    return;
  }
  state_ = State::kHandshake;
  SetDeadline(worker_.limits().idle);
  stream_->Handshake([self = shared_from_this()](error_code failed) {
    if (self->state_ == State::kClosed) return;
    if (failed) {  // a client that does not trust the certificate, or does not speak TLS
      Log(LogLevel::kDebug, "a TLS handshake failed: " + failed.message());
      self->Close();
      return;
    }
    self->state_ = State::kReceiving;
    self->Begin();
  });
}

void Connection::Begin() {
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
  stream_->ReadSome(
      boost::asio::buffer(in_.get() + in_end_, in_capacity_ - in_end_),
      [self = shared_from_this()](error_code ec, size_t bytes) { self->OnRead(ec, bytes); });
}

void Connection::OnRead(error_code ec, size_t bytes) {
  reading_ = false;
  if (state_ == State::kClosed) return;
  if (ec == boost::asio::error::operation_aborted && state_ == State::kReceiving) {
    EndWhenAnswered();
    if (state_ == State::kReceiving) Read();
    return;
  }
  if (ec) {
    Close();  // the client did, or is gone; what it had asked before was answered
    return;
  }
  if (state_ == State::kDraining) return;  // below TLS it reads on
  in_end_ += bytes;
  Process();
}

void Connection::Process() {
  if (processing_) return;  // a route answered at once: the loop below goes on
  processing_ = true;
  while (state_ == State::kReceiving && !writing() && !close_after_write_) {
    if (!ParseRequest()) break;
    Dispatch();
    if (out_.size() >= kWriteBytes || !large_.empty()) Write();
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
    AddHeader("Allow", allowed_methods_);
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
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
      "X-Content-Type-Options: nosniff\r\n";
  if (status == 200 && content_type == kJson) {
    out_.append(kOkJson);
  } else {
    auto reason = http::obsolete_reason(static_cast<http::status>(status));
    out_.append("HTTP/1.1 ").append(std::to_string(status)).push_back(' ');
    out_.append(reason.data(), reason.size());
    if (!content_type.empty()) out_.append("\r\nContent-Type: ").append(content_type);
    out_.append("\r\nX-Content-Type-Options: nosniff\r\n");
  }
  out_.append(worker_.date_header());
  if (!headers_.empty()) {
    out_.append(headers_);
    headers_.clear();
  }
  if (worker_.stopping() && in_begin_ == in_end_ && !InputWaits()) keep_alive_ = false;
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
      std::to_chars(digits, digits + sizeof digits, out_.size() - body_at_ + large_.size()).ptr -
      digits);
  std::memcpy(out_.data() + length_at_ - count, digits, count);
  if (request_.method == http::verb::head) out_.resize(body_at_);

  RouteMetrics& metrics = worker_.metrics().route(route_index_);
  (answer_status_ < 400 ? metrics.succeeded : metrics.failed).Add();
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
  metrics.latency.Observe(took.count());
  if (worker_.access_log()) LogAccess();

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

void Connection::AnswerWith(int status, std::string_view content_type, std::string body) {
  BeginAnswer(status, content_type);
  if (body.size() > kWriteBytes) {
    large_ = std::move(body);
  } else {
    out_.append(body);
  }
  EndAnswer();
}

void Connection::AddHeader(std::string_view name, std::string_view value) {
  headers_.append(name).append(": ").append(value).append("\r\n");
}

void Connection::LogAccess() {
  AccessEntry entry;
  entry.client = client_;
  entry.method = request_.method_text.empty() ? "-" : std::string_view(request_.method_text);
  entry.path = request_.path.empty() ? "-" : std::string_view(request_.path);
  entry.version = request_.version;
  entry.status = answer_status_;
  entry.bytes = out_.size() - body_at_ + large_.size();
  entry.took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - began_);
  worker_.LogAccess(entry);
}

void Connection::Fail(const Status& status, int http_status) {
  if (!http_status) http_status = HttpStatusOf(status);
  // What is not built is no failure of the server's.
  if (http_status >= 500 && http_status != 501) LogFailure(status, http_status);
  AppendErrorBody(status, http_status, BeginAnswer(http_status, kJson));
  EndAnswer();
}

void Connection::LogFailure(const Status& status, int http_status) {
  // A store that is away fails every request: a line for each would say nothing new, and a log that
  // nobody reads would hold this thread.
  std::optional<uint64_t> left_out = worker_.TakeFailureLine();
  if (!left_out) return;
  std::string line = request_.method_text + " " + request_.path + " answered " +
                     std::to_string(http_status) + ": " + FormatForPeople(status);
  if (*left_out) line += " (and " + std::to_string(*left_out) + " more failures before it)";
  Log(http_status == 503 ? LogLevel::kWarning : LogLevel::kError, line);
}

void Connection::Write() {
  error_code ec;
  size_t written = stream_->WriteNow(boost::asio::buffer(out_), ec);
  if (ec) {
    Close();
    return;
  }
  if (written == out_.size() && large_.empty()) {
    out_.clear();
    if (out_.capacity() > kKeepBytes) std::string().swap(out_);
    OnWritten();
    return;
  }
  sending_.swap(out_);
  sending_large_.swap(large_);
  SetDeadline(worker_.limits().request);
  stream_->Write({boost::asio::buffer(sending_.data() + written, sending_.size() - written),
                  boost::asio::buffer(sending_large_)},
                 [self = shared_from_this()](error_code failed, size_t) {
                   self->sending_.clear();
                   self->DropLarge();
                   if (self->state_ == State::kClosed) return;
                   if (failed) {
                     self->Close();
                     return;
                   }
                   if (self->out_.empty()) self->OnWritten();
                   self->Process();
                 });
}

void Connection::DropLarge() {
  if (sending_large_.empty()) return;
  std::string().swap(sending_large_);
  // What a large request took goes back to the system, which the allocator alone does not do.
  worker_.RunLong([] { malloc_trim(0); });
}

void Connection::OnWritten() {
  if (sending_.capacity() > kKeepBytes) std::string().swap(sending_);
  if (state_ != State::kReceiving) return;
  if (close_after_write_) {
    Drain();
    return;
  }
  if (!mid_request()) SetDeadline(worker_.limits().idle);
  if (worker_.stopping() && in_begin_ == in_end_) EndWhenAnswered();
}

void Connection::Drain() {
  if (!stream_->secure() && !unread_input_) {
    Close();
    return;
  }
  state_ = State::kDraining;
  SetDeadline(
      std::min<std::chrono::milliseconds>(worker_.limits().idle, std::chrono::milliseconds(5000)));
  stream_->EndOutput([self = shared_from_this()](error_code) {
    if (self->state_ == State::kClosed) return;
    // Closing with unread input would reset the connection and with it the answer on its way.
    if (self->unread_input_) {
      self->Swallow();
    } else {
      self->Close();
    }
  });
}

void Connection::Swallow() {
  in_begin_ = in_end_ = 0;
  stream_->ReadRaw(boost::asio::buffer(in_.get(), in_capacity_),
                   [self = shared_from_this()](error_code ec, size_t) {
                     if (self->state_ == State::kClosed) return;
                     if (ec) {
                       self->Close();
                     } else {
                       self->Swallow();
                     }
                   });
}

bool Connection::InputWaits() { return stream_->InputWaits(); }

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
  if (state_ == State::kAnswering || state_ == State::kDraining || writing() || mid_request()) {
    return;  // the answer says `Connection: close`
  }
  if (reading_) {  // it may have taken bytes that OnRead does not know yet
    stream_->CancelRead();
    return;
  }
  if (state_ == State::kReceiving && InputWaits()) return;  // to be read yet
  if (state_ == State::kReceiving && stream_->secure()) {
    Drain();
  } else {
    Close();
  }
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  const bool answering = state_ == State::kAnswering;
  state_ = State::kClosed;
  stream_->Close();
  // The worker must not end before what a store still has to say is said: EndAnswer forgets then.
  if (!answering) worker_.Forget(this);
}

}  // namespace featly
