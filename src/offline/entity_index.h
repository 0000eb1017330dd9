// The entity rows of a training set, found by key and ordered by time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "offline/join_keys.h"

namespace featly {

/// Entity rows grouped by key. A slot is one entity row with a key; the slots of one key lie side
/// by side, earliest time first (then in row order). Built once for each set of key columns;
/// immutable afterwards, so shared between threads. Memory: 16 to 20 bytes a row, 40 to 72 a
/// distinct key, and the bytes of keys that are not a single integer.
class EntityIndex {
 public:
  /// The slots of one key; none where count is 0.
  struct Group {
    uint32_t begin = 0;
    uint32_t count = 0;
  };

  explicit EntityIndex(const std::vector<JoinKey>& keys) : integers_only_(KeysAreIntegers(keys)) {}

  /// Adds entity rows, in order. kTooLarge past 2^32 - 2 rows.
  Status Add(const JoinKeys& keys);
  /// Ends adding. `times` has a time for each row added, or is empty: all rows are then of one
  /// time.
  void Build(const std::vector<int64_t>& times);

  int64_t row_count() const { return static_cast<int64_t>(group_of_row_.size()); }
  uint32_t slot_count() const { return static_cast<uint32_t>(slot_rows_.size()); }
  const int64_t* slot_times() const { return slot_times_.data(); }
  const uint32_t* slot_rows() const { return slot_rows_.data(); }
  /// Slots of one key after another: for walking all of them.
  const std::vector<Group>& groups() const { return groups_; }

  /// At most this many rows are looked up at once.
  static constexpr int64_t kFindRows = 256;
  /// The groups of rows [first, first + count) of `keys`. Memory latencies of the rows overlap:
  /// about 10 ns a row for a table of any size.
  void Find(const JoinKeys& keys, int64_t first, int64_t count, Group* groups) const;

 private:
  static constexpr uint32_t kNoGroup = UINT32_MAX;

  // An entry of the open-addressing table: linear probing, at most half full.
  struct Entry {
    int64_t key = 0;     // the integer, or the hash of the bytes
    uint32_t begin = 0;  // first slot; while adding, the group
    uint32_t count = 0;  // slots; 0 is a free entry
  };

  uint32_t FindOrAddGroup(const JoinKeys& keys, int64_t row);
  void Grow();
  size_t Home(int64_t key) const;
  std::string_view KeyBytes(uint32_t group) const {
    return {key_bytes_.data() + key_ends_[group], key_ends_[group + 1] - key_ends_[group]};
  }

  bool integers_only_;
  std::vector<Entry> table_;
  std::string key_bytes_;  // of all groups, unless they are integers
  std::vector<uint64_t> key_ends_ = {0};
  std::vector<uint32_t> group_of_slot_;  // where key_bytes_ are needed
  std::vector<uint32_t> group_of_row_;   // kNoGroup: a null key
  std::vector<Group> groups_;
  std::vector<int64_t> slot_times_;
  std::vector<uint32_t> slot_rows_;
};

}  // namespace featly
