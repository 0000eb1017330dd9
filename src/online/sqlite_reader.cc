#include "online/sqlite_reader.h"

#include <algorithm>
#include <map>
#include <utility>

#include <google/protobuf/arena.h>

#include "feast/types/Value.pb.h"
#include "online/sqlite_values.h"
#include "types/proto_value.h"

namespace featly {
namespace {

using feast::types::Value;

// Keys whose values are in memory at once, before they are rows.
constexpr size_t kKeysAtOnce = 1000;

Error Unreadable(const SqliteView& view, std::string_view what) {
  return Error(ErrorKind::kCorrupt, "the online store's table '" + view.table() + "' holds " +
                                        std::string(what) +
                                        "; materialize the view again to replace it")
      .Subject(view.schema().view);
}

// The type under which a row carries `value`: the declared one where it is that, or nothing at all;
// else its own, which a lookup takes for a feature that is not there.
ValueType TypeOf(const Value& value, ValueType declared) {
  const auto held = static_cast<int>(value.val_case());
  // These have no member of their own.
  const bool bytes = declared == ValueType::kPdfBytes || declared == ValueType::kImageBytes;
  const auto own = static_cast<int>(bytes ? ValueType::kBytes : declared);
  if (held == Value::VAL_NOT_SET || held == Value::kNullVal || held == own) return declared;
  auto type = ValueTypeFromNumber(held);
  return type.ok() ? *type : ValueType::kInvalid;
}

}  // namespace

Status SqliteReader::Read(const ReadRequest& request, ReadResult* result) {
  SqliteInUse in_use;
  result->Shape(request);
  if (db_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(db_, store_.OpenAnother());
  }
  ARROW_ASSIGN_OR_RAISE(SqliteTxn txn, SqliteTxn::Read(db_.get()));
  ARROW_ASSIGN_OR_RAISE(const SqliteCatalog* catalog, catalog_.Get(db_.get()));
  for (size_t g = 0; g < request.groups.size(); ++g) {
    const ReadGroup& group = request.groups[g];
    for (size_t v = 0; v < group.views.size(); ++v) {
      // Views come from this store's Bind: that is the contract of OnlineStore::Read.
      const auto& view = static_cast<const SqliteView&>(*group.views[v]);
      if (view.store_token() != store_token_ || !view.IsLive(*catalog)) continue;
      Part part{&view, g, v, group.keys, std::vector<bool>(view.schema().columns.size())};
      for (uint32_t column : group.columns[v]) part.wanted[column] = true;
      ARROW_RETURN_NOT_OK(ReadPart(part, result));
    }
  }
  return txn.Commit();
}

Status SqliteReader::ReadPart(const Part& part, ReadResult* result) {
  ARROW_ASSIGN_OR_RAISE(SqliteQuery query,
                        db_->Query("SELECT feature_name, value, event_ts, created_ts FROM " +
                                   QuoteName(part.view->table()) + " WHERE entity_key = ?"));
  for (size_t begin = 0; begin < part.keys.size(); begin += kKeysAtOnce) {
    bytes_.clear();
    cells_.clear();
    rows_.clear();
    const size_t end = std::min(part.keys.size(), begin + kKeysAtOnce);
    for (size_t key = begin; key < end; ++key) ARROW_RETURN_NOT_OK(FetchRow(query, part, key));
    ARROW_RETURN_NOT_OK(EncodeRows(part, result));
  }
  return Status::OK();
}

// The newest row of one key: the features that were written with the newest times. What was written
// before them belongs to an older row, from before a feature was taken out of the view.
Status SqliteReader::FetchRow(SqliteQuery& query, const Part& part, size_t key) {
  const RowLayout& schema = *part.view->write_layout();
  FoundRow row{key, {}, cells_.size(), 0};
  query.BindBlob(1, part.keys[key]);
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(bool more, query.Step());
    if (!more) break;
    const std::string_view feature = query.Text(0);
    std::optional<uint32_t> column = schema.Find(feature);
    if (!column) continue;
    std::optional<EventOrder> order = StoredOrder(query, 2, 3);
    if (!order) {
      return Unreadable(*part.view,
                        "an event_ts of feature '" + std::string(feature) + "' that is no time");
    }
    if (row.cells == 0 || *order > row.order) {
      cells_.resize(row.first_cell);
      row.cells = 0;
      row.order = *order;
    }
    if (*order < row.order) continue;
    const std::string_view value = query.Blob(1);
    cells_.push_back({*column, bytes_.size(), value.size()});
    bytes_ += value;
    ++row.cells;
  }
  query.Reset();
  if (row.cells > 0) rows_.push_back(row);
  return Status::OK();
}

