#include "types/base64.h"

#include <gtest/gtest.h>

namespace featly {
namespace {

std::string Encode(std::string_view bytes) {
  std::string text;
  AppendBase64(bytes, &text);
  return text;
}

TEST(Base64, TheVectorsOfTheRfc) {
  const std::string_view plain = "foobar";
  const char* encoded[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (size_t i = 0; i <= plain.size(); ++i) {
    EXPECT_EQ(Encode(plain.substr(0, i)), encoded[i]);
    std::string decoded = "kept";
    ASSERT_TRUE(AppendBase64Decoded(encoded[i], &decoded));
    EXPECT_EQ(decoded, "kept" + std::string(plain.substr(0, i)));
  }
}

TEST(Base64, EveryByteGoesThereAndBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  for (size_t length = 0; length <= bytes.size(); ++length) {
    std::string decoded;
    ASSERT_TRUE(AppendBase64Decoded(Encode(bytes.substr(0, length)), &decoded));
    ASSERT_EQ(decoded, bytes.substr(0, length));
  }
}

TEST(Base64, OnlyTheCanonicalFormIsTaken) {
  for (const char* text : {"Zg", "Zg=", "Z===", "====", "Zm9v=", "Zh==", "Zm9=", "Zm-v", "Zm 9v",
                           "Zg==Zg==", "\xC3\xA9zz", "="}) {
    std::string out = "kept";
    EXPECT_FALSE(AppendBase64Decoded(text, &out)) << text;
    EXPECT_EQ(out, "kept") << text;
  }
}

}  // namespace
}  // namespace featly
