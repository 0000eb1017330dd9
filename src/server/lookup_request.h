// The body of POST /get-online-features.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/error.h"
#include "server/json_sax.h"

namespace featly {

/// A parsed request. Made to be used again: once warm, Parse allocates nothing. Views borrow the
/// body and the arena, which live until the next Parse. One thread at a time.
struct LookupRequest {
  struct Column {
    std::string_view name;
    size_t begin = 0, end = 0;  ///< Its values: values[begin, end).
    size_t size() const { return end - begin; }
  };

  std::string_view feature_service;
  std::vector<std::string_view> features;
  bool full_feature_names = false;
  bool with_views = false;         ///< include_feature_view_version_metadata
  std::vector<Column> columns;     ///< Of "entities", in the request's order.
  std::vector<JsonScalar> values;  ///< A list or object inside a column is its mark alone.
  Arena arena{4096};

  /// kMalformed (400) for what is not JSON, with line and column, and for duplicate names; kInvalid
  /// (422) naming the field that is missing or of the wrong type, or the two columns of unequal
  /// length. Unknown fields are passed over.
  Status Parse(std::string_view body);
  /// Of every column; 0 without any.
  size_t rows() const { return columns.empty() ? 0 : columns.front().size(); }

 private:
  Status CheckColumns() const;
};

/// kMalformed where two of `names` are equal.
Status CheckUniqueNames(std::vector<std::string_view> names, std::string_view where);

}  // namespace featly
