#include "python/project_binding.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <google/protobuf/util/json_util.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "base/clock.h"
#include "project/config_json.h"
#include "project/definitions.h"
#include "project/project.h"
#include "python/arrow_capsule.h"
#include "python/errors.h"
#include "python/interruptible.h"
#include "registry/object_kind.h"
#include "retrieval/lookup.h"

namespace nb = nanobind;

namespace featly::python {
namespace {

/// What Python holds: shared, because result streams read through the project after the Python
/// object is gone.
class ProjectHandle {
 public:
  /// `config_text` has the settings; where it is empty, they are read from `config_file`.
  static ProjectHandle Open(const std::string& repo_path, const std::string& config_file,
                            const std::string& config_text, const std::string& test_clock) {
    Config config = ValueOrRaise(config_text.empty() ? LoadConfig(repo_path, config_file)
                                                     : ParseConfig(repo_path, config_text));
    std::unique_ptr<Clock> clock = ValueOrRaise(MakeClock(test_clock));
    ProjectHandle handle;
    handle.project_ = ValueOrRaise(Project::Open(std::move(config), std::move(clock)));
    return handle;
  }

  Project& project() const { return *project_; }
  const std::shared_ptr<Project>& shared() const { return project_; }

 private:
  std::shared_ptr<Project> project_;
};

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) {
    RaiseIfError(Error(ErrorKind::kCorrupt, "an object of the registry cannot be shown as JSON: " +
                                                std::string(status.message())));
  }
  return json;
}

const char* ChangeName(ChangeType type) {
  switch (type) {
    case ChangeType::kCreate:
      return "create";
    case ChangeType::kUpdate:
      return "update";
    case ChangeType::kDelete:
      return "delete";
  }
  return "";
}

/// (change, kind, name, details) of each change, in order.
using ChangeTuple = std::tuple<std::string, std::string, std::string, std::vector<std::string>>;

std::vector<ChangeTuple> ToTuples(const RegistryDiff& diff) {
  std::vector<ChangeTuple> tuples;
  for (const Change& change : diff.changes) {
    tuples.emplace_back(ChangeName(change.type), InfoOf(change.kind).id, change.name,
                        change.details);
  }
  return tuples;
}

/// (kind, name) of each object to delete.
using NamedTuple = std::tuple<std::string, std::string>;

/// The changes, and what was inferred, a sentence each.
using AppliedTuple = std::tuple<std::vector<ChangeTuple>, std::vector<std::string>>;

AppliedTuple Apply(const ProjectHandle& self, const std::string& definitions_json,
                   const std::vector<NamedTuple>& deletions, bool total,
                   bool skip_source_validation, bool only_plan) {
  std::vector<Definition> definitions = ValueOrRaise(DefinitionsFromJson(definitions_json));
  ApplyOptions options;
  options.total = total;
  options.skip_source_validation = skip_source_validation;
  for (const auto& [kind, name] : deletions) {
    options.deletions.push_back({ValueOrRaise(ObjectKindFromId(kind)), name});
  }
  Result<ApplyResult> result;
  {
    nb::gil_scoped_release release;
    result = only_plan ? self.project().Plan(definitions, options)
                       : self.project().Apply(definitions, options);
  }
  ApplyResult applied = ValueOrRaise(std::move(result));
  return {ToTuples(applied.diff), std::move(applied.inferred)};
}

/// Reads the registry now if its file has changed, so that an unreadable one is heard of.
void Refresh(const ProjectHandle& self) {
  nb::gil_scoped_release release;
  Status status = self.project().Snapshot().status();
  nb::gil_scoped_acquire acquire;
  RaiseIfError(status);
}

std::vector<std::string> ListObjects(const ProjectHandle& self, const std::string& kind_id) {
  ObjectKind kind = ValueOrRaise(ObjectKindFromId(kind_id));
  auto snapshot = ValueOrRaise(self.project().Snapshot());
  std::vector<std::string> objects;
  for (const auto* object : snapshot->List(kind, self.project().name())) {
    objects.push_back(ToJson(*object));
  }
  return objects;
}

