// A lookup allocates nothing once its result and the store's pool are warm. Only in plain builds:
// the sanitizers replace operator new themselves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(FEATLY_TSAN)

#include <atomic>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "online/lmdb_store.h"
#include "online/store_test_util.h"

namespace {
std::atomic<int64_t> g_allocations{0};
}  // namespace

// Replaced for this whole test program.
void* operator new(size_t size) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace featly {
namespace {

using testing::Must;

TEST(LmdbAllocation, AWarmLookupAllocatesNothing) {
  testing::TempFolder folder;
  auto store = Must(OpenLmdbStore({.path = folder.path() + "/online.lmdb"}));
  std::vector<std::shared_ptr<const OnlineView>> bound;
  std::vector<const OnlineView*> views;
  for (const char* name : {"a", "b", "c"}) {
    bound.push_back(Must(store->Bind(testing::MakeSchema(name, {{"n", ValueType::kInt64}}))));
    views.push_back(bound.back().get());
    std::string row = testing::MakeRow(*bound.back(), {"1"}, {1, 1});
    ASSERT_OK(testing::WriteOne(*store, bound.back(), testing::IntKey(1), row));
  }
  std::vector<std::string> key_bytes = {testing::IntKey(1), testing::IntKey(2), testing::IntKey(1)};
  std::vector<std::string_view> keys(key_bytes.begin(), key_bytes.end());
  uint32_t column[] = {0};
  std::vector<std::span<const uint32_t>> columns(3, column);
  ReadGroup group{keys, views, columns};
  ReadResult result;
  int64_t before = 0;
  int64_t found = 0;
  for (int i = 0; i < 10; ++i) {
    if (i == 2) before = g_allocations;
    store->Read({{&group, 1}}, &result, [&](const Status& status) {
      found += status.ok() && result.row(0, 2, 2).present() ? 1 : 0;
    });
    result.Release();
  }
  EXPECT_EQ(g_allocations - before, 0);
  EXPECT_EQ(found, 10);
}

}  // namespace
}  // namespace featly

#endif
