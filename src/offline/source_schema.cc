// Whether a source can feed a view.
#include "offline/source_schema.h"

#include <arrow/type.h>

#include "offline/column_list.h"
#include "offline/csv_types.h"
#include "offline/source.h"
#include "types/arrow_convert.h"

namespace featly {
namespace {

Error MissingColumn(const ViewSpec& view, const Source& source, const std::string& column,
                    std::string_view what) {
  return Error(ErrorKind::kDefinition,
               "feature view '" + view.name + "' needs the column '" + column + "' (" +
                   std::string(what) + "), but its source '" + source.spec().name + "' (" +
                   source.files().front() +
                   ") has no such column; it has: " + ColumnList(*source.schema()))
      .Subject(column)
      .Near(NearNames(column, source.schema()->field_names()));
}

bool Converts(const arrow::DataType& found, ValueType wanted, const Source& source) {
  if (found.id() == arrow::Type::NA) return true;
  if (source.is_text() && ReadsAsText(wanted)) return CanConvert(*arrow::utf8(), wanted);
  return CanConvert(found, wanted);
}

Status CheckTimeColumn(const ViewSpec& view, const Source& source, const std::string& name,
                       const std::string& what) {
  const std::string column = source.spec().ColumnFor(name);
  const auto field = source.schema()->GetFieldByName(column);
  if (field == nullptr) return MissingColumn(view, source, column, what);
  const arrow::Type::type id = field->type()->id();
  if (id == arrow::Type::TIMESTAMP || id == arrow::Type::DATE32 || id == arrow::Type::DATE64 ||
      id == arrow::Type::NA) {
    return Status::OK();
  }
  return Error(ErrorKind::kDefinition,
               "feature view '" + view.name + "': column '" + column + "' (" + what +
                   ") of source '" + source.spec().name + "' (" + source.files().front() + ") is " +
                   field->type()->ToString() +
                   ", a timestamp is needed: convert it with pandas.to_datetime before writing")
      .Subject(column);
}

}  // namespace

Status CheckSourceColumn(const ViewSpec& view, const Source& source, const std::string& name,
                         ValueType type, std::string_view what) {
  const std::string column = source.spec().ColumnFor(name);
  const auto field = source.schema()->GetFieldByName(column);
  if (field == nullptr) return MissingColumn(view, source, column, what);
  if (Converts(*field->type(), type, source)) return Status::OK();
  const std::string kChange = ": change the definition or the data";
  const std::string advice = ConversionAdvice(*field->type(), type);
  return Error(ErrorKind::kDefinition,
               "feature view '" + view.name + "': " + std::string(what) + " '" + name + "' is " +
                   ValueTypeName(type) + ", but column '" + column + "' of source '" +
                   source.spec().name + "' (" + source.files().front() + ") is " +
                   field->type()->ToString() + (advice.empty() ? kChange : advice))
      .Subject(column);
}

Status CheckSourceTimes(const ViewSpec& view, const Source& source) {
  const SourceSpec& spec = source.spec();
  if (spec.has_event_time()) {
    ARROW_RETURN_NOT_OK(CheckTimeColumn(view, source, spec.timestamp_field, "timestamp_field"));
  }
  if (!spec.created_timestamp_column.empty()) {
    ARROW_RETURN_NOT_OK(
        CheckTimeColumn(view, source, spec.created_timestamp_column, "created_timestamp_column"));
  }
  return Status::OK();
}

Status CheckSourceSchema(const ViewSpec& view, const Source& source) {
  ARROW_RETURN_NOT_OK(CheckSourceTimes(view, source));
  for (const JoinKey& key : view.join_keys) {
    ARROW_RETURN_NOT_OK(CheckSourceColumn(view, source, key.name, key.type, kJoinKey));
  }
  for (const RowColumn& feature : view.features) {
    ARROW_RETURN_NOT_OK(CheckSourceColumn(view, source, feature.name, feature.type, kFeature));
  }
  return Status::OK();
}

}  // namespace featly
