// Many sorted runs into one stream, ordered by key, the newest row of each key.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "flows/spill.h"

namespace featly {

/// Merges. One thread. Cost: about log2(runs) comparisons of a 64-bit word a record.
class RunMerge {
 public:
  static Result<RunMerge> Make(std::vector<std::unique_ptr<RunCursor>> runs);

  /// The next key's newest record; false at the end. Its bytes live until the next call.
  Result<bool> Next(RunRecord* record);

 private:
  struct Head {
    uint64_t word;
    RunRecord record;
    RunCursor* run;
  };
  RunMerge() = default;
  static bool Before(const Head& a, const Head& b);
  /// Moves the top run on and restores the heap.
  Status Advance();
  void SiftDown(size_t at);

  std::vector<std::unique_ptr<RunCursor>> runs_;
  std::vector<Head> heap_;    // a heap by Before: the least key first, of equal keys the newest
  size_t common_prefix_ = 0;  // of all keys of all runs; see KeyWord
  bool started_ = false;
  std::string last_key_;
};

}  // namespace featly
