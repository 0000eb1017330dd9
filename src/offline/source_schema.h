// The parts of CheckSourceSchema, for work that needs only some of a view's columns.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "offline/source.h"

namespace featly {

inline constexpr std::string_view kJoinKey = "join key";
inline constexpr std::string_view kFeature = "feature";

/// Checks that the source has the column of the view's key or feature `name`, of a type that
/// converts to `type`; `what` is kJoinKey or kFeature. kDefinition.
Status CheckSourceColumn(const ViewSpec& view, const Source& source, const std::string& name,
                         ValueType type, std::string_view what);

/// The same for the source's time columns.
Status CheckSourceTimes(const ViewSpec& view, const Source& source);

}  // namespace featly
