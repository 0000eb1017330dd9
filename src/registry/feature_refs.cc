#include "registry/feature_refs.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace featly {
namespace {

// "view:feature", taken apart.
struct FeatureRef {
  std::string view;
  std::string feature;
};

// Resolves one request. Lives for the length of one ResolveFeatures.
class Resolver {
 public:
  Resolver(const RegistrySnapshot& snapshot, std::string_view project, ResolvedFeatures* out)
      : snapshot_(snapshot), project_(project), out_(out) {}

  Status AddReferences(const std::vector<std::string>& references);
  Status AddService(const std::string& name);
  // Once all features are there.
  Status NameOutputs(bool full_feature_names);
  Status CollectKeyColumns();

 private:
  Result<FeatureRef> ParseReference(const std::string& reference) const;
  std::vector<std::string> ViewsWithFeature(const std::string& feature) const;
  Status AddFeature(uint32_t view_use, const std::string& feature);
  Status AddProjection(const std::string& service,
                       const feast::core::FeatureViewProjection& projection);

  const RegistrySnapshot& snapshot_;
  const std::string project_;
  ResolvedFeatures* const out_;
};

// A view asked for as it is: its keys under their own names.
ViewUse PlainUse(const ViewSpec* view) {
  ViewUse use{.view = view, .alias = view->name, .key_columns = {}};
  for (const JoinKey& key : view->join_keys) use.key_columns.push_back(key.name);
  return use;
}

// "view:feature" as the user may write it, for messages.
std::string ReferenceOf(const ResolvedFeatures& resolved, const FeatureUse& use) {
  const ViewUse& view = resolved.views[use.view];
  return view.alias + ":" + view.view->features[use.feature].name;
}

// `v2` and `V2`, Feast's version tags.
bool IsVersionTag(std::string_view tag) {
  return tag.size() >= 2 && (tag[0] == 'v' || tag[0] == 'V') &&
         std::all_of(tag.begin() + 1, tag.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsLatestTag(std::string_view tag) {
  static constexpr std::string_view kLatest = "latest";
  return tag.empty() || std::equal(tag.begin(), tag.end(), kLatest.begin(), kLatest.end(),
                                   [](char a, char b) { return (a | 0x20) == b; });
}

std::vector<std::string> Resolver::ViewsWithFeature(const std::string& feature) const {
  std::vector<std::string> references;
  for (const ViewSpec* view : snapshot_.Views(project_)) {
    if (view->FeatureIndex(feature) >= 0) references.push_back(view->name + ":" + feature);
  }
  return references;
}

Result<FeatureRef> Resolver::ParseReference(const std::string& reference) const {
  size_t colon = reference.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == reference.size()) {
    return Error(ErrorKind::kInvalid,
                 "'" + reference + "' is not a feature reference; write it as view:feature")
        .Subject(reference)
        .Near(colon == std::string::npos ? ViewsWithFeature(reference)
                                         : std::vector<std::string>{});
  }
  FeatureRef ref{reference.substr(0, colon), reference.substr(colon + 1)};
  size_t at = ref.view.find('@');
  if (at == std::string::npos) return ref;
  std::string_view tag = std::string_view(ref.view).substr(at + 1);
  if (IsVersionTag(tag)) {
    return Error(ErrorKind::kNotImplemented,
                 "'" + reference + "' asks for a version of a feature view, which this version " +
                     "of featly cannot read; ask for '" + ref.view.substr(0, at) + ":" +
                     ref.feature + "'")
        .Subject(reference);
  }
  if (IsLatestTag(tag)) ref.view.resize(at);
  return ref;  // another tag is part of the name, which will not be found
}

Status Resolver::AddFeature(uint32_t view_use, const std::string& feature) {
  const ViewSpec& view = *out_->views[view_use].view;
  int index = view.FeatureIndex(feature);
  if (index < 0) {
    std::vector<std::string> names;
    for (const RowColumn& column : view.features) names.push_back(column.name);
    return Error(ErrorKind::kNotFound,
                 "feature view '" + view.name + "' has no feature '" + feature + "'")
        .Subject(view.name + ":" + feature)
        .Near(NearNames(feature, names));
  }
  out_->features.push_back({view_use, static_cast<uint32_t>(index), {}});
  return Status::OK();
}

Status Resolver::AddReferences(const std::vector<std::string>& references) {
  if (references.empty()) {
    return Error(ErrorKind::kInvalid,
                 "no features are asked for; name a feature service or features as view:feature");
  }
  std::unordered_map<std::string, uint32_t> uses;
  for (const std::string& reference : references) {
    ARROW_ASSIGN_OR_RAISE(FeatureRef ref, ParseReference(reference));
    auto [found, is_new] = uses.emplace(ref.view, static_cast<uint32_t>(out_->views.size()));
    if (is_new) {
      ARROW_ASSIGN_OR_RAISE(const ViewSpec* view, snapshot_.View(project_, ref.view));
      out_->views.push_back(PlainUse(view));
    }
    ARROW_RETURN_NOT_OK(AddFeature(found->second, ref.feature));
  }
  return Status::OK();
}

Status Resolver::AddProjection(const std::string& service,
                               const feast::core::FeatureViewProjection& projection) {
  std::string context = "feature service '" + service + "'";
  const std::string& name = projection.feature_view_name();
  if (projection.has_version_tag()) {
    return Error(ErrorKind::kNotImplemented, context + " names version " +
                                                 std::to_string(projection.version_tag()) +
                                                 " of feature view '" + name +
                                                 "'; this version of featly reads only the latest")
        .Subject(name);
  }
  Result<const ViewSpec*> view = snapshot_.View(project_, name);
  if (!view.ok()) return WithContext(context, view.status());

  ViewUse use = PlainUse(*view);
  if (!projection.feature_view_name_alias().empty()) {
    use.alias = projection.feature_view_name_alias();
  }
  for (std::string& column : use.key_columns) {
    auto renamed = projection.join_key_map().find(column);
    if (renamed != projection.join_key_map().end()) column = renamed->second;
  }
  auto index = static_cast<uint32_t>(out_->views.size());
  out_->views.push_back(std::move(use));
  for (const feast::core::FeatureSpecV2& feature : projection.feature_columns()) {
    ARROW_RETURN_NOT_OK(WithContext(context, AddFeature(index, feature.name())));
  }
  return Status::OK();
}

Status Resolver::AddService(const std::string& name) {
  const google::protobuf::Message* found =
      snapshot_.Find(ObjectKind::kFeatureService, project_, name);
  if (found == nullptr) {
    return Error(ErrorKind::kNotFound,
                 "feature service '" + name + "' is not defined in project '" + project_ + "'")
        .Subject(name)
        .Near(NearNames(name, snapshot_.Names(ObjectKind::kFeatureService, project_)));
  }
  const auto& service = static_cast<const feast::core::FeatureService&>(*found);
  for (const feast::core::FeatureViewProjection& projection : service.spec().features()) {
    ARROW_RETURN_NOT_OK(AddProjection(name, projection));
  }
  if (out_->features.empty()) {
    return Error(ErrorKind::kInvalid, "feature service '" + name + "' has no features")
        .Subject(name);
  }
  return Status::OK();
}

Status Resolver::NameOutputs(bool full_feature_names) {
  std::unordered_map<std::string_view, const FeatureUse*> taken;
  for (FeatureUse& use : out_->features) {
    const ViewUse& view = out_->views[use.view];
    const std::string& name = view.view->features[use.feature].name;
    use.output_name = full_feature_names ? view.alias + "__" + name : name;
  }
  for (const FeatureUse& use : out_->features) {
    auto [other, is_new] = taken.emplace(use.output_name, &use);
    if (is_new) continue;
    std::string first = ReferenceOf(*out_, *other->second);
    std::string second = ReferenceOf(*out_, use);
    if (first == second) {
      return Error(ErrorKind::kInvalid, fmt::format("'{}' is asked for twice", first))
          .Subject(use.output_name);
    }
    return Error(ErrorKind::kInvalid,
                 fmt::format(
                     "'{}' and '{}' would both be called '{}'; {}", first, second, use.output_name,
                     full_feature_names ? "give one of the views another name"
                                        : "ask for full feature names (full_feature_names)"))
        .Subject(use.output_name);
  }
  return Status::OK();
}

Status Resolver::CollectKeyColumns() {
  struct FirstUse {
    ValueType type;
    const ViewUse* view;
  };
  std::unordered_map<std::string_view, FirstUse> first_uses;
  for (const ViewUse& use : out_->views) {
    for (size_t i = 0; i < use.key_columns.size(); ++i) {
      const std::string& column = use.key_columns[i];
      ValueType type = use.view->join_keys[i].type;
      auto [first, is_new] = first_uses.emplace(column, FirstUse{type, &use});
      if (is_new) {
        out_->key_columns.push_back({column, type});
      } else if (first->second.type != type) {
        return Error(ErrorKind::kInvalid,
                     "join key '" + column + "' is " + ValueTypeName(first->second.type) +
                         " in feature view '" + first->second.view->view->name + "' and " +
                         ValueTypeName(type) + " in '" + use.view->name +
                         "'; give it one type, or ask for the views one at a time")
            .Subject(column);
      }
    }
  }
  return Status::OK();
}

}  // namespace

Result<std::shared_ptr<const ResolvedFeatures>> ResolveFeatures(
    std::shared_ptr<const RegistrySnapshot> snapshot, std::string_view project,
    const FeatureRequest& request) {
  auto resolved = std::make_shared<ResolvedFeatures>();
  resolved->snapshot = std::move(snapshot);
  resolved->project = project;
  Resolver resolver(*resolved->snapshot, project, resolved.get());
  if (request.feature_service.empty()) {
    ARROW_RETURN_NOT_OK(resolver.AddReferences(request.features));
  } else {
    ARROW_RETURN_NOT_OK(resolver.AddService(request.feature_service));
  }
  ARROW_RETURN_NOT_OK(resolver.NameOutputs(request.full_feature_names));
  ARROW_RETURN_NOT_OK(resolver.CollectKeyColumns());
  return resolved;
}

}  // namespace featly
