#include "registry/object_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace featly {
namespace {

using feast::core::Registry;

// Guards the table against a registry that gains or loses a list of objects.
TEST(ObjectKindTest, EveryListOfTheRegistryHasARow) {
  const google::protobuf::Descriptor* registry = Registry::descriptor();
  size_t lists = 0;
  for (int i = 0; i < registry->field_count(); ++i) {
    const google::protobuf::FieldDescriptor* field = registry->field(i);
    if (!field->is_repeated()) continue;
    if (field->name() == "feature_tables" || field->name() == "project_metadata") continue;
    ++lists;
    bool known = false;
    for (const ObjectKindInfo& info : AllObjectKinds()) {
      known |= info.registry_field == field->number();
    }
    EXPECT_TRUE(known) << field->name();
  }
  EXPECT_EQ(lists, AllObjectKinds().size());
  for (size_t i = 0; i < AllObjectKinds().size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(AllObjectKinds()[i].kind), i);
  }
}

TEST(ObjectKindTest, EveryKindHasANameAndAProject) {
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    std::unique_ptr<google::protobuf::Message> object = NewObject(info.kind);
    SetObjectProject(info.kind, "p", object.get());
    EXPECT_EQ(ObjectProject(info.kind, *object), info.kind == ObjectKind::kProject ? "" : "p")
        << info.id;
    EXPECT_EQ(ObjectName(info.kind, *object), "") << info.id;
    EXPECT_EQ(*ObjectKindFromId(info.id), info.kind);
  }
  Status wrong = ObjectKindFromId("feature_views").status();
  EXPECT_EQ(KindOf(wrong), ErrorKind::kInvalid);
  EXPECT_THAT(DetailOf(wrong)->near_names, testing::Contains("feature_view"));
}

std::vector<std::string> Names(const Registry& registry) {
  std::vector<std::string> names;
  for (const auto* object : ObjectsOf(registry, ObjectKind::kEntity)) {
    names.push_back(ObjectProject(ObjectKind::kEntity, *object) + "/" +
                    ObjectName(ObjectKind::kEntity, *object));
  }
  return names;
}

TEST(ObjectKindTest, UpsertMovesToTheEndAndRemoveKeepsTheOrder) {
  Registry registry;
  for (auto [project, name] : {std::pair("p", "a"), {"p", "b"}, {"q", "a"}, {"p", "c"}}) {
    feast::core::Entity entity;
    entity.mutable_spec()->set_name(name);
    entity.mutable_spec()->set_project(project);
    UpsertObject(ObjectKind::kEntity, entity, &registry);
  }
  feast::core::Entity again;
  again.mutable_spec()->set_name("a");
  again.mutable_spec()->set_project("p");
  again.mutable_spec()->set_description("new");
  UpsertObject(ObjectKind::kEntity, again, &registry);
  EXPECT_THAT(Names(registry), testing::ElementsAre("p/b", "q/a", "p/c", "p/a"));
  EXPECT_EQ(registry.entities(3).spec().description(), "new");
  EXPECT_TRUE(RemoveObject(ObjectKind::kEntity, "p", "b", &registry));
  EXPECT_FALSE(RemoveObject(ObjectKind::kEntity, "p", "b", &registry));
  EXPECT_THAT(Names(registry), testing::ElementsAre("q/a", "p/c", "p/a"));
  EXPECT_NE(MutableObject(ObjectKind::kEntity, "q", "a", &registry), nullptr);
  EXPECT_EQ(MutableObject(ObjectKind::kEntity, "q", "c", &registry), nullptr);
}

}  // namespace
}  // namespace featly
