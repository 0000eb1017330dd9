#include "base/error.h"

#include <cerrno>
#include <system_error>

#include "base/out_of_memory.h"

namespace featly {
namespace {

using arrow::StatusCode;

// google.rpc.Code.
enum Grpc : int {
  kGrpcCancelled = 1,
  kGrpcInvalidArgument = 3,
  kGrpcNotFound = 5,
  kGrpcPermissionDenied = 7,
  kGrpcResourceExhausted = 8,
  kGrpcFailedPrecondition = 9,
  kGrpcAborted = 10,
  kGrpcUnimplemented = 12,
  kGrpcInternal = 13,
  kGrpcUnavailable = 14,
  kGrpcDataLoss = 15,
};

// Longest chain of causes that is printed: a guard, not something that is met.
constexpr int kMaxCauses = 8;

// "features.py:12:3", "features.py:12", "features.py" or "".
std::string PlaceOf(const ErrorDetail& detail) {
  std::string place = detail.file;
  if (place.empty()) return place;
  if (detail.line > 0) {
    place += ':' + std::to_string(detail.line);
    if (detail.column > 0) place += ':' + std::to_string(detail.column);
  }
  return place;
}

// "did you mean 'a', 'b' or 'c'?" or "".
std::string DidYouMean(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    text += i == 0 ? "did you mean " : i + 1 == names.size() ? " or " : ", ";
    text += '\'' + names[i] + '\'';
  }
  if (!text.empty()) text += '?';
  return text;
}

void AppendForPeople(const Status& status, int depth, std::string* out) {
  *out += status.message();
  const ErrorDetail* detail = DetailOf(status);
  if (detail == nullptr) return;
  if (std::string place = PlaceOf(*detail); !place.empty()) *out += " (" + place + ")";
  if (std::string hint = DidYouMean(detail->near_names); !hint.empty()) *out += "; " + hint;
  if (!detail->cause.ok() && depth < kMaxCauses) {
    *out += ": ";
    AppendForPeople(detail->cause, depth + 1, out);
  }
}

}  // namespace

const std::vector<ErrorKindInfo>& AllErrorKinds() {
  // clang-format off
  static const std::vector<ErrorKindInfo> kTable = {
      {ErrorKind::kInternal, "internal", StatusCode::UnknownError,
       500, kGrpcInternal, 1, "InternalError"},
      {ErrorKind::kMalformed, "malformed", StatusCode::SerializationError,
       400, kGrpcInvalidArgument, 1, "MalformedError"},
      {ErrorKind::kInvalid, "invalid", StatusCode::Invalid,
       422, kGrpcInvalidArgument, 1, "InvalidError"},
      {ErrorKind::kUsage, "usage", StatusCode::Invalid,
       400, kGrpcInvalidArgument, 2, "UsageError"},
      {ErrorKind::kConfiguration, "configuration", StatusCode::Invalid,
       500, kGrpcFailedPrecondition, 1, "ConfigurationError"},
      {ErrorKind::kDefinition, "definition", StatusCode::Invalid,
       422, kGrpcInvalidArgument, 1, "DefinitionError"},
      {ErrorKind::kNotFound, "not_found", StatusCode::KeyError,
       404, kGrpcNotFound, 1, "NotFoundError"},
      {ErrorKind::kConflict, "conflict", StatusCode::AlreadyExists,
       409, kGrpcAborted, 1, "ConflictError"},
      {ErrorKind::kTooLarge, "too_large", StatusCode::CapacityError,
       413, kGrpcResourceExhausted, 1, "TooLargeError"},
      {ErrorKind::kNotImplemented, "not_implemented", StatusCode::NotImplemented,
       501, kGrpcUnimplemented, 1, "NotSupportedError"},
      {ErrorKind::kUnavailable, "unavailable", StatusCode::IOError,
       503, kGrpcUnavailable, 1, "UnavailableError"},
      {ErrorKind::kPermission, "permission", StatusCode::IOError,
       403, kGrpcPermissionDenied, 1, "PermissionDeniedError"},
      {ErrorKind::kIo, "io", StatusCode::IOError,
       500, kGrpcInternal, 1, "StorageError"},
      {ErrorKind::kCorrupt, "corrupt", StatusCode::SerializationError,
       500, kGrpcDataLoss, 1, "CorruptError"},
      {ErrorKind::kCancelled, "cancelled", StatusCode::Cancelled,
       503, kGrpcCancelled, 130, "CancelledError"},
  };
  // clang-format on
  return kTable;
}

