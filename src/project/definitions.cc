#include "project/definitions.h"

#include <memory>
#include <utility>

#include <arrow/util/base64.h>
#include <boost/json.hpp>
#include <google/protobuf/util/json_util.h>

#include "base/subprocess.h"
#include "embedded/compile.h"
#include "project/interpreter.h"

namespace featly {

namespace json = boost::json;

namespace {

Status ProtocolError(const std::string& what) {
  return Error(ErrorKind::kInternal, "the definitions compiler answered out of form: " + what);
}

std::string TextOf(const json::object& record, std::string_view key) {
  const json::value* value = record.if_contains(key);
  return value && value->is_string() ? std::string(value->as_string()) : "";
}

int LineOf(const json::object& record) {
  const json::value* value = record.if_contains("line");
  return value && value->is_int64() ? static_cast<int>(value->as_int64()) : 0;
}

/// {"kind", "name", "file", "line", "json" | "proto"} as a definition.
Result<Definition> DefinitionFromRecord(const json::object& record) {
  Definition definition;
  ARROW_ASSIGN_OR_RAISE(definition.kind, ObjectKindFromId(TextOf(record, "kind")));
  definition.file = TextOf(record, "file");
  definition.line = LineOf(record);
  definition.object = NewObject(definition.kind);
  if (const json::value* object = record.if_contains("json")) {
    google::protobuf::util::JsonParseOptions options;
    auto parsed = google::protobuf::util::JsonStringToMessage(json::serialize(*object),
                                                              definition.object.get(), options);
    if (!parsed.ok()) {
      return Error(ErrorKind::kDefinition, std::string("the ") + InfoOf(definition.kind).title +
                                               " '" + TextOf(record, "name") +
                                               "' cannot be read: " + std::string(parsed.message()))
          .At(definition.file, definition.line);
    }
    return definition;
  }
  ARROW_ASSIGN_OR_RAISE(std::string bytes, arrow::util::base64_decode(TextOf(record, "proto")));
  if (bytes.empty() || !definition.object->ParseFromString(bytes)) {
    return ProtocolError("neither json nor proto in the record of '" + TextOf(record, "name") +
                         "'");
  }
  return definition;
}

/// What the user's own code raised, with the frames that are theirs.
Status UserError(const json::object& error) {
  std::string traceback = TextOf(error, "traceback");
  while (traceback.ends_with('\n')) traceback.pop_back();
  std::string message = TextOf(error, "message");
  if (TextOf(error, "kind") == "python") {
    message = TextOf(error, "type") + (message.empty() ? "" : ": " + message);
    if (!traceback.empty()) message += "\n" + traceback;
    message = "the definitions raised " + message;
  }
  return Error(ErrorKind::kDefinition, message).At(TextOf(error, "file"), LineOf(error));
}

/// Feeds one line of the child's answer into `compiled`; sets `*done` at the closing line.
Status ReadLine(std::string_view line, CompiledDefinitions* compiled, bool* done) {
  boost::system::error_code failed;
  json::value value = json::parse({line.data(), line.size()}, failed);
  if (failed || !value.is_object()) return ProtocolError(std::string(line.substr(0, 200)));
  const json::object& record = value.as_object();
  if (const json::value* error = record.if_contains("error")) {
    return error->is_object() ? UserError(error->as_object()) : ProtocolError("error");
  }
  if (record.contains("done")) {
    *done = true;
    const json::value* seconds = record.if_contains("import_seconds");
    if (seconds && seconds->is_number()) compiled->import_seconds = seconds->to_number<double>();
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(Definition definition, DefinitionFromRecord(record));
  compiled->definitions.push_back(std::move(definition));
  return Status::OK();
}

}  // namespace

Result<CompiledDefinitions> CompileDefinitions(const std::string& repo_path) {
  ARROW_ASSIGN_OR_RAISE(std::string python, FindInterpreter(repo_path));
  SubprocessRequest request;
  request.script = embedded::kCompile;
  request.argv = {python,     "/proc/self/fd/" + std::to_string(request.script_fd),
                  "--repo",   repo_path,
                  "--out-fd", std::to_string(request.result_fd)};
  request.working_directory = repo_path;
  ARROW_ASSIGN_OR_RAISE(SubprocessResult child, RunSubprocess(request));

  CompiledDefinitions compiled;
  bool done = false;
  std::string_view rest = child.result;
  while (!rest.empty()) {
    size_t end = std::min(rest.find('\n'), rest.size());
    if (end > 0) ARROW_RETURN_NOT_OK(ReadLine(rest.substr(0, end), &compiled, &done));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (done && child.exit_code == 0) return compiled;
  return Error(ErrorKind::kDefinition, "the Python process that compiles the definitions ('" +
                                           python + "') ended with exit code " +
                                           std::to_string(child.exit_code) +
                                           " before it was done; what it printed stands above");
}

Result<std::vector<Definition>> DefinitionsFromJson(std::string_view text) {
  boost::system::error_code failed;
  json::value value = json::parse({text.data(), text.size()}, failed);
  if (failed || !value.is_array()) {
    return Error(ErrorKind::kMalformed, "definitions: a JSON array was expected");
  }
  std::vector<Definition> definitions;
  for (const json::value& record : value.as_array()) {
    if (!record.is_object()) {
      return Error(ErrorKind::kMalformed, "definitions: an array of JSON objects was expected");
    }
    ARROW_ASSIGN_OR_RAISE(Definition definition, DefinitionFromRecord(record.as_object()));
    definitions.push_back(std::move(definition));
  }
  return definitions;
}

Status AtDefinition(const Definition& definition, const Status& status) {
  const ErrorDetail* detail = DetailOf(status);
  if (!detail) {
    return Error(ErrorKind::kInternal, status.message()).At(definition.file, definition.line);
  }
  if (!detail->file.empty()) return status;
  return Error(detail->kind, status.message())
      .Subject(detail->subject)
      .Near(detail->near_names)
      .At(definition.file, definition.line)
      .Cause(detail->cause);
}

}  // namespace featly
