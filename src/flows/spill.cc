#include "flows/spill.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace featly {
namespace {

constexpr size_t kWriteBuffer = size_t{1} << 20;
// How far ahead records are fetched: sorted order is random order in memory.
constexpr size_t kPrefetch = 12;
constexpr size_t kCacheLine = 64;

// Two lines ahead: enough for the header, the key and the start of most rows.
void Prefetch(const char* record) {
  __builtin_prefetch(record);
  __builtin_prefetch(record + kCacheLine);
  __builtin_prefetch(record + 2 * kCacheLine);
}

}  // namespace

Result<SpillFile> SpillFile::Create(const std::string& folder) {
  OwnedFd fd(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!fd.valid() && (errno == EOPNOTSUPP || errno == EISDIR)) {
    std::string name = folder + "/featly-spill-XXXXXX";  // a file system without O_TMPFILE
    fd = OwnedFd(mkostemp(name.data(), O_CLOEXEC));
    if (fd.valid()) unlink(name.c_str());
  }
  if (!fd.valid()) {
    return ErrnoError(errno, "cannot make a temporary file for sorting in '" + folder + "'");
  }
  return SpillFile(std::move(fd), folder);
}

Result<SpillFile::Segment> SpillFile::Append(const RunBuilder& run) {
  Segment segment{size_, 0, run.common_prefix()};
  std::string buffer;
  buffer.reserve(2 * kWriteBuffer);
  for (size_t i = 0; i < run.size(); ++i) {
    if (i + kPrefetch < run.size()) Prefetch(run.record(i + kPrefetch));
    const char* record = run.record(i);
    buffer.append(record, ReadHeader(record).record_size());
    if (buffer.size() >= kWriteBuffer) {
      ARROW_RETURN_NOT_OK(Write(buffer.data(), buffer.size()));
      buffer.clear();
    }
  }
  ARROW_RETURN_NOT_OK(Write(buffer.data(), buffer.size()));
  segment.size = size_ - segment.offset;
  return segment;
}

Status SpillFile::Write(const char* bytes, size_t size) {
  while (size > 0) {
    ssize_t written = write(fd_.get(), bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoError(errno, "cannot write sorted rows to '" + folder_ + "'");
    bytes += written;
    size -= static_cast<size_t>(written);
    size_ += static_cast<uint64_t>(written);
  }
  return Status::OK();
}

Status SpillFile::ReadAt(uint64_t offset, char* out, size_t size) const {
  while (size > 0) {
    ssize_t got = pread(fd_.get(), out, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoError(errno, "cannot read sorted rows from '" + folder_ + "'");
    if (got == 0) {
      return Error(ErrorKind::kCorrupt, "a temporary file in '" + folder_ + "' was cut short");
    }
    out += got;
    size -= static_cast<size_t>(got);
    offset += static_cast<uint64_t>(got);
  }
  return Status::OK();
}

Result<bool> MemoryRunCursor::Next(RunRecord* record) {
  if (next_ == run_->size()) return false;
  if (next_ + kPrefetch < run_->size()) Prefetch(run_->record(next_ + kPrefetch));
  *record = ReadRecord(run_->record(next_++));
  return true;
}

Result<bool> SpilledRunCursor::Next(RunRecord* record) {
  if (begin_ == end_ && left_.size == 0) return false;
  if (end_ - begin_ < sizeof(RecordHeader)) ARROW_RETURN_NOT_OK(Need(sizeof(RecordHeader)));
  size_t size = ReadHeader(buffer_.data() + begin_).record_size();
  if (end_ - begin_ < size) ARROW_RETURN_NOT_OK(Need(size));
  *record = ReadRecord(buffer_.data() + begin_);
  begin_ += size;
  return true;
}

Status SpilledRunCursor::Need(size_t size) {
  std::copy(buffer_.begin() + static_cast<ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<ptrdiff_t>(end_), buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  if (buffer_.size() < size) buffer_.resize(size);
  size_t more = std::min<uint64_t>(buffer_.size() - end_, left_.size);
  if (end_ + more < size) {
    return Error(ErrorKind::kCorrupt, "a sorted run ends within a row");
  }
  ARROW_RETURN_NOT_OK(file_->ReadAt(left_.offset, buffer_.data() + end_, more));
  left_.offset += more;
  left_.size -= more;
  end_ += more;
  return Status::OK();
}

}  // namespace featly
