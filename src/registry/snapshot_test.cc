#include "registry/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/test_definitions.h"

namespace featly {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::shared_ptr<const RegistrySnapshot> SnapshotOf(const std::vector<Definition>& definitions) {
  return RegistrySnapshot::Make(Applied(definitions)).ValueOrDie();
}

TEST(SnapshotTest, CompilesAPlainView) {
  auto view =
      TestView("trips", "zone", {{"zone_id", ValueType::kInt32}, {"day", ValueType::kString}},
               {{"count", ValueType::kInt64}, {"fare", ValueType::kDouble}});
  auto* source = view->mutable_spec()->mutable_batch_source();
  (*source->mutable_field_mapping())["PULocationID"] = "zone_id";
  auto snapshot = SnapshotOf({TestEntity("zone", "zone_id"), Defined(view)});
  Result<const ViewSpec*> found = snapshot->View("p", "trips");
  ASSERT_TRUE(found.ok()) << found.status();
  const ViewSpec& spec = **found;
  EXPECT_EQ(spec.project, "p");
  EXPECT_THAT(spec.entities, ElementsAre("zone"));
  EXPECT_THAT(spec.join_keys, ElementsAre(JoinKey{"day", ValueType::kString},
                                          JoinKey{"zone_id", ValueType::kInt32}));
  EXPECT_THAT(spec.features, ElementsAre(RowColumn{"count", ValueType::kInt64},
                                         RowColumn{"fare", ValueType::kDouble}));
  EXPECT_EQ(spec.FeatureIndex("fare"), 1);
  EXPECT_EQ(spec.FeatureIndex("tip"), -1);
  EXPECT_EQ(spec.ttl, Duration::Seconds(3600));
  EXPECT_TRUE(spec.online);
  EXPECT_TRUE(spec.enabled);
  EXPECT_EQ(spec.batch_source.path, "data/trips.parquet");
  EXPECT_EQ(spec.batch_source.timestamp_field, "event_timestamp");
  EXPECT_EQ(spec.batch_source.created_timestamp_column, "created");
  EXPECT_EQ(spec.batch_source.ColumnFor("zone_id"), "PULocationID");
  EXPECT_EQ(spec.batch_source.ColumnFor("fare"), "fare");
  EXPECT_EQ(spec.proto->spec().name(), "trips");
}

TEST(SnapshotTest, AnEntityGivesTheTypeTheViewLacks) {
  auto snapshot =
      SnapshotOf({TestEntity("zone", "zone_id", ValueType::kInt64), TestEntity("rider", "rider_id"),
                  Defined(TestView("a", "zone", {}, {{"f", ValueType::kInt64}})),
                  Defined(TestView("b", "rider", {}, {{"f", ValueType::kInt64}}))});
  EXPECT_THAT((*snapshot->View("p", "a"))->join_keys,
              ElementsAre(JoinKey{"zone_id", ValueType::kInt64}));
  EXPECT_THAT((*snapshot->View("p", "b"))->join_keys,
              ElementsAre(JoinKey{"rider_id", ValueType::kString}));
}

TEST(SnapshotTest, AViewWithoutEntitiesHasNoKeys) {
  auto snapshot = SnapshotOf({Defined(
      TestView("totals", "", {{"__dummy_id", ValueType::kString}}, {{"f", ValueType::kInt64}}))});
  const ViewSpec& spec = **snapshot->View("p", "totals");
  EXPECT_THAT(spec.join_keys, IsEmpty());
  EXPECT_THAT(spec.entities, IsEmpty());
  EXPECT_THAT(snapshot->Names(ObjectKind::kEntity, "p"), ElementsAre("__dummy"));
}

TEST(SnapshotTest, AViewThatCannotBeReadSaysWhy) {
  auto transformed = TestView("transformed", "", {}, {{"f", ValueType::kInt64}});
  transformed->mutable_spec()->mutable_feature_transformation();
  auto bigquery = TestView("bigquery", "", {}, {{"f", ValueType::kInt64}});
  bigquery->mutable_spec()->mutable_batch_source()->set_type(
      feast::core::DataSource::BATCH_BIGQUERY);
  auto kafka = TestView("kafka", "", {}, {{"f", ValueType::kInt64}});
  kafka->mutable_spec()->mutable_stream_source()->set_type(feast::core::DataSource::STREAM_KAFKA);
  auto history = TestView("history", "", {}, {{"f", ValueType::kInt64}});
  *history->mutable_spec()->mutable_stream_source() = kafka->spec().stream_source();
  kafka->mutable_spec()->clear_batch_source();
  auto later = TestView("later", "", {}, {{"id", static_cast<ValueType>(60)}});
  auto untyped = TestView("untyped", "", {}, {{"f", ValueType::kInvalid}});
  auto floaty =
      TestView("floaty", "zone", {{"zone_id", ValueType::kDouble}}, {{"f", ValueType::kInt64}});
  auto good = TestView("good", "", {}, {{"f", ValueType::kInt64}});
  auto snapshot = SnapshotOf({TestEntity("zone", "zone_id"), Defined(transformed),
                              Defined(bigquery), Defined(kafka), Defined(later), Defined(untyped),
                              Defined(history), Defined(floaty), Defined(good)});
  auto why = [&](const char* view, ErrorKind kind) {
    Status status = snapshot->View("p", view).status();
    EXPECT_EQ(KindOf(status), kind) << view << ": " << status;
    EXPECT_THAT(status.message(), HasSubstr(std::string("'") + view + "'"));
    return status.message();
  };
  EXPECT_THAT(why("transformed", ErrorKind::kNotImplemented), HasSubstr("transformation"));
  EXPECT_THAT(why("bigquery", ErrorKind::kNotImplemented), HasSubstr("BATCH_BIGQUERY"));
  EXPECT_THAT(why("kafka", ErrorKind::kNotImplemented), HasSubstr("stream"));
  EXPECT_THAT(why("later", ErrorKind::kNotImplemented), HasSubstr("UNKNOWN(60)"));
  EXPECT_THAT(why("untyped", ErrorKind::kCorrupt), HasSubstr("no type"));
  EXPECT_THAT(why("floaty", ErrorKind::kNotImplemented), HasSubstr("DOUBLE"));
  EXPECT_TRUE(snapshot->View("p", "good").ok());
  EXPECT_TRUE(snapshot->View("p", "history").ok());  // the stream's batch source will do
  EXPECT_EQ(snapshot->Views("p").size(), 2u);
  EXPECT_EQ(snapshot->List(ObjectKind::kFeatureView, "p").size(), 8u);
}

TEST(SnapshotTest, OtherKindsOfViewAreNamed) {
  auto registry = Applied({Defined(TestView("driver_stats", "", {}, {{"f", ValueType::kInt64}}))});
  auto* on_demand = registry->add_on_demand_feature_views();
  on_demand->mutable_spec()->set_name("driver_odfv");
  on_demand->mutable_spec()->set_project("p");
  auto snapshot = RegistrySnapshot::Make(registry).ValueOrDie();
  Status status = snapshot->View("p", "driver_odfv").status();
  EXPECT_EQ(KindOf(status), ErrorKind::kNotImplemented);
  EXPECT_THAT(status.message(), HasSubstr("on-demand feature view"));
  Status missing = snapshot->View("p", "driver_stat").status();
  EXPECT_EQ(KindOf(missing), ErrorKind::kNotFound);
  EXPECT_THAT(DetailOf(missing)->near_names, testing::Contains("driver_stats"));
  EXPECT_EQ(KindOf(snapshot->View("q", "driver_stats").status()), ErrorKind::kNotFound);
}

TEST(SnapshotTest, FindsAndListsByProject) {
  auto registry = Applied({TestEntity("zone", "zone_id")});
  feast::core::Entity other = registry->entities(0);
  other.mutable_spec()->set_project("q");
  *registry->add_entities() = other;
  auto snapshot = RegistrySnapshot::Make(registry).ValueOrDie();
  EXPECT_NE(snapshot->Find(ObjectKind::kEntity, "q", "zone"), nullptr);
  EXPECT_EQ(snapshot->Find(ObjectKind::kEntity, "r", "zone"), nullptr);
  EXPECT_NE(snapshot->Find(ObjectKind::kProject, "", "p"), nullptr);
  EXPECT_THAT(snapshot->Names(ObjectKind::kEntity, "q"), ElementsAre("zone"));
  EXPECT_EQ(snapshot->version(), registry->version_id());
}

TEST(SnapshotTest, PushTargetsAreTheViewsOfTheSource) {
  auto view = TestView("pushed", "", {}, {{"f", ValueType::kInt64}});
  *view->mutable_spec()->mutable_stream_source() =
      TestPushSource("pushes", view->spec().batch_source());
  auto snapshot = SnapshotOf({Defined(view)});
  Result<std::vector<const ViewSpec*>> targets = snapshot->PushTargets("p", "pushes");
  ASSERT_TRUE(targets.ok()) << targets.status();
  ASSERT_EQ(targets->size(), 1u);
  EXPECT_EQ((*targets)[0]->name, "pushed");
  EXPECT_EQ((*targets)[0]->push_source, "pushes");
  Status missing = snapshot->PushTargets("p", "push").status();
  EXPECT_EQ(KindOf(missing), ErrorKind::kNotFound);
  EXPECT_THAT(DetailOf(missing)->near_names, ElementsAre("pushes"));
  EXPECT_FALSE(snapshot->PushTargets("p", "").ok());
}

TEST(SnapshotTest, AViewThatCannotBeWrittenStopsThePush) {
  auto view = TestView("pushed", "", {}, {{"f", ValueType::kInt64}});
  auto push = TestPushSource("pushes", view->spec().batch_source());
  *view->mutable_spec()->mutable_stream_source() = push;
  auto labels = std::make_shared<feast::core::LabelView>();
  labels->mutable_spec()->set_name("labels");
  *labels->mutable_spec()->mutable_source() = push;
  auto snapshot = SnapshotOf({Defined(view), {ObjectKind::kLabelView, labels, "labels.py", 1}});
  Status status = snapshot->PushTargets("p", "pushes").status();
  EXPECT_EQ(KindOf(status), ErrorKind::kNotImplemented);
  EXPECT_EQ(DetailOf(status)->subject, "labels");
}

}  // namespace
}  // namespace featly