std::string GetObject(const ProjectHandle& self, const std::string& kind_id,
                      const std::string& name) {
  ObjectKind kind = ValueOrRaise(ObjectKindFromId(kind_id));
  auto snapshot = ValueOrRaise(self.project().Snapshot());
  const auto* object = snapshot->Find(kind, self.project().name(), name);
  if (object == nullptr) {
    RaiseIfError(Error(ErrorKind::kNotFound, std::string(InfoOf(kind).title) + " '" + name +
                                                 "' does not exist in project '" +
                                                 self.project().name() + "'")
                     .Subject(name)
                     .Near(NearNames(name, snapshot->Names(kind, self.project().name()))));
  }
  return ToJson(*object);
}

/// (view, start µs, end µs, rows read, entities, applied, stale, source range µs or None).
using MaterializedTuple = std::tuple<std::string, int64_t, int64_t, int64_t, int64_t, int64_t,
                                     int64_t, std::optional<std::tuple<int64_t, int64_t>>>;

std::vector<MaterializedTuple> ToTuples(const std::vector<ViewMaterialized>& views) {
  std::vector<MaterializedTuple> tuples;
  for (const ViewMaterialized& view : views) {
    std::optional<std::tuple<int64_t, int64_t>> range;
    if (view.result.source_range) {
      range.emplace(view.result.source_range->earliest.micros,
                    view.result.source_range->latest.micros);
    }
    tuples.emplace_back(view.view, view.start.micros, view.end.micros, view.result.rows_read,
                        view.result.entities, view.result.written.applied,
                        view.result.written.stale, range);
  }
  return tuples;
}

/// Materializes [start, end], or incrementally up to `end` without a start; without an end, to now.
/// `progress` is called with (phase, rows done, rows in all), or is None.
std::vector<MaterializedTuple> Materialize(const ProjectHandle& self, std::optional<int64_t> start,
                                           std::optional<int64_t> end,
                                           const std::vector<std::string>& views,
                                           const nb::object& progress) {
  std::vector<ViewMaterialized> done;
  ProgressCallback show;
  if (!progress.is_none()) {
    show = [&](const std::string& phase, int64_t rows, int64_t total) {
      progress(phase, rows, total);
    };
  }
  auto work = [&](const WorkContext& context) -> Status {
    Project& project = self.project();
    MaterializeOptions options;
    options.views = views;
    const Timestamp until = end ? Timestamp{*end} : project.clock().Now();
    ARROW_ASSIGN_OR_RAISE(done,
                          start ? project.Materialize(Timestamp{*start}, until, options, context)
                                : project.MaterializeIncremental(until, options, context));
    return Status::OK();
  };
  RaiseIfError(RunInterruptible(self.project().config(), work, show));
  return ToTuples(done);
}

FeatureRequest MakeRequest(const std::vector<std::string>& features,
                           const std::string& feature_service, bool full_feature_names) {
  FeatureRequest request;
  request.features = features;
  request.feature_service = feature_service;
  request.full_feature_names = full_feature_names;
  return request;
}

/// Raises what asking for these features would raise, without reading any rows.
void CheckFeatures(const ProjectHandle& self, const std::vector<std::string>& features,
                   const std::string& feature_service, bool full_feature_names) {
  auto snapshot = ValueOrRaise(self.project().Snapshot());
  FeatureRequest request = MakeRequest(features, feature_service, full_feature_names);
  RaiseIfError(ResolveFeatures(std::move(snapshot), self.project().name(), request).status());
}

std::shared_ptr<const arrow::KeyValueMetadata> TypeMetadata(ValueType type) {
  return arrow::key_value_metadata({"featly.type"}, {ValueTypeName(type)});
}

/// The features, which are the last columns, with their value types in the fields' metadata.
std::shared_ptr<arrow::Table> WithTypes(const arrow::Table& joined,
                                        const ResolvedFeatures& resolved) {
  std::vector<std::shared_ptr<arrow::Field>> fields = joined.fields();
  const size_t first = fields.size() - resolved.features.size();
  for (size_t i = 0; i < resolved.features.size(); ++i) {
    const FeatureUse& use = resolved.features[i];
    const ValueType type = resolved.views[use.view].view->features[use.feature].type;
    fields[first + i] = fields[first + i]->WithMetadata(TypeMetadata(type));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), joined.columns(), joined.num_rows());
}

