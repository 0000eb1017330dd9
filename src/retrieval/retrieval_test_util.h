// A registry and a store for the tests of this room.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/text_format.h>

#include "online/lmdb_store.h"
#include "online/store_test_util.h"
#include "online/view_schema.h"
#include "registry/snapshot.h"
#include "retrieval/lookup.h"
#include "retrieval/plan.h"

namespace featly::testing {

/// Two views of drivers and one of pairs of a driver and a customer, one view without entities, and
/// services over them.
inline constexpr const char* kRegistry = R"pb(
  version_id: "v1"
  entities { spec { name: "driver" project: "demo" value_type: INT64 join_key: "driver_id" } }
  entities { spec { name: "customer" project: "demo" value_type: STRING join_key: "customer_id" } }
  feature_views {
    spec {
      name: "stats"
      project: "demo"
      entities: "driver"
      online: true
      ttl { seconds: 3600 }
      features { name: "trips" value_type: INT64 }
      features { name: "rate" value_type: DOUBLE }
      features { name: "city" value_type: STRING }
      entity_columns { name: "driver_id" value_type: INT64 }
      batch_source {
        type: BATCH_FILE
        name: "s"
        timestamp_field: "ts"
        file_options { uri: "s.parquet" }
      }
    }
    meta { current_version_number: 2 }
  }
  feature_views {
    spec {
      name: "home"
      project: "demo"
      entities: "driver"
      online: true
      features { name: "town" value_type: STRING }
      entity_columns { name: "driver_id" value_type: INT64 }
      batch_source {
        type: BATCH_FILE
        name: "h"
        timestamp_field: "ts"
        file_options { uri: "h.parquet" }
      }
    }
  }
  feature_views {
    spec {
      name: "pairs"
      project: "demo"
      entities: "driver"
      entities: "customer"
      online: true
      features { name: "trips" value_type: INT64 }
      entity_columns { name: "driver_id" value_type: INT64 }
      entity_columns { name: "customer_id" value_type: STRING }
      batch_source {
        type: BATCH_FILE
        name: "p"
        timestamp_field: "ts"
        file_options { uri: "p.parquet" }
      }
    }
  }
  feature_views {
    spec {
      name: "offline_only"
      project: "demo"
      entities: "driver"
      features { name: "x" value_type: INT64 }
      entity_columns { name: "driver_id" value_type: INT64 }
      batch_source {
        type: BATCH_FILE
        name: "o"
        timestamp_field: "ts"
        file_options { uri: "o.parquet" }
      }
    }
  }
)pb";

inline constexpr int64_t kHour = int64_t{3600} * 1000000;

class RetrievalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto registry = std::make_shared<feast::core::Registry>();
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(kRegistry, registry.get()));
    snapshot_ = Must(RegistrySnapshot::Make(registry));
    LmdbOptions options;
    options.path = folder_.path() + "/store";
    options.map_bytes = uint64_t{1} << 30;
    store_ = Must(OpenLmdbStore(options));
  }

  Result<std::shared_ptr<const RetrievalPlan>> Plan(std::vector<std::string> features,
                                                    bool full_names = false) {
    FeatureRequest request;
    request.features = std::move(features);
    request.full_feature_names = full_names;
    return MakeRetrievalPlan(snapshot_, "demo", request, *store_, 3);
  }

  const ViewSpec& View(const char* name) { return *Must(snapshot_->View("demo", name)); }

  /// Writes a row of a view keyed by driver alone. `values[i]` is the JSON of feature i.
  void Write(const OnlineViewSchema& schema, int64_t driver, const std::vector<std::string>& values,
             int64_t event_micros) {
    auto view = Must(store_->Bind(schema));
    std::string key;
    KeyValue value{driver, {}};
    Must(EntityKeyCodec::Make(schema.join_keys, 3)).Append({&value, 1}, &key);
    Must(WriteOne(*store_, view, key, MakeRow(*view, values, {event_micros, kNoCreatedTime})));
  }
  void Write(const char* view, int64_t driver, const std::vector<std::string>& values,
             int64_t event_micros) {
    Write(SchemaForStore(View(view)), driver, values, event_micros);
  }

  /// Looks drivers up; the store reads inline.
  void Run(Lookup* lookup, const std::shared_ptr<const RetrievalPlan>& plan,
           const std::vector<int64_t>& drivers, int64_t now) {
    keys_.resize(1);
    keys_[0].values.clear();
    for (int64_t driver : drivers) keys_[0].values.push_back({driver, {}});
    Status status;
    bool called = false;
    lookup->Run(plan, *store_, keys_, drivers.size(), Timestamp{now}, [&](Status done) {
      status = std::move(done);
      called = true;
    });
    ASSERT_TRUE(called && status.ok()) << FormatForPeople(status);
  }

  TempFolder folder_;
  std::shared_ptr<const RegistrySnapshot> snapshot_;
  std::shared_ptr<OnlineStore> store_;
  std::vector<KeyColumn> keys_;
};

}  // namespace featly::testing
