#include "base/arena.h"

#include <gtest/gtest.h>

namespace featly {
namespace {

TEST(ArenaTest, CopiesLiveSideBySide) {
  Arena arena(64);
  std::vector<std::string> texts;
  std::vector<std::string_view> copies;
  for (int i = 0; i < 200; ++i) {
    texts.push_back(std::string(static_cast<size_t>(i), static_cast<char>('a' + i % 26)));
    copies.push_back(arena.Copy(texts.back()));
  }
  for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(copies[i], texts[i]);
}

TEST(ArenaTest, AllocationsAreAligned) {
  Arena arena;
  for (size_t n : {1, 3, 8, 13}) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.Allocate(n)) % 8, 0u);
  }
}

TEST(ArenaTest, AWarmArenaDoesNotGrow) {
  Arena arena(1024);
  auto use = [&] {
    arena.Reset();
    for (size_t n : {100, 5000, 700, 900, 20000, 8}) {
      std::memset(arena.Allocate(n), 0xab, n);
    }
  };
  use();
  size_t warm = arena.capacity();
  for (int i = 0; i < 10; ++i) use();
  EXPECT_EQ(arena.capacity(), warm);
}

}  // namespace
}  // namespace featly
