#include "server/push_request.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <arrow/api.h>

#include "server/json_sax.h"
#include "server/lookup_request.h"
#include "types/json_parse.h"

namespace featly {
namespace {

using Kind = JsonScalar::Kind;

enum class Field : uint8_t { kSource = 0, kDf, kTo, kAllowCache, kTransform, kUnknown };
constexpr std::array<std::string_view, 5> kFieldNames = {
    "push_source_name", "df", "to", "allow_registry_cache", "transform_on_write"};
constexpr std::array<std::string_view, 5> kWanted = {
    "the name of a push source", "an object of lists: {\"driver_id\": [1001], ...}",
    "\"online\", \"offline\" or \"online_and_offline\"", "true or false", "true or false"};

Field FieldOf(std::string_view name) {
  return static_cast<Field>(std::find(kFieldNames.begin(), kFieldNames.end(), name) -
                            kFieldNames.begin());
}

Error WrongType(std::string_view field, std::string_view wanted, const JsonScalar& found) {
  return Error(ErrorKind::kInvalid, "\"" + std::string(field) + "\" must be " +
                                        std::string(wanted) + ", found " + found.Describe())
      .Subject(std::string(field));
}

/// The first pass: the fields of the top level.
class FieldsHandler : public JsonHandler<FieldsHandler> {
 public:
  using JsonHandler::JsonHandler;

  bool OnKey(std::string_view name, error_code& ec) {
    if (depth_ != 1) return true;
    field_ = FieldOf(name);
    if (field_ == Field::kUnknown) return true;
    bool& seen = seen_[static_cast<size_t>(field_)];
    if (seen) {
      return Fail(Error(ErrorKind::kMalformed,
                        "the request body has the key \"" + std::string(name) + "\" twice"),
                  ec);
    }
    seen = true;
    return true;
  }

  bool OnBegin(bool is_list, error_code& ec) {
    JsonScalar mark;
    mark.kind = is_list ? Kind::kList : Kind::kObject;
    bool taken =
        depth_ == 0 ? !is_list
                    : depth_ > 1 || field_ == Field::kUnknown || (field_ == Field::kDf && !is_list);
    if (!taken) return FailType(mark, ec);
    ++depth_;
    return true;
  }

  bool OnEnd(bool /*is_list*/, error_code& /*ec*/) {
    --depth_;
    return true;
  }

  bool OnScalar(const JsonScalar& value, error_code& ec) {
    if (depth_ == 0) return FailType(value, ec);
    if (depth_ > 1 || field_ == Field::kUnknown) return true;
    bool is_text = field_ == Field::kSource || field_ == Field::kTo;
    if (field_ == Field::kDf || value.kind != (is_text ? Kind::kString : Kind::kBool)) {
      return FailType(value, ec);
    }
    if (is_text) (field_ == Field::kTo ? found_.to : found_.push_source) = value.text;
    return true;
  }

  Result<PushRequest> Finish() {
    for (Field needed : {Field::kSource, Field::kDf}) {
      auto index = static_cast<size_t>(needed);
      if (seen_[index]) continue;
      return Error(ErrorKind::kInvalid, "\"" + std::string(kFieldNames[index]) +
                                            "\" is missing: " + std::string(kWanted[index]))
          .Subject(std::string(kFieldNames[index]));
    }
    return std::move(found_);
  }

 private:
  bool FailType(const JsonScalar& found, error_code& ec) {
    if (depth_ == 0) {
      return Fail(Error(ErrorKind::kInvalid,
                        "the request body must be a JSON object, found " + found.Describe()),
                  ec);
    }
    auto index = static_cast<size_t>(field_);
    return Fail(WrongType(kFieldNames[index], kWanted[index], found), ec);
  }

  PushRequest found_;
  int depth_ = 0;
  Field field_ = Field::kUnknown;
  std::array<bool, kFieldNames.size()> seen_{};
};

/// A column of a push; no type where it is a time.
using ColumnTypes = std::map<std::string, std::optional<ValueType>, std::less<>>;

ColumnTypes TypesOf(const std::vector<const ViewSpec*>& views) {
  ColumnTypes types;
  // Times first: a source's time column is a time whatever else is called so.
  for (const ViewSpec* view : views) {
    const SourceSpec& source = view->batch_source;
    for (const std::string& time : {source.timestamp_field, source.created_timestamp_column}) {
      if (time.empty()) continue;
      types.try_emplace(time, std::nullopt);
      types.try_emplace(source.ColumnFor(time), std::nullopt);
    }
  }
  for (const ViewSpec* view : views) {
    auto add = [&](const std::string& name, ValueType type) {
      types.try_emplace(view->batch_source.ColumnFor(name), type);
      types.try_emplace(name, type);
    };
    for (const JoinKey& key : view->join_keys) add(key.name, key.type);
    for (const RowColumn& feature : view->features) add(feature.name, feature.type);
  }
  return types;
}

/// The second pass, over a body known to be well formed: the rows.
class RowsHandler : public JsonHandler<RowsHandler> {
 public:
  RowsHandler(std::string_view body, Arena* arena, const ColumnTypes& types)
      : JsonHandler(body, arena), types_(types) {}

