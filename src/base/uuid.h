// Random identifiers.
#pragma once

#include <string>

namespace featly {

/// A new random (version 4) UUID as text, from the system's random source. Any thread.
std::string NewUuid();

}  // namespace featly
