#include "server/lookup_request.h"

#include <array>

namespace featly {
namespace {

using Kind = JsonScalar::Kind;

class Handler : public JsonHandler<Handler> {
 public:
  enum : size_t { kEntities, kFeatureService, kFeatures, kFullFeatureNames, kWithViews };
  static constexpr std::array<JsonField, 5> kFields = {{
      {"entities", EntityColumns::kWanted},
      {"feature_service", "the name of a feature service"},
      {"features", "a list of texts: [\"view:feature\"]"},
      {"full_feature_names", "true or false"},
      {"include_feature_view_version_metadata", "true or false"},
  }};

  Handler(std::string_view body, LookupRequest* request)
      : JsonHandler(body, &request->memory), request_(*request) {}

  bool OnKey(std::string_view name, error_code& ec) {
    return field() != kEntities || Take(request_.entities.OnKey(depth(), name), ec);
  }

  bool OnBegin(bool is_list, error_code& ec) {
    if (field() == kEntities) {
      return Take(request_.entities.OnBegin(depth(), Mark(is_list)), ec);
    }
    bool taken = field() == kFeatures && is_list && depth() == 1;
    return taken || FailField(Mark(is_list), ec);
  }

  bool OnEnd(bool /*is_list*/, error_code& /*ec*/) { return true; }

  bool OnScalar(const JsonScalar& value, error_code& ec) {
    switch (field()) {
      case kEntities:
        return Take(request_.entities.OnScalar(depth(), value), ec);
      case kFeatureService:
        if (value.kind == Kind::kNull) return true;
        if (value.kind != Kind::kString) return FailField(value, ec);
        request_.feature_service = value.text;
        return true;
      case kFeatures:
        if (depth() == 1) return value.kind == Kind::kNull || FailField(value, ec);
        if (value.kind != Kind::kString) return FailField(value, ec);
        request_.features.push_back(value.text);
        return true;
      default:
        if (value.kind != Kind::kBool) return FailField(value, ec);
        (field() == kWithViews ? request_.with_views : request_.full_feature_names) = value.boolean;
        return true;
    }
  }

 private:
  LookupRequest& request_;
};

}  // namespace

Status LookupRequest::Parse(std::string_view body, size_t max_values) {
  feature_service = {};
  features.clear();
  full_feature_names = false;
  with_views = false;
  entities.Clear(max_values);

  boost::json::basic_parser<Handler> parser(boost::json::parse_options{}, body, this);
  ARROW_RETURN_NOT_OK(ParseJson(body, &parser));
  ARROW_RETURN_NOT_OK(parser.handler().Require({Handler::kEntities}));
  return entities.Check();
}

}  // namespace featly
