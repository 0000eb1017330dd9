// Memory for one request or one batch, given back all at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace featly {

/// Hands out bytes that live until Reset. Not thread-safe: one per request or per thread.
/// Cost: a pointer bump; a block of at least `block_bytes` is allocated when the last one is full,
/// and blocks are kept over Reset, so a warmed-up arena does not allocate.
class Arena {
 public:
  explicit Arena(size_t block_bytes = 64 * 1024) : block_bytes_(block_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// `n` uninitialised bytes, aligned to 8.
  uint8_t* Allocate(size_t n) {
    n = (n + 7) & ~size_t{7};
    if (n > left_) NewBlock(n);
    uint8_t* p = next_;
    next_ += n;
    left_ -= n;
    return p;
  }

  /// A copy of `bytes` that lives as long as the arena's content.
  std::string_view Copy(std::string_view bytes) {
    if (bytes.empty()) return {};
    uint8_t* p = Allocate(bytes.size());
    std::memcpy(p, bytes.data(), bytes.size());
    return {reinterpret_cast<const char*>(p), bytes.size()};
  }

  /// Forgets all that was handed out; keeps the blocks.
  void Reset();

  /// Bytes of all blocks.
  size_t capacity() const { return capacity_; }

 private:
  struct Block {
    std::unique_ptr<uint8_t[]> bytes;
    size_t size;
  };

  void NewBlock(size_t at_least);

  size_t block_bytes_;
  std::vector<Block> blocks_;
  size_t current_ = 0;  // blocks_[0, current_) are in use
  uint8_t* next_ = nullptr;
  size_t left_ = 0;
  size_t capacity_ = 0;
};

}  // namespace featly
