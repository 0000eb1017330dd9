// What users see of a feature's column: typed structs, maps and nested lists in place of the bytes
// that carry them between rooms.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>
#include <google/protobuf/map.h>

#include "base/error.h"
#include "types/value_type.h"

namespace featly {

/// The Arrow type of a feature in training sets and lookups: ArrowTypeOf(type), but
///   STRUCT, STRUCT_LIST      struct<...> of the fields in the tag `feast:struct_schema`
///   VALUE_LIST, VALUE_SET    list<list<...>> of the tag `feast:nested_inner_type`
///   MAP, MAP_LIST            map<utf8, utf8>, as in Feast; values that are no text are their JSON
///   ZONED_TIMESTAMP          timestamp[us, UTC], as in Feast
///   SCALAR_MAP, and where the tag is missing   utf8, the value's JSON
/// `tags` are a FeatureSpecV2's. kInvalid where a tag is not what Feast writes.
Result<std::shared_ptr<arrow::DataType>> UserArrowType(
    ValueType type, const google::protobuf::Map<std::string, std::string>& tags);

/// Gives a feature whose type was inferred from a column of type `from` the tag that UserArrowType
/// needs, as Feast's Field writes it; no tag where it needs none. kInvalid where a part of the type
/// cannot be a feature.
Status DescribeType(const arrow::DataType& from, ValueType type,
                    google::protobuf::Map<std::string, std::string>* tags);

/// `column` (ArrowTypeOf(type)) as `user_type`, which UserArrowType gave. The column itself where
/// they are the same. kInvalid naming `where`, the row and the field where a value does not fit its
/// declared type; a field that the struct lacks is null, one it has beside them is left out.
Result<std::shared_ptr<arrow::Array>> UserColumn(const std::shared_ptr<arrow::Array>& column,
                                                 ValueType type,
                                                 const std::shared_ptr<arrow::DataType>& user_type,
                                                 std::string_view where);

}  // namespace featly
