// Whether definitions make sense together, before anything is touched.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "registry/diff.h"

namespace featly {

/// Checks all definitions of a project as a whole; the first problem found is the error
/// (kDefinition), with file and line: two objects of one name (feature views of every kind share
/// one name space; names are compared without case, as in Feast; one data source may be there twice
/// if both say the same), an unknown entity, two features or a feature and a join key of one name,
/// a view without features, a reserved name (event_timestamp; a view's with ":" or "@"; two
/// features whose full names view__feature are the same), a key of a type that cannot be one or
/// that is not its entity's, a service that names an unknown view or feature, renames an unknown
/// join key or names a feature twice, a push source without a batch source where a view
/// materializes from it, a negative TTL. Types that rows do not hold are no error here: they pass
/// through the registry. With `total` the definitions are all there will be; else `existing`
/// objects of the project count too.
Status ValidateDefinitions(const std::vector<Definition>& definitions,
                           const feast::core::Registry& existing, std::string_view project,
                           bool total = true);

/// The part of it that asks for nothing but the definitions themselves: names, each given once. Run
/// before sources are opened to complete them, so that a definition is not read for its double.
Status ValidateNames(const std::vector<Definition>& definitions);

}  // namespace featly
