#include "online/lmdb_format.h"

#include <bit>
#include <utility>

#include <openssl/sha.h>

namespace featly {
namespace {

static_assert(std::endian::native == std::endian::little, "records are written as memory has them");

constexpr uint8_t kViewRecordFormat = 1;

class Writer {
 public:
  template <typename T>
  void Number(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void Text(std::string_view text) {
    Number(static_cast<uint32_t>(text.size()));
    out_.append(text);
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads what Writer wrote. After the first missing byte all reads give zero and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  template <typename T>
  T Number() {
    T value{};
    if (!Has(sizeof value)) return value;
    std::memcpy(&value, left_.data(), sizeof value);
    left_.remove_prefix(sizeof value);
    return value;
  }
  std::string Text() {
    auto size = Number<uint32_t>();
    if (!Has(size)) return {};
    std::string text(left_.substr(0, size));
    left_.remove_prefix(size);
    return text;
  }
  ValueType Type() {
    auto number = Number<uint8_t>();
    if (!IsRowType(static_cast<ValueType>(number))) ok_ = false;
    return static_cast<ValueType>(number);
  }
  /// OK where everything was there and nothing is left.
  Status Finish(std::string_view what) const {
    if (ok_ && left_.empty()) return Status::OK();
    return Error(ErrorKind::kCorrupt, "the online store's catalogue has a damaged " +
                                          std::string(what) +
                                          "; move the store away and materialize again");
  }
  bool ok() const { return ok_; }

 private:
  bool Has(size_t size) {
    if (left_.size() < size) ok_ = false;
    return ok_;
  }
  std::string_view left_;
  bool ok_ = true;
};

template <typename T>
std::string EncodeNumber(T value) {
  Writer writer;
  writer.Number(value);
  return writer.Take();
}

template <typename T>
Result<T> DecodeNumber(std::string_view bytes) {
  Reader reader(bytes);
  T value = reader.Number<T>();
  ARROW_RETURN_NOT_OK(reader.Finish("number"));
  return value;
}

}  // namespace

std::string EncodeU32(uint32_t value) { return EncodeNumber(value); }
std::string EncodeU64(uint64_t value) { return EncodeNumber(value); }
Result<uint32_t> DecodeU32(std::string_view bytes) { return DecodeNumber<uint32_t>(bytes); }
Result<uint64_t> DecodeU64(std::string_view bytes) { return DecodeNumber<uint64_t>(bytes); }

std::string EncodeFormatRecord(const FormatRecord& record) {
  Writer writer;
  writer.Number(record.version);
  writer.Text(record.writer);
  return writer.Take();
}

Result<FormatRecord> DecodeFormatRecord(std::string_view bytes) {
  // Only the beginning is promised to stay as it is: a later version may append to it.
  Reader reader(bytes);
  FormatRecord record;
  record.version = reader.Number<uint32_t>();
  record.writer = reader.Text();
  if (!reader.ok()) return reader.Finish("format record");
  return record;
}

std::string EncodeViewRecord(const ViewRecord& record) {
  Writer writer;
  writer.Number(kViewRecordFormat);
  writer.Text(record.project);
  writer.Text(record.view);
  writer.Number(static_cast<uint32_t>(record.join_keys.size()));
  for (const JoinKey& key : record.join_keys) {
    writer.Text(key.name);
    writer.Number(static_cast<uint8_t>(key.type));
  }
  writer.Number(static_cast<uint32_t>(record.layouts.size()));
  for (const std::vector<RowColumn>& columns : record.layouts) {
    writer.Number(static_cast<uint32_t>(columns.size()));
    for (const RowColumn& column : columns) {
      writer.Text(column.name);
      writer.Number(static_cast<uint8_t>(column.type));
    }
  }
  return writer.Take();
}

Result<ViewRecord> DecodeViewRecord(std::string_view bytes) {
  Reader reader(bytes);
  ViewRecord record;
  bool known = reader.Number<uint8_t>() == kViewRecordFormat;
  record.project = reader.Text();
  record.view = reader.Text();
  for (auto n = reader.Number<uint32_t>(); n > 0 && known && reader.ok(); --n) {
    std::string name = reader.Text();
    record.join_keys.push_back({std::move(name), reader.Type()});
  }
  for (auto n = reader.Number<uint32_t>(); n > 0 && known && reader.ok(); --n) {
    std::vector<RowColumn>& columns = record.layouts.emplace_back();
    for (auto m = reader.Number<uint32_t>(); m > 0 && reader.ok(); --m) {
      std::string name = reader.Text();
      columns.push_back({std::move(name), reader.Type()});
    }
  }
  if (!known) return Reader("?").Finish("view record (of an unknown format)");
  ARROW_RETURN_NOT_OK(reader.Finish("view record"));
  return record;
}

std::string CatalogViewKey(char prefix, uint32_t id) {
  std::string key(1, prefix);
  uint32_t big = __builtin_bswap32(id);
  key.append(reinterpret_cast<const char*>(&big), sizeof big);
  return key;
}

uint32_t CatalogViewId(char prefix, std::string_view key) {
  return key.size() == 1 + kViewIdSize && key[0] == prefix ? ViewIdOf(key) : 0;
}

void RowKey::SetEntity(std::string_view entity) {
  hashed_ = entity.size() > kMaxPlainEntityKey;
  if (!hashed_) {
    if (!entity.empty()) std::memcpy(bytes_, entity.data(), entity.size());
    entity_size_ = entity.size();
    return;
  }
  bytes_[0] = kHashedKeyMark;
  SHA256(reinterpret_cast<const uint8_t*>(entity.data()), entity.size(), bytes_ + 1);
  entity_size_ = 1 + SHA256_DIGEST_LENGTH;
}

void EncodeHashedValue(std::string_view entity, std::string_view row, std::string* out) {
  auto size = static_cast<uint32_t>(entity.size());
  out->assign(reinterpret_cast<const char*>(&size), sizeof size);
  out->append(entity);
  out->append(row);
}

HashedValue DecodeHashedValue(std::string_view value) {
  uint32_t size;
  if (value.size() < sizeof size) return {};
  std::memcpy(&size, value.data(), sizeof size);
  value.remove_prefix(sizeof size);
  if (value.size() < size) return {};
  return {value.substr(0, size), value.substr(size)};
}

}  // namespace featly
