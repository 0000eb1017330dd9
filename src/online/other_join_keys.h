// What preparing a view does to one that the store has already.
#pragma once

#include <cstdint>

namespace featly {

/// What becomes of a view that the store has under other join keys.
enum class OtherJoinKeys : uint8_t {
  kLeave,     ///< It stays as it is, with its rows.
  kBeginNew,  ///< Its rows are gone, and it begins anew.
};

}  // namespace featly
