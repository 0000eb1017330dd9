// The columns that data has, for messages about one that it lacks.
#pragma once

#include <string>

#include <arrow/type_fwd.h>

namespace featly {

/// "'driver_id', 'rate' and 3 more", at most a dozen by name; "none" where there are none.
std::string ColumnList(const arrow::Schema& schema);

}  // namespace featly
