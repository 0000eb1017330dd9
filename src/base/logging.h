// What featly says on standard error while it works.
//
// One line an event: "2024-01-02T03:04:05.678Z info message". Line breaks and control characters in
// a message are escaped, so that text from outside cannot forge a line. Secrets are never logged:
// whoever holds one logs where it came from instead.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace featly {

enum class LogLevel : uint8_t { kDebug = 0, kInfo, kWarning, kError, kOff };

/// "debug", "info", "warning", "error" or "off"; kUsage with near names for anything else.
Result<LogLevel> ParseLogLevel(std::string_view name);

/// Messages below `level` are dropped. At first: kWarning. Any thread.
void SetLogLevel(LogLevel level);

/// Whether a message of `level` would be written: ask before building a costly one.
bool LogEnabled(LogLevel level);

/// Writes one line. Any thread; lines of several threads do not mix. Never fails.
void Log(LogLevel level, std::string_view message);

}  // namespace featly
