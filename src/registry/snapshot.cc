#include "registry/snapshot.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <set>
#include <unordered_map>
#include <utility>

#include "registry/definition_index.h"
#include "registry/view_spec.h"

namespace featly {
namespace {

using feast::core::Registry;
using google::protobuf::Message;

// Borrows from the registry's message, which the snapshot keeps.
struct ObjectKey {
  ObjectKind kind;
  std::string_view project;
  std::string_view name;
  bool operator==(const ObjectKey&) const = default;
};

struct ObjectKeyHash {
  size_t operator()(const ObjectKey& key) const {
    std::hash<std::string_view> hash;
    size_t h = hash(key.name);
    h = h * 1000003 ^ hash(key.project);
    return h * 1000003 ^ static_cast<size_t>(key.kind);
  }
};

// What became of a plain feature view.
struct CompiledView {
  const ViewSpec* spec = nullptr;
  Status why_not;  // where spec is null
};

}  // namespace

struct RegistrySnapshot::Impl {
  std::shared_ptr<const Registry> registry;
  std::unordered_map<ObjectKey, const Message*, ObjectKeyHash> objects;
  std::deque<ViewSpec> specs;  // a deque: pointers to its elements stay
  std::unordered_map<const Message*, CompiledView> compiled;

  // Names of all kinds of feature view in a project.
  std::vector<std::string> ViewNames(std::string_view project) const {
    std::vector<std::string> names;
    for (const auto& [key, object] : objects) {
      if (InfoOf(key.kind).is_feature_view && key.project == project) names.emplace_back(key.name);
    }
    return names;
  }
};

std::string SourceSpec::ColumnFor(std::string_view wanted) const {
  for (const auto& [column, mapped] : field_mapping) {
    if (mapped == wanted) return column;
  }
  return std::string(wanted);
}

std::shared_ptr<arrow::DataType> ViewSpec::UserType(size_t feature) const {
  return feature < user_types.size() ? user_types[feature] : ArrowTypeOf(features[feature].type);
}

int ViewSpec::FeatureIndex(std::string_view feature) const {
  for (size_t i = 0; i < features.size(); ++i) {
    if (features[i].name == feature) return static_cast<int>(i);
  }
  return -1;
}

RegistrySnapshot::RegistrySnapshot(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RegistrySnapshot::~RegistrySnapshot() = default;

Result<std::shared_ptr<const RegistrySnapshot>> RegistrySnapshot::Make(
    std::shared_ptr<const Registry> registry) {
  auto impl = std::make_unique<Impl>();
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    for (const Message* object : ObjectsOf(*registry, info.kind)) {
      ObjectKey key{info.kind, ObjectProject(info.kind, *object), ObjectName(info.kind, *object)};
      impl->objects.emplace(key, object);
    }
  }
  for (const feast::core::FeatureView& view : registry->feature_views()) {
    CompiledView& compiled = impl->compiled[&view];
    Result<ViewSpec> spec = CompileView(view, *registry);
    if (spec.ok()) {
      compiled.spec = &impl->specs.emplace_back(std::move(spec).ValueUnsafe());
    } else {
      compiled.why_not = spec.status();
    }
  }
  impl->registry = std::move(registry);
  return std::shared_ptr<const RegistrySnapshot>(new RegistrySnapshot(std::move(impl)));
}

const Registry& RegistrySnapshot::proto() const { return *impl_->registry; }

const std::string& RegistrySnapshot::version() const { return impl_->registry->version_id(); }

const Message* RegistrySnapshot::Find(ObjectKind kind, std::string_view project,
                                      std::string_view name) const {
  if (kind == ObjectKind::kProject) project = {};
  auto found = impl_->objects.find(ObjectKey{kind, project, name});
  return found == impl_->objects.end() ? nullptr : found->second;
}

std::vector<const Message*> RegistrySnapshot::List(ObjectKind kind,
                                                   std::string_view project) const {
  std::vector<const Message*> objects = ObjectsOf(*impl_->registry, kind);
  if (kind == ObjectKind::kProject) return objects;
  std::erase_if(objects, [&](const Message* o) { return ObjectProject(kind, *o) != project; });
  return objects;
}

std::vector<std::string> RegistrySnapshot::Names(ObjectKind kind, std::string_view project) const {
  std::vector<std::string> names;
  for (const Message* object : List(kind, project)) names.push_back(ObjectName(kind, *object));
  return names;
}

Result<const ViewSpec*> RegistrySnapshot::View(std::string_view project,
                                               std::string_view name) const {
  if (const Message* plain = Find(ObjectKind::kFeatureView, project, name)) {
    const CompiledView& compiled = impl_->compiled.at(plain);
    if (compiled.spec == nullptr) return compiled.why_not;
    return compiled.spec;
  }
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    if (!info.is_feature_view || Find(info.kind, project, name) == nullptr) continue;
    return Error(ErrorKind::kNotImplemented,
                 std::string(info.title) + " '" + std::string(name) +
                     "' is of a kind that this version of featly keeps in the registry but cannot "
                     "read yet")
        .Subject(std::string(name));
  }
  return Error(ErrorKind::kNotFound, "feature view '" + std::string(name) +
                                         "' is not defined in project '" + std::string(project) +
                                         "'")
      .Subject(std::string(name))
      .Near(NearNames(name, impl_->ViewNames(project)));
}

std::vector<const ViewSpec*> RegistrySnapshot::Views(std::string_view project) const {
  std::vector<const ViewSpec*> views;
  for (const ViewSpec& spec : impl_->specs) {
    if (spec.project != project) continue;
    if (Find(ObjectKind::kFeatureView, project, spec.name) == spec.proto) views.push_back(&spec);
  }
  std::sort(views.begin(), views.end(),
            [](const ViewSpec* a, const ViewSpec* b) { return a->name < b->name; });
  return views;
}

Result<std::vector<const ViewSpec*>> RegistrySnapshot::PushTargets(
    std::string_view project, std::string_view push_source) const {
  std::vector<const ViewSpec*> targets;
  for (const ObjectKindInfo& info : AllObjectKinds()) {
    if (!info.is_feature_view) continue;
    for (const Message* object : List(info.kind, project)) {
      const std::vector<const feast::core::DataSource*> sources = InnerSources(*object);
      const bool fed = std::any_of(sources.begin(), sources.end(), [&](const auto* source) {
        return source->type() == feast::core::DataSource::PUSH_SOURCE &&
               source->name() == push_source;
      });
      if (!fed) continue;
      // All views of the source or none: one that cannot be written stops the push by its name.
      ARROW_ASSIGN_OR_RAISE(const ViewSpec* view, View(project, ObjectName(info.kind, *object)));
      if (view->proto == object) targets.push_back(view);
    }
  }
  std::sort(targets.begin(), targets.end(),
            [](const ViewSpec* x, const ViewSpec* y) { return x->name < y->name; });
  if (!targets.empty()) return targets;

  std::set<std::string> known;
  for (const Message* object : List(ObjectKind::kDataSource, project)) {
    const auto& source = static_cast<const feast::core::DataSource&>(*object);
    if (source.type() == feast::core::DataSource::PUSH_SOURCE) known.insert(source.name());
  }
  std::string name(push_source);
  if (known.contains(name)) {
    return Error(ErrorKind::kNotFound, "push source '" + name + "' feeds no feature view")
        .Subject(name);
  }
  return Error(ErrorKind::kNotFound, "push source '" + name + "' is not defined in project '" +
                                         std::string(project) + "'")
      .Subject(name)
      .Near(NearNames(name, {known.begin(), known.end()}));
}

}  // namespace featly
