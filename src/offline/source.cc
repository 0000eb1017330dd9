#include "offline/source.h"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/uri.h>

#include "base/parallel.h"
#include "offline/csv_types.h"
#include "offline/file_list.h"
#include "offline/source_file.h"
#include "types/arrow_convert.h"
#include "types/exact.h"

namespace featly {
namespace {

// The file formats: one line each.
struct Suffix {
  const char* suffix;
  FileFormat format;
};
constexpr std::array<Suffix, 6> kSuffixes = {{
    {".parquet", FileFormat::kParquet},
    {".pq", FileFormat::kParquet},
    {".csv", FileFormat::kCsv},
    {".csv.gz", FileFormat::kCsv},
    {".tsv", FileFormat::kTsv},
    {".tsv.gz", FileFormat::kTsv},
}};

Result<std::unique_ptr<SourceFile>> OpenSourceFile(const ListedFile& file) {
  switch (file.format) {
    case FileFormat::kParquet:
      return OpenParquetFile(file.path);
    case FileFormat::kCsv:
      return OpenCsvFile(file.path, ',');
    case FileFormat::kTsv:
      return OpenCsvFile(file.path, '\t');
  }
  return Error(ErrorKind::kInternal, "no reader for '" + file.path + "'");
}

// The value of a Hive folder name; nullopt is null.
std::optional<std::string> PartitionValue(const std::string& encoded) {
  if (encoded == "__HIVE_DEFAULT_PARTITION__") return std::nullopt;
  return arrow::util::UriUnescape(encoded);
}

bool IsPlainInteger(const std::string& text) {
  const std::optional<int64_t> integer = ParseInteger(text);
  return integer && std::to_string(*integer) == text;
}

// Where one column of the source comes from in one file.
struct Place {
  int field = -1;                            // in the file's schema
  std::shared_ptr<arrow::Scalar> partition;  // else this, for every row; null: nulls
};

class FileSource : public Source {
 public:
  FileSource(SourceSpec spec, std::vector<ListedFile> listed)
      : spec_(std::move(spec)), listed_(std::move(listed)) {}

  Status Open() {
    for (const ListedFile& file : listed_) {
      paths_.push_back(file.path);
      ARROW_ASSIGN_OR_RAISE(auto opened, OpenSourceFile(file));
      files_.push_back(std::move(opened));
    }
    ARROW_RETURN_NOT_OK(MergeSchemas());
    ARROW_RETURN_NOT_OK(AddPartitions());
    schema_ = arrow::schema(fields_);
    for (uint32_t f = 0; f < files_.size(); ++f) {
      uint64_t first_row = 0;
      for (int u = 0; u < files_[f]->unit_count(); ++u) {
        const int64_t rows = files_[f]->unit_rows(u);
        units_.push_back({{f, first_row, rows}, u});
        first_row += static_cast<uint64_t>(rows);
      }
      row_count_ += static_cast<int64_t>(first_row);
    }
    return Status::OK();
  }

  const SourceSpec& spec() const override { return spec_; }
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  const std::vector<std::string>& files() const override { return paths_; }
  int64_t row_count() const override { return row_count_; }
  bool columnar() const override { return files_.front()->columnar(); }
  bool is_text() const override { return listed_.front().format != FileFormat::kParquet; }
  int unit_count() const override { return static_cast<int>(units_.size()); }
  Unit unit(int index) const override { return units_[index].place; }

  bool MayMatch(int unit, const ScanRequest& request) const override {
    if (!spec_.has_event_time()) return true;
    const auto bounds = TimeBounds(unit);
    return !bounds || (bounds->latest >= request.oldest && bounds->earliest <= request.newest);
  }

  Status ReadUnit(int unit, const ScanRequest& request,
                  const std::function<Status(SourceBatch)>& sink) const override {
    const UnitOfFile& u = units_[unit];
    ARROW_ASSIGN_OR_RAISE(const Reading reading, PlanReading(u.place.file, request));
    return files_[u.place.file]->Read(
        u.index, reading.selection,
        [&](const std::shared_ptr<arrow::RecordBatch>& batch, int64_t row) -> Status {
          ARROW_ASSIGN_OR_RAISE(auto columns, Arrange(reading, *batch));
          return sink(
              {std::move(columns), u.place.file, u.place.first_row + static_cast<uint64_t>(row)});
        });
  }

