#include "flows/run_merge.h"

#include <algorithm>
#include <utility>

namespace featly {

Result<RunMerge> RunMerge::Make(std::vector<std::unique_ptr<RunCursor>> runs) {
  RunMerge merge;
  for (const auto& run : runs) {
    Head head{0, {}, run.get()};
    ARROW_ASSIGN_OR_RAISE(bool more, run->Next(&head.record));
    if (more) merge.heap_.push_back(head);
  }
  if (!merge.heap_.empty()) {
    std::string_view first = merge.heap_.front().record.key;
    merge.common_prefix_ = first.size();
    for (const Head& head : merge.heap_) {
      size_t shared = std::min(head.run->common_prefix(), CommonPrefix(first, head.record.key));
      merge.common_prefix_ = std::min(merge.common_prefix_, shared);
    }
  }
  for (Head& head : merge.heap_) head.word = KeyWord(head.record.key, merge.common_prefix_);
  merge.runs_ = std::move(runs);
  for (size_t at = merge.heap_.size() / 2; at-- > 0;) merge.SiftDown(at);
  return merge;
}

bool RunMerge::Before(const Head& a, const Head& b) {
  if (a.word != b.word) return a.word < b.word;
  int order = a.record.key.compare(b.record.key);
  return order != 0 ? order < 0 : a.record.IsNewerThan(b.record);
}

Result<bool> RunMerge::Next(RunRecord* record) {
  if (started_ && !heap_.empty()) {
    // Later records of the key that was given out are older ones, of other runs.
    last_key_.assign(heap_.front().record.key);
    uint64_t word = heap_.front().word;
    do {
      ARROW_RETURN_NOT_OK(Advance());
    } while (!heap_.empty() && heap_.front().word == word && heap_.front().record.key == last_key_);
  }
  started_ = true;
  if (heap_.empty()) return false;
  *record = heap_.front().record;
  return true;
}

Status RunMerge::Advance() {
  Head& top = heap_.front();
  ARROW_ASSIGN_OR_RAISE(bool more, top.run->Next(&top.record));
  if (more) {
    top.word = KeyWord(top.record.key, common_prefix_);
  } else {
    top = heap_.back();
    heap_.pop_back();
  }
  if (!heap_.empty()) SiftDown(0);
  return Status::OK();
}

void RunMerge::SiftDown(size_t at) {
  Head moving = heap_[at];
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Before(heap_[child + 1], heap_[child])) ++child;
    if (!Before(heap_[child], moving)) break;
    heap_[at] = heap_[child];
    at = child;
  }
  heap_[at] = moving;
}

}  // namespace featly
