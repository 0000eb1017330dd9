#include <boost/beast/http/verb.hpp>

#include "server/route.h"

namespace featly {

const std::vector<Route>& Routes() {
  static const std::vector<Route> routes = {
      GetOnlineFeaturesRoute(),      //
      PushRoute(),                   //
      WriteToOnlineStoreRoute(),     //
      DeleteFromOnlineStoreRoute(),  //
      HealthRoute(),                 //
      MetricsRoute(),                //
      OpenApiRoute(),                //
      DocsRoute(),
  };
  return routes;
}

Result<const Route*> FindRoute(boost::beast::http::verb method, std::string_view path,
                               std::string* allowed) {
  namespace http = boost::beast::http;
  if (method == http::verb::head) method = http::verb::get;
  allowed->clear();
  for (const Route& route : Routes()) {
    if (route.path != path) continue;
    if (route.method == method) return &route;
    if (!allowed->empty()) allowed->append(", ");
    auto name = http::to_string(route.method);
    allowed->append(name.data(), name.size());
  }
  if (!allowed->empty()) return nullptr;
  std::vector<std::string> paths;
  for (const Route& route : Routes()) paths.emplace_back(route.path);
  return Error(ErrorKind::kNotFound,
               "no route has the path " + std::string(path) + "; GET /openapi.json lists them")
      .Subject(std::string(path))
      .Near(NearNames(path, paths));
}

}  // namespace featly
