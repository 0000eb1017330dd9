#include "project/deletions.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace featly {
namespace {

namespace core = feast::core;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// driver <- stats (reading source file) <- service, and an entity that nothing uses.
class DeletionsTest : public ::testing::Test {
 protected:
  DeletionsTest() {
    for (const char* name : {"driver", "rider"}) {
      auto* entity = registry_.add_entities()->mutable_spec();
      entity->set_name(name);
      entity->set_project("p");
    }
    auto* source = registry_.add_data_sources();
    source->set_name("file");
    source->set_project("p");
    auto* view = registry_.add_feature_views()->mutable_spec();
    view->set_name("stats");
    view->set_project("p");
    view->add_entities("driver");
    view->mutable_batch_source()->set_name("file");
    auto* service = registry_.add_feature_services()->mutable_spec();
    service->set_name("service");
    service->set_project("p");
    service->add_features()->set_feature_view_name("stats");
  }

  /// What is deleted, or the error.
  Result<std::vector<std::string>> Delete(const std::vector<NamedObject>& objects,
                                          const std::vector<Definition>& definitions = {}) {
    RegistryDiff diff;
    ARROW_RETURN_NOT_OK(AddDeletions(registry_, "p", definitions, objects, &diff));
    std::vector<std::string> names;
    for (const Change& change : diff.changes) {
      EXPECT_EQ(change.type, ChangeType::kDelete);
      names.push_back(change.name);
    }
    return names;
  }

  core::Registry registry_;
};

TEST_F(DeletionsTest, UsersGoBeforeWhatTheyUse) {
  auto deleted = Delete({{ObjectKind::kEntity, "driver"},
                         {ObjectKind::kDataSource, "file"},
                         {ObjectKind::kFeatureService, "service"},
                         {ObjectKind::kFeatureView, "stats"},
                         {ObjectKind::kFeatureView, "stats"}});
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_THAT(*deleted, ElementsAre("service", "stats", "file", "driver"));
}

TEST_F(DeletionsTest, WhatIsUsedStays) {
  const std::vector<std::pair<NamedObject, std::string>> cases = {
      {{ObjectKind::kEntity, "driver"}, "feature view 'stats' uses it"},
      {{ObjectKind::kDataSource, "file"}, "feature view 'stats' uses it"},
      {{ObjectKind::kFeatureView, "stats"}, "feature service 'service' uses it"},
  };
  for (const auto& [object, reason] : cases) {
    Status status = Delete({object}).status();
    ASSERT_FALSE(status.ok()) << object.name;
    EXPECT_EQ(KindOf(status), ErrorKind::kConflict);
    EXPECT_THAT(status.message(), HasSubstr(reason));
  }
  EXPECT_TRUE(Delete({{ObjectKind::kEntity, "rider"}}).ok());
}

TEST_F(DeletionsTest, EveryKindOfViewUsesThings) {
  auto* made = registry_.add_on_demand_feature_views()->mutable_spec();
  made->set_name("made");
  made->set_project("p");
  (*made->mutable_sources())["stats"].mutable_feature_view_projection();
  (*made->mutable_sources())["asked"].mutable_request_data_source();
  auto* labels = registry_.add_label_views()->mutable_spec();
  labels->set_name("labels");
  labels->set_project("p");
  labels->add_entities("rider");
  labels->mutable_source()->set_name("push");
  labels->mutable_source()->mutable_batch_source()->set_name("history");
  registry_.mutable_feature_services(0)->mutable_spec()->add_features()->set_feature_view_name(
      "made");
  for (const char* name : {"asked", "push", "history"}) {
    auto* source = registry_.add_data_sources();
    source->set_name(name);
    source->set_project("p");
  }
  const std::vector<std::pair<NamedObject, std::string>> cases = {
      {{ObjectKind::kDataSource, "asked"}, "on-demand feature view 'made' uses it"},
      {{ObjectKind::kDataSource, "push"}, "label view 'labels' uses it"},
      {{ObjectKind::kDataSource, "history"}, "label view 'labels' uses it"},
      {{ObjectKind::kEntity, "rider"}, "label view 'labels' uses it"},
      {{ObjectKind::kOnDemandFeatureView, "made"}, "feature service 'service' uses it"},
  };
  for (const auto& [object, reason] : cases) {
    Status status = Delete({object}).status();
    ASSERT_FALSE(status.ok()) << object.name;
    EXPECT_EQ(KindOf(status), ErrorKind::kConflict);
    EXPECT_THAT(status.message(), HasSubstr(reason));
  }
  EXPECT_TRUE(Delete({{ObjectKind::kLabelView, "labels"}, {ObjectKind::kEntity, "rider"}}).ok());
}

TEST_F(DeletionsTest, ADefinitionDecidesWhatIsUsed) {
  // The view as it is applied now no longer has the entity, but another one that is to go.
  auto view = std::make_shared<core::FeatureView>();
  view->mutable_spec()->set_name("stats");
  view->mutable_spec()->add_entities("rider");
  std::vector<Definition> definitions = {{ObjectKind::kFeatureView, view, "views.py", 3}};
  EXPECT_TRUE(Delete({{ObjectKind::kEntity, "driver"}}, definitions).ok());
  Status status = Delete({{ObjectKind::kEntity, "rider"}}, definitions).status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(KindOf(status), ErrorKind::kConflict);

  status = Delete({{ObjectKind::kFeatureView, "stats"}}, definitions).status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_EQ(DetailOf(status)->file, "views.py");
}

TEST_F(DeletionsTest, AnUnknownNameIsAnsweredWithNearOnes) {
  Status status = Delete({{ObjectKind::kEntity, "drivers"}}).status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(KindOf(status), ErrorKind::kNotFound);
  EXPECT_EQ(DetailOf(status)->subject, "drivers");
  EXPECT_THAT(DetailOf(status)->near_names, Contains("driver"));
}

}  // namespace
}  // namespace featly
