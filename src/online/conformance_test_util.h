// What the conformance suite runs on: every kind of store, as it is registered.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "online/online_store.h"
#include "online/store_kinds.h"
#include "online/store_test_util.h"

namespace featly {

/// A new store of each kind of OnlineStoreKinds, in a folder of its own.
class OnlineConformance : public ::testing::TestWithParam<const OnlineStoreKind*> {
 protected:
  void SetUp() override { Reopen(); }
  void Reopen() {
    store_.reset();
    store_ = Open();
  }
  std::shared_ptr<OnlineStore> Open() {
    return testing::Must(OpenOnlineStore(DefaultOnlineSettings(*GetParam(), folder_.path())));
  }
  const OnlineCapabilities& can() const { return store_->capabilities(); }
  /// What the store declares it does not do is not asked of it, and stands in the table instead.
  bool Declared(bool can_do, const char* cannot) {
    if (!can_do) RecordProperty("declared", cannot);
    return can_do;
  }

  /// Times that every store keeps: counted in its own resolution.
  EventOrder At(int64_t event, int64_t created) const {
    const int64_t unit = can().time_resolution.micros;
    return {event * unit, created == kNoCreatedTime ? kNoCreatedTime : created * unit};
  }
  std::shared_ptr<const OnlineView> Bind(const OnlineViewSchema& schema) {
    return testing::Must(store_->Bind(schema));
  }
  std::shared_ptr<const OnlineView> BindInt(const std::string& name) {
    return Bind(testing::MakeSchema(name, {{"n", ValueType::kInt64}}));
  }
  WriteResult Put(const std::shared_ptr<const OnlineView>& view, std::string_view key,
                  const std::string& value, EventOrder order) {
    return testing::Must(
        testing::WriteOne(*store_, view, key, testing::MakeRow(*view, {value}, order)));
  }

  testing::TempFolder folder_;
  std::shared_ptr<OnlineStore> store_;
};

inline std::string NameOfKind(const ::testing::TestParamInfo<const OnlineStoreKind*>& info) {
  std::string name;
  for (char c : info.param->name) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

#define FEATLY_FOR_EVERY_STORE(suite)                                                           \
  INSTANTIATE_TEST_SUITE_P(                                                                     \
      Stores, suite, ::testing::ValuesIn(OnlineStoreKinds().begin(), OnlineStoreKinds().end()), \
      NameOfKind)

}  // namespace featly
