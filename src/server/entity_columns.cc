#include "server/entity_columns.h"

#include "types/key_coerce.h"

namespace featly {
namespace {

Result<KeyValue> CoerceValue(const JsonScalar& value, const JoinKey& key, int64_t row,
                             Arena* arena) {
  switch (value.kind) {
    case JsonScalar::Kind::kInt:
      return KeyFromInt(value.integer, key, row, arena);
    case JsonScalar::Kind::kString:
      return KeyFromString(value.text, key, row, arena);
    case JsonScalar::Kind::kUint:
      return KeyFromUint(value.unsigned_integer, key, row, arena);
    case JsonScalar::Kind::kDouble:
      return KeyFromDouble(value.number, key, row);
    case JsonScalar::Kind::kBool:
      return KeyFromBool(value.boolean, key, row);
    case JsonScalar::Kind::kNull:
      return KeyFromNull(key, row);
    case JsonScalar::Kind::kList:
    case JsonScalar::Kind::kObject:
      break;
  }
  return KeyMismatch(value.Describe(), key, row);
}

}  // namespace

void EntityColumns::Clear(size_t max_values) {
  columns_.clear();
  values_.clear();
  max_values_ = max_values;
  left_out_ = 0;
}

Status EntityColumns::OnKey(int depth, std::string_view name) {
  if (depth == 2) columns_.push_back({name, values_.size(), values_.size()});
  return Status::OK();
}

Status EntityColumns::OnBegin(int depth, const JsonScalar& mark) {
  const bool is_list = mark.kind == JsonScalar::Kind::kList;
  if (depth == 1 ? is_list : depth == 2 && !is_list) return Refuse(depth, mark);
  if (depth == 3) Add(mark);
  return Status::OK();
}

Status EntityColumns::Refuse(int depth, const JsonScalar& found) const {
  if (depth == 1) return WrongJsonType("entities", kWanted, found);
  return WrongJsonType("entities." + std::string(columns_.back().name),
                       "a list with a value for each row", found);
}

Status EntityColumns::Check() const {
  if (left_out_) return TooManyValues("has", values_.size() + left_out_, max_values_);
  for (const Column& column : columns_) {
    if (column.size() == rows()) continue;
    return Error(ErrorKind::kInvalid, "the columns of \"entities\" differ in length: \"" +
                                          std::string(columns_.front().name) + "\" has " +
                                          std::to_string(rows()) + " values, \"" +
                                          std::string(column.name) + "\" has " +
                                          std::to_string(column.size()))
        .Subject(std::string(column.name));
  }
  return Status::OK();
}

Status EntityColumns::Coerce(const Column& column, const JoinKey& key, Arena* arena,
                             std::vector<KeyValue>* out) const {
  out->resize(column.size());
  for (size_t row = 0; row < column.size(); ++row) {
    ARROW_ASSIGN_OR_RAISE((*out)[row],
                          CoerceValue(value(column, row), key, static_cast<int64_t>(row), arena));
  }
  return Status::OK();
}

std::vector<std::string> EntityColumns::Names() const {
  std::vector<std::string> names;
  for (const Column& column : columns_) names.emplace_back(column.name);
  return names;
}

Status TooManyValues(std::string_view what, size_t found, size_t limit) {
  return Error(ErrorKind::kTooLarge,
               "the request " + std::string(what) + " " + std::to_string(found) +
                   " values, over the limit of " + std::to_string(limit) +
                   "; ask for fewer rows at once, or raise max_lookup_values in the featly: server "
                   "block of feature_store.yaml")
      .Subject("max_lookup_values");
}

}  // namespace featly
