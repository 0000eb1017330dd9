// Registry objects as text.
#pragma once

#include <string>

#include <google/protobuf/message.h>

#include "base/error.h"

namespace featly::cli {

/// The message in protobuf's JSON form, on several lines, ending in one.
Result<std::string> MessageAsJson(const google::protobuf::Message& message);

/// The same as YAML, which is easier on the eye.
Result<std::string> MessageAsYaml(const google::protobuf::Message& message);

}  // namespace featly::cli
