// KeyColumns of entity_key.h: join keys of a batch, read row by row.
#include <utility>

#include <arrow/api.h>
#include <arrow/util/bit_util.h>

#include "types/arrow_convert.h"
#include "types/entity_key.h"
#include "types/entity_key_internal.h"

namespace featly {
namespace {

// One key column in canonical form, as pointers that already carry the array's offset.
struct KeyColumn {
  ValueType type;
  const int32_t* int32 = nullptr;
  const int64_t* int64 = nullptr;
  const int32_t* offsets = nullptr;
  const char* bytes = nullptr;
  const uint8_t* validity = nullptr;  // null: no null values
  int64_t offset = 0;                 // of the validity bitmap
  std::shared_ptr<arrow::Array> keep_alive;

  bool IsNull(int64_t row) const {
    return validity != nullptr && !arrow::bit_util::GetBit(validity, row + offset);
  }
};

// Entity keys hold seconds.
Result<std::shared_ptr<arrow::Array>> ToSeconds(const std::shared_ptr<arrow::Array>& micros) {
  const auto& times = static_cast<const arrow::TimestampArray&>(*micros);
  arrow::Int64Builder seconds;
  ARROW_RETURN_NOT_OK(seconds.Reserve(times.length()));
  for (int64_t row = 0; row < times.length(); ++row) {
    if (times.IsNull(row)) {
      seconds.UnsafeAppendNull();
    } else {
      seconds.UnsafeAppend(times.Value(row) / 1000000);
    }
  }
  return seconds.Finish();
}

Result<KeyColumn> MakeKeyColumn(const JoinKey& key, const std::shared_ptr<arrow::Array>& column) {
  const std::string where = "join key '" + key.name + "'";
  KeyColumn made;
  made.type = key.type;
  ARROW_ASSIGN_OR_RAISE(made.keep_alive, CanonicalColumn(column, key.type, where));
  if (key.type == ValueType::kUnixTimestamp) {
    ARROW_RETURN_NOT_OK(CheckWholeSeconds(*column, where));
    ARROW_ASSIGN_OR_RAISE(made.keep_alive, ToSeconds(made.keep_alive));
  }
  const arrow::ArrayData& data = *made.keep_alive->data();
  if (made.keep_alive->null_count() > 0) {
    made.validity = data.GetValues<uint8_t>(0, 0);
    made.offset = data.offset;
  }
  switch (key.type) {
    case ValueType::kInt32:
      made.int32 = data.GetValues<int32_t>(1);
      break;
    case ValueType::kInt64:
    case ValueType::kUnixTimestamp:
      made.int64 = data.GetValues<int64_t>(1);
      break;
    default:
      made.offsets = data.GetValues<int32_t>(1);
      made.bytes = data.GetValues<char>(2, 0);
  }
  return made;
}

}  // namespace

struct KeyColumns::Impl {
  std::string prefix;
  std::vector<KeyColumn> columns;
  bool has_nulls = false;
};

KeyColumns::KeyColumns(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KeyColumns::KeyColumns(KeyColumns&&) noexcept = default;
KeyColumns& KeyColumns::operator=(KeyColumns&&) noexcept = default;
KeyColumns::~KeyColumns() = default;

Result<KeyColumns> KeyColumns::Make(const EntityKeyCodec& codec, const arrow::RecordBatch& batch,
                                    const std::vector<int>& columns) {
  auto impl = std::make_unique<Impl>();
  impl->prefix = codec.prefix_;
  for (size_t i = 0; i < codec.keys().size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(KeyColumn made, MakeKeyColumn(codec.keys()[i], batch.column(columns[i])));
    impl->has_nulls |= made.validity != nullptr;
    impl->columns.push_back(std::move(made));
  }
  return KeyColumns(std::move(impl));
}

std::optional<size_t> KeyColumns::FirstNull(int64_t row) const {
  if (!impl_->has_nulls) return std::nullopt;
  for (size_t i = 0; i < impl_->columns.size(); ++i) {
    if (impl_->columns[i].IsNull(row)) return i;
  }
  return std::nullopt;
}

void KeyColumns::Append(int64_t row, std::string* out) const {
  out->append(impl_->prefix);
  for (const KeyColumn& column : impl_->columns) {
    if (column.int64 != nullptr) {
      internal::AppendKeyInteger(column.type, column.int64[row], out);
    } else if (column.int32 != nullptr) {
      internal::AppendKeyInteger(column.type, column.int32[row], out);
    } else {
      const int32_t begin = column.offsets[row];
      const size_t size = static_cast<size_t>(column.offsets[row + 1] - begin);
      internal::AppendKeyBytes(column.type, {column.bytes + begin, size}, out);
    }
  }
}

}  // namespace featly
