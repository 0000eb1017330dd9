#include "online/sqlite_writer.h"

#include <optional>
#include <utility>

#include "online/sqlite_values.h"
#include "online/store_errors.h"
#include "types/exact.h"
#include "types/proto_value.h"

namespace featly {
namespace {

// The newest times stored for a key; nullopt where there is no row. Times that cannot be read
// cannot be newer: writing the row again is how it is mended.
Result<std::optional<EventOrder>> StoredTimes(SqliteQuery& times, std::string_view key,
                                              bool* there) {
  std::optional<EventOrder> newest;
  *there = false;
  times.BindBlob(1, key);
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(bool more, times.Step());
    if (!more) break;
    *there = true;
    std::optional<EventOrder> order = StoredOrder(times, 0, 1);
    if (order && (!newest || *order > *newest)) newest = order;
  }
  times.Reset();
  return newest;
}

std::string InsertText(const SqliteTable& table) {
  std::string columns = "entity_key, feature_name, value, event_ts, created_ts";
  std::string values = "?1, ?2, ?3, ?4, ?5";
  if (table.Has("value_text")) {
    columns += ", value_text";
    values += ", ?6";
  }
  if (table.Has("value_num")) {
    columns += ", value_num";
    values += ", ?7";
  }
  return "INSERT INTO " + QuoteName(table.name) + " (" + columns + ") VALUES (" + values + ")";
}

}  // namespace

Result<WriteQueue::Outcomes> SqliteWriter::Commit(std::span<const WriteJob> jobs) {
  SqliteInUse in_use;
  if (db_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(db_, store_.OpenAnother());
  }
  ARROW_ASSIGN_OR_RAISE(SqliteTxn txn, SqliteTxn::Write(db_.get()));
  ARROW_ASSIGN_OR_RAISE(const SqliteCatalog* catalog, catalog_.Get(db_.get()));
  WriteQueue::Outcomes outcomes;
  for (const WriteJob& job : jobs) {
    Status refused;
    for (const WriteRequest& part : job.parts) {
      if (refused.ok()) refused = CheckPart(part, *catalog);
    }
    // A job that is refused has put nothing; an error while putting rows ends the transaction.
    if (!refused.ok()) {
      outcomes.emplace_back(std::move(refused));
      continue;
    }
    WriteResult written;
    for (const WriteRequest& part : job.parts) {
      const auto& view = static_cast<const SqliteView&>(*part.view);
      ARROW_RETURN_NOT_OK(PutRows(part, *catalog->Find(view.table()), &written));
    }
    outcomes.emplace_back(written);
  }
  ARROW_RETURN_NOT_OK(txn.Commit());
  return outcomes;
}

Status SqliteWriter::CheckPart(const WriteRequest& part, const SqliteCatalog& catalog) {
  const auto* view = dynamic_cast<const SqliteView*>(part.view.get());
  if (view == nullptr || view->store_token() != store_token_ || !view->IsLive(catalog)) {
    return ViewWasDropped(part.view->schema());
  }
  return CheckLayout(part);
}

Status SqliteWriter::PutRows(const WriteRequest& part, const SqliteTable& table,
                             WriteResult* result) {
  const auto& view = static_cast<const SqliteView&>(*part.view);
  const std::string where = QuoteName(table.name) + " WHERE entity_key = ?";
  ARROW_ASSIGN_OR_RAISE(SqliteQuery times, db_->Query("SELECT event_ts, created_ts FROM " + where));
  ARROW_ASSIGN_OR_RAISE(SqliteQuery remove, db_->Query("DELETE FROM " + where));
  ARROW_ASSIGN_OR_RAISE(SqliteQuery insert, db_->Query(InsertText(table)));
  for (const KeyedRow& row : part.rows) {
    const EventOrder order = InSeconds(RowView(row.row).order());
    bool there = false;
    ARROW_ASSIGN_OR_RAISE(std::optional<EventOrder> stored, StoredTimes(times, row.key, &there));
    if (stored && !Replaces(order, *stored)) {
      ++result->stale;
      continue;
    }
    // The row as a whole: also of features that this one does not have.
    if (there) {
      remove.BindBlob(1, row.key);
      ARROW_RETURN_NOT_OK(remove.Run());
    }
    ARROW_RETURN_NOT_OK(InsertRow(insert, view, table, row, order));
    ++result->applied;
  }
  return Status::OK();
}

Status SqliteWriter::InsertRow(SqliteQuery& insert, const SqliteView& view,
                               const SqliteTable& table, const KeyedRow& row, EventOrder order) {
  const RowLayout& layout = *view.write_layout();
  for (uint32_t column = 0; column < layout.columns().size(); ++column) {
    RowToProto(layout, column, RowView(row.row), &value_);
    if (!value_.SerializeToString(&bytes_)) {
      return Error(ErrorKind::kTooLarge,
                   "a value of feature '" + layout.columns()[column].name + "' is too large")
          .Subject(layout.columns()[column].name);
    }
    insert.BindBlob(1, row.key);
    insert.BindText(2, layout.columns()[column].name);
    insert.BindBlob(3, bytes_);
    insert.BindInt(4, MicrosToSeconds(order.event_micros));
    if (order.created_micros != kNoCreatedTime) {
      insert.BindInt(5, MicrosToSeconds(order.created_micros));
    }
    // Parameters that are not bound are null.
    const ValueInWords words = DescribeValue(value_);
    if (words.text && table.Has("value_text")) insert.BindText(6, *words.text);
    if (words.number && table.Has("value_num")) insert.BindDouble(7, *words.number);
    ARROW_RETURN_NOT_OK(insert.Run());
  }
  return Status::OK();
}

}  // namespace featly
