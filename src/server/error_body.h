// An error as the server's one JSON object (docs/format/http.md, "Errors").
#pragma once

#include <string>

#include "base/error.h"

namespace featly {

/// The HTTP status of an error's kind. REQUIRES: !status.ok().
int HttpStatusOf(const Status& status);

/// Appends {"error":"<message>","kind":"not_found","status_code":404}, and where they are known
/// "subject", "near", "file", "line", "column", "cause". `status_code` is what is answered.
void AppendErrorBody(const Status& status, int status_code, std::string* out);

}  // namespace featly
