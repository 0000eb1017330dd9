// The opened repository, for the SDK.
#pragma once

#include <nanobind/nanobind.h>

namespace featly::python {

/// Adds class `Project`: a thin face of featly::Project whose definitions and objects travel as
/// protobuf-JSON text and whose tables travel as Arrow streams.
void BindProject(nanobind::module_& module);

}  // namespace featly::python
