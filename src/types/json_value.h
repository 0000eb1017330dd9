// Values in JSON, exactly as Feast's server writes them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "types/row.h"
#include "types/value_type.h"

namespace featly {

/// Appends a double as Python's repr has it: shortest digits that read back the same, fixed form
/// for 1e-4 <= |x| < 1e16 with at least ".0", else d.ddde+XX; -0.0 kept; NaN and the infinities as
/// the strings "NaN", "Infinity", "-Infinity". A float32 is widened first (0.3f ->
/// 0.30000001192092896).
void AppendJsonDouble(double value, std::string* out);
/// The same on its own, for messages.
std::string JsonDouble(double value);
void AppendJsonInt(int64_t value, std::string* out);
/// Quoted and escaped; UTF-8 as it is, invalid UTF-8 as U+FFFD, controls as \u00XX or short forms.
void AppendJsonString(std::string_view text, std::string* out);
/// A string of standard base64 with padding.
void AppendJsonBase64(std::string_view bytes, std::string* out);
/// Column `column` of a present row, or `null`. Unix timestamps in whole seconds (floor). Messages
/// (IsMessage) are parsed for it; all else is written from the row's bytes.
void AppendJsonValue(const RowLayout& layout, uint32_t column, RowView row, std::string* out);

/// What JSON holds a value of a type that is no list, for messages: "an integer of 64 bits".
const char* JsonFormOf(ValueType type);

}  // namespace featly
