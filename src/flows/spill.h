// Sorted runs in temporary files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "flows/sorted_run.h"

namespace featly {

/// A temporary file that has no name from the beginning, so that nothing is left of it however the
/// process ends. Written by one thread; afterwards any thread may read. Owned by the materialize
/// run.
class SpillFile {
 public:
  /// A part of the file that holds one run.
  struct Segment {
    uint64_t offset = 0;
    uint64_t size = 0;
    size_t common_prefix = 0;
  };

  static Result<SpillFile> Create(const std::string& folder);

  /// Appends a sorted run. kIo where the disk is full, naming the folder.
  Result<Segment> Append(const RunBuilder& run);
  /// Fills `out` with bytes at `offset`. kCorrupt where the file ends before.
  Status ReadAt(uint64_t offset, char* out, size_t size) const;

 private:
  SpillFile(OwnedFd fd, std::string folder) : fd_(std::move(fd)), folder_(std::move(folder)) {}
  Status Write(const char* bytes, size_t size);

  OwnedFd fd_;
  std::string folder_;
  uint64_t size_ = 0;
};

/// Walks over one sorted run, wherever it is. One thread.
class RunCursor {
 public:
  virtual ~RunCursor() = default;
  /// The record after the last; false at the end. Its bytes live until the next call.
  virtual Result<bool> Next(RunRecord* record) = 0;
  /// How many bytes all keys of the run begin with in common.
  virtual size_t common_prefix() const = 0;
};

/// A run still in memory. Borrows it.
class MemoryRunCursor : public RunCursor {
 public:
  explicit MemoryRunCursor(const RunBuilder* run) : run_(run) {}
  Result<bool> Next(RunRecord* record) override;
  size_t common_prefix() const override { return run_->common_prefix(); }

 private:
  const RunBuilder* run_;
  size_t next_ = 0;
};

/// A spilled run, read through a buffer. Borrows the file.
class SpilledRunCursor : public RunCursor {
 public:
  SpilledRunCursor(const SpillFile* file, SpillFile::Segment segment, size_t buffer_bytes)
      : file_(file), left_(segment), buffer_(buffer_bytes, '\0') {}
  Result<bool> Next(RunRecord* record) override;
  size_t common_prefix() const override { return left_.common_prefix; }

 private:
  /// Sees to it that `size` bytes from begin_ on are in the buffer.
  Status Need(size_t size);

  const SpillFile* file_;
  SpillFile::Segment left_;  // what is not in the buffer yet
  std::string buffer_;
  size_t begin_ = 0;  // of what is not used yet
  size_t end_ = 0;
};

}  // namespace featly
