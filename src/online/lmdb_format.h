// The bytes of the LMDB store: keys, catalogue records. docs/format/lmdb.md; pinned by
// lmdb_format_test.cc.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "online/online_store.h"

namespace featly {

inline constexpr const char* kCatalogDatabase = "catalog";
inline constexpr const char* kRowsDatabase = "rows";

/// Keys of the catalogue.
inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kGenerationKey = "generation";
inline constexpr std::string_view kNextViewKey = "next_view";
inline constexpr char kViewPrefix = 'v';     ///< Then the view id, big-endian.
inline constexpr char kDroppedPrefix = 'x';  ///< The same, of views whose rows are to be reclaimed.

struct FormatRecord {
  uint32_t version = 0;
  std::string writer;  ///< The featly that made the store.
};
std::string EncodeFormatRecord(const FormatRecord& record);
Result<FormatRecord> DecodeFormatRecord(std::string_view bytes);

/// A view's record. Layouts are in the order of their ids, which count from 1.
struct ViewRecord {
  std::string project;
  std::string view;
  std::vector<JoinKey> join_keys;
  std::vector<std::vector<RowColumn>> layouts;
};
std::string EncodeViewRecord(const ViewRecord& record);
/// kCorrupt where the bytes end early or hold a type rows do not have.
Result<ViewRecord> DecodeViewRecord(std::string_view bytes);

std::string EncodeU32(uint32_t value);
std::string EncodeU64(uint64_t value);
Result<uint32_t> DecodeU32(std::string_view bytes);
Result<uint64_t> DecodeU64(std::string_view bytes);

/// The catalogue key of a view: the prefix and the id.
std::string CatalogViewKey(char prefix, uint32_t id);
/// The id of such a key; 0 for a key of another shape.
uint32_t CatalogViewId(char prefix, std::string_view key);

/// What LMDB takes as a key (its compiled-in limit).
inline constexpr size_t kMaxLmdbKey = 511;
inline constexpr size_t kViewIdSize = 4;
/// Entity keys over this are kept under their hash.
inline constexpr size_t kMaxPlainEntityKey = kMaxLmdbKey - kViewIdSize;
inline constexpr uint8_t kHashedKeyMark = 0xFF;

/// The key of a row, made in place: set the entity, then read the key of one view after another.
/// No allocation for entity keys of up to 507 bytes.
class RowKey {
 public:
  void SetEntity(std::string_view entity);
  /// The key under `view_id`; valid until the next call.
  std::string_view ForView(uint32_t view_id) {
    uint32_t big = __builtin_bswap32(view_id);
    std::memcpy(bytes_ + entity_size_, &big, kViewIdSize);
    return {reinterpret_cast<const char*>(bytes_), entity_size_ + kViewIdSize};
  }
  /// What all keys of this entity begin with.
  std::string_view prefix() const { return {reinterpret_cast<const char*>(bytes_), entity_size_}; }
  bool hashed() const { return hashed_; }

 private:
  uint8_t bytes_[kMaxLmdbKey];
  size_t entity_size_ = 0;
  bool hashed_ = false;
};

/// The view id at the end of a stored key. REQUIRES: key.size() >= kViewIdSize.
inline uint32_t ViewIdOf(std::string_view key) {
  uint32_t big;
  std::memcpy(&big, key.data() + key.size() - kViewIdSize, kViewIdSize);
  return __builtin_bswap32(big);
}

/// The value of a hashed key: u32 length of the entity key, the entity key, the row.
void EncodeHashedValue(std::string_view entity, std::string_view row, std::string* out);
struct HashedValue {
  std::string_view entity;
  std::string_view row;
};
/// Both empty where the bytes end early.
HashedValue DecodeHashedValue(std::string_view value);

}  // namespace featly
