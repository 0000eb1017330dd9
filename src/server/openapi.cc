// GET /openapi.json: what the server answers, made from the route table.
#include <map>

#include <boost/algorithm/string/case_conv.hpp>

#include "server/connection.h"
#include "server/route.h"
#include "types/json_value.h"

namespace featly {
namespace {

constexpr std::string_view kErrorSchema = R"({
  "type": "object",
  "required": ["error", "kind", "status_code"],
  "properties": {
    "error": {"type": "string", "description": "What was asked, what was found, what to do."},
    "kind": {"type": "string"},
    "status_code": {"type": "integer"},
    "subject": {"type": "string", "description": "The name or column it is about."},
    "near": {"type": "array", "items": {"type": "string"}},
    "file": {"type": "string"},
    "line": {"type": "integer"},
    "column": {"type": "integer"},
    "cause": {"type": "string"}
  }
})";

constexpr std::string_view kRowsSchema = R"({
  "type": "object",
  "description": "A list for each feature, join key and time column, all of one length. Times are ISO 8601 text, or integers of nanoseconds since 1970, from 1980 on.",
  "additionalProperties": {"type": "array", "items": {}}
})";

constexpr std::string_view kHeaders = R"({
  "RowsStored": {"schema": {"type": "integer"}, "description": "Rows that were stored."},
  "RowsStale": {"schema": {"type": "integer"}, "description": "Rows older than what is stored, left out."}
})";

/// What each status means, for its place among an operation's responses.
std::string_view MeaningOf(int status) {
  switch (status) {
    case 400:
      return "Not HTTP or not JSON, or a key twice.";
    case 404:
      return "A name is unknown.";
    case 408:
      return "The request did not arrive whole in time.";
    case 409:
      return "An apply has changed the view meanwhile.";
    case 413:
      return "The body, or the number of values asked for, is over its limit.";
    case 422:
      return "A field, column or value that cannot be meant.";
    case 501:
      return "Known to Feast, not built in this version.";
    case 503:
      return "The online store was deleted, does not answer, is busy, or lacks a view.";
    default:
      return "A defect of the server.";
  }
}

void AppendError(int status, std::string* out) {
  out->append(",\"").append(std::to_string(status)).append("\":{\"description\":");
  AppendJsonString(MeaningOf(status), out);
  out->append(
      R"(,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}})");
}

void AppendOperation(const Route& route, std::string* out) {
  auto method = boost::beast::http::to_string(route.method);
  out->append("\"").append(boost::algorithm::to_lower_copy(std::string(method)));
  out->append("\":{\"summary\":");
  AppendJsonString(route.summary, out);
  if (!route.request_schema.empty()) {
    out->append(
           ",\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":")
        .append(route.request_schema)
        .append("}}}");
  }
  // The responses of the table are a JSON object: the errors go in before its closing brace.
  out->append(",\"responses\":");
  out->append(route.responses.substr(0, route.responses.rfind('}')));
  for (int status : route.errors) AppendError(status, out);
  AppendError(500, out);
  out->append("}}");
}

void Handle(Connection& connection) {
  connection.BeginAnswer(200, "application/json")->append(OpenApiDocument());
  connection.EndAnswer();
}

constexpr std::string_view kResponses = R"({
  "200": {
    "description": "This document.",
    "content": {"application/json": {"schema": {"type": "object"}}}
  }
})";

}  // namespace

std::string OpenApiDocument() {
  std::map<std::string_view, std::vector<const Route*>> paths;
  for (const Route& route : Routes()) paths[route.path].push_back(&route);
  std::string out =
      R"({"openapi":"3.0.3","info":{"title":"featly feature server","version":"1"},"paths":{)";
  bool first_path = true;
  for (const auto& [path, routes] : paths) {
    if (!first_path) out.push_back(',');
    first_path = false;
    AppendJsonString(path, &out);
    out.append(":{");
    for (size_t i = 0; i < routes.size(); ++i) {
      if (i) out.push_back(',');
      AppendOperation(*routes[i], &out);
    }
    out.push_back('}');
  }
  out.append(R"(},"components":{"schemas":{"Error":)").append(kErrorSchema);
  out.append(",\"Rows\":").append(kRowsSchema);
  out.append("},\"headers\":").append(kHeaders).append("}}");
  return out;
}

Route OpenApiRoute() {
  return {boost::beast::http::verb::get,
          "/openapi.json",
          "This API as OpenAPI 3.",
          Handle,
          "",
          kResponses,
          {}};
}

}  // namespace featly
