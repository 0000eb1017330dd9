// What the server answers: a table of routes, one file and one registration line for each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/beast/http/verb.hpp>

#include "base/error.h"

namespace featly {

class Connection;

/// One line of the table. `handle` runs on the connection's thread and must not block it on a disk
/// or another machine: it answers at once, or later by posting back (Connection::Share).
struct Route {
  boost::beast::http::verb method = boost::beast::http::verb::get;
  std::string_view path;
  std::string_view summary;  ///< One sentence, for openapi.json.
  void (*handle)(Connection& connection) = nullptr;
  std::string_view request_schema;  ///< JSON schema of the body; empty: none.
  /// OpenAPI "responses" beside the errors: a JSON object.
  std::string_view responses;
  /// HTTP statuses of the errors that it answers beside those that every route may.
  std::vector<int> errors;
};

// One function for each route's file.
Route GetOnlineFeaturesRoute();
Route PushRoute();
Route WriteToOnlineStoreRoute();
Route DeleteFromOnlineStoreRoute();
Route HealthRoute();
Route MetricsRoute();
Route OpenApiRoute();
Route DocsRoute();

/// All routes. The registration is a line in routes.cc.
const std::vector<Route>& Routes();

/// The route of a request. kNotFound with near paths; where only the method is wrong, null and
/// `*allowed` gets the methods that the path has.
Result<const Route*> FindRoute(boost::beast::http::verb method, std::string_view path,
                               std::string* allowed);

/// OpenAPI 3 of the table.
std::string OpenApiDocument();

}  // namespace featly
