// POST /delete-from-online-store: the rows of entities, deleted.
#include <array>

#include "flows/delete.h"
#include "server/connection.h"
#include "server/entity_columns.h"
#include "server/route.h"
#include "types/json_value.h"

namespace featly {
namespace {

/// What a request says. Borrows its body.
struct DeletionRequest {
  EntityColumns entities;
  std::vector<std::string> views;
  bool names_views = false;  // the list is there, be it empty
  JsonMemory memory;
};

class Handler : public JsonHandler<Handler> {
 public:
  enum : size_t { kEntities, kViews };
  static constexpr std::array<JsonField, 2> kFields = {{
      {"entities", EntityColumns::kWanted},
      {"feature_views", "a list of names of feature views"},
  }};

  Handler(std::string_view body, DeletionRequest* request)
      : JsonHandler(body, &request->memory), request_(*request) {}

  bool OnKey(std::string_view name, error_code& ec) {
    return field() != kEntities || Take(request_.entities.OnKey(depth(), name), ec);
  }
  bool OnBegin(bool is_list, error_code& ec) {
    if (field() == kEntities) return Take(request_.entities.OnBegin(depth(), Mark(is_list)), ec);
    if (!is_list || depth() != 1) return FailField(Mark(is_list), ec);
    request_.names_views = true;
    return true;
  }
  bool OnEnd(bool /*is_list*/, error_code& /*ec*/) { return true; }
  bool OnScalar(const JsonScalar& value, error_code& ec) {
    if (field() == kEntities) return Take(request_.entities.OnScalar(depth(), value), ec);
    if (depth() == 1) return value.kind == JsonScalar::Kind::kNull || FailField(value, ec);
    if (value.kind != JsonScalar::Kind::kString) return FailField(value, ec);
    request_.views.emplace_back(value.text);
    return true;
  }

 private:
  DeletionRequest& request_;
};

Status Parse(std::string_view body, size_t max_values, DeletionRequest* request) {
  request->entities.Clear(max_values);
  boost::json::basic_parser<Handler> parser(boost::json::parse_options{}, body, request);
  ARROW_RETURN_NOT_OK(ParseJson(body, &parser));
  ARROW_RETURN_NOT_OK(parser.handler().Require({Handler::kEntities}));
  if (request->names_views && request->views.empty()) {
    return Error(ErrorKind::kInvalid,
                 "\"feature_views\" is empty: name the feature views to delete from, or leave it "
                 "out to delete from all with these join keys");
  }
  return request->entities.Check();
}

/// The values of a view's join keys, in their order.
Result<std::vector<std::vector<KeyValue>>> KeysOf(const ViewSpec& view, DeletionRequest* request) {
  std::vector<std::vector<KeyValue>> keys(view.join_keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    for (const EntityColumns::Column& column : request->entities.columns()) {
      if (column.name != view.join_keys[i].name) continue;
      ARROW_RETURN_NOT_OK(
          request->entities.Coerce(column, view.join_keys[i], &request->memory.arena, &keys[i]));
    }
  }
  return keys;
}

/// Deletes, and returns the answer's body. Every value is looked at before anything is deleted.
Result<std::string> Delete(std::string_view body, const PreparedProject& served,
                           const Worker& worker, const ServingState& serving) {
  DeletionRequest request;
  ARROW_RETURN_NOT_OK(Parse(body, worker.limits().max_lookup_values, &request));
  if (request.entities.columns().empty()) {
    return Error(ErrorKind::kInvalid,
                 "\"entities\" has no column: name the entities whose rows are to be deleted by "
                 "their join keys")
        .Subject("entities");
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<const ViewSpec*> views,
                        ViewsToDeleteFrom(*served.snapshot, serving.project_name(), request.views,
                                          request.entities.Names()));
  std::vector<std::vector<std::vector<KeyValue>>> keys;
  for (const ViewSpec* view : views) {
    ARROW_ASSIGN_OR_RAISE(keys.emplace_back(), KeysOf(*view, &request));
  }
  int64_t deleted = 0;
  std::string by_view;
  for (size_t i = 0; i < views.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(int64_t rows,
                          DeleteRows(*views[i], keys[i], request.entities.rows(),
                                     serving.config().entity_key_version, *served.store));
    deleted += rows;
    if (i) by_view.push_back(',');
    AppendJsonString(views[i]->name, &by_view);
    by_view.append(":").append(std::to_string(rows));
  }
  return "{\"deleted\":" + std::to_string(deleted) + ",\"feature_views\":{" + by_view + "}}";
}

void Answer(Connection& connection, const Result<std::string>& deleted) {
  if (!deleted.ok()) {
    if (KindOf(deleted.status()) == ErrorKind::kUnavailable) {
      connection.worker().serving().ReportMissingView();
    }
    connection.Fail(deleted.status());
    return;
  }
  connection.BeginAnswer(200, "application/json")->append(*deleted);
  connection.EndAnswer();
}

void Handle(Connection& connection) {
  // The disk is waited for elsewhere.
  connection.worker().RunLong(
      [self = connection.Share(), served = connection.worker().served()]() mutable {
        Worker& worker = self->worker();
        auto deleted = Delete(self->request().body, *served, worker, worker.serving());
        worker.Post([self = std::move(self), served = std::move(served),
                     deleted = std::move(deleted)] { Answer(*self, deleted); });
      });
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
    "feature_views": {
      "type": "array",
      "nullable": true,
      "minItems": 1,
      "items": {"type": "string"},
      "description": "Views with exactly these join keys; all of them where the list is missing."
    }
  }
})";

constexpr std::string_view kResponses = R"({
  "200": {
    "description": "The rows are gone, durably: how many there were, in all and in each view.",
    "content": {"application/json": {"schema": {
      "type": "object",
      "required": ["deleted", "feature_views"],
      "properties": {
        "deleted": {"type": "integer"},
        "feature_views": {"type": "object", "additionalProperties": {"type": "integer"}}
      }
    }}}
  }
})";

}  // namespace

Route DeleteFromOnlineStoreRoute() {
  return {boost::beast::http::verb::post,
          "/delete-from-online-store",
          "Deletes the rows of entities.",
          Handle,
          kRequest,
          kResponses,
          {400, 404, 408, 409, 413, 422, 501, 503}};
}

}  // namespace featly
