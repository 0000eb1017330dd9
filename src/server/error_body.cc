#include "server/error_body.h"

#include "types/json_value.h"

namespace featly {
namespace {

void AppendText(std::string_view name, std::string_view text, std::string* out) {
  if (text.empty()) return;
  out->append(",\"").append(name).append("\":");
  AppendJsonString(text, out);
}

void AppendNumber(std::string_view name, int number, std::string* out) {
  if (!number) return;
  out->append(",\"").append(name).append("\":").append(std::to_string(number));
}

}  // namespace

int HttpStatusOf(const Status& status) { return InfoOf(KindOf(status)).http_status; }

void AppendErrorBody(const Status& status, int status_code, std::string* out) {
  out->append("{\"error\":");
  AppendJsonString(status.message(), out);
  AppendText("kind", InfoOf(KindOf(status)).name, out);
  AppendNumber("status_code", status_code, out);
  if (const ErrorDetail* detail = DetailOf(status)) {
    AppendText("subject", detail->subject, out);
    if (!detail->near_names.empty()) {
      out->append(",\"near\":[");
      for (size_t i = 0; i < detail->near_names.size(); ++i) {
        if (i) out->push_back(',');
        AppendJsonString(detail->near_names[i], out);
      }
      out->push_back(']');
    }
    AppendText("file", detail->file, out);
    AppendNumber("line", detail->line, out);
    AppendNumber("column", detail->column, out);
    if (!detail->cause.ok()) AppendText("cause", FormatForPeople(detail->cause), out);
  }
  out->push_back('}');
}

}  // namespace featly
