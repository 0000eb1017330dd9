#include "project/source_catalog.h"

#include <utility>

namespace featly {

Result<const Source*> SourceCatalog::Open(const SourceSpec& spec) {
  // What Open looks at; names and field mappings do not change which files there are.
  std::string key = spec.path + '\n' + spec.timestamp_field + '\n' + spec.created_timestamp_column;
  auto found = sources_.find(key);
  if (found == sources_.end()) {
    ARROW_ASSIGN_OR_RAISE(auto source, Source::Open(spec, root_));
    found = sources_.emplace(std::move(key), std::move(source)).first;
  }
  return found->second.get();
}

}  // namespace featly
