#include "types/base64.h"

#include <array>
#include <cstdint>

namespace featly {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kForeign = 0xFF;

constexpr std::array<uint8_t, 256> kSextets = [] {
  std::array<uint8_t, 256> sextets{};
  sextets.fill(kForeign);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    sextets[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return sextets;
}();

uint32_t ByteAt(std::string_view bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

}  // namespace

void AppendBase64(std::string_view bytes, std::string* out) {
  auto append = [out](uint32_t group, int shift) {
    out->push_back(kAlphabet[group >> shift & 63]);
  };
  size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const uint32_t group =
        ByteAt(bytes, i) << 16 | ByteAt(bytes, i + 1) << 8 | ByteAt(bytes, i + 2);
    for (int shift = 18; shift >= 0; shift -= 6) append(group, shift);
  }
  const size_t left = bytes.size() - i;
  if (left == 0) return;
  const uint32_t group = ByteAt(bytes, i) << 16 | (left == 2 ? ByteAt(bytes, i + 1) << 8 : 0);
  append(group, 18);
  append(group, 12);
  if (left == 2) {
    append(group, 6);
    out->push_back('=');
  } else {
    out->append("==");
  }
}

bool AppendBase64Decoded(std::string_view text, std::string* out) {
  if (text.size() % 4 != 0) return false;
  const size_t start = out->size();
  size_t padding = 0;
  if (text.ends_with("==")) {
    padding = 2;
  } else if (text.ends_with('=')) {
    padding = 1;
  }
  for (size_t i = 0; i < text.size(); i += 4) {
    const size_t here = i + 4 == text.size() ? padding : 0;
    uint32_t group = 0;
    uint8_t foreign = 0;
    for (size_t j = 0; j < 4; ++j) {
      const uint8_t sextet = j >= 4 - here ? 0 : kSextets[static_cast<uint8_t>(text[i + j])];
      foreign |= sextet & 0xC0;
      group = group << 6 | sextet;
    }
    const bool stray_bits =
        (here == 1 && (group & 0xFF) != 0) || (here == 2 && (group & 0xFFFF) != 0);
    if (foreign != 0 || stray_bits) {
      out->resize(start);
      return false;
    }
    for (size_t j = 0; j < 3 - here; ++j) {
      out->push_back(static_cast<char>(group >> (16 - 8 * j) & 0xFF));
    }
  }
  return true;
}

}  // namespace featly