  bool OnKey(std::string_view name, error_code& ec) {
    if (depth_ == 1) in_df_ = FieldOf(name) == Field::kDf;
    if (depth_ != 2 || !in_df_) return true;
    names_.push_back(name);
    builder_ = nullptr;
    auto type = types_.find(name);
    if (type == types_.end()) return true;
    Result<JsonColumnBuilder> made = type->second
                                         ? JsonColumnBuilder::Make(type->first, *type->second)
                                         : JsonColumnBuilder::MakeTime(type->first);
    if (!made.ok()) return Fail(made.status(), ec);
    builders_.push_back(std::make_unique<JsonColumnBuilder>(std::move(*made)));
    builder_ = builders_.back().get();
    return true;
  }

  bool OnBegin(bool is_list, error_code& ec) {
    JsonScalar mark;
    mark.kind = is_list ? Kind::kList : Kind::kObject;
    if (in_df_ && depth_ == 2 && !is_list) return FailNotList(mark, ec);
    ++depth_;
    if (!building() || depth_ == 3) return true;
    // Within a column: a list as a value, or something no column takes.
    return Take(is_list ? builder_->BeginList() : builder_->Refuse("an object"), ec);
  }

  bool OnEnd(bool is_list, error_code& ec) {
    bool value_ends = building() && depth_ > 3 && is_list;
    --depth_;
    return !value_ends || Take(builder_->EndList(), ec);
  }

  bool OnScalar(const JsonScalar& value, error_code& ec) {
    if (in_df_ && depth_ == 2) return FailNotList(value, ec);
    return !building() || Take(Append(value), ec);
  }

  /// Null without rows.
  Result<std::shared_ptr<arrow::RecordBatch>> Finish() {
    ARROW_RETURN_NOT_OK(CheckUniqueNames(names_, "df"));
    int64_t rows = builders_.empty() ? 0 : builders_.front()->rows();
    std::vector<std::shared_ptr<arrow::Field>> fields;
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    for (const auto& builder : builders_) {
      if (builder->rows() != rows) {
        return Error(ErrorKind::kInvalid,
                     "the columns of \"df\" differ in length: \"" + builders_.front()->column() +
                         "\" has " + std::to_string(rows) + " values, \"" + builder->column() +
                         "\" has " + std::to_string(builder->rows()))
            .Subject(builder->column());
      }
      std::string name = builder->column();
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> array, builder->Finish());
      fields.push_back(arrow::field(std::move(name), array->type()));
      arrays.push_back(std::move(array));
    }
    if (rows == 0) return nullptr;
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(arrays));
  }

 private:
  bool building() const { return in_df_ && depth_ >= 3 && builder_; }

  bool Take(Status status, error_code& ec) { return status.ok() || Fail(std::move(status), ec); }

  Status Append(const JsonScalar& value) {
    switch (value.kind) {
      case Kind::kNull:
        return builder_->AppendNull();
      case Kind::kBool:
        return builder_->AppendBool(value.boolean);
      case Kind::kInt:
        return builder_->AppendInt(value.integer);
      case Kind::kUint:
        return builder_->AppendUint(value.unsigned_integer);
      case Kind::kDouble:
        return builder_->AppendDouble(value.number);
      case Kind::kString:
        return builder_->AppendString(value.text);
      case Kind::kList:
      case Kind::kObject:
        break;
    }
    return builder_->Refuse(value.Describe());
  }

  bool FailNotList(const JsonScalar& found, error_code& ec) {
    return Fail(
        WrongType("df." + std::string(names_.back()), "a list with a value for each row", found),
        ec);
  }

  const ColumnTypes& types_;
  int depth_ = 0;
  bool in_df_ = false;
  std::vector<std::string_view> names_;
  std::vector<std::unique_ptr<JsonColumnBuilder>> builders_;
  JsonColumnBuilder* builder_ = nullptr;  // of the column now read; null where nothing needs it
};

}  // namespace

Result<PushRequest> ParsePushRequest(std::string_view body) {
  Arena arena(4096);
  boost::json::basic_parser<FieldsHandler> parser(boost::json::parse_options{}, body, &arena);
  ARROW_RETURN_NOT_OK(ParseJson(body, &parser));
  return parser.handler().Finish();
}

Result<std::shared_ptr<arrow::RecordBatch>> ParsePushRows(
    std::string_view body, const std::vector<const ViewSpec*>& views) {
  Arena arena(4096);
  ColumnTypes types = TypesOf(views);
  boost::json::basic_parser<RowsHandler> parser(boost::json::parse_options{}, body, &arena, types);
  ARROW_RETURN_NOT_OK(ParseJson(body, &parser));
  return parser.handler().Finish();
}

}  // namespace featly
