// "entities" of a request's body: a list of values for each join key.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "server/json_sax.h"
#include "types/entity_key.h"

namespace featly {

/// The columns as they came, filled by a JsonHandler's events. Made to be used again: once warm,
/// nothing allocates. Borrows what the handler's strings borrow. One thread at a time.
class EntityColumns {
 public:
  struct Column {
    std::string_view name;
    size_t begin = 0, end = 0;  ///< Its values: [begin, end).
    size_t size() const { return end - begin; }
  };

  static constexpr std::string_view kWanted = "an object of lists: {\"driver_id\": [1001, 1002]}";

  /// Empty again; beyond `max_values` values are counted but not kept.
  void Clear(size_t max_values);

  // What lies in the field, at JsonHandler::depth(). kInvalid for what is not an object of lists.
  Status OnKey(int depth, std::string_view name);
  Status OnBegin(int depth, const JsonScalar& mark);
  Status OnScalar(int depth, const JsonScalar& value) {
    if (depth < 3) return Refuse(depth, value);
    if (depth == 3) Add(value);  // deeper: within a value that its mark stands for
    return Status::OK();
  }

  /// kTooLarge where there are more values than are kept; kInvalid naming two columns of unequal
  /// length.
  Status Check() const;

  const std::vector<Column>& columns() const { return columns_; }
  /// A list or object inside a column is its mark alone.
  const JsonScalar& value(const Column& column, size_t row) const {
    return values_[column.begin + row];
  }
  /// Of every column; 0 without any.
  size_t rows() const { return columns_.empty() ? 0 : columns_.front().size(); }
  std::vector<std::string> Names() const;
  /// A column's values as the key's type. kInvalid naming the key, the row and what was found.
  Status Coerce(const Column& column, const JoinKey& key, Arena* arena,
                std::vector<KeyValue>* out) const;
  size_t capacity() const { return values_.capacity(); }

 private:
  void Add(const JsonScalar& value) {
    if (values_.size() < max_values_) {
      values_.push_back(value);
      columns_.back().end = values_.size();
    } else {
      ++left_out_;
    }
  }
  Status Refuse(int depth, const JsonScalar& found) const;

  std::vector<Column> columns_;
  std::vector<JsonScalar> values_;
  size_t max_values_ = 0;
  size_t left_out_ = 0;
};

/// kTooLarge: a request for `found` values, where `max_lookup_values` is `limit`.
Status TooManyValues(std::string_view what, size_t found, size_t limit);

}  // namespace featly
