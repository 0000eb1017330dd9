// Sorting rows by entity key in pieces that fit into memory, keeping the newest of each key.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "types/event_order.h"
#include "types/row.h"

namespace featly {

/// One row on its way through the sort. Borrows a run's bytes.
struct RunRecord {
  std::string_view key;
  std::string_view row;
  SourcePosition position;

  /// Whether this row supersedes `other` of the same key: event order, then where they lie.
  bool IsNewerThan(const RunRecord& other) const {
    EventOrder mine = RowView(row).order();
    EventOrder theirs = RowView(other.row).order();
    return mine != theirs ? mine > theirs : position > other.position;
  }
};

/// The bytes of a record, in a run's memory and in spilled files: the sizes of key and row, the
/// position, the key, the row. They never outlive the process.
struct RecordHeader {
  uint32_t key_size;
  uint32_t row_size;
  uint64_t row_number;
  uint32_t file;
  uint32_t padding;

  size_t record_size() const { return sizeof(RecordHeader) + key_size + row_size; }
};
static_assert(sizeof(RecordHeader) == 24);

inline RecordHeader ReadHeader(const char* record) {
  RecordHeader header;
  std::memcpy(&header, record, sizeof header);
  return header;
}
RunRecord ReadRecord(const char* record);

/// The eight bytes of `key` after the first `skip`, as a number that compares as the bytes do;
/// zeros where the key ends.
inline uint64_t KeyWord(std::string_view key, size_t skip) {
  uint64_t word = 0;
  if (key.size() >= skip + sizeof word) {
    std::memcpy(&word, key.data() + skip, sizeof word);
  } else if (key.size() > skip) {
    std::memcpy(&word, key.data() + skip, key.size() - skip);
  }
  return __builtin_bswap64(word);
}

/// Length of what two keys begin with in common.
size_t CommonPrefix(std::string_view a, std::string_view b);

/// Collects records up to a number of bytes, then sorts them. One thread. Memory: the bytes given
/// to Make are reserved as address space and used as they fill, records and sort index together.
class RunBuilder {
 public:
  explicit RunBuilder(size_t memory_bytes);

  /// Where the caller appends a record's key, then its row: Begin, append the key, EndKey, append
  /// the row, End.
  std::string* Begin(SourcePosition position);
  void EndKey();
  void End();

  bool empty() const { return count_ == 0; }
  /// Time to sort and spill.
  bool full() const { return bytes_.size() + count_ * kIndexBytes >= memory_bytes_; }

  /// Sorts by key and drops superseded records. Then record(i) for i in [0, size()).
  void Sort();
  size_t size() const { return index_.size(); }
  const char* record(size_t i) const { return bytes_.data() + index_[i].offset; }
  size_t common_prefix() const { return common_prefix_; }

  /// Empties it for the next run; keeps the memory.
  void Clear();

 private:
  struct Entry {
    uint64_t word;    // KeyWord after the common prefix
    uint64_t offset;  // in bytes_
  };
  // The index and the radix sort's copy of it.
  static constexpr size_t kIndexBytes = 2 * sizeof(Entry);

  void BuildIndex();
  void SortByWord();
  void KeepNewest();
  size_t KeepNewestOfGroup(size_t begin, size_t end, size_t out);

  size_t memory_bytes_;
  std::string bytes_;
  size_t count_ = 0;
  size_t record_begin_ = 0;
  size_t key_begin_ = 0;
  SourcePosition position_;
  size_t key_size_ = 0;
  size_t common_prefix_ = 0;
  std::vector<Entry> index_;
  std::vector<Entry> scratch_;
};

}  // namespace featly
