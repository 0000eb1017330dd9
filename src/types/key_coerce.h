// Values of requests and entity tables turned into join key values, exactly or not at all.
//
// A value is taken where it means exactly one value of the key's type:
//   INT32, INT64     an integer; a whole number written as a float below 2^53 (1001.0); text of an
//                    optional minus and digits ("1001")
//   STRING           text; an integer, as its decimal text. Not a float, which could be several
//   BYTES            in JSON base64 text; in Arrow a binary column
//   UNIX_TIMESTAMP   whole seconds since the epoch, as a number or text; ISO 8601 text; in Arrow
//   also
//                    a timestamp. A fraction of a second is refused, since keys hold seconds
// Everything else, and null, is kInvalid naming the key, the row (counted from 0) and what was
// found.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <arrow/type_fwd.h>

#include "base/arena.h"
#include "base/error.h"
#include "types/entity_key.h"

namespace featly {

/// One value of a request as a value of `key`'s type. Text and bytes borrow `value`, or `arena`
/// where base64 was decoded or an integer became text.
Result<KeyValue> KeyFromInt(int64_t value, const JoinKey& key, int64_t row, Arena* arena);
Result<KeyValue> KeyFromUint(uint64_t value, const JoinKey& key, int64_t row, Arena* arena);
Result<KeyValue> KeyFromDouble(double value, const JoinKey& key, int64_t row);
Result<KeyValue> KeyFromString(std::string_view value, const JoinKey& key, int64_t row,
                               Arena* arena);
/// No key is a boolean or null: always the error.
Status KeyFromBool(bool value, const JoinKey& key, int64_t row);
Status KeyFromNull(const JoinKey& key, int64_t row);
/// For values of other kinds (a JSON list or object), called `found` in the message.
Status KeyMismatch(std::string_view found, const JoinKey& key, int64_t row);

/// What a null (or NaN) in a key column means: in a training set it matches nothing, in a lookup it
/// is an error.
enum class NullKeys : uint8_t { kKeep, kRefuse };

/// A column of keys as ArrowTypeOf(key.type): integers of any width, whole floats, text,
/// dictionaries, binary and timestamps, by the rules above. Shares the buffers where nothing has to
/// change.
Result<std::shared_ptr<arrow::Array>> CoerceKeyColumn(const std::shared_ptr<arrow::Array>& column,
                                                      const JoinKey& key, NullKeys nulls);

/// The values of a column that CoerceKeyColumn returned, for EntityKeyCodec: `row` must not be
/// null. Bytes borrow the array. For lookups of few rows; bulk work uses KeyColumns.
KeyValue KeyAt(const arrow::Array& column, const JoinKey& key, int64_t row);

}  // namespace featly
