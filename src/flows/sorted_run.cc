#include "flows/sorted_run.h"

#include <algorithm>
#include <array>
#include <utility>

namespace featly {
namespace {

// How far ahead records are fetched: sorted order is random order in memory.
constexpr size_t kPrefetch = 12;

}  // namespace

RunRecord ReadRecord(const char* record) {
  RecordHeader header = ReadHeader(record);
  const char* key = record + sizeof header;
  return {{key, header.key_size},
          {key + header.key_size, header.row_size},
          {header.file, header.row_number}};
}

size_t CommonPrefix(std::string_view a, std::string_view b) {
  size_t limit = std::min(a.size(), b.size());
  size_t i = 0;
  while (i < limit && a[i] == b[i]) ++i;
  return i;
}

RunBuilder::RunBuilder(size_t memory_bytes) : memory_bytes_(memory_bytes) {
  bytes_.reserve(memory_bytes);
}

std::string* RunBuilder::Begin(SourcePosition position) {
  position_ = position;
  record_begin_ = bytes_.size();
  bytes_.append(sizeof(RecordHeader), '\0');
  key_begin_ = bytes_.size();
  return &bytes_;
}

void RunBuilder::EndKey() { key_size_ = bytes_.size() - key_begin_; }

void RunBuilder::End() {
  RecordHeader header{static_cast<uint32_t>(key_size_),
                      static_cast<uint32_t>(bytes_.size() - key_begin_ - key_size_), position_.row,
                      position_.file, 0};
  std::memcpy(bytes_.data() + record_begin_, &header, sizeof header);
  ++count_;
}

void RunBuilder::Clear() {
  bytes_.clear();
  index_.clear();
  count_ = 0;
}

void RunBuilder::Sort() {
  BuildIndex();
  SortByWord();
  KeepNewest();
}

void RunBuilder::BuildIndex() {
  index_.clear();
  index_.reserve(count_);
  common_prefix_ = 0;
  if (count_ == 0) return;
  std::string_view first = ReadRecord(bytes_.data()).key;
  common_prefix_ = first.size();
  for (size_t at = 0; at < bytes_.size();) {
    RecordHeader header = ReadHeader(bytes_.data() + at);
    std::string_view key(bytes_.data() + at + sizeof header, header.key_size);
    if (!key.starts_with(first.substr(0, common_prefix_))) {
      common_prefix_ = CommonPrefix(first, key);
    }
    index_.push_back({0, at});
    at += header.record_size();
  }
  for (Entry& entry : index_) {
    entry.word = KeyWord(ReadRecord(bytes_.data() + entry.offset).key, common_prefix_);
  }
}

// Least significant digit first; a digit that is the same everywhere costs nothing (the high bytes
// of small numbers).
void RunBuilder::SortByWord() {
  constexpr size_t kDigits = sizeof(uint64_t);
  std::array<std::array<size_t, 256>, kDigits> counts{};
  for (const Entry& entry : index_) {
    for (size_t d = 0; d < kDigits; ++d) ++counts[d][entry.word >> (8 * d) & 0xFF];
  }
  scratch_.resize(index_.size());
  for (size_t d = 0; d < kDigits; ++d) {
    std::array<size_t, 256>& count = counts[d];
    if (std::find(count.begin(), count.end(), index_.size()) != count.end()) continue;
    size_t sum = 0;
    for (size_t& c : count) sum += std::exchange(c, sum);
    for (const Entry& entry : index_) {
      scratch_[count[entry.word >> (8 * d) & 0xFF]++] = entry;
    }
    index_.swap(scratch_);
  }
}

// After the sort by word, equal words are neighbours; nearly always one key's.
void RunBuilder::KeepNewest() {
  size_t out = 0;
  for (size_t begin = 0; begin < index_.size();) {
    size_t end = begin + 1;
    while (end < index_.size() && index_[end].word == index_[begin].word) ++end;
    if (end == begin + 1) {
      index_[out++] = index_[begin];
    } else {
      out = KeepNewestOfGroup(begin, end, out);
    }
    begin = end;
  }
  index_.resize(out);
}

size_t RunBuilder::KeepNewestOfGroup(size_t begin, size_t end, size_t out) {
  auto read = [this](const Entry& entry) { return ReadRecord(bytes_.data() + entry.offset); };
  RunRecord first = read(index_[begin]);
  RunRecord newest = first;
  size_t newest_at = begin;
  bool one_key = true;
  for (size_t i = begin + 1; i < end; ++i) {
    if (i + kPrefetch < end) __builtin_prefetch(bytes_.data() + index_[i + kPrefetch].offset);
    RunRecord record = read(index_[i]);
    if (record.key != first.key) {
      one_key = false;
      break;
    }
    if (record.IsNewerThan(newest)) {
      newest = record;
      newest_at = i;
    }
  }
  if (one_key) {
    index_[out] = index_[newest_at];
    return out + 1;
  }
  std::sort(index_.begin() + static_cast<ptrdiff_t>(begin),
            index_.begin() + static_cast<ptrdiff_t>(end), [&](const Entry& a, const Entry& b) {
              RunRecord left = read(a);
              RunRecord right = read(b);
              int order = left.key.compare(right.key);
              return order != 0 ? order < 0 : left.IsNewerThan(right);
            });
  for (size_t i = begin; i < end; ++i) {
    if (i > begin && read(index_[i]).key == read(index_[out - 1]).key) continue;
    index_[out++] = index_[i];
  }
  return out;
}

}  // namespace featly
