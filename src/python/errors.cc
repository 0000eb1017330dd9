#include "python/errors.h"

#include <string>
#include <tuple>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;

namespace featly::python {

void RaiseIfError(const Status& status) {
  if (status.ok()) return;
  const ErrorKindInfo& info = InfoOf(KindOf(status));
  const ErrorDetail* detail = DetailOf(status);
  nb::object type = nb::module_::import_("featly.errors").attr(info.python_class);
  nb::object error = type(FormatForPeople(status));
  error.attr("kind") = info.name;
  if (detail != nullptr) {
    error.attr("subject") = detail->subject;
    error.attr("near_names") = detail->near_names;
    error.attr("file") = detail->file;
    error.attr("line") = detail->line;
  }
  PyErr_SetObject(type.ptr(), error.ptr());
  throw nb::python_error();
}

void BindErrorKinds(nb::module_& module) {
  module.def("error_kinds", [] {
    std::vector<std::tuple<std::string, std::string>> kinds;
    for (const ErrorKindInfo& info : AllErrorKinds()) {
      kinds.emplace_back(info.name, info.python_class);
    }
    return kinds;
  });
}

}  // namespace featly::python