ArrowStream GetHistoricalFeatures(const ProjectHandle& self, nb::handle entities,
                                  const std::vector<std::string>& features,
                                  const std::string& feature_service, bool full_feature_names) {
  auto reader = ValueOrRaise(ImportStream(entities));
  FeatureRequest request = MakeRequest(features, feature_service, full_feature_names);
  std::unique_ptr<arrow::RecordBatchReader> result;
  RaiseIfError(RunInterruptible(self.project().config(), [&](const WorkContext& work) -> Status {
    Project& project = self.project();
    TrainingPlan plan;
    ARROW_ASSIGN_OR_RAISE(auto table, reader->ToTable());
    ARROW_ASSIGN_OR_RAISE(plan.entities, EntityTable::FromTable(std::move(table)));
    ARROW_ASSIGN_OR_RAISE(auto snapshot, project.Snapshot());
    ARROW_ASSIGN_OR_RAISE(plan.features,
                          ResolveFeatures(std::move(snapshot), project.name(), request));
    TrainingStatistics statistics;
    ARROW_ASSIGN_OR_RAISE(result, project.offline().GetHistoricalFeatures(plan, work, &statistics));
    // Read here, while an interrupt is heard: the joined rows are bounded by the entity rows.
    ARROW_ASSIGN_OR_RAISE(auto joined, result->ToTable());
    result = std::make_unique<arrow::TableBatchReader>(WithTypes(*joined, *plan.features));
    return Status::OK();
  }));
  return {std::shared_ptr<arrow::RecordBatchReader>(std::move(result)), self.shared()};
}

ArrowStream StreamOf(const std::vector<std::string>& names,
                     const std::vector<std::shared_ptr<arrow::Array>>& arrays,
                     const std::shared_ptr<Project>& owner) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (size_t i = 0; i < names.size(); ++i) {
    fields.push_back(arrow::field(names[i], arrays[i]->type()));
  }
  int64_t rows = arrays.empty() ? 0 : arrays[0]->length();
  auto batch = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, arrays);
  return {ValueOrRaise(arrow::RecordBatchReader::Make({std::move(batch)})), owner};
}

/// The values, each field's metadata naming its value type.
ArrowStream ValuesOf(const LookupColumns& columns, const std::shared_ptr<Project>& owner) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (size_t i = 0; i < columns.names.size(); ++i) {
    fields.push_back(arrow::field(columns.names[i], columns.values[i]->type(), true,
                                  TypeMetadata(columns.types[i])));
  }
  int64_t rows = columns.values.empty() ? 0 : columns.values[0]->length();
  auto batch = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, columns.values);
  return {ValueOrRaise(arrow::RecordBatchReader::Make({std::move(batch)})), owner};
}

/// The JSON of those columns that have one.
ArrowStream JsonOf(const LookupColumns& columns, const std::shared_ptr<Project>& owner) {
  std::vector<std::string> names;
  std::vector<std::shared_ptr<arrow::Array>> texts;
  for (size_t i = 0; i < columns.names.size(); ++i) {
    if (columns.json[i] == nullptr) continue;
    names.push_back(columns.names[i]);
    texts.push_back(columns.json[i]);
  }
  return StreamOf(names, texts, owner);
}

/// (values, statuses as int8, event times): three streams of one shape, key columns first; and the
/// JSON of columns whose values Arrow shows less well (LookupColumns).
std::tuple<ArrowStream, ArrowStream, ArrowStream, ArrowStream> GetOnlineFeatures(
    const ProjectHandle& self, nb::handle entities, const std::vector<std::string>& features,
    const std::string& feature_service, bool full_feature_names) {
  auto reader = ValueOrRaise(ImportStream(entities));
  FeatureRequest request = MakeRequest(features, feature_service, full_feature_names);
  Result<LookupColumns> looked_up;
  {
    nb::gil_scoped_release release;
    looked_up = [&]() -> Result<LookupColumns> {
      Project& project = self.project();
      ARROW_ASSIGN_OR_RAISE(auto table, reader->ToTable());
      ARROW_ASSIGN_OR_RAISE(auto keys, table->CombineChunksToBatch());
      ARROW_ASSIGN_OR_RAISE(auto plan, project.LookupPlan(request));
      ARROW_ASSIGN_OR_RAISE(auto store, project.online());
      return LookupArrow(std::move(plan), *store, *keys, project.clock().Now());
    }();
  }
  LookupColumns columns = ValueOrRaise(std::move(looked_up));
  return {
      ValuesOf(columns, self.shared()), StreamOf(columns.names, columns.statuses, self.shared()),
      StreamOf(columns.names, columns.event_times, self.shared()), JsonOf(columns, self.shared())};
}

