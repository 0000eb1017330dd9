#include "server/access_log.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/time.h"

namespace featly {
namespace {

constexpr size_t kMaxWaiting = size_t{4} << 20;
constexpr size_t kMaxPath = 256;
constexpr std::chrono::seconds kFarewell{1};
constexpr int kPollMillis = 100;
/// A pipe that can be written to at all takes this much without waiting.
constexpr size_t kPipeBytes = 4096;

void AppendEscaped(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (char c : text.substr(0, kMaxPath)) {
    auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7F && c != '"' && c != '\\') {
      out->push_back(c);
    } else {
      out->append("\\x");
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    }
  }
  if (text.size() > kMaxPath) out->append("...");
}

/// "2024-05-10T13:00:00.123Z": always with milliseconds.
void AppendNow(std::string* out) {
  const int64_t micros = SystemClock().Now().micros;
  // Whole seconds are formatted once for each thread and second.
  thread_local int64_t last_second = -1;
  thread_local std::string text;
  if (int64_t second = micros / 1000000; second != last_second) {
    last_second = second;
    text = FormatTimestamp(Timestamp::FromSeconds(second));
    text.pop_back();
  }
  const auto millis = static_cast<int>(micros / 1000 % 1000);
  const char fraction[] = {'.',
                           static_cast<char>('0' + millis / 100),
                           static_cast<char>('0' + millis / 10 % 10),
                           static_cast<char>('0' + millis % 10),
                           'Z',
                           ' '};
  out->append(text).append(fraction, sizeof fraction);
}

}  // namespace

void AppendAccessLine(const AccessEntry& entry, std::string* out) {
  AppendNow(out);
  out->append(entry.client).append(" \"");
  AppendEscaped(entry.method, out);
  out->push_back(' ');
  AppendEscaped(entry.path, out);
  out->append(entry.version == 10 ? " HTTP/1.0\" " : " HTTP/1.1\" ");
  out->append(std::to_string(entry.status)).push_back(' ');
  out->append(std::to_string(entry.bytes)).push_back(' ');
  out->append(std::to_string(entry.took.count())).append("us\n");
}

AccessLog::AccessLog(int fd) : fd_(fd) {
  thread_ = std::thread([this] { Run(); });
}

AccessLog::~AccessLog() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
    last_moment_ = std::chrono::steady_clock::now() + kFarewell;
  }
  changed_.notify_one();
  thread_.join();
}

void AccessLog::Write(std::string lines) {
  std::lock_guard lock(mutex_);
  if (waiting_.size() + lines.size() > kMaxWaiting) {
    dropped_bytes_ += lines.size();
    return;
  }
  if (waiting_.empty()) {
    waiting_ = std::move(lines);
  } else {
    waiting_.append(lines);
  }
  changed_.notify_one();
}

uint64_t AccessLog::dropped_bytes() const {
  std::lock_guard lock(mutex_);
  return dropped_bytes_;
}

void AccessLog::Run() {
  // A reader that has gone is an error of write, and not the end of the process.
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
  for (;;) {
    std::string lines;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      lines.swap(waiting_);
    }
    if (WriteOut(lines)) continue;
    std::lock_guard lock(mutex_);
    dropped_bytes_ += lines.size();
    if (ending_) return;
  }
}

bool AccessLog::WriteOut(std::string_view lines) {
  while (!lines.empty()) {
    pollfd ready{fd_, POLLOUT, 0};
    int found = ::poll(&ready, 1, kPollMillis);
    if (found == 0) {
      std::lock_guard lock(mutex_);
      if (ending_ && std::chrono::steady_clock::now() > last_moment_) return false;
      continue;
    }
    ssize_t written =
        found < 0 ? -1 : ::write(fd_, lines.data(), std::min(lines.size(), kPipeBytes));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (written > 0) lines.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace featly
