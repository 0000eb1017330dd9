// The definitions of an apply, findable by kind and name.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "registry/diff.h"
#include "registry/snapshot.h"

namespace featly {

/// Definitions in order, and the data sources inside views and push sources, which Feast registers
/// as well, before them. Of two definitions of one kind and name the first counts. Shares the
/// objects.
class DefinitionIndex {
 public:
  explicit DefinitionIndex(const std::vector<Definition>& definitions);

  const std::vector<Definition>& all() const { return all_; }
  /// Null where there is none.
  const Definition* Find(ObjectKind kind, std::string_view name) const;

 private:
  void Add(const Definition& definition);
  void AddInnerSources(const Definition& definition);

  std::vector<Definition> all_;
  std::map<std::pair<ObjectKind, std::string>, size_t, std::less<>> places_;
};

/// The entities that a view of any kind names, and its features.
std::vector<std::string> EntitiesOf(const google::protobuf::Message& view);
std::vector<const feast::core::FeatureSpecV2*> FeaturesOf(const google::protobuf::Message& view);

/// The sources inside a view's or a source's definition (not a projection's), and those inside
/// them.
std::vector<const feast::core::DataSource*> InnerSources(const google::protobuf::Message& object);
/// The same, to edit in place.
std::vector<feast::core::DataSource*> MutableInnerSources(google::protobuf::Message* object);

}  // namespace featly