const ErrorKindInfo& InfoOf(ErrorKind kind) { return AllErrorKinds()[static_cast<size_t>(kind)]; }

std::string ErrorDetail::ToString() const {
  std::string text = InfoOf(kind).name;
  if (std::string place = PlaceOf(*this); !place.empty()) text += " at " + place;
  if (std::string hint = DidYouMean(near_names); !hint.empty()) text += "; " + hint;
  if (!cause.ok()) text += "; cause: " + cause.ToString();
  return text;
}

Error::Error(ErrorKind kind, std::string message)
    : message_(std::move(message)), detail_(std::make_shared<ErrorDetail>()) {
  detail_->kind = kind;
}

Error&& Error::Subject(std::string subject) && {
  detail_->subject = std::move(subject);
  return std::move(*this);
}

Error&& Error::Near(std::vector<std::string> names) && {
  detail_->near_names = std::move(names);
  return std::move(*this);
}

Error&& Error::At(std::string file, int line, int column) && {
  detail_->file = std::move(file);
  detail_->line = line;
  detail_->column = column;
  return std::move(*this);
}

Error&& Error::Cause(Status cause) && {
  detail_->cause = std::move(cause);
  return std::move(*this);
}

Status Error::ToStatus() && {
  arrow::StatusCode code = InfoOf(detail_->kind).code;
  return Status(code, std::move(message_), std::move(detail_));
}

const ErrorDetail* DetailOf(const Status& status) {
  const std::shared_ptr<arrow::StatusDetail>& detail = status.detail();
  // Compared as text: the two addresses differ between the program and the Python module.
  if (detail == nullptr || std::string_view(detail->type_id()) != ErrorDetail::kTypeId) {
    return nullptr;
  }
  return static_cast<const ErrorDetail*>(detail.get());
}

ErrorKind KindOf(const Status& status) {
  const ErrorDetail* detail = DetailOf(status);
  return detail == nullptr ? ErrorKind::kInternal : detail->kind;
}

Status WithContext(std::string_view context, const Status& status) {
  if (status.ok()) return status;
  std::string message(context);
  message += ": ";
  message += status.message();
  return Status(status.code(), std::move(message), status.detail());
}

Status AsKind(ErrorKind kind, std::string_view context, const Status& status) {
  if (status.ok() || DetailOf(status) != nullptr) return status;
  if (status.IsOutOfMemory()) return OutOfMemory(context);
  return Error(kind, std::string(context)).Cause(status);
}

Status OutOfMemory(std::string_view context) {
  return Error(ErrorKind::kUnavailable,
               std::string(context) +
                   ": out of memory; give the process more, or ask for less at once (fewer rows or "
                   "columns, --threads 1, a smaller --memory-limit)");
}

std::string FormatForPeople(const Status& status) {
  if (status.ok()) return "OK";
  std::string text;
  AppendForPeople(status, 0, &text);
  return text;
}

Status ErrnoError(int errnum, std::string message) {
  ErrorKind kind = ErrorKind::kIo;
  switch (errnum) {
    case EACCES:
    case EPERM:
    case EROFS:
      kind = ErrorKind::kPermission;
      break;
    case ENOENT:
    case ENOTDIR:
      kind = ErrorKind::kNotFound;
      break;
    default:
      break;
  }
  message += ": " + std::generic_category().message(errnum);
  if (errnum == ENOSPC || errnum == EDQUOT) message += " (the disk is full; free some space)";
  return Error(kind, std::move(message));
}

}  // namespace featly
