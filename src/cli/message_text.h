// Registry objects as text.
#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/message.h>

#include "base/error.h"

namespace featly::cli {

/// The message in protobuf's JSON form, on several lines, ending in one.
Result<std::string> MessageAsJson(const google::protobuf::Message& message);

/// JSON (an object) as YAML, which is easier on the eye, laid out as Feast's describe prints it.
Result<std::string> JsonAsYaml(std::string_view json);

}  // namespace featly::cli
