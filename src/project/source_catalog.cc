#include "project/source_catalog.h"

#include <utility>

namespace featly {

Result<const Source*> SourceCatalog::Open(const SourceSpec& spec) {
  // All of it: the opened source says which of its columns a feature is.
  std::string key = spec.name + '\n' + spec.path + '\n' + spec.timestamp_field + '\n' +
                    spec.created_timestamp_column;
  for (const auto& [column, mapped] : spec.field_mapping) {
    key.append("\n").append(column).append("=").append(mapped);
  }
  auto found = sources_.find(key);
  if (found == sources_.end()) {
    ARROW_ASSIGN_OR_RAISE(auto source, Source::Open(spec, root_));
    found = sources_.emplace(std::move(key), std::move(source)).first;
  }
  return found->second.get();
}

}  // namespace featly