  Result<std::optional<TimeRange>> EventTimeRange(const WorkContext& work) const override {
    if (!spec_.has_event_time()) return std::optional<TimeRange>();
    std::vector<std::optional<TimeRange>> ranges(units_.size());
    ARROW_RETURN_NOT_OK(
        ParallelFor(unit_count(), work.threads, work.stop, [&](int64_t unit, int) -> Status {
          if (const auto bounds = TimeBounds(static_cast<int>(unit))) {
            ranges[unit] = TimeRange{bounds->earliest, bounds->latest};
            return Status::OK();
          }
          return ReadTimeRange(static_cast<int>(unit), &ranges[unit]);
        }));
    std::optional<TimeRange> all;
    for (const auto& range : ranges) {
      if (!range) continue;
      if (!all) all = range;
      all->earliest = std::min(all->earliest, range->earliest);
      all->latest = std::max(all->latest, range->latest);
    }
    return all;
  }

 private:
  struct UnitOfFile {
    Unit place;
    int index;  // within the file
  };

  // How one request is read from one file.
  struct Reading {
    SourceFile::Selection selection;
    std::shared_ptr<arrow::Schema> schema;
    std::vector<Place> places;  // `field` is a column of the file's batches here
  };

  Status MergeSchemas() {
    places_.resize(files_.size());
    for (size_t f = 0; f < files_.size(); ++f) {
      const arrow::Schema& schema = *files_[f]->schema();
      std::set<std::string> seen;
      for (int i = 0; i < schema.num_fields(); ++i) {
        const auto& field = schema.field(i);
        if (!seen.insert(field->name()).second) {
          return Error(ErrorKind::kInvalid, "'" + paths_[f] + "' has two columns named '" +
                                                field->name() + "': rename one")
              .Subject(field->name());
        }
        ARROW_RETURN_NOT_OK(MergeField(f, *field));
        if (field->type()->id() != arrow::Type::NA) places_[f][field->name()].field = i;
      }
    }
    return Status::OK();
  }

  Status MergeField(size_t file, const arrow::Field& field) {
    auto [it, added] = types_.try_emplace(field.name(), TypedBy{fields_.size(), file});
    if (added) {
      fields_.push_back(arrow::field(field.name(), field.type()));
      return Status::OK();
    }
    auto& known = fields_[it->second.field];
    if (field.type()->id() == arrow::Type::NA || known->type()->Equals(*field.type())) {
      return Status::OK();
    }
    if (known->type()->id() == arrow::Type::NA) {
      known = arrow::field(field.name(), field.type());
      it->second.file = file;
      return Status::OK();
    }
    // pandas 1 wrote nanoseconds, pandas 2 microseconds: the reader of the times converts either.
    if (known->type()->id() == arrow::Type::TIMESTAMP &&
        field.type()->id() == arrow::Type::TIMESTAMP) {
      return Status::OK();
    }
    return Error(ErrorKind::kInvalid,
                 "column '" + field.name() + "' is " + known->type()->ToString() + " in '" +
                     paths_[it->second.file] + "' but " + field.type()->ToString() + " in '" +
                     paths_[file] + "': write it with one type in all files")
        .Subject(field.name());
  }

  // A partition column is one type for the whole source; a column inside the files goes before a
  // folder of its name.
  Status AddPartitions() {
    std::vector<std::string> names;
    std::unordered_map<std::string, bool> integer;
    for (const ListedFile& file : listed_) {
      for (const auto& [name, encoded] : file.partitions) {
        if (types_.contains(name)) continue;
        auto [it, added] = integer.try_emplace(name, true);
        if (added) names.push_back(name);
        const auto value = PartitionValue(encoded);
        if (value && !IsPlainInteger(*value)) it->second = false;
      }
    }
    for (const std::string& name : names) {
      types_.try_emplace(name, TypedBy{fields_.size(), 0});
      fields_.push_back(arrow::field(name, integer[name] ? arrow::int64() : arrow::utf8()));
    }
    for (size_t f = 0; f < listed_.size(); ++f) {
      for (const auto& [name, encoded] : listed_[f].partitions) {
        const auto it = integer.find(name);
        if (it == integer.end()) continue;
        const auto value = PartitionValue(encoded);
        if (!value) continue;
        std::shared_ptr<arrow::Scalar> scalar = std::make_shared<arrow::StringScalar>(*value);
        if (it->second) scalar = std::make_shared<arrow::Int64Scalar>(*ParseInteger(*value));
        places_[f][name].partition = std::move(scalar);
      }
    }
    return Status::OK();
  }

  std::optional<SourceFile::TimeBounds> TimeBounds(int unit) const {
    const UnitOfFile& u = units_[unit];
    const auto& places = places_[u.place.file];
    const auto it = places.find(spec_.ColumnFor(spec_.timestamp_field));
    if (it == places.end() || it->second.field < 0) return std::nullopt;
    return files_[u.place.file]->Bounds(u.index, it->second.field);
  }

