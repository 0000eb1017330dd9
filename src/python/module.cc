// featly._core: the C++ core of the SDK. `import pyarrow` first: it brings the Arrow libraries.
#include <nanobind/nanobind.h>

#include "python/arrow_capsule.h"
#include "python/errors.h"
#include "python/project_binding.h"

NB_MODULE(_core, module) {
  module.doc() = "The C++ core of featly; use featly.FeatureStore.";
  featly::python::BindArrowStream(module);
  featly::python::BindErrorKinds(module);
  featly::python::BindProject(module);
}
