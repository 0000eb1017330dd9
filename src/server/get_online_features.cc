// POST /get-online-features: the features of entities, as Feast answers it.
#include "server/connection.h"
#include "server/route.h"

namespace featly {
namespace {

void Handle(Connection& connection) {
  connection.worker().lookups().Acquire()->Run(connection.Share());
}

constexpr std::string_view kRequest = R"({
  "type": "object",
  "required": ["entities"],
  "properties": {
    "entities": {
      "type": "object",
      "description": "A list of values for each join key, all of one length.",
      "additionalProperties": {"type": "array", "items": {}}
    },
    "feature_service": {"type": "string", "nullable": true, "description": "Wins over features."},
    "features": {
      "type": "array",
      "nullable": true,
      "items": {"type": "string"},
      "description": "Each \"view:feature\"."
    },
    "full_feature_names": {"type": "boolean", "default": false},
    "include_feature_view_version_metadata": {"type": "boolean", "default": false}
  }
})";

constexpr std::string_view kResponses = R"({
  "200": {
    "description": "results[i] belongs to metadata.feature_names[i]; each has an element for each row.",
    "content": {"application/json": {"schema": {
      "type": "object",
      "required": ["results", "metadata"],
      "properties": {
        "results": {"type": "array", "items": {
          "type": "object",
          "required": ["values", "statuses", "event_timestamps"],
          "properties": {
            "values": {"type": "array", "items": {}},
            "statuses": {"type": "array", "items": {
              "type": "string", "enum": ["PRESENT", "NULL_VALUE", "NOT_FOUND", "OUTSIDE_MAX_AGE"]
            }},
            "event_timestamps": {"type": "array", "items": {"type": "string", "format": "date-time"}}
          }
        }},
        "metadata": {
          "type": "object",
          "required": ["feature_names"],
          "properties": {
            "feature_names": {"type": "array", "items": {"type": "string"}},
            "feature_view_metadata": {"type": "array", "items": {
              "type": "object",
              "properties": {"name": {"type": "string"}, "version": {"type": "integer"}}
            }}
          }
        }
      }
    }}}
  }
})";

}  // namespace

Route GetOnlineFeaturesRoute() {
  return {boost::beast::http::verb::post,
          "/get-online-features",
          "The newest feature values of entities.",
          Handle,
          kRequest,
          kResponses,
          {400, 404, 408, 413, 422, 501, 503}};
}

}  // namespace featly
