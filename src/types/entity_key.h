// Entity keys in Feast's byte form, so that one key works in every store.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "types/value_type.h"

namespace featly {

/// One join key of a view: the name in the view (before any renaming by a projection) and its type.
struct JoinKey {
  std::string name;
  ValueType type = ValueType::kString;
  bool operator==(const JoinKey&) const = default;
};

/// A join key's value on its way into bytes: integers and timestamps (in SECONDS, as Feast's keys
/// have them) in `integer`, strings and bytes in `bytes`. The type is the JoinKey's.
struct KeyValue {
  int64_t integer = 0;
  std::string_view bytes;
};

/// Turns the join key values of a row into Feast's entity key bytes (docs/format/entity_key.md).
/// Immutable after Make, so shared between threads. Cost of an Append: a copy of a prepared prefix
/// and a few bytes a value; no allocation beyond the growth of `out`.
class EntityKeyCodec {
 public:
  /// `version` is 3, or 2 for stores that feature_store.yaml says hold such keys. Keys are sorted
  /// by name here. kInvalid for a duplicate name, a type that cannot be a key, more than 254 keys
  /// (a first byte of 0xFF marks hashed keys in LMDB) or another version. No keys at all is an
  /// entity-less view: featly writes Feast's constant __dummy key for it.
  static Result<EntityKeyCodec> Make(std::vector<JoinKey> keys, int version);

  /// The keys in the order in which their values are expected: by name, in UTF-8 byte order.
  const std::vector<JoinKey>& keys() const { return keys_; }
  int version() const { return version_; }

  /// Appends the key's bytes to `out`. REQUIRES: values.size() == keys().size(), in that order, and
  /// int32 values within range.
  void Append(std::span<const KeyValue> values, std::string* out) const;

  /// The names and values of version-3 bytes. kCorrupt where they end early or do not fit the keys.
  /// The views point into `bytes`. Version 2 bytes are read with the help of the known keys.
  Result<std::vector<KeyValue>> Decode(std::string_view bytes) const;

  /// All rows of a batch at once: see KeyColumns.
  friend class KeyColumns;

 private:
  EntityKeyCodec() = default;
  std::vector<JoinKey> keys_;
  int version_ = 3;
  std::string prefix_;  // count and names: the same for every key
};

/// Reads the join key columns of one RecordBatch row by row. Borrows the batch and the codec.
/// Columns become the key's type as CanonicalColumn says (a fraction of a second is refused, since
/// keys hold seconds). Make costs a pass over the columns that need it; int64 and int32 keys in
/// their own type, text and bytes are read in place. Immutable after Make, so shared between
/// threads.
class KeyColumns {
 public:
  /// `columns[i]` is the index in the batch of codec.keys()[i].
  static Result<KeyColumns> Make(const EntityKeyCodec& codec, const arrow::RecordBatch& batch,
                                 const std::vector<int>& columns);
  KeyColumns(KeyColumns&&) noexcept;
  KeyColumns& operator=(KeyColumns&&) noexcept;
  ~KeyColumns();

  /// Whether a key value of `row` is null (or NaN): such a row matches nothing.
  bool HasNull(int64_t row) const { return FirstNull(row).has_value(); }
  /// Which of codec.keys() it is; nullopt where none is null.
  std::optional<size_t> FirstNull(int64_t row) const;
  /// Appends the key bytes of `row`. REQUIRES: !HasNull(row).
  void Append(int64_t row, std::string* out) const;

 private:
  struct Impl;
  explicit KeyColumns(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace featly
