// POST /write-to-online-store: rows of one feature view into the online store.
#include "flows/push.h"
#include "server/connection.h"
#include "server/route.h"
#include "server/rows_write.h"

namespace featly {
namespace {

Result<std::vector<const ViewSpec*>> Views(const RowsRequest& request,
                                           const RegistrySnapshot& snapshot,
                                           const std::string& project) {
  ARROW_ASSIGN_OR_RAISE(const ViewSpec* view, snapshot.View(project, request.target));
  return std::vector<const ViewSpec*>{view};
}

void Write(const RowsRequest& request, const PreparedProject& served, const std::string& project,
           const arrow::RecordBatch& rows, Timestamp now, int entity_key_version,
           WriteCompletion done) {
  WriteToView(*served.snapshot, project, request.target, rows, now, entity_key_version,
              *served.store, std::move(done), MissingView::kRefuse);
}

void Answer(const RowsRequest& /*request*/, Connection& connection) {
  connection.BeginAnswer(200, "application/json")->append("null");  // Feast's
  connection.EndAnswer();
}

void Handle(Connection& connection) {
  static constexpr RowsRoute kRoute = {RowsTarget::kFeatureView, Views, Write, Answer};
  WriteRows(connection, kRoute);
}

}  // namespace

Route WriteToOnlineStoreRoute() {
  static const std::string request = RowsRequestSchema("feature_view_name", "");
  static const std::string responses = RowsResponses(
      "The rows are durable. Rows older than what is stored were left out.",
      R"(, "content": {"application/json": {"schema": {"nullable": true, "enum": [null]}}})");
  return {boost::beast::http::verb::post,
          "/write-to-online-store",
          "Rows of a feature view into the online store.",
          Handle,
          request,
          responses,
          {400, 404, 408, 409, 413, 422, 501, 503}};
}

}  // namespace featly
