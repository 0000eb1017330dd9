#include "online/lmdb_file_check.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "online/lmdb_env.h"

namespace featly {
namespace {

// LMDB 0.9's file format, as far as the list of free pages goes (its mdb.c, "Page headers").
constexpr size_t kPageHeader = 16;    // number u64, pad u16, flags u16, lower u16, upper u16
constexpr size_t kNodeHeader = 8;     // low u16, high u16, flags u16, key size u16
constexpr size_t kMetaFreeRoot = 64;  // in the meta: 24 bytes, then the free tree's record
constexpr size_t kMetaTxn = 128;
constexpr uint16_t kBranch = 0x01;
constexpr uint16_t kLeaf = 0x02;
constexpr uint16_t kBigData = 0x01;  // of a node: its value lies on pages of its own
constexpr uint64_t kNoPage = ~uint64_t{0};
constexpr int kDeepest = 32;

template <typename T>
T Load(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// Reads pages of the data file past LMDB's map, so that a missing one is an error and no signal.
class FreePages {
 public:
  FreePages(int fd, size_t page_size, uint64_t first_missing)
      : fd_(fd), page_size_(page_size), first_missing_(first_missing) {}

  /// How many pages from `first_missing` on are free; nullopt where the list itself cannot be read.
  std::optional<uint64_t> Count() {
    uint64_t root = kNoPage;
    uint64_t newest = 0;
    for (uint64_t meta = 0; meta < 2; ++meta) {
      auto page = ReadBytes(meta * page_size_, kPageHeader + kMetaTxn + 8);
      if (!page) return std::nullopt;
      const auto txn = Load<uint64_t>(page->data() + kPageHeader + kMetaTxn);
      if (meta == 1 && txn < newest) break;
      newest = txn;
      root = Load<uint64_t>(page->data() + kPageHeader + kMetaFreeRoot);
    }
    if (root == kNoPage) return 0;  // no page is free
    return Walk(root, kDeepest) ? std::optional(found_) : std::nullopt;
  }

 private:
  using Bytes = std::vector<uint8_t>;

  std::optional<Bytes> ReadBytes(uint64_t offset, size_t size) {
    Bytes bytes(size);
    const ssize_t got = pread(fd_, bytes.data(), size, static_cast<off_t>(offset));
    if (got != static_cast<ssize_t>(size)) return std::nullopt;
    return bytes;
  }

  bool Walk(uint64_t number, int deepest) {
    if (number >= first_missing_ || deepest == 0) return false;
    auto page = ReadBytes(number * page_size_, page_size_);
    if (!page) return false;
    const uint16_t flags = Load<uint16_t>(page->data() + 10);
    const size_t lower = Load<uint16_t>(page->data() + 12);
    if ((flags & (kBranch | kLeaf)) == 0 || lower < kPageHeader || lower > page_size_) return false;
    for (size_t at = kPageHeader; at + 2 <= lower; at += 2) {
      const size_t node = Load<uint16_t>(page->data() + at);
      if (node + kNodeHeader > page_size_) return false;
      const bool good = (flags & kBranch) != 0 ? WalkChild(page->data() + node, deepest)
                                               : CountRecord(*page, node);
      if (!good) return false;
    }
    return true;
  }

  bool WalkChild(const uint8_t* node, int deepest) {
    return Walk(Load<uint16_t>(node) | uint64_t{Load<uint16_t>(node + 2)} << 16 |
                    uint64_t{Load<uint16_t>(node + 4)} << 32,
                deepest - 1);
  }

  // A record of the list: a transaction's number, and the pages that it freed, counted first.
  bool CountRecord(const Bytes& page, size_t node) {
    const size_t size =
        Load<uint16_t>(page.data() + node) | size_t{Load<uint16_t>(page.data() + node + 2)} << 16;
    const bool big = (Load<uint16_t>(page.data() + node + 4) & kBigData) != 0;
    const size_t value = node + kNodeHeader + Load<uint16_t>(page.data() + node + 6);
    if (value + (big ? 8 : size) > page_size_) return false;
    if (!big) return CountPages(page.data() + value, size);
    const auto first = Load<uint64_t>(page.data() + value);
    if (first >= first_missing_) return false;
    auto bytes = ReadBytes(first * page_size_ + kPageHeader, size);
    return bytes && CountPages(bytes->data(), size);
  }

  bool CountPages(const uint8_t* list, size_t size) {
    if (size < 8) return false;
    const auto count = Load<uint64_t>(list);
    if (count > size / 8 - 1) return false;
    for (uint64_t i = 1; i <= count; ++i) {
      found_ += Load<uint64_t>(list + i * 8) >= first_missing_ ? 1 : 0;
    }
    return true;
  }

  const int fd_;
  const size_t page_size_;
  const uint64_t first_missing_;
  uint64_t found_ = 0;
};

struct Extent {
  uint64_t file = 0;   // bytes there are
  uint64_t pages = 0;  // of the newest commit
  size_t page_size = 0;
  bool short_of_pages() const { return file / page_size < pages; }
};

Result<Extent> Measure(MDB_env* env, int fd, const std::string& path) {
  MDB_envinfo info;
  MDB_stat stat;
  int code = mdb_env_info(env, &info);
  if (code == 0) code = mdb_env_stat(env, &stat);
  if (code != 0) return LmdbError(code, "cannot look at", path);
  struct stat file;  // after the pages: the file only grows
  if (fstat(fd, &file) != 0) return ErrnoError(errno, "cannot look at '" + path + "/data.mdb'");
  return Extent{static_cast<uint64_t>(file.st_size), info.me_last_pgno + 1, stat.ms_psize};
}

}  // namespace

Status CheckLmdbFileIsWhole(MDB_env* env, const std::string& path) {
  int fd = -1;
  int code = mdb_env_get_fd(env, &fd);
  if (code != 0) return LmdbError(code, "cannot look at", path);
  ARROW_ASSIGN_OR_RAISE(Extent extent, Measure(env, fd, path));
  if (!extent.short_of_pages()) return Status::OK();
  // Pages that a transaction took and gave back are free without ever having been written. Under
  // the writer lock, since a writer could take them meanwhile.
  MDB_txn* raw = nullptr;
  code = mdb_txn_begin(env, nullptr, 0, &raw);
  if (code != 0) return LmdbError(code, "cannot look at", path);
  std::unique_ptr<MDB_txn, void (*)(MDB_txn*)> lock(raw, &mdb_txn_abort);
  ARROW_ASSIGN_OR_RAISE(extent, Measure(env, fd, path));
  if (!extent.short_of_pages()) return Status::OK();
  const uint64_t there = extent.file / extent.page_size;
  const uint64_t missing = extent.pages - there;
  if (FreePages(fd, extent.page_size, there).Count() == missing) return Status::OK();
  return Error(ErrorKind::kCorrupt,
               "the online store '" + path + "' was cut short: data.mdb has " +
                   std::to_string(extent.file) + " bytes, and what was stored last needs up to " +
                   std::to_string(extent.pages * extent.page_size) +
                   " (was it copied while it was written, or a disk repaired?); restore a whole "
                   "copy, or move the folder away, apply and materialize again")
      .Subject(path);
}

}  // namespace featly
