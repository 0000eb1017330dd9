// Errors of the core as the exceptions of featly.errors.
#pragma once

#include <utility>

#include <nanobind/nanobind.h>

#include "base/error.h"

namespace featly::python {

/// Raises the exception that the error table (base/error.cc) names for `status`, with the
/// attributes kind, subject, near_names, file and line. REQUIRES: the GIL.
void RaiseIfError(const Status& status);

template <typename T>
T ValueOrRaise(Result<T> result) {
  RaiseIfError(result.status());
  return std::move(result).ValueUnsafe();
}

/// Adds `error_kinds()`: the name and the Python class of every kind of error.
void BindErrorKinds(nanobind::module_& module);

}  // namespace featly::python