// Values of one shape become rows together, column by column.
Status SqliteReader::EncodeRows(const Part& part, ReadResult* result) {
  const std::vector<RowColumn>& columns = part.view->schema().columns;
  google::protobuf::Arena arena;
  std::vector<const Value*> values(cells_.size());
  std::map<SqliteView::Shape, std::vector<const FoundRow*>> shapes;
  for (const FoundRow& row : rows_) {
    SqliteView::Shape shape(columns.size(), ValueType::kInvalid);
    for (size_t i = row.first_cell; i < row.first_cell + row.cells; ++i) {
      const Cell& cell = cells_[i];
      auto* value = google::protobuf::Arena::CreateMessage<Value>(&arena);
      // What nobody asked for is there, and its value does not matter.
      if (part.wanted[cell.column] &&
          !value->ParseFromArray(bytes_.data() + cell.begin, static_cast<int>(cell.size))) {
        return Unreadable(*part.view, "a value of feature '" + columns[cell.column].name +
                                          "' that is no protobuf value of Feast's");
      }
      values[i] = value;
      shape[cell.column] = TypeOf(*value, columns[cell.column].type);
    }
    shapes[std::move(shape)].push_back(&row);
  }
  for (const auto& [shape, rows] : shapes) {
    ARROW_RETURN_NOT_OK(EncodeShape(part, shape, rows, values, result));
  }
  return Status::OK();
}

Status SqliteReader::EncodeShape(const Part& part, const SqliteView::Shape& shape,
                                 std::span<const FoundRow* const> rows,
                                 std::span<const Value* const> values, ReadResult* result) {
  ARROW_ASSIGN_OR_RAISE(auto layout, part.view->LayoutFor(shape));
  std::vector<std::vector<const Value*>> by_column(shape.size());
  for (const FoundRow* row : rows) {
    for (size_t i = row->first_cell; i < row->first_cell + row->cells; ++i) {
      by_column[cells_[i].column].push_back(values[i]);
    }
  }
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (size_t column = 0; column < shape.size(); ++column) {
    if (shape[column] == ValueType::kInvalid) continue;
    auto array = ProtoToArray(by_column[column], shape[column]);
    if (!array.ok()) {
      return WithContext("table '" + part.view->table() + "', feature '" +
                             part.view->schema().columns[column].name + "'",
                         array.status());
    }
    arrays.push_back(std::move(*array));
  }
  ARROW_ASSIGN_OR_RAISE(RowEncoder encoder, RowEncoder::Make(layout, std::move(arrays)));
  std::string bytes;
  for (size_t i = 0; i < rows.size(); ++i) {
    bytes.clear();
    ARROW_RETURN_NOT_OK(encoder.Append(static_cast<int64_t>(i), rows[i]->order, &bytes));
    result->Set(part.group, part.index, rows[i]->key, RowView(result->arena().Copy(bytes)));
  }
  return Status::OK();
}

SqliteReadPool::SqliteReadPool(const SqliteDb& store, uint64_t store_token, int threads) {
  for (int i = 0; i < threads; ++i) {
    readers_.push_back(std::make_unique<SqliteReader>(store, store_token));
  }
  for (auto& reader : readers_) threads_.emplace_back([this, &reader] { Run(reader.get()); });
}

SqliteReadPool::~SqliteReadPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool SqliteReadPool::OnReaderThread() const {
  return std::any_of(threads_.begin(), threads_.end(), [](const std::thread& thread) {
    return thread.get_id() == std::this_thread::get_id();
  });
}

void SqliteReadPool::Submit(const ReadRequest& request, ReadResult* result, ReadCompletion done) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back({request, result, std::move(done)});
  }
  changed_.notify_one();
}

void SqliteReadPool::Run(SqliteReader* reader) {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    Status status = reader->Read(job.request, job.result);
    if (!status.ok()) job.result->Release();
    job.done(std::move(status));
    job.done = nullptr;  // what it holds ends outside the lock
    lock.lock();
  }
}

}  // namespace featly
