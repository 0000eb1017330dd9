#include "registry/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/test_definitions.h"

namespace featly {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr Columns kKeys = {{"zone_id", ValueType::kInt64}};
constexpr Columns kFeatures = {{"fare", ValueType::kDouble}};

std::string ErrorOf(const std::vector<Definition>& definitions,
                    const feast::core::Registry& existing = {}, bool total = true) {
  Status status = ValidateDefinitions(definitions, existing, "p", total);
  if (status.ok()) return "OK";
  EXPECT_EQ(KindOf(status), ErrorKind::kDefinition);
  EXPECT_FALSE(DetailOf(status)->file.empty()) << status;
  EXPECT_GT(DetailOf(status)->line, 0) << status;
  return FormatForPeople(status);
}

Definition Zone() { return TestEntity("zone", "zone_id", ValueType::kInt64); }

TEST(ValidateTest, GoodDefinitionsPass) {
  auto service = TestService("model");
  AddProjection("trips", {"fare"}, service.get());
  EXPECT_EQ(ErrorOf({Zone(), Defined(TestView("trips", "zone", kKeys, kFeatures)),
                     Defined(TestView("totals", "", {}, kFeatures)), Defined(service)}),
            "OK");
  EXPECT_EQ(ErrorOf({}), "OK");
}

TEST(ValidateTest, NamesAreUniqueWithoutCase) {
  EXPECT_THAT(ErrorOf({Zone(), Defined(TestView("trips", "zone", kKeys, kFeatures), 5),
                       Defined(TestView("Trips", "zone", kKeys, kFeatures), 9)}),
              AllOf(HasSubstr("'Trips'"), HasSubstr("(views.py:9)"), HasSubstr("views.py:5")));
  auto on_demand = std::make_shared<feast::core::OnDemandFeatureView>();
  on_demand->mutable_spec()->set_name("trips");
  EXPECT_THAT(ErrorOf({Zone(),
                       Defined(TestView("trips", "zone", kKeys, kFeatures)),
                       {ObjectKind::kOnDemandFeatureView, on_demand, "odfv.py", 2}}),
              AllOf(HasSubstr("on-demand feature view 'trips'"), HasSubstr("have one name")));
  EXPECT_THAT(ErrorOf({Zone(), Zone()}), HasSubstr("entity 'zone'"));
  EXPECT_THAT(ErrorOf({TestEntity("", "x")}), HasSubstr("no name"));
}

TEST(ValidateTest, OneSourceMayBeThereTwice) {
  auto defined = [](const feast::core::DataSource& source) {
    return Definition{ObjectKind::kDataSource, std::make_shared<feast::core::DataSource>(source),
                      "s.py", 1};
  };
  EXPECT_EQ(ErrorOf({defined(TestFileSource("s", "a")), defined(TestFileSource("s", "a"))}), "OK");
  EXPECT_THAT(ErrorOf({defined(TestFileSource("s", "a")), defined(TestFileSource("s", "b"))}),
              HasSubstr("data source 's'"));
  feast::core::DataSource mapped = TestFileSource("s", "a");
  (*mapped.mutable_field_mapping())["x"] = "f";
  (*mapped.mutable_field_mapping())["y"] = "f";
  EXPECT_THAT(ErrorOf({defined(mapped)}), HasSubstr("'x' and 'y' both to 'f'"));
}

TEST(ValidateTest, EntitiesAreKnown) {
  EXPECT_THAT(ErrorOf({Zone(), Defined(TestView("trips", "zones", kKeys, kFeatures))}),
              AllOf(HasSubstr("the entity 'zones'"), HasSubstr("did you mean 'zone'?")));
  feast::core::Registry existing = *Applied({Zone()});
  std::vector<Definition> view = {Defined(TestView("trips", "zone", kKeys, kFeatures))};
  EXPECT_EQ(ErrorOf(view, existing, /*total=*/false), "OK");
  EXPECT_THAT(ErrorOf(view, existing, /*total=*/true), HasSubstr("not defined"));
}

TEST(ValidateTest, KeysHaveTheirEntitysType) {
  EXPECT_THAT(ErrorOf({Zone(), Defined(TestView("trips", "zone", {{"zone_id", ValueType::kString}},
                                                kFeatures))}),
              AllOf(HasSubstr("STRING"), HasSubstr("INT64")));
  EXPECT_THAT(
      ErrorOf({TestEntity("zone", "zone_id"),
               Defined(TestView("trips", "zone", {{"zone_id", ValueType::kDouble}}, kFeatures))}),
      HasSubstr("a join key can be"));
  auto two = TestView("trips", "zone", kKeys, kFeatures);
  two->mutable_spec()->add_entities("area");
  EXPECT_THAT(ErrorOf({Zone(), TestEntity("area", "zone_id"), Defined(two)}),
              HasSubstr("one join key, 'zone_id'"));
}

TEST(ValidateTest, FeatureNamesAreClear) {
  auto with = [](const char* name, Columns features) {
    return ErrorOf({Zone(), Defined(TestView(name, "zone", kKeys, features))});
  };
  EXPECT_THAT(with("t", {{"a", ValueType::kInt64}, {"a", ValueType::kInt64}}),
              HasSubstr("two features named 'a'"));
  EXPECT_THAT(with("t", {{"zone_id", ValueType::kInt64}}), HasSubstr("and as a join key"));
  EXPECT_THAT(with("t", {{"event_timestamp", ValueType::kInt64}}), HasSubstr("reserved"));
  EXPECT_THAT(with("t", {}), HasSubstr("no features"));
  EXPECT_THAT(with("a:b", kFeatures), HasSubstr("':'"));
  EXPECT_THAT(with("a@b", kFeatures), HasSubstr("'@'"));
  EXPECT_EQ(with("a__b", kFeatures), "OK");
  EXPECT_THAT(ErrorOf({Defined(TestView("a", "", {}, {{"b__c", ValueType::kInt64}})),
                       Defined(TestView("a__b", "", {}, {{"c", ValueType::kInt64}}))}),
              HasSubstr("the same full name 'a__b__c'"));
}

TEST(ValidateTest, TtlAndPushSourcesMakeSense) {
  auto view = TestView("trips", "zone", kKeys, kFeatures);
  view->mutable_spec()->mutable_ttl()->set_seconds(-1);
  EXPECT_THAT(ErrorOf({Zone(), Defined(view)}), HasSubstr("negative ttl"));
  view = TestView("trips", "zone", kKeys, kFeatures);
  view->mutable_spec()->clear_batch_source();
  view->mutable_spec()->mutable_stream_source()->set_name("pushes");
  view->mutable_spec()->mutable_stream_source()->set_type(feast::core::DataSource::PUSH_SOURCE);
  EXPECT_THAT(ErrorOf({Zone(), Defined(view)}), HasSubstr("no batch source"));
  view->mutable_spec()->set_online(false);
  EXPECT_EQ(ErrorOf({Zone(), Defined(view)}), "OK");
}

TEST(ValidateTest, ServicesNameWhatThereIs) {
  auto error = [](const std::string& view, std::initializer_list<const char*> features,
                  const char* renamed = nullptr) {
    auto service = TestService("model");
    auto* projection = AddProjection(view, features, service.get());
    if (renamed != nullptr) (*projection->mutable_join_key_map())[renamed] = "x";
    return ErrorOf(
        {Defined(service), Zone(), Defined(TestView("trips", "zone", kKeys, kFeatures))});
  };
  EXPECT_THAT(error("trip", {"fare"}),
              AllOf(HasSubstr("'trip'"), HasSubstr("mean 'trips'?"), HasSubstr("services.py:20")));
  EXPECT_THAT(error("trips", {"fair"}), AllOf(HasSubstr("'fair'"), HasSubstr("mean 'fare'?")));
  EXPECT_THAT(error("trips", {"fare", "fare"}), HasSubstr("twice"));
  EXPECT_THAT(error("trips", {"fare"}, "zoneid"), HasSubstr("mean 'zone_id'?"));
  EXPECT_EQ(error("trips", {"fare"}, "zone_id"), "OK");
}

TEST(ValidateTest, APartialApplyMindsRegisteredNames) {
  auto registry = Applied({Zone(), Defined(TestView("trips", "zone", kKeys, kFeatures))});
  std::vector<Definition> again = {Defined(TestView("trips", "zone", kKeys, kFeatures))};
  EXPECT_EQ(ErrorOf(again, *registry, /*total=*/false), "OK");
  std::vector<Definition> cased = {Defined(TestView("TRIPS", "zone", kKeys, kFeatures))};
  EXPECT_THAT(ErrorOf(cased, *registry, /*total=*/false), HasSubstr("which is registered"));
}

}  // namespace
}  // namespace featly
