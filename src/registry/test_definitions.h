// Small definitions for tests of registries. For *_test.cc files only.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "registry/diff.h"
#include "types/value_type.h"

namespace featly {

using Columns = std::initializer_list<std::pair<const char*, ValueType>>;

inline Definition TestEntity(const std::string& name, const std::string& join_key,
                             ValueType type = ValueType::kInvalid) {
  auto entity = std::make_shared<feast::core::Entity>();
  entity->mutable_spec()->set_name(name);
  entity->mutable_spec()->set_join_key(join_key);
  entity->mutable_spec()->set_value_type(
      static_cast<feast::types::ValueType_Enum>(static_cast<int>(type)));
  return {ObjectKind::kEntity, entity, "entities.py", 3};
}

inline feast::core::DataSource TestFileSource(const std::string& name, const std::string& path) {
  feast::core::DataSource source;
  source.set_name(name);
  source.set_type(feast::core::DataSource::BATCH_FILE);
  source.mutable_file_options()->set_uri(path);
  source.set_timestamp_field("event_timestamp");
  source.set_created_timestamp_column("created");
  return source;
}

inline feast::core::DataSource TestPushSource(const std::string& name,
                                              const feast::core::DataSource& batch) {
  feast::core::DataSource source;
  source.set_name(name);
  source.set_type(feast::core::DataSource::PUSH_SOURCE);
  *source.mutable_batch_source() = batch;
  return source;
}

inline void AddColumn(const char* name, ValueType type, feast::core::FeatureSpecV2* column) {
  column->set_name(name);
  column->set_value_type(static_cast<feast::types::ValueType_Enum>(static_cast<int>(type)));
}

/// A plain view on entity `entity` (none: "") with source "<name>_source".
inline std::shared_ptr<feast::core::FeatureView> TestView(const std::string& name,
                                                          const std::string& entity, Columns keys,
                                                          Columns features) {
  auto view = std::make_shared<feast::core::FeatureView>();
  feast::core::FeatureViewSpec* spec = view->mutable_spec();
  spec->set_name(name);
  spec->add_entities(entity.empty() ? "__dummy" : entity);
  for (auto& [key, type] : keys) AddColumn(key, type, spec->add_entity_columns());
  for (auto& [feature, type] : features) AddColumn(feature, type, spec->add_features());
  spec->mutable_ttl()->set_seconds(3600);
  spec->set_online(true);
  spec->set_version("latest");
  *spec->mutable_batch_source() = TestFileSource(name + "_source", "data/" + name + ".parquet");
  return view;
}

inline Definition Defined(std::shared_ptr<feast::core::FeatureView> view, int line = 10) {
  return {ObjectKind::kFeatureView, std::move(view), "views.py", line};
}

/// A service of whole projections; see AddProjection.
inline std::shared_ptr<feast::core::FeatureService> TestService(const std::string& name) {
  auto service = std::make_shared<feast::core::FeatureService>();
  service->mutable_spec()->set_name(name);
  return service;
}

inline feast::core::FeatureViewProjection* AddProjection(
    const std::string& view, std::initializer_list<const char*> features,
    feast::core::FeatureService* service) {
  feast::core::FeatureViewProjection* projection = service->mutable_spec()->add_features();
  projection->set_feature_view_name(view);
  for (const char* feature : features) projection->add_feature_columns()->set_name(feature);
  return projection;
}

inline Definition Defined(std::shared_ptr<feast::core::FeatureService> service, int line = 20) {
  return {ObjectKind::kFeatureService, std::move(service), "services.py", line};
}

/// The registry after a total apply of `definitions` to project "p".
inline std::shared_ptr<feast::core::Registry> Applied(const std::vector<Definition>& definitions,
                                                      Timestamp now = {1000000}) {
  auto registry = std::make_shared<feast::core::Registry>();
  ApplyDiff(DiffRegistry(*registry, "p", definitions, true), "p", definitions, now, registry.get());
  return registry;
}

}  // namespace featly
