// Join keys of a batch of rows, in the form in which the join compares them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "types/entity_key.h"

namespace featly {

/// How a view's join keys are compared: one integer as it is, everything else as bytes.
bool KeysAreIntegers(const std::vector<JoinKey>& keys);

/// The keys of one batch of rows. Reused batch after batch, so that it does not allocate once warm.
/// One thread at a time. Exactly one of integer() and bytes() is meaningful: see KeysAreIntegers.
class JoinKeys {
 public:
  explicit JoinKeys(const std::vector<JoinKey>& keys);

  /// Takes a batch: columns of exactly ArrowTypeOf the keys' types, in their order; without keys
  /// (an entity-less view) every row has the same one. Borrows the columns until the next Load.
  void Load(const std::vector<std::shared_ptr<arrow::Array>>& columns, int64_t rows);

  int64_t rows() const { return rows_; }
  /// False where a key is null: such a row matches nothing.
  bool valid(int64_t row) const {
    return validity_.empty() || validity_[static_cast<size_t>(row)] != 0;
  }
  int64_t integer(int64_t row) const { return integers_[row]; }
  std::string_view bytes(int64_t row) const {
    return {bytes_.data() + offsets_[row], offsets_[row + 1] - offsets_[row]};
  }

 private:
  void LoadInteger(const arrow::Array& column);
  void LoadBytes(const std::vector<std::shared_ptr<arrow::Array>>& columns);

  std::vector<JoinKey> keys_;
  bool integers_only_;
  int64_t rows_ = 0;
  std::vector<uint8_t> validity_;  // empty: all valid
  const int64_t* integers_ = nullptr;
  std::vector<int64_t> widened_;
  std::string bytes_;
  std::vector<uint64_t> offsets_;
};

}  // namespace featly
