#include "server/rows_request.h"

#include <array>
#include <map>
#include <optional>

#include <arrow/api.h>

#include "server/json_sax.h"
#include "types/json_parse.h"

namespace featly {
namespace {

using Kind = JsonScalar::Kind;

constexpr JsonField kDfField = {"df", "an object of lists: {\"driver_id\": [1001], ...}"};

/// In the order of FieldsHandler's enum.
template <RowsTarget target>
constexpr auto FieldsFor() {
  constexpr JsonField kCache = {"allow_registry_cache", "true or false"};
  constexpr JsonField kTransform = {"transform_on_write", "true or false"};
  if constexpr (target == RowsTarget::kPushSource) {
    return std::array<JsonField, 5>{{{"push_source_name", "the name of a push source"},
                                     kDfField,
                                     kCache,
                                     kTransform,
                                     {"to", "\"online\", \"offline\" or \"online_and_offline\""}}};
  } else {
    return std::array<JsonField, 4>{
        {{"feature_view_name", "the name of a feature view"}, kDfField, kCache, kTransform}};
  }
}

/// The first pass: the fields of the top level.
template <RowsTarget target>
class FieldsHandler : public JsonHandler<FieldsHandler<target>> {
 public:
  using Base = JsonHandler<FieldsHandler<target>>;
  using typename Base::error_code;
  enum : size_t { kTarget, kDf, kAllowCache, kTransform, kTo };
  static constexpr auto kFields = FieldsFor<target>();

  FieldsHandler(std::string_view body, JsonMemory* memory) : Base(body, memory) {}

  bool OnKey(std::string_view /*name*/, error_code& /*ec*/) { return true; }

  bool OnBegin(bool is_list, error_code& ec) {
    bool taken = this->depth() > 1 || (this->field() == kDf && !is_list);
    return taken || this->FailField(this->Mark(is_list), ec);
  }

  bool OnEnd(bool /*is_list*/, error_code& /*ec*/) { return true; }

  bool OnScalar(const JsonScalar& value, error_code& ec) {
    if (this->depth() > 1) return true;
    bool is_text = this->field() == kTarget || this->field() == kTo;
    if (this->field() == kDf || value.kind != (is_text ? Kind::kString : Kind::kBool)) {
      return this->FailField(value, ec);
    }
    if (is_text) (this->field() == kTo ? found_.to : found_.target) = value.text;
    return true;
  }

  Result<RowsRequest> Finish() {
    ARROW_RETURN_NOT_OK(this->Require({kTarget, kDf}));
    return std::move(found_);
  }

 private:
  RowsRequest found_;
};

template <RowsTarget target>
Result<RowsRequest> ParseFields(std::string_view body) {
  JsonMemory memory;
  boost::json::basic_parser<FieldsHandler<target>> parser(boost::json::parse_options{}, body,
                                                          &memory);
  ARROW_RETURN_NOT_OK(ParseJson(body, &parser));
  return parser.handler().Finish();
}

/// A column of the rows; no type where it is a time.
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
  static constexpr std::array<JsonField, 1> kFields = {kDfField};

  RowsHandler(std::string_view body, JsonMemory* memory, const ColumnTypes& types)
      : JsonHandler(body, memory), types_(types) {}

  bool OnKey(std::string_view name, error_code& ec) {
    if (depth() > 3 && building()) return Take(builder_->Key(name), ec);
    if (depth() != 2) return true;
    name_ = name;
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
    if (depth() == 2 && !is_list) return FailNotList(Mark(is_list), ec);
    if (!building()) return true;
    return Take(is_list ? builder_->BeginList() : builder_->BeginObject(), ec);
  }

  bool OnEnd(bool is_list, error_code& ec) {
    return !building() || Take(is_list ? builder_->EndList() : builder_->EndObject(), ec);
  }

  bool OnScalar(const JsonScalar& value, error_code& ec) {
    if (depth() == 2) return FailNotList(value, ec);
    return !building() || Take(Append(value), ec);
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Finish() {
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
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(arrays));
  }

 private:
  bool building() const { return depth() >= 3 && builder_; }

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
        WrongJsonType("df." + std::string(name_), "a list with a value for each row", found), ec);
  }

  const ColumnTypes& types_;
  std::string_view name_;  // of the column now read
  std::vector<std::unique_ptr<JsonColumnBuilder>> builders_;
  JsonColumnBuilder* builder_ = nullptr;  // its builder; null where nothing needs it
};

}  // namespace

Result<RowsRequest> ParseRowsRequest(std::string_view body, RowsTarget target) {
  return target == RowsTarget::kPushSource ? ParseFields<RowsTarget::kPushSource>(body)
                                           : ParseFields<RowsTarget::kFeatureView>(body);
}

Result<std::shared_ptr<arrow::RecordBatch>> ParseRows(std::string_view body,
                                                      const std::vector<const ViewSpec*>& views) {
  JsonMemory memory;
  ColumnTypes types = TypesOf(views);
  boost::json::basic_parser<RowsHandler> parser(boost::json::parse_options{}, body, &memory, types);
  ARROW_RETURN_NOT_OK(ParseJson(body, &parser));
  return parser.handler().Finish();
}

}  // namespace featly
