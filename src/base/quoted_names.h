// Names in messages.
#pragma once

#include <span>
#include <string>

namespace featly {

/// "'a', 'b'"; "" for none.
inline std::string QuotedNames(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text;
}

}  // namespace featly
