// What definitions leave out and their sources know.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "project/source_catalog.h"
#include "registry/diff.h"
#include "registry/snapshot.h"

namespace featly {

/// Fills in, by Feast's rules, what a definition may leave out: the timestamp field of a file
/// source that has one column of times (every copy of the source gets it), the type of a join key
/// (the entity's value type, else its column's in the source), the features of a view without a
/// schema (every column of the source but keys and times), the columns of a service that takes
/// whole views. A column that a source names (its times, what it maps) and lacks is kDefinition
/// with the columns it has. `existing` has the entities and views that a partial apply does not
/// bring. Objects are changed in place; `notes` tells of choices that the user should see. With
/// `open_sources` false a definition that needs its source is an error that says so.
Status InferFromSources(const feast::core::Registry& existing, std::string_view project,
                        bool open_sources, SourceCatalog* sources,
                        std::vector<Definition>* definitions, std::vector<std::string>* notes);

}  // namespace featly
