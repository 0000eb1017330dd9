// Lists inside of feast.types.Value: which of its many list members holds one.
#pragma once

#include "feast/types/Value.pb.h"
#include "types/value_type.h"

namespace featly {

/// `items` as one Value, as Feast types a Python list: a list of int64 where all are int64, and so
/// on for each scalar and for maps; integers among doubles become doubles where they stay exact. A
/// list that is empty, or mixed, or holds nulls or lists, is a list of Values.
void ListOfValues(feast::types::RepeatedValue items, feast::types::Value* out);

/// The items of any list, set or nested value, each as a Value of its own. REQUIRES: one of those.
feast::types::RepeatedValue ItemsOf(const feast::types::Value& list);

/// `items` as a VALUE_LIST or VALUE_SET; a set keeps the first of equal items and no null.
void SetNested(ValueType type, feast::types::RepeatedValue items, feast::types::Value* out);

}  // namespace featly
