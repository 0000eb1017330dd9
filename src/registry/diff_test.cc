#include "registry/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/proto_time.h"
#include "registry/snapshot.h"
#include "registry/test_definitions.h"

namespace featly {
namespace {

using feast::core::FeatureView;
using feast::core::Registry;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Texts(const RegistryDiff& diff) {
  static constexpr const char* kSigns[] = {"+", "~", "-"};
  std::vector<std::string> texts;
  for (const Change& change : diff.changes) {
    texts.push_back(std::string(kSigns[static_cast<int>(change.type)]) + InfoOf(change.kind).id +
                    " " + change.name);
  }
  return texts;
}

std::shared_ptr<FeatureView> Trips() {
  return TestView("trips", "zone", {{"zone_id", ValueType::kInt64}},
                  {{"count", ValueType::kInt64}, {"fare", ValueType::kDouble}});
}

std::vector<Definition> Repository(std::shared_ptr<FeatureView> view) {
  auto service = TestService("model");
  AddProjection("trips", {"fare"}, service.get());
  return {Defined(service), Defined(std::move(view)), TestEntity("zone", "zone_id")};
}

const FeatureView& ViewIn(const Registry& registry, const std::string& name) {
  for (const FeatureView& view : registry.feature_views()) {
    if (view.spec().name() == name) return view;
  }
  throw std::runtime_error("no view " + name);
}

// Applies a total change at second `second` and returns the difference it made.
RegistryDiff Apply(const std::vector<Definition>& definitions, int64_t second, Registry* registry) {
  RegistryDiff diff = DiffRegistry(*registry, "p", definitions, true);
  ApplyDiff(diff, "p", definitions, Timestamp::FromSeconds(second), registry);
  return diff;
}

TEST(DiffTest, OrdersCreationsAndDeletions) {
  Registry registry;
  EXPECT_THAT(Texts(Apply(Repository(Trips()), 1, &registry)),
              ElementsAre("+entity zone", "+data_source trips_source", "+feature_view trips",
                          "+feature_service model"));
  auto other = TestView("other", "", {}, {{"f", ValueType::kInt64}});
  EXPECT_THAT(
      Texts(DiffRegistry(registry, "p", {Defined(other)}, true)),
      ElementsAre("+data_source other_source", "+feature_view other", "-feature_service model",
                  "-feature_view trips", "-data_source trips_source", "-entity zone"));
  EXPECT_THAT(Texts(DiffRegistry(registry, "p", {Defined(other)}, false)),
              ElementsAre("+data_source other_source", "+feature_view other"));
}

TEST(DiffTest, NothingChangedIsNoDifference) {
  auto registry = Applied(Repository(Trips()));
  EXPECT_TRUE(DiffRegistry(*registry, "p", Repository(Trips()), true).empty());

  // Bookkeeping, and what Feast writes in another way.
  FeatureView* view = registry->mutable_feature_views(0);
  view->mutable_meta()->add_materialization_intervals();
  view->mutable_meta()->set_state(feast::core::AVAILABLE_ONLINE);
  view->mutable_spec()->clear_version();
  view->mutable_spec()->mutable_batch_source()->set_project("p");
  view->mutable_spec()->mutable_batch_source()->set_data_source_class_type(
      "feast.infra.offline_stores.file_source.FileSource");
  view->mutable_spec()->mutable_features()->SwapElements(0, 1);
  auto* projection = registry->mutable_feature_services(0)->mutable_spec()->mutable_features(0);
  projection->set_view_type("featureView");
  projection->set_timestamp_field("created");
  *projection->mutable_batch_source() = view->spec().batch_source();
  EXPECT_THAT(Texts(DiffRegistry(*registry, "p", Repository(Trips()), true)), IsEmpty());
}

TEST(DiffTest, NoTtlIsATtlOfZero) {
  auto view = Trips();
  view->mutable_spec()->clear_ttl();
  auto registry = Applied(Repository(view));
  auto zero = Trips();
  zero->mutable_spec()->mutable_ttl()->set_seconds(0);
  EXPECT_TRUE(DiffRegistry(*registry, "p", Repository(zero), true).empty());
}

TEST(DiffTest, TheDummyKeyIsFeastsBusiness) {
  std::vector<Definition> totals = {
      Defined(TestView("totals", "", {}, {{"n", ValueType::kInt64}}))};
  auto registry = Applied(totals);
  ASSERT_EQ(registry->feature_views(0).spec().entity_columns_size(), 1);
  EXPECT_EQ(registry->feature_views(0).spec().entity_columns(0).name(), kDummyJoinKey);
  EXPECT_TRUE(DiffRegistry(*registry, "p", totals, true).empty());
}

TEST(DiffTest, TheKeysOfAStreamViewAreFeastsBusiness) {
  auto view = std::make_shared<feast::core::StreamFeatureView>();
  view->mutable_spec()->set_name("rides");
  view->mutable_spec()->add_entities("zone");
  feast::core::FeatureSpecV2* count = view->mutable_spec()->add_features();
  count->set_name("count");
  count->set_value_type(feast::types::ValueType_Enum_INT64);
  std::vector<Definition> stream = {
      Definition{ObjectKind::kStreamFeatureView, view, "features.py", 1},
      TestEntity("zone", "zone_id")};
  auto registry = Applied(stream);
  ASSERT_EQ(registry->stream_feature_views_size(), 1);
  auto* applied = registry->mutable_stream_feature_views(0)->mutable_spec();
  feast::core::FeatureSpecV2* key = applied->add_entity_columns();
  key->set_name("zone_id");
  key->set_value_type(feast::types::ValueType_Enum_INT64);
  *applied->add_features() = *key;
  applied->mutable_features()->SwapElements(0, 1);
  EXPECT_TRUE(DiffRegistry(*registry, "p", stream, true).empty());
  count->set_value_type(feast::types::ValueType_Enum_DOUBLE);
  EXPECT_EQ(DiffRegistry(*registry, "p", stream, true).changes.size(), 1u);
}

TEST(DiffTest, DetailsSayWhatDiffers) {
  auto registry = Applied(Repository(Trips()));
  auto changed = Trips();
  auto* spec = changed->mutable_spec();
  spec->mutable_ttl()->set_seconds(7200);
  spec->mutable_ttl()->set_nanos(500000000);
  spec->set_description("of a zone");
  (*spec->mutable_tags())["team"] = "rides";
  spec->mutable_features(0)->set_value_type(feast::types::ValueType_Enum_INT32);
  AddColumn("tip", ValueType::kDouble, spec->add_features());
  spec->mutable_batch_source()->mutable_file_options()->set_uri("s3://elsewhere");
  RegistryDiff diff = DiffRegistry(*registry, "p", Repository(changed), true);
  ASSERT_EQ(diff.changes.size(), 2u);
  EXPECT_THAT(diff.changes[0].details,
              ElementsAre("file_options.uri: \"data/trips.parquet\" -> \"s3://elsewhere\""));
  EXPECT_THAT(diff.changes[1].details,
              testing::UnorderedElementsAre(
                  "ttl: 3600s -> 7200.5s", "description: added (\"of a zone\")",
                  "tags.team: added (\"rides\")", "features.count.value_type: INT64 -> INT32",
                  "features.tip: added (DOUBLE)",
                  "batch_source.file_options.uri: \"data/trips.parquet\" -> \"s3://elsewhere\""));
}

TEST(ApplyDiffTest, WritesFeastsBookkeeping) {
  Registry registry;
  Apply(Repository(Trips()), 100, &registry);
  EXPECT_EQ(registry.registry_schema_version(), "1");
  EXPECT_EQ(registry.version_id().size(), 36u);
  EXPECT_EQ(registry.last_updated().seconds(), 100);
  ASSERT_EQ(registry.projects_size(), 1);
  EXPECT_EQ(registry.projects(0).spec().name(), "p");
  ASSERT_EQ(registry.project_metadata_size(), 1);
  EXPECT_EQ(registry.project_metadata(0).project_uuid().size(), 36u);
  ASSERT_EQ(registry.entities_size(), 2);
  EXPECT_EQ(registry.entities(1).spec().name(), kDummyEntity);
  EXPECT_EQ(registry.entities(1).spec().join_key(), kDummyJoinKey);
  const FeatureView& view = ViewIn(registry, "trips");
  EXPECT_EQ(view.spec().project(), "p");
  EXPECT_EQ(view.meta().created_timestamp().seconds(), 100);
  EXPECT_EQ(view.spec().batch_source().meta().created_timestamp().seconds(), 100);
  ASSERT_EQ(registry.feature_view_version_history().records_size(), 1);
  const auto& record = registry.feature_view_version_history().records(0);
  EXPECT_EQ(record.feature_view_type(), "feature_view");
  EXPECT_EQ(record.version_number(), 0);
  FeatureView recorded;
  ASSERT_TRUE(recorded.ParseFromString(record.feature_view_proto()));
  EXPECT_EQ(recorded.spec().name(), "trips");
}

TEST(ApplyDiffTest, ASettingKeepsWhatWasMaterialized) {
  Registry registry;
  Apply(Repository(Trips()), 100, &registry);
  auto* meta = registry.mutable_feature_views(0)->mutable_meta();
  ToProto(Timestamp::FromSeconds(50), meta->add_materialization_intervals()->mutable_end_time());
  meta->set_state(feast::core::AVAILABLE_ONLINE);
  std::string version = registry.version_id();

  auto changed = Trips();
  changed->mutable_spec()->mutable_ttl()->set_seconds(1);
  Apply(Repository(changed), 200, &registry);
  const FeatureView& view = ViewIn(registry, "trips");
  EXPECT_EQ(view.meta().created_timestamp().seconds(), 100);
  EXPECT_EQ(view.meta().last_updated_timestamp().seconds(), 200);
  EXPECT_EQ(view.meta().materialization_intervals_size(), 1);
  EXPECT_EQ(view.meta().state(), feast::core::AVAILABLE_ONLINE);
  EXPECT_EQ(view.meta().current_version_number(), 0);
  EXPECT_EQ(registry.feature_view_version_history().records_size(), 1);
  EXPECT_NE(registry.version_id(), version);
}

TEST(ApplyDiffTest, ANewSourceForgetsWhatWasMaterialized) {
  Registry registry;
  Apply(Repository(Trips()), 100, &registry);
  registry.mutable_feature_views(0)->mutable_meta()->add_materialization_intervals();
  auto changed = Trips();
  changed->mutable_spec()->mutable_batch_source()->set_description("the same rows");
  Apply(Repository(changed), 150, &registry);
  EXPECT_EQ(ViewIn(registry, "trips").meta().materialization_intervals_size(), 1);
  changed = Trips();
  changed->mutable_spec()->mutable_batch_source()->set_timestamp_field("other");
  Apply(Repository(changed), 200, &registry);
  EXPECT_EQ(ViewIn(registry, "trips").meta().materialization_intervals_size(), 0);
  EXPECT_EQ(registry.feature_view_version_history().records_size(), 1);
}

TEST(ApplyDiffTest, ANewSchemaIsANewVersion) {
  Registry registry;
  Apply(Repository(Trips()), 100, &registry);
  registry.mutable_feature_views(0)->mutable_meta()->add_materialization_intervals();
  auto changed = Trips();
  AddColumn("tip", ValueType::kDouble, changed->mutable_spec()->add_features());
  Apply(Repository(changed), 200, &registry);
  EXPECT_EQ(ViewIn(registry, "trips").meta().current_version_number(), 1);
  EXPECT_EQ(ViewIn(registry, "trips").meta().materialization_intervals_size(), 0);
  ASSERT_EQ(registry.feature_view_version_history().records_size(), 2);
  EXPECT_EQ(registry.feature_view_version_history().records(1).version_number(), 1);

  // A registry from before versions existed gets the old one as version 0.
  registry.clear_feature_view_version_history();
  Apply(Repository(Trips()), 300, &registry);
  ASSERT_EQ(registry.feature_view_version_history().records_size(), 2);
  EXPECT_EQ(registry.feature_view_version_history().records(0).version_number(), 0);
  EXPECT_EQ(ViewIn(registry, "trips").meta().current_version_number(), 1);
}

TEST(ApplyDiffTest, DeletingForgetsVersionsAndKeepsOtherProjects) {
  Registry registry;
  Apply(Repository(Trips()), 100, &registry);
  std::vector<Definition> other = Repository(Trips());
  ApplyDiff(DiffRegistry(registry, "q", other, true), "q", other, {1}, &registry);
  ASSERT_EQ(registry.feature_views_size(), 2);

  std::vector<Definition> only_entity = {TestEntity("zone", "zone_id")};
  Apply(only_entity, 200, &registry);
  ASSERT_EQ(registry.feature_views_size(), 1);
  EXPECT_EQ(registry.feature_views(0).spec().project(), "q");
  ASSERT_EQ(registry.feature_view_version_history().records_size(), 1);
  EXPECT_EQ(registry.feature_view_version_history().records(0).project_id(), "q");
  EXPECT_EQ(registry.projects_size(), 2);
}

TEST(ApplyDiffTest, NoDefinitionsAtAllDeleteTheProject) {
  Registry registry;
  Apply(Repository(Trips()), 100, &registry);
  registry.add_saved_datasets()->mutable_spec()->set_project("p");
  std::vector<Definition> other = Repository(Trips());
  ApplyDiff(DiffRegistry(registry, "q", other, true), "q", other, {1}, &registry);
  RegistryDiff diff = Apply({}, 300, &registry);
  EXPECT_EQ(Texts(diff).back(), "-project p");
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    for (const auto* object : ObjectsOf(registry, info.kind)) {
      EXPECT_NE(info.kind == ObjectKind::kProject ? ObjectName(info.kind, *object)
                                                  : ObjectProject(info.kind, *object),
                "p");
    }
  }
  EXPECT_EQ(registry.project_metadata_size(), 1);
}

TEST(ApplyDiffTest, UnknownFieldsOfOthersStay) {
  Registry registry;
  Apply(Repository(Trips()), 100, &registry);
  auto keep = [](google::protobuf::Message* message) {
    message->GetReflection()->MutableUnknownFields(message)->AddVarint(900, 7);
  };
  auto has = [](const google::protobuf::Message& message) {
    return message.GetReflection()->GetUnknownFields(message).field_count() == 1;
  };
  keep(&registry);
  keep(registry.mutable_entities(0));
  keep(registry.mutable_feature_views(0)->mutable_meta());
  EXPECT_TRUE(DiffRegistry(registry, "p", Repository(Trips()), true).empty());
  auto changed = Trips();
  changed->mutable_spec()->set_owner("rides");
  Apply(Repository(changed), 200, &registry);
  EXPECT_TRUE(has(registry));
  EXPECT_TRUE(has(registry.entities(0)));
  EXPECT_TRUE(has(ViewIn(registry, "trips").meta()));
}

TEST(ApplyDiffTest, PicklesOfOneTextAreTheSame) {
  auto make = [](const char* pickle) {
    auto view = std::make_shared<feast::core::OnDemandFeatureView>();
    view->mutable_spec()->set_name("odfv");
    auto* udf =
        view->mutable_spec()->mutable_feature_transformation()->mutable_user_defined_function();
    udf->set_name("f");
    udf->set_body_text("def f(x): return x");
    udf->set_body(pickle);
    return std::vector<Definition>{{ObjectKind::kOnDemandFeatureView, view, "v.py", 1}};
  };
  auto registry = Applied(make("\x80\x04one"));
  EXPECT_TRUE(DiffRegistry(*registry, "p", make("\x80\x04two"), true).empty());
}

}  // namespace
}  // namespace featly
