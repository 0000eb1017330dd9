#include "online/lmdb_writer.h"

#include <algorithm>
#include <numeric>

#include "online/store_errors.h"

namespace featly {
namespace {

// From this many rows on, writing them in key order pays for the sort.
constexpr size_t kSortRows = 64;

bool InKeyOrder(std::span<const KeyedRow> rows) {
  return std::is_sorted(rows.begin(), rows.end(),
                        [](const KeyedRow& a, const KeyedRow& b) { return a.key < b.key; });
}

}  // namespace

Result<WriteQueue::Outcomes> LmdbWriter::Commit(std::span<const WriteJob> jobs) {
  ARROW_ASSIGN_OR_RAISE(LmdbTxn txn, env_->BeginWrite());
  ARROW_ASSIGN_OR_RAISE(uint64_t generation, catalog_->Generation(txn.get()));
  WriteQueue::Outcomes outcomes;
  {
    ARROW_ASSIGN_OR_RAISE(LmdbRowWriter writer, LmdbRowWriter::Make(*env_, txn.get()));
    for (const WriteJob& job : jobs) {
      Status refused;
      for (const WriteRequest& part : job.parts) {
        if (refused.ok()) refused = CheckPart(part, txn.get(), generation);
      }
      // A job that is refused has put nothing; an error while putting rows ends the transaction.
      if (!refused.ok()) {
        outcomes.emplace_back(std::move(refused));
        continue;
      }
      WriteResult written;
      for (const WriteRequest& part : job.parts) {
        ARROW_RETURN_NOT_OK(PutRows(part, &writer, &written));
      }
      outcomes.emplace_back(written);
    }
  }
  ARROW_RETURN_NOT_OK(txn.Commit());
  return outcomes;
}

Status LmdbWriter::CheckPart(const WriteRequest& part, MDB_txn* txn, uint64_t generation) {
  const OnlineViewSchema& schema = part.view->schema();
  const auto* view = dynamic_cast<const LmdbView*>(part.view.get());
  bool live = false;
  if (view != nullptr && view->store_token() == store_token_) {
    ARROW_ASSIGN_OR_RAISE(live, view->IsLive(*catalog_, txn, generation));
  }
  if (!live) return ViewWasDropped(schema);
  return CheckLayout(part);
}

Status LmdbWriter::PutRows(const WriteRequest& part, LmdbRowWriter* writer, WriteResult* result) {
  const uint32_t view_id = static_cast<const LmdbView&>(*part.view).id();
  auto put = [&](const KeyedRow& row) -> Status {
    ARROW_ASSIGN_OR_RAISE(bool stored, writer->Put(view_id, row.key, row.row));
    ++(stored ? result->applied : result->stale);
    return Status::OK();
  };
  if (part.rows.size() < kSortRows || InKeyOrder(part.rows)) {
    for (const KeyedRow& row : part.rows) ARROW_RETURN_NOT_OK(put(row));
    return Status::OK();
  }
  order_.resize(part.rows.size());
  std::iota(order_.begin(), order_.end(), 0);
  // By key, then position: rows of one key keep their order, since an equal pair of times replaces.
  std::sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
    int order = part.rows[a].key.compare(part.rows[b].key);
    return order != 0 ? order < 0 : a < b;
  });
  for (uint32_t i : order_) ARROW_RETURN_NOT_OK(put(part.rows[i]));
  return Status::OK();
}

}  // namespace featly
