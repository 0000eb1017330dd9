// The body of POST /get-online-features.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "server/entity_columns.h"
#include "server/json_sax.h"

namespace featly {

/// A parsed request. Made to be used again: once warm, Parse allocates nothing. Views borrow the
/// body and the memory, which live until the next Parse. One thread at a time.
struct LookupRequest {
  std::string_view feature_service;
  std::vector<std::string_view> features;
  bool full_feature_names = false;
  bool with_views = false;  ///< include_feature_view_version_metadata
  EntityColumns entities;   ///< In the request's order.
  JsonMemory memory;

  /// kMalformed (400) for what is not JSON, with line and column, and for duplicate names; kInvalid
  /// (422) naming the field that is missing or of the wrong type, or the two columns of unequal
  /// length; kTooLarge (413) for more than `max_values` entity values. Unknown fields are passed
  /// over.
  Status Parse(std::string_view body, size_t max_values);
};

}  // namespace featly
