// The one error for memory that ran out, whoever noticed.
#pragma once

#include <string_view>

#include "base/error.h"

namespace featly {

/// kUnavailable: the system has no memory for what `context` names ("'a.parquet' cannot be read").
/// AsKind gives it, whatever the kind, for a status of Arrow's that says so.
Status OutOfMemory(std::string_view context);

}  // namespace featly
