#include "python/arrow_capsule.h"

#include <string>
#include <utility>

#include <arrow/c/abi.h>
#include <arrow/c/bridge.h>

#include "python/errors.h"

namespace nb = nanobind;

namespace featly::python {
namespace {

constexpr const char* kStreamCapsule = "arrow_array_stream";

/// The reader together with what must outlive it: exported streams may outlive every Python object.
class OwningReader : public arrow::RecordBatchReader {
 public:
  OwningReader(std::shared_ptr<arrow::RecordBatchReader> reader, std::shared_ptr<const void> owner)
      : owner_(std::move(owner)), reader_(std::move(reader)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    return reader_->ReadNext(batch);
  }

 private:
  std::shared_ptr<const void> owner_;  // destroyed after reader_
  std::shared_ptr<arrow::RecordBatchReader> reader_;
};

void DeleteStreamCapsule(PyObject* capsule) {
  auto* stream = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, kStreamCapsule));
  if (stream == nullptr) {
    PyErr_Clear();
    return;
  }
  if (stream->release != nullptr) stream->release(stream);
  delete stream;
}

}  // namespace

nb::object ArrowStream::TakeCapsule() {
  if (!reader_) {
    RaiseIfError(Error(ErrorKind::kInvalid,
                       "this result was consumed already; call the method again for a new one"));
  }
  auto stream = std::make_unique<ArrowArrayStream>();
  auto reader = std::make_shared<OwningReader>(std::move(reader_), std::move(owner_));
  reader_.reset();
  RaiseIfError(arrow::ExportRecordBatchReader(std::move(reader), stream.get()));
  PyObject* capsule = PyCapsule_New(stream.get(), kStreamCapsule, DeleteStreamCapsule);
  if (capsule == nullptr) {
    stream->release(stream.get());
    throw nb::python_error();
  }
  static_cast<void>(stream.release());  // the capsule's destructor owns it now
  return nb::steal(capsule);
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ImportStream(nb::handle object) {
  if (!nb::hasattr(object, "__arrow_c_stream__")) {
    const std::string type = nb::cast<std::string>(nb::str(object.type()));
    return Error(ErrorKind::kInvalid,
                 "expected a table (pandas, Polars, pyarrow or anything with __arrow_c_stream__), "
                 "found " +
                     type);
  }
  nb::object capsule = object.attr("__arrow_c_stream__")();
  auto* stream =
      static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule.ptr(), kStreamCapsule));
  if (stream == nullptr) throw nb::python_error();
  return arrow::ImportRecordBatchReader(stream);
}

void BindArrowStream(nb::module_& module) {
  nb::class_<ArrowStream>(module, "ArrowStream",
                          "A stream of Arrow record batches; can be read once.")
      .def(
          "__arrow_c_stream__",
          [](ArrowStream& self, const nb::object& /*requested_schema*/) {
            return self.TakeCapsule();
          },
          nb::arg("requested_schema") = nb::none());
}

}  // namespace featly::python
