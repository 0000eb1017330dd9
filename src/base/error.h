// How featly says what went wrong.
//
// Every fallible function returns arrow::Status or arrow::Result<T>. Arrow's own codes are too few,
// and Arrow raises them itself, so an error of ours also carries an ErrorDetail: its kind, the
// thing it is about, near names, the place in the user's files and the error that caused it. One
// table (error.cc) maps a kind to HTTP, gRPC, the exit code and the Python exception. A status
// without a detail is internal: a defect of ours or of a library.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/result.h>
#include <arrow/status.h>

namespace featly {

using arrow::Result;
using arrow::Status;

/// What sort of error this is. The order is the order of the table in error.cc.
enum class ErrorKind : uint8_t {
  kInternal = 0,    ///< A defect, or a library's error nobody gave a meaning to.
  kMalformed,       ///< The request cannot be read (JSON syntax, a truncated file).
  kInvalid,         ///< It can be read but not meant (wrong type, missing column, bad range).
  kUsage,           ///< The command line is wrong.
  kConfiguration,   ///< feature_store.yaml or an environment setting is wrong.
  kDefinition,      ///< The user's feature definitions are wrong.
  kNotFound,        ///< A named thing does not exist.
  kConflict,        ///< Somebody else changed it, or it exists already.
  kTooLarge,        ///< Over a stated limit.
  kNotImplemented,  ///< Known, but not built in this version.
  kUnavailable,     ///< Busy, stopping, or a store that does not answer; may work later.
  kPermission,      ///< The operating system or an access rule refuses.
  kIo,              ///< The disk or the network failed.
  kCorrupt,         ///< Stored bytes are not what was written.
  kCancelled,       ///< Interrupted by the user.
};

/// What the outside is told for one kind of error.
struct ErrorKindInfo {
  ErrorKind kind;
  const char* name;        ///< Stable, lower case with underscores; in JSON errors and metrics.
  arrow::StatusCode code;  ///< The Arrow code such a status carries.
  int http_status;
  int grpc_code;             ///< google.rpc.Code.
  int exit_code;             ///< 1 failed, 2 wrong usage.
  const char* python_class;  ///< Name of the class in featly.errors.
};

/// The row of the table for `kind`.
const ErrorKindInfo& InfoOf(ErrorKind kind);

/// The whole table, in the order of ErrorKind (the Python module makes its exceptions from it).
const std::vector<ErrorKindInfo>& AllErrorKinds();

/// What an error is about. Immutable once inside a Status, so it may be shared between threads.
class ErrorDetail : public arrow::StatusDetail {
 public:
  static constexpr const char* kTypeId = "featly::ErrorDetail";

  ErrorKind kind = ErrorKind::kInternal;
  std::string subject;                  ///< The name or column it is about; may be empty.
  std::vector<std::string> near_names;  ///< Known names like the one asked for, best first.
  std::string file;                     ///< The user's file, relative to the repository if inside.
  int line = 0;                         ///< 1-based; 0 is unknown.
  int column = 0;                       ///< 1-based; 0 is unknown.
  Status cause;                         ///< OK where there is none.

  const char* type_id() const override { return kTypeId; }
  /// Place, near names and causes as a suffix of the message: Status::ToString appends it.
  std::string ToString() const override;
};

/// Builds an error: `return Error(ErrorKind::kNotFound, "...").Near({...}).At(file, 3);`.
/// Converts to Status and to any Result<T>.
class Error {
 public:
  Error(ErrorKind kind, std::string message);

  Error&& Subject(std::string subject) &&;
  Error&& Near(std::vector<std::string> names) &&;
  Error&& At(std::string file, int line = 0, int column = 0) &&;
  Error&& Cause(Status cause) &&;

  operator Status() && {  // NOLINT(google-explicit-constructor)
    return std::move(*this).ToStatus();
  }
  template <typename T>
  operator Result<T>() && {  // NOLINT(google-explicit-constructor)
    return Result<T>(std::move(*this).ToStatus());
  }
  Status ToStatus() &&;

 private:
  std::string message_;
  std::shared_ptr<ErrorDetail> detail_;
};

/// The detail of `status`, or null where a library made it.
const ErrorDetail* DetailOf(const Status& status);

/// The kind of `status`; kInternal without a detail. REQUIRES: !status.ok().
ErrorKind KindOf(const Status& status);

/// The same error with `context` before its message ("materialize driver_stats: ..."); detail kept.
Status WithContext(std::string_view context, const Status& status);

/// The same error as `kind` where it has no kind yet (a library's error we can give a meaning to).
/// The original becomes the cause's text; a status that has a detail is returned as it is.
Status AsKind(ErrorKind kind, std::string_view context, const Status& status);

/// One line for people: message, place, near names ("did you mean ...?"), then the causes.
std::string FormatForPeople(const Status& status);

/// The kErrno of a failed system call as an error: kPermission, kNotFound, kIo (disk full says so).
Status ErrnoError(int errnum, std::string message);

/// Up to `limit` of `known` that look like `wanted` (Levenshtein distance, or a shared prefix),
/// best first. Cost: |known| x |wanted|^2; for error paths only.
std::vector<std::string> NearNames(std::string_view wanted, const std::vector<std::string>& known,
                                   size_t limit = 3);

}  // namespace featly
