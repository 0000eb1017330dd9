#include "flows/push.h"

#include <optional>
#include <string>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "flows/view_rows.h"
#include "online/view_schema.h"

namespace featly {
namespace {

// The batch's column for what the view calls `name`: as its source has it, or as the view does.
Result<int> FindColumn(const ViewSpec& view, const arrow::Schema& schema, const std::string& name,
                       const char* role) {
  std::string in_source = view.batch_source.ColumnFor(name);
  for (const std::string& wanted : {in_source, name}) {
    std::vector<int> found = schema.GetAllFieldIndices(wanted);
    if (found.size() == 1) return found[0];
    if (found.size() > 1) {
      return Error(ErrorKind::kInvalid, "the pushed rows have two columns '" + wanted + "'")
          .Subject(wanted);
    }
  }
  return Error(ErrorKind::kInvalid, "the pushed rows lack the column '" + in_source + "', a " +
                                        role + " of feature view '" + view.name +
                                        "': whole rows only, add it")
      .Subject(in_source)
      .Near(NearNames(in_source, schema.field_names()));
}

Result<ViewColumns> FindColumns(const ViewSpec& view, const EntityKeyCodec& codec,
                                const arrow::Schema& schema) {
  const SourceSpec& source = view.batch_source;
  ViewColumns columns;
  for (const JoinKey& key : codec.keys()) {
    ARROW_ASSIGN_OR_RAISE(int at, FindColumn(view, schema, key.name, "join key"));
    columns.keys.push_back(at);
  }
  for (const RowColumn& feature : view.features) {
    ARROW_ASSIGN_OR_RAISE(int at, FindColumn(view, schema, feature.name, "feature"));
    columns.features.push_back(at);
  }
  if (source.has_event_time()) {
    ARROW_ASSIGN_OR_RAISE(columns.time,
                          FindColumn(view, schema, source.timestamp_field, "timestamp field"));
  }
  if (!source.created_timestamp_column.empty()) {
    ARROW_ASSIGN_OR_RAISE(columns.created, FindColumn(view, schema, source.created_timestamp_column,
                                                      "created timestamp column"));
  }
  return columns;
}

Error BadRow(const ViewSpec& view, int64_t row, const std::string& column, const char* why) {
  return Error(ErrorKind::kInvalid, "row " + std::to_string(row) + " of the pushed rows " + why +
                                        " '" + column + "'; nothing was written to feature view '" +
                                        view.name + "'")
      .Subject(column);
}

Result<std::vector<std::unique_ptr<EncodedRows>>> EncodeForAll(
    const std::vector<const ViewSpec*>& targets, const arrow::RecordBatch& batch, Timestamp now,
    int entity_key_version, OnlineStore& store, MissingView missing) {
  std::vector<std::unique_ptr<EncodedRows>> encoded;
  for (const ViewSpec* view : targets) {
    ARROW_ASSIGN_OR_RAISE(auto online, BindView(store, SchemaForStore(*view), missing));
    ARROW_ASSIGN_OR_RAISE(auto rows,
                          EncodeRows(*view, std::move(online), batch, now, entity_key_version));
    encoded.push_back(std::move(rows));
  }
  return encoded;
}

}  // namespace

Result<std::unique_ptr<EncodedRows>> EncodeRows(const ViewSpec& view,
                                                std::shared_ptr<const OnlineView> online,
                                                const arrow::RecordBatch& batch, Timestamp now,
                                                int entity_key_version) {
  ARROW_ASSIGN_OR_RAISE(auto codec, EntityKeyCodec::Make(view.join_keys, entity_key_version));
  ARROW_ASSIGN_OR_RAISE(ViewColumns columns, FindColumns(view, codec, *batch.schema()));
  ARROW_ASSIGN_OR_RAISE(ViewRows rows, ViewRows::Make(view, codec, online->write_layout(), batch,
                                                      columns, now, "the pushed rows"));
  auto encoded = std::make_unique<EncodedRows>();
  encoded->view = std::move(online);
  encoded->rows.reserve(static_cast<size_t>(rows.size()));
  std::string scratch;
  for (int64_t i = 0; i < rows.size(); ++i) {
    std::optional<EventOrder> order = rows.order(i);
    if (!order) {
      return BadRow(view, i, batch.column_name(columns.time), "has a null in the timestamp column");
    }
    if (std::optional<size_t> key = rows.FirstNullKey(i)) {
      return BadRow(view, i, batch.column_name(columns.keys[*key]),
                    "has a null in the join key column");
    }
    scratch.clear();
    rows.AppendKey(i, &scratch);
    size_t key_size = scratch.size();
    ARROW_RETURN_NOT_OK(rows.AppendRow(i, *order, &scratch));
    std::string_view bytes = encoded->bytes.Copy(scratch);
    encoded->rows.push_back({bytes.substr(0, key_size), bytes.substr(key_size)});
  }
  return encoded;
}

namespace {

// Encodes for all targets first, so that a bad row writes nothing anywhere.
void WriteToAll(const std::vector<const ViewSpec*>& targets, const arrow::RecordBatch& batch,
                Timestamp now, int entity_key_version, OnlineStore& store, WriteCompletion done,
                MissingView missing) {
  auto encoded = EncodeForAll(targets, batch, now, entity_key_version, store, missing);
  if (!encoded.ok()) return done(encoded.status());
  if (batch.num_rows() == 0) return done(WriteResult{});  // its columns are right
  std::vector<WriteRequest> requests;
  for (const auto& rows : *encoded) requests.push_back({rows->view, rows->rows});
  auto kept = std::make_shared<std::vector<std::unique_ptr<EncodedRows>>>(std::move(*encoded));
  store.Write(requests, [kept = std::move(kept), done = std::move(done)](
                            Result<WriteResult> result) { done(std::move(result)); });
}

}  // namespace

void Push(const RegistrySnapshot& snapshot, std::string_view project, std::string_view push_source,
          const arrow::RecordBatch& batch, Timestamp now, int entity_key_version,
          OnlineStore& store, WriteCompletion done, MissingView missing) {
  auto targets = snapshot.PushTargets(project, push_source);
  if (!targets.ok()) return done(targets.status());
  WriteToAll(*targets, batch, now, entity_key_version, store, std::move(done), missing);
}

void WriteToView(const RegistrySnapshot& snapshot, std::string_view project, std::string_view view,
                 const arrow::RecordBatch& batch, Timestamp now, int entity_key_version,
                 OnlineStore& store, WriteCompletion done, MissingView missing) {
  auto target = snapshot.View(project, view);
  if (!target.ok()) return done(target.status());
  if (!(*target)->online) {
    return done(Error(ErrorKind::kInvalid, "feature view '" + std::string(view) +
                                               "' is defined with online=False, so there is "
                                               "nothing to write to")
                    .Subject(std::string(view))
                    .ToStatus());
  }
  WriteToAll({*target}, batch, now, entity_key_version, store, std::move(done), missing);
}

}  // namespace featly
