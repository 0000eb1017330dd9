#include "offline/entity_index.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace featly {
namespace {

constexpr size_t kFirstTableSize = 1024;
constexpr size_t kMaxRows = UINT32_MAX - 1;

// MurmurHash3's finalizer: every bit of the key moves every bit of the result.
uint64_t Mix(uint64_t key) {
  key ^= key >> 33;
  key *= 0xff51afd7ed558ccdULL;
  key ^= key >> 33;
  key *= 0xc4ceb9fe1a85ec53ULL;
  return key ^ (key >> 33);
}

int64_t HashBytes(std::string_view bytes) {
  return static_cast<int64_t>(std::hash<std::string_view>()(bytes));
}

}  // namespace

size_t EntityIndex::Home(int64_t key) const {
  return Mix(static_cast<uint64_t>(key)) & (table_.size() - 1);
}

void EntityIndex::Grow() {
  std::vector<Entry> old(std::max(kFirstTableSize, table_.size() * 2));
  old.swap(table_);
  for (const Entry& entry : old) {
    if (entry.count == 0) continue;
    size_t at = Home(entry.key);
    while (table_[at].count != 0) at = (at + 1) & (table_.size() - 1);
    table_[at] = entry;
  }
}

uint32_t EntityIndex::FindOrAddGroup(const JoinKeys& keys, int64_t row) {
  if (groups_.size() * 2 >= table_.size()) Grow();
  const std::string_view bytes = integers_only_ ? std::string_view() : keys.bytes(row);
  const int64_t key = integers_only_ ? keys.integer(row) : HashBytes(bytes);
  size_t at = Home(key);
  for (; table_[at].count != 0; at = (at + 1) & (table_.size() - 1)) {
    const Entry& entry = table_[at];
    if (entry.key == key && (integers_only_ || KeyBytes(entry.begin) == bytes)) return entry.begin;
  }
  const auto group = static_cast<uint32_t>(groups_.size());
  table_[at] = {key, group, 1};
  groups_.emplace_back();
  if (!integers_only_) {
    key_bytes_.append(bytes);
    key_ends_.push_back(key_bytes_.size());
  }
  return group;
}

Status EntityIndex::Add(const JoinKeys& keys) {
  if (group_of_row_.size() + static_cast<size_t>(keys.rows()) > kMaxRows) {
    return Error(ErrorKind::kTooLarge, "a training set has at most " + std::to_string(kMaxRows) +
                                           " entity rows: build it in parts");
  }
  for (int64_t row = 0; row < keys.rows(); ++row) {
    if (!keys.valid(row)) {
      group_of_row_.push_back(kNoGroup);
      continue;
    }
    const uint32_t group = FindOrAddGroup(keys, row);
    ++groups_[group].count;
    group_of_row_.push_back(group);
  }
  return Status::OK();
}

void EntityIndex::Build(const std::vector<int64_t>& times) {
  uint32_t slots = 0;
  for (Group& group : groups_) {
    group.begin = slots;
    slots += std::exchange(group.count, 0);
  }
  // Rows into their groups, in row order; then each group by time.
  std::vector<std::pair<int64_t, uint32_t>> order(slots);
  for (uint32_t row = 0; row < group_of_row_.size(); ++row) {
    if (group_of_row_[row] == kNoGroup) continue;
    Group& group = groups_[group_of_row_[row]];
    order[group.begin + group.count++] = {times.empty() ? 0 : times[row], row};
  }
  for (const Group& group : groups_) {
    const auto first = order.begin() + group.begin;
    if (!std::is_sorted(first, first + group.count)) std::sort(first, first + group.count);
  }
  slot_times_.resize(slots);
  slot_rows_.resize(slots);
  for (uint32_t slot = 0; slot < slots; ++slot) {
    std::tie(slot_times_[slot], slot_rows_[slot]) = order[slot];
  }
  if (!integers_only_) {
    group_of_slot_.resize(slots);
    for (uint32_t g = 0; g < groups_.size(); ++g) {
      std::fill_n(group_of_slot_.begin() + groups_[g].begin, groups_[g].count, g);
    }
  }
  for (Entry& entry : table_) {
    if (entry.count == 0) continue;
    const Group& group = groups_[entry.begin];
    entry = {entry.key, group.begin, group.count};
  }
  if (table_.empty()) table_.resize(1);
}

void EntityIndex::Find(const JoinKeys& keys, int64_t first, int64_t count, Group* groups) const {
  int64_t hashed[kFindRows];
  size_t homes[kFindRows];
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = first + i;
    hashed[i] = integers_only_ ? keys.integer(row) : HashBytes(keys.bytes(row));
    homes[i] = Home(hashed[i]);
    __builtin_prefetch(&table_[homes[i]]);
  }
  for (int64_t i = 0; i < count; ++i) {
    groups[i] = {};
    if (!keys.valid(first + i)) continue;
    for (size_t at = homes[i]; table_[at].count != 0; at = (at + 1) & (table_.size() - 1)) {
      const Entry& entry = table_[at];
      if (entry.key != hashed[i]) continue;
      if (!integers_only_ && KeyBytes(group_of_slot_[entry.begin]) != keys.bytes(first + i)) {
        continue;
      }
      groups[i] = {entry.begin, entry.count};
      break;
    }
  }
}

}  // namespace featly
