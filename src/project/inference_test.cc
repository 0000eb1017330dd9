#include "project/inference.h"

#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/test_repository.h"

namespace featly {
namespace {

namespace core = feast::core;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The rules for timestamp fields; those for keys and schemas are tested through project_test.cc.
class InferenceTest : public testing::Test {
 protected:
  // A view, a registered source and a push source, all of data/prices.csv; `fields` is what the
  // file's source says beside its name and path.
  void Define(const std::string& fields) {
    const std::string source = R"({"name":"prices","type":"BATCH_FILE",)" + fields +
                               R"("fileOptions":{"uri":"data/prices.csv"}})";
    definitions_ =
        DefinitionsFromJson(
            R"([{"kind":"data_source","file":"d.py","line":3,"json":)" + source +
            R"(},{"kind":"data_source","file":"d.py","line":4,"json":{"name":"pushed",)" +
            R"("type":"PUSH_SOURCE","batchSource":)" + source +
            R"(}},{"kind":"feature_view","file":"d.py","line":5,"json":{"spec":{"name":"v",)" +
            R"("batchSource":)" + source + "}}}]")
            .ValueOrDie();
  }

  Status Infer(bool open_sources = true) {
    SourceCatalog sources(repo_.path());
    notes_.clear();
    return InferFromSources(core::Registry(), "shop", open_sources, &sources, &definitions_,
                            &notes_);
  }

  const core::DataSource& Registered() {
    return static_cast<const core::DataSource&>(*definitions_[0].object);
  }
  const core::DataSource& InPushSource() {
    return static_cast<const core::DataSource&>(*definitions_[1].object).batch_source();
  }
  const core::FeatureViewSpec& View() {
    return static_cast<const core::FeatureView&>(*definitions_[2].object).spec();
  }
  std::vector<std::string> Features() {
    std::vector<std::string> names;
    for (const auto& feature : View().features()) names.push_back(feature.name());
    return names;
  }

  TestRepository repo_;
  std::vector<Definition> definitions_;
  std::vector<std::string> notes_;
};

TEST_F(InferenceTest, TheOneColumnOfTimesIsTheEventTimeEverywhere) {
  repo_.Write("data/prices.csv", "price,at\n1,2024-01-02T03:04:05Z\n");
  Define("");
  ASSERT_TRUE(Infer().ok());
  EXPECT_EQ(View().batch_source().timestamp_field(), "at");
  EXPECT_EQ(Registered().timestamp_field(), "at");
  EXPECT_EQ(InPushSource().timestamp_field(), "at");
  EXPECT_THAT(Features(), ElementsAre("price"));
  EXPECT_THAT(notes_, ElementsAre(AllOf(HasSubstr("'prices'"), HasSubstr("'at'"))));
}

TEST_F(InferenceTest, WhatIsSaidIsNotInferred) {
  repo_.Write("data/prices.csv", "price,at\n1,2024-01-02T03:04:05Z\n");
  Define(R"("timestampField":"at",)");
  ASSERT_TRUE(Infer().ok());
  EXPECT_EQ(View().batch_source().timestamp_field(), "at");
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(InferenceTest, WithoutAColumnOfTimesItIsATableOfThePresent) {
  repo_.Write("data/prices.csv", "price,name\n1,a\n");
  Define("");
  ASSERT_TRUE(Infer().ok());
  EXPECT_EQ(View().batch_source().timestamp_field(), "");
  EXPECT_THAT(Features(), ElementsAre("price", "name"));
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(InferenceTest, SeveralColumnsOfTimesAreNamed) {
  repo_.Write("data/prices.csv", "price,at,written\n1,2024-01-02T03:04:05Z,2024-01-02T03:04:06Z\n");
  Define("");
  Status status = Infer();
  EXPECT_EQ(KindOf(status), ErrorKind::kDefinition);
  EXPECT_THAT(FormatForPeople(status), AllOf(HasSubstr("'at', 'written'"),
                                             HasSubstr("timestamp_field"), HasSubstr("d.py:5")));
  Define(R"("createdTimestampColumn":"written",)");
  ASSERT_TRUE(Infer().ok());
  EXPECT_EQ(View().batch_source().timestamp_field(), "at");
  EXPECT_THAT(Features(), ElementsAre("price"));
}

TEST_F(InferenceTest, ATimeThatIsAFeatureIsNotTheEventTime) {
  repo_.Write("data/prices.csv", "price,since\n1,2024-01-02T03:04:05Z\n");
  Define("");
  auto* spec = static_cast<core::FeatureView&>(*definitions_[2].object).mutable_spec();
  spec->add_features()->set_name("since");
  spec->mutable_features(0)->set_value_type(feast::types::ValueType::UNIX_TIMESTAMP);
  ASSERT_TRUE(Infer().ok());
  EXPECT_EQ(View().batch_source().timestamp_field(), "");
}

TEST_F(InferenceTest, ATimeColumnKnownByItsMappedNameIsNoFeature) {
  repo_.Write("data/prices.csv", "price,at\n1,2024-01-02T03:04:05Z\n");
  Define(R"("timestampField":"event_time","fieldMapping":{"at":"event_time"},)");
  ASSERT_TRUE(Infer().ok());
  EXPECT_THAT(Features(), ElementsAre("price"));
}

TEST_F(InferenceTest, WithoutOpeningTheSourceTheFieldMustBeSaid) {
  Define("");
  Status status = Infer(/*open_sources=*/false);
  EXPECT_EQ(KindOf(status), ErrorKind::kDefinition);
  EXPECT_THAT(FormatForPeople(status),
              AllOf(HasSubstr("timestamp_field"), HasSubstr("--skip-source-validation")));
}

}  // namespace
}  // namespace featly
