// The bodies of lookups and pushes. What is taken must be JSON for an independent parser too, and
// its columns of one length.
#include <cstdint>
#include <string_view>
#include <vector>

#include <arrow/api.h>
#include <boost/json.hpp>

#include "fuzz/require.h"
#include "server/lookup_request.h"
#include "server/rows_request.h"

namespace {

using featly::ValueType;

featly::ViewSpec MakeView() {
  featly::ViewSpec view;
  view.name = "stats";
  view.join_keys = {{"id", ValueType::kInt64}, {"name", ValueType::kString}};
  for (int number = 1; number < 64; ++number) {
    auto type = static_cast<ValueType>(number);
    if (featly::IsRowType(type)) view.features.push_back({"f" + std::to_string(number), type});
  }
  view.batch_source.timestamp_field = "ts";
  view.batch_source.created_timestamp_column = "made";
  return view;
}

bool IsJson(std::string_view body) {
  boost::json::error_code error;
  boost::json::parse_options options;
  options.max_depth = 1024;
  boost::json::parse({body.data(), body.size()}, error, {}, options);
  return !error;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const featly::ViewSpec view = MakeView();
  std::string_view body(reinterpret_cast<const char*>(data), size);

  featly::LookupRequest lookup;
  if (lookup.Parse(body, /*max_values=*/1000).ok()) {
    FEATLY_REQUIRE(IsJson(body));
    for (const auto& column : lookup.entities.columns()) {
      FEATLY_REQUIRE(column.size() == lookup.entities.rows());
      FEATLY_REQUIRE(column.end <= 1000);
    }
  }
  if (featly::ParseRowsRequest(body, featly::RowsTarget::kPushSource).ok()) {
    FEATLY_REQUIRE(IsJson(body));
  }
  auto rows = featly::ParseRows(body, {&view});
  if (rows.ok() && *rows) FEATLY_REQUIRE((*rows)->ValidateFull().ok());
  return 0;
}
