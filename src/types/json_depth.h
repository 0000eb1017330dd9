// How deep JSON may be nested, wherever featly reads it.
#pragma once

#include <cstddef>

namespace featly {

/// Deeper text is refused: a value is walked by recursion.
inline constexpr size_t kMaxJsonDepth = 64;

}  // namespace featly
