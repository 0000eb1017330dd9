// The Arrow PyCapsule stream protocol, both ways, so that tables pass between the SDK and pyarrow,
// pandas, Polars or DuckDB without a copy.
#pragma once

#include <memory>

#include <arrow/record_batch.h>
#include <nanobind/nanobind.h>

#include "base/error.h"

namespace featly::python {

/// A stream of record batches handed to Python, where `__arrow_c_stream__` gives it away once. What
/// the reader needs (an opened repository) is kept alive by `owner`.
class ArrowStream {
 public:
  ArrowStream(std::shared_ptr<arrow::RecordBatchReader> reader, std::shared_ptr<const void> owner)
      : reader_(std::move(reader)), owner_(std::move(owner)) {}

  /// A capsule named "arrow_array_stream". kInvalid when the stream was taken already.
  nanobind::object TakeCapsule();

 private:
  std::shared_ptr<arrow::RecordBatchReader> reader_;
  std::shared_ptr<const void> owner_;
};

/// Takes the stream of any object with `__arrow_c_stream__`. kInvalid naming the object's type
/// otherwise. REQUIRES: the GIL.
Result<std::shared_ptr<arrow::RecordBatchReader>> ImportStream(nanobind::handle object);

void BindArrowStream(nanobind::module_& module);

}  // namespace featly::python
