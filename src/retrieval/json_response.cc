#include "retrieval/json_response.h"

#include <cstring>

#include "types/json_value.h"

namespace featly {
namespace {

constexpr std::string_view kNoTime = "\"1970-01-01T00:00:00Z\"";

/// A copy of a part of `out` at its end. Its own function because appending a string's own bytes
/// while it grows is easy to get wrong.
void AppendCopy(size_t begin, size_t end, std::string* out) {
  size_t at = out->size();
  out->resize(at + (end - begin));
  std::memcpy(out->data() + at, out->data() + begin, end - begin);
}

void AppendRepeated(std::string_view item, size_t count, std::string* out) {
  for (size_t i = 0; i < count; ++i) {
    if (i) out->push_back(',');
    out->append(item);
  }
}

void AppendTime(int64_t micros, std::string* out) {
  char text[kMaxTimestampChars];
  out->push_back('"');
  out->append(text, FormatTimestampTo(Timestamp{micros}, text));
  out->push_back('"');
}

void AppendKeyValue(const KeyValue& value, ValueType type, std::string* out) {
  switch (type) {
    case ValueType::kString:
      AppendJsonString(value.bytes, out);
      return;
    case ValueType::kBytes:
      AppendJsonBase64(value.bytes, out);
      return;
    default:
      AppendJsonInt(value.integer, out);
  }
}

void AppendKeyColumn(const EchoedColumn& key, size_t rows, std::string* out) {
  out->append("{\"values\":[");
  if (!key.column) out->append(key.json);
  for (size_t row = 0; key.column && row < rows; ++row) {
    if (row) out->push_back(',');
    AppendKeyValue(key.column->values[row], key.type, out);
  }
  out->append("],\"statuses\":[");
  AppendRepeated("\"PRESENT\"", rows, out);
  out->append("],\"event_timestamps\":[");
  AppendRepeated(kNoTime, rows, out);
  out->append("]}");
}

/// Closes the values and writes the statuses, up to their closing bracket.
void AppendStatuses(const Lookup& lookup, const PlannedFeature& feature, std::string* out) {
  out->append("],\"statuses\":[");
  for (size_t row = 0; row < lookup.rows(); ++row) {
    if (row) out->push_back(',');
    out->push_back('"');
    out->append(FieldStatusName(Lookup::StatusOf(feature, lookup.cell(feature.view, row))));
    out->push_back('"');
  }
}

void AppendTimes(const Lookup& lookup, const PlannedFeature& feature, std::string* out) {
  out->append("],\"event_timestamps\":[");
  int64_t last = 0;  // rows of one request often share their event time: format it once
  size_t last_begin = 0;
  size_t last_end = 0;
  for (size_t row = 0; row < lookup.rows(); ++row) {
    if (row) out->push_back(',');
    const Lookup::Cell& cell = lookup.cell(feature.view, row);
    if (!cell.row.present() || Lookup::ColumnIn(feature, cell) < 0) {
      out->append(kNoTime);
      continue;
    }
    int64_t micros = cell.row.order().event_micros;
    if (last_end && micros == last) {
      AppendCopy(last_begin, last_end, out);
      continue;
    }
    last = micros;
    last_begin = out->size();
    AppendTime(micros, out);
    last_end = out->size();
  }
  out->append("]}");
}

}  // namespace

void LookupJsonWriter::AppendFeature(const Lookup& lookup, const PlannedFeature& feature,
                                     std::string* out) {
  bool any_null = false;     // a status differs from the view's other features
  bool any_missing = false;  // so does an event time
  out->append("{\"values\":[");
  for (size_t row = 0; row < lookup.rows(); ++row) {
    if (row) out->push_back(',');
    const Lookup::Cell& cell = lookup.cell(feature.view, row);
    if (!cell.row.present()) {
      out->append("null");
      continue;
    }
    int column = Lookup::ColumnIn(feature, cell);
    if (column < 0) {
      any_missing = true;
      out->append("null");
    } else if (cell.outside_max_age) {
      out->append("null");
    } else if (cell.row.IsNull(static_cast<uint32_t>(column))) {
      any_null = true;
      out->append("null");
    } else {
      AppendJsonValue(*cell.layout, static_cast<uint32_t>(column), cell.row, out);
    }
  }
  Tail& shared = tails_[feature.view];
  if (!any_null && !any_missing && shared.end) {
    AppendCopy(shared.begin, shared.end, out);
    return;
  }
  Tail tail;
  tail.begin = out->size();
  AppendStatuses(lookup, feature, out);
  tail.times = out->size();
  if (!any_missing && shared.end) {
    AppendCopy(shared.times, shared.end, out);
  } else {
    AppendTimes(lookup, feature, out);
  }
  tail.end = out->size();
  if (!any_null && !any_missing) shared = tail;
}

void LookupJsonWriter::Append(const Lookup& lookup, const std::vector<EchoedColumn>& keys,
                              bool with_views, std::string* out) {
  const RetrievalPlan& plan = lookup.plan();
  tails_.assign(plan.views.size(), Tail{});
  out->append("{\"results\":[");
  bool first = true;
  for (const EchoedColumn& key : keys) {
    if (!first) out->push_back(',');
    first = false;
    AppendKeyColumn(key, lookup.rows(), out);
  }
  for (const PlannedFeature& feature : plan.features) {
    if (!first) out->push_back(',');
    first = false;
    AppendFeature(lookup, feature, out);
  }
  out->append("],\"metadata\":{\"feature_names\":[");
  for (const EchoedColumn& key : keys) {
    AppendJsonString(key.name, out);
    out->push_back(',');
  }
  out->append(plan.feature_names_json);
  out->push_back(']');
  if (with_views) {
    out->append(",\"feature_view_metadata\":[");
    out->append(plan.view_metadata_json);
    out->push_back(']');
  }
  out->append("}}");
}

}  // namespace featly