/// (applied, stale) rows of a push, or of a write to one view.
using WriteFunction = Result<WriteResult> (Project::*)(const std::string&,
                                                       const arrow::RecordBatch&);

template <WriteFunction kWrite>
std::tuple<int64_t, int64_t> Write(const ProjectHandle& self, const std::string& target,
                                   nb::handle rows) {
  auto reader = ValueOrRaise(ImportStream(rows));
  Result<WriteResult> written;
  {
    nb::gil_scoped_release release;
    written = [&]() -> Result<WriteResult> {
      ARROW_ASSIGN_OR_RAISE(auto table, reader->ToTable());
      ARROW_ASSIGN_OR_RAISE(auto batch, table->CombineChunksToBatch());
      return (self.project().*kWrite)(target, *batch);
    }();
  }
  WriteResult result = ValueOrRaise(std::move(written));
  return {result.applied, result.stale};
}

void Teardown(const ProjectHandle& self) {
  Status status;
  {
    nb::gil_scoped_release release;
    status = self.project().Teardown().status();
  }
  RaiseIfError(status);
}

}  // namespace

void BindProject(nb::module_& module) {
  nb::class_<ProjectHandle>(module, "Project", "An opened repository. Thread-safe.")
      .def_static("open", &ProjectHandle::Open, nb::arg("repo_path"), nb::arg("config_file") = "",
                  nb::arg("config") = "", nb::arg("test_clock") = "")
      .def_prop_ro("name", [](const ProjectHandle& self) { return self.project().name(); })
      .def_prop_ro("repo_path",
                   [](const ProjectHandle& self) { return self.project().config().repo_path; })
      .def_prop_ro("config",
                   [](const ProjectHandle& self) { return ConfigAsJson(self.project().config()); })
      .def(
          "apply",
          [](const ProjectHandle& self, const std::string& definitions,
             const std::vector<NamedTuple>& deletions, bool skip) {
            return Apply(self, definitions, deletions, /*total=*/false, skip, /*only_plan=*/false);
          },
          nb::arg("definitions"), nb::arg("deletions"), nb::arg("skip_source_validation"))
      .def(
          "plan",
          [](const ProjectHandle& self, const std::string& definitions, bool skip) {
            return Apply(self, definitions, {}, /*total=*/true, skip, /*only_plan=*/true);
          },
          nb::arg("definitions"), nb::arg("skip_source_validation"))
      .def("refresh", &Refresh)
      .def("list_objects", &ListObjects, nb::arg("kind"))
      .def("get_object", &GetObject, nb::arg("kind"), nb::arg("name"))
      .def("materialize", &Materialize, nb::arg("start").none(), nb::arg("end").none(),
           nb::arg("views"), nb::arg("progress").none())
      .def("check_features", &CheckFeatures, nb::arg("features"), nb::arg("feature_service"),
           nb::arg("full_feature_names"))
      .def("get_historical_features", &GetHistoricalFeatures, nb::arg("entities"),
           nb::arg("features"), nb::arg("feature_service"), nb::arg("full_feature_names"))
      .def("get_online_features", &GetOnlineFeatures, nb::arg("entities"), nb::arg("features"),
           nb::arg("feature_service"), nb::arg("full_feature_names"))
      .def("push", &Write<&Project::PushRows>, nb::arg("push_source"), nb::arg("rows"))
      .def("write_to_online_store", &Write<&Project::WriteToOnlineStore>, nb::arg("feature_view"),
           nb::arg("rows"))
      .def("teardown", &Teardown);
}

}  // namespace featly::python