  Result<Reading> PlanReading(uint32_t file, const ScanRequest& request) const {
    Reading reading;
    std::set<int> fields;
    arrow::FieldVector schema;
    for (const std::string& column : request.columns) {
      const auto type = types_.find(column);
      if (type == types_.end()) {
        return Error(ErrorKind::kNotFound,
                     "source '" + spec_.name + "' has no column '" + column + "'")
            .Subject(column)
            .Near(NearNames(column, schema_->field_names()));
      }
      const auto place = places_[file].find(column);
      reading.places.push_back(place == places_[file].end() ? Place{} : place->second);
      const int field = reading.places.back().field;
      if (field >= 0) fields.insert(field);
      schema.push_back(field >= 0 ? files_[file]->schema()->field(field)
                                  : fields_[type->second.field]);
    }
    reading.selection.fields.assign(fields.begin(), fields.end());
    reading.selection.as_text.assign(fields.size(), false);
    for (size_t i = 0; i < reading.places.size(); ++i) {
      Place& place = reading.places[i];
      if (place.field < 0) continue;
      place.field = static_cast<int>(std::distance(fields.begin(), fields.find(place.field)));
      if (!is_text() || i >= request.types.size()) continue;
      if (!ReadsAsText(request.types[i])) continue;
      reading.selection.as_text[place.field] = true;
      schema[i] = schema[i]->WithType(arrow::utf8());
    }
    reading.schema = arrow::schema(std::move(schema));
    return reading;
  }

  static Result<std::shared_ptr<arrow::RecordBatch>> Arrange(const Reading& reading,
                                                             const arrow::RecordBatch& batch) {
    std::vector<std::shared_ptr<arrow::Array>> columns;
    columns.reserve(reading.places.size());
    for (size_t i = 0; i < reading.places.size(); ++i) {
      const Place& place = reading.places[i];
      std::shared_ptr<arrow::Array> column;
      if (place.field >= 0) {
        column = batch.column(place.field);
      } else if (place.partition != nullptr) {
        ARROW_ASSIGN_OR_RAISE(column,
                              arrow::MakeArrayFromScalar(*place.partition, batch.num_rows()));
      } else {
        ARROW_ASSIGN_OR_RAISE(
            column, arrow::MakeArrayOfNull(reading.schema->field(i)->type(), batch.num_rows()));
      }
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(reading.schema, batch.num_rows(), std::move(columns));
  }

  Status ReadTimeRange(int unit, std::optional<TimeRange>* range) const {
    ScanRequest request;
    request.columns = {spec_.ColumnFor(spec_.timestamp_field)};
    return ReadUnit(unit, request, [&](const SourceBatch& batch) -> Status {
      ARROW_ASSIGN_OR_RAISE(auto times, TimeColumn(batch.columns->column(0),
                                                   "column '" + request.columns[0] + "' of '" +
                                                       paths_[batch.file] + "'",
                                                   TimeRounding::kUp));
      for (int64_t i = 0; i < times->length(); ++i) {
        if (times->IsNull(i)) continue;
        const Timestamp time{times->Value(i)};
        if (!*range) *range = TimeRange{time, time};
        (*range)->earliest = std::min((*range)->earliest, time);
        (*range)->latest = std::max((*range)->latest, time);
      }
      return Status::OK();
    });
  }

  // Which field of the source a name is, and the file that gave it its type.
  struct TypedBy {
    size_t field;
    size_t file;
  };

  SourceSpec spec_;
  std::vector<ListedFile> listed_;
  std::vector<std::string> paths_;
  std::vector<std::unique_ptr<SourceFile>> files_;
  std::vector<std::unordered_map<std::string, Place>> places_;  // of each file, by column name
  std::unordered_map<std::string, TypedBy> types_;
  arrow::FieldVector fields_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<UnitOfFile> units_;
  int64_t row_count_ = 0;
};

}  // namespace

std::optional<FileFormat> FormatOfSuffix(std::string_view path) {
  for (const Suffix& known : kSuffixes) {
    if (path.ends_with(known.suffix)) return known.format;
  }
  return std::nullopt;
}

Result<std::unique_ptr<Source>> Source::Open(const SourceSpec& spec, const std::string& root) {
  const std::string context = "source '" + spec.name + "'";
  auto listed = ListSourceFiles(spec.path, root);
  if (!listed.ok()) return WithContext(context, listed.status());
  auto source = std::make_unique<FileSource>(spec, *std::move(listed));
  if (Status opened = source->Open(); !opened.ok()) return WithContext(context, opened);
  return source;
}

}  // namespace featly
