#include "server/lookup_request.h"

#include <algorithm>
#include <array>
#include <optional>

namespace featly {
namespace {

enum class Field : uint8_t {
  kEntities = 0,
  kFeatureService,
  kFeatures,
  kFullFeatureNames,
  kWithViews,
  kUnknown,
};
constexpr std::array<std::string_view, 5> kFieldNames = {"entities", "feature_service", "features",
                                                         "full_feature_names",
                                                         "include_feature_view_version_metadata"};

Status WrongType(std::string_view field, std::string_view wanted, std::string_view found) {
  return Error(ErrorKind::kInvalid, "\"" + std::string(field) + "\" must be " +
                                        std::string(wanted) + ", found " + std::string(found))
      .Subject(std::string(field));
}

class Handler : public JsonHandler<Handler> {
 public:
  Handler(std::string_view body, LookupRequest* request)
      : JsonHandler(body, &request->arena), request_(request) {}

  bool OnKey(std::string_view name, error_code& ec) {
    if (depth_ == 1) {
      auto found = std::find(kFieldNames.begin(), kFieldNames.end(), name);
      field_ = static_cast<Field>(found - kFieldNames.begin());
      if (field_ == Field::kUnknown) return true;
      bool& seen = seen_[static_cast<size_t>(field_)];
      if (seen) {
        return Fail(Error(ErrorKind::kMalformed,
                          "the request body has the key \"" + std::string(name) + "\" twice"),
                    ec);
      }
      seen = true;
    } else if (depth_ == 2 && field_ == Field::kEntities) {
      request_->columns.push_back({name, request_->values.size(), request_->values.size()});
    }
    return true;
  }

  bool OnBegin(bool is_list, error_code& ec) {
    JsonScalar mark;
    mark.kind = is_list ? JsonScalar::Kind::kList : JsonScalar::Kind::kObject;
    bool taken = true;
    if (depth_ == 0) {
      if (is_list) return FailNotObject(mark, ec);
    } else if (depth_ == 1) {
      taken = field_ == Field::kUnknown || (field_ == Field::kEntities && !is_list) ||
              (field_ == Field::kFeatures && is_list);
    } else if (field_ == Field::kEntities) {
      if (depth_ == 2) taken = is_list;
      if (depth_ == 3) AddValue(mark);
    } else {
      taken = field_ == Field::kUnknown;  // a list of feature names has no lists inside
    }
    if (!taken) return FailType(mark, ec);
    ++depth_;
    return true;
  }

  bool OnEnd(bool /*is_list*/, error_code& /*ec*/) {
    --depth_;
    return true;
  }

  bool OnScalar(const JsonScalar& value, error_code& ec) {
    if (depth_ == 0) return FailNotObject(value, ec);
    if (field_ == Field::kEntities && depth_ >= 3) {
      if (depth_ == 3) AddValue(value);
      return true;
    }
    if (field_ == Field::kFeatures && depth_ == 2) {
      if (value.kind != JsonScalar::Kind::kString) return FailType(value, ec);
      request_->features.push_back(value.text);
      return true;
    }
    if (depth_ > 1) return field_ == Field::kUnknown || FailType(value, ec);
    return SetField(value, ec);
  }

  bool has_entities() const { return seen_[0]; }

 private:
  void AddValue(const JsonScalar& value) {
    request_->values.push_back(value);
    request_->columns.back().end = request_->values.size();
  }

  bool SetField(const JsonScalar& value, error_code& ec) {
    using Kind = JsonScalar::Kind;
    switch (field_) {
      case Field::kFeatureService:
        if (value.kind == Kind::kNull) return true;
        if (value.kind != Kind::kString) return FailType(value, ec);
        request_->feature_service = value.text;
        return true;
      case Field::kFeatures:
        return value.kind == Kind::kNull || FailType(value, ec);
      case Field::kFullFeatureNames:
      case Field::kWithViews:
        if (value.kind != Kind::kBool) return FailType(value, ec);
        (field_ == Field::kWithViews ? request_->with_views : request_->full_feature_names) =
            value.boolean;
        return true;
      case Field::kEntities:
        return FailType(value, ec);
      case Field::kUnknown:
        break;
    }
    return true;
  }

  bool FailNotObject(const JsonScalar& found, error_code& ec) {
    return Fail(Error(ErrorKind::kInvalid,
                      "the request body must be a JSON object, found " + found.Describe()),
                ec);
  }

  bool FailType(const JsonScalar& found, error_code& ec) {
    std::string name(kFieldNames[static_cast<size_t>(field_)]);
    std::string_view wanted;
    switch (field_) {
      case Field::kEntities:
        wanted = "an object of lists: {\"driver_id\": [1001, 1002]}";
        if (depth_ == 2) {
          name += "." + std::string(request_->columns.back().name);
          wanted = "a list with a value for each row";
        }
        break;
      case Field::kFeatureService:
        wanted = "the name of a feature service";
        break;
      case Field::kFeatures:
        wanted = "a list of texts: [\"view:feature\"]";
        break;
      default:
        wanted = "true or false";
    }
    return Fail(WrongType(name, wanted, found.Describe()), ec);
  }

  LookupRequest* request_;
  int depth_ = 0;
  Field field_ = Field::kUnknown;
  std::array<bool, kFieldNames.size()> seen_{};
};

}  // namespace

Status CheckUniqueNames(std::vector<std::string_view> names, std::string_view where) {
  std::sort(names.begin(), names.end());
  auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return Status::OK();
  return Error(ErrorKind::kMalformed, "the request body has the key \"" + std::string(*twice) +
                                          "\" twice in \"" + std::string(where) + "\"")
      .Subject(std::string(*twice));
}

Status LookupRequest::Parse(std::string_view body) {
  feature_service = {};
  features.clear();
  full_feature_names = false;
  with_views = false;
  columns.clear();
  values.clear();
  arena.Reset();

  boost::json::basic_parser<Handler> parser(boost::json::parse_options{}, body, this);
  ARROW_RETURN_NOT_OK(ParseJson(body, &parser));
  if (!parser.handler().has_entities()) {
    return Error(ErrorKind::kInvalid,
                 "\"entities\" is missing: an object with a list of values for each join key")
        .Subject("entities");
  }
  return CheckColumns();
}

Status LookupRequest::CheckColumns() const {
  bool unique = columns.size() <= 16;  // so few are compared in place
  for (size_t i = 1; unique && i < columns.size(); ++i) {
    for (size_t j = 0; j < i; ++j) unique = unique && columns[i].name != columns[j].name;
  }
  if (!unique) {
    std::vector<std::string_view> names;
    for (const Column& column : columns) names.push_back(column.name);
    ARROW_RETURN_NOT_OK(CheckUniqueNames(std::move(names), "entities"));
  }
  for (const Column& column : columns) {
    if (column.size() == rows()) continue;
    return Error(ErrorKind::kInvalid, "the columns of \"entities\" differ in length: \"" +
                                          std::string(columns.front().name) + "\" has " +
                                          std::to_string(rows()) + " values, \"" +
                                          std::string(column.name) + "\" has " +
                                          std::to_string(column.size()))
        .Subject(std::string(column.name));
  }
  return Status::OK();
}

}  // namespace featly
