#include "base/arena.h"

#include <algorithm>
#include <utility>

namespace featly {

void Arena::Reset() {
  current_ = 0;
  next_ = nullptr;
  left_ = 0;
}

void Arena::NewBlock(size_t at_least) {
  // A block kept from before, if one is big enough; blocks passed over stay for smaller requests.
  auto kept = std::find_if(blocks_.begin() + static_cast<ptrdiff_t>(current_), blocks_.end(),
                           [&](const Block& block) { return block.size >= at_least; });
  if (kept == blocks_.end()) {
    size_t size = std::max(block_bytes_, at_least);
    blocks_.push_back({std::unique_ptr<uint8_t[]>(new uint8_t[size]), size});
    capacity_ += size;
    kept = blocks_.end() - 1;
  }
  std::swap(blocks_[current_], *kept);
  next_ = blocks_[current_].bytes.get();
  left_ = blocks_[current_].size;
  ++current_;
}

}  // namespace featly
