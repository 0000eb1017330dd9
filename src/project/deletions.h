// Objects that an apply is told to delete by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "registry/diff.h"

namespace featly {

/// An object of the project that is being applied.
struct NamedObject {
  ObjectKind kind = ObjectKind::kEntity;
  std::string name;
};

/// Adds the deletion of `objects` to `diff`, a diff of `definitions` with `registry`. One that the
/// diff deletes already is passed over. kNotFound with near names for one that is not registered;
/// kInvalid for one that is defined as well; kConflict naming what would be left without the
/// entity, the source or the view it uses.
Status AddDeletions(const feast::core::Registry& registry, std::string_view project,
                    const std::vector<Definition>& definitions,
                    const std::vector<NamedObject>& objects, RegistryDiff* diff);

}  // namespace featly
