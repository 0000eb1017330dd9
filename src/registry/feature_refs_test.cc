#include "registry/feature_refs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/test_definitions.h"

namespace featly {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FeatureRefsTest : public testing::Test {
 protected:
  FeatureRefsTest() {
    auto service = TestService("model");
    AddProjection("trips", {"fare"}, service.get());
    auto* there = AddProjection("trips", {"fare", "count"}, service.get());
    there->set_feature_view_name_alias("destination");
    (*there->mutable_join_key_map())["zone_id"] = "to_zone";
    auto stale = TestService("stale");
    AddProjection("trips", {"gone"}, stale.get());
    auto versioned = TestService("versioned");
    AddProjection("trips", {"fare"}, versioned.get())->set_version_tag(1);
    snapshot_ =
        RegistrySnapshot::Make(
            Applied(
                {TestEntity("zone", "zone_id"),
                 Defined(TestView("trips", "zone", {{"zone_id", ValueType::kInt64}},
                                  {{"count", ValueType::kInt64}, {"fare", ValueType::kDouble}})),
                 Defined(TestView("weather", "", {},
                                  {{"rain", ValueType::kFloat}, {"count", ValueType::kInt64}})),
                 Defined(TestView("zones32", "zone", {{"zone_id", ValueType::kInt32}},
                                  {{"area", ValueType::kDouble}})),
                 Defined(service), Defined(stale), Defined(versioned)}))
            .ValueOrDie();
  }

  Result<std::shared_ptr<const ResolvedFeatures>> Resolve(std::vector<std::string> features,
                                                          bool full_names = false) {
    return ResolveFeatures(snapshot_, "p", {"", std::move(features), full_names});
  }
  Result<std::shared_ptr<const ResolvedFeatures>> ResolveService(const std::string& name,
                                                                 bool full_names) {
    return ResolveFeatures(snapshot_, "p", {name, {"ignored"}, full_names});
  }
  static std::vector<std::string> Outputs(const ResolvedFeatures& resolved) {
    std::vector<std::string> names;
    for (const FeatureUse& use : resolved.features) names.push_back(use.output_name);
    return names;
  }

  std::shared_ptr<const RegistrySnapshot> snapshot_;
};

TEST_F(FeatureRefsTest, KeepsTheOrderAskedFor) {
  auto resolved = Resolve({"trips:fare", "weather:rain", "trips:count"});
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_THAT(Outputs(**resolved), ElementsAre("fare", "rain", "count"));
  ASSERT_EQ((*resolved)->views.size(), 2u);
  EXPECT_EQ((*resolved)->views[0].view->name, "trips");
  EXPECT_THAT((*resolved)->views[0].key_columns, ElementsAre("zone_id"));
  EXPECT_EQ((*resolved)->features[2].view, 0u);
  EXPECT_EQ((*resolved)->features[2].feature, 0u);
  EXPECT_THAT((*resolved)->key_columns, ElementsAre(JoinKey{"zone_id", ValueType::kInt64}));
}

TEST_F(FeatureRefsTest, FullNamesCarryTheView) {
  auto resolved = Resolve({"trips:count", "weather:count"}, /*full_names=*/true);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_THAT(Outputs(**resolved), ElementsAre("trips__count", "weather__count"));
}

TEST_F(FeatureRefsTest, ServicesRenameViewsAndKeys) {
  auto resolved = ResolveService("model", /*full_names=*/true);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_THAT(Outputs(**resolved),
              ElementsAre("trips__fare", "destination__fare", "destination__count"));
  ASSERT_EQ((*resolved)->views.size(), 2u);
  EXPECT_THAT((*resolved)->views[1].key_columns, ElementsAre("to_zone"));
  EXPECT_THAT((*resolved)->key_columns, ElementsAre(JoinKey{"zone_id", ValueType::kInt64},
                                                    JoinKey{"to_zone", ValueType::kInt64}));
  Status collision = ResolveService("model", /*full_names=*/false).status();
  EXPECT_EQ(KindOf(collision), ErrorKind::kInvalid);
  EXPECT_THAT(collision.message(), HasSubstr("full_feature_names"));
}

TEST_F(FeatureRefsTest, LatestIsTheView) {
  auto resolved = Resolve({"trips@latest:fare", "trips@:count", "weather@LATEST:rain"});
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ((*resolved)->views.size(), 2u);
}

TEST_F(FeatureRefsTest, UnknownNamesAreNotFoundWithNearOnes) {
  Status view = Resolve({"trip:fare"}).status();
  EXPECT_EQ(KindOf(view), ErrorKind::kNotFound);
  EXPECT_THAT(DetailOf(view)->near_names, ElementsAre("trips"));
  Status feature = Resolve({"trips:fair"}).status();
  EXPECT_EQ(KindOf(feature), ErrorKind::kNotFound);
  EXPECT_THAT(DetailOf(feature)->near_names, ElementsAre("fare"));
  Status service = ResolveService("modal", false).status();
  EXPECT_EQ(KindOf(service), ErrorKind::kNotFound);
  EXPECT_THAT(DetailOf(service)->near_names, ElementsAre("model"));
  Status stale = ResolveService("stale", false).status();
  EXPECT_EQ(KindOf(stale), ErrorKind::kNotFound);
  EXPECT_THAT(stale.message(), HasSubstr("feature service 'stale'"));
  EXPECT_EQ(KindOf(Resolve({"trips@other:fare"}).status()), ErrorKind::kNotFound);
}

TEST_F(FeatureRefsTest, MalformedRequestsSayHowToAsk) {
  for (const char* reference : {"", "trips", ":fare", "trips:", ":"}) {
    EXPECT_EQ(KindOf(Resolve({reference}).status()), ErrorKind::kInvalid) << reference;
  }
  EXPECT_THAT(FormatForPeople(Resolve({"fare"}).status()), HasSubstr("did you mean 'trips:fare'?"));
  EXPECT_EQ(KindOf(Resolve({}).status()), ErrorKind::kInvalid);
  EXPECT_THAT(Resolve({"trips:fare", "trips:fare"}).status().message(), HasSubstr("twice"));
}

TEST_F(FeatureRefsTest, VersionsAreNotReadYet) {
  EXPECT_EQ(KindOf(Resolve({"trips@v2:fare"}).status()), ErrorKind::kNotImplemented);
  EXPECT_EQ(KindOf(ResolveService("versioned", false).status()), ErrorKind::kNotImplemented);
}

TEST_F(FeatureRefsTest, OneKeyColumnHasOneType) {
  Status status = Resolve({"trips:fare", "zones32:area"}).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("'trips'"));
  EXPECT_THAT(status.message(), HasSubstr("'zones32'"));
}

}  // namespace
}  // namespace featly
