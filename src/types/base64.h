// Standard base64 with padding (RFC 4648, section 4): how bytes travel in JSON.
#pragma once

#include <string>
#include <string_view>

namespace featly {

void AppendBase64(std::string_view bytes, std::string* out);

/// Appends the decoded bytes; false, with `out` as it was, for anything but the canonical form: a
/// foreign character, missing padding, bits set that no byte holds.
bool AppendBase64Decoded(std::string_view text, std::string* out);

}  // namespace featly
