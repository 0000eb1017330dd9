// Values that Feast keeps as text: UUIDs, decimals and JSON, each checked and in one form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "types/value_type.h"

namespace featly {

/// A UUID as Python's str(uuid.UUID(text)) has it: 36 lower-case characters. Takes what Python
/// takes of it: any case, without hyphens, in braces, after "urn:uuid:". nullopt for other text.
std::optional<std::string> UuidText(std::string_view text);
/// The same of the 16 bytes. REQUIRES: bytes.size() == 16.
std::string UuidOfBytes(std::string_view bytes);

/// True for a decimal number as Python's decimal.Decimal reads one: digits with an optional sign,
/// point and exponent, or an infinity ("Infinity"). Its text is kept as it is, trailing zeros too.
bool IsDecimalText(std::string_view text);
/// True for a decimal's NaN, which is null.
bool IsDecimalNan(std::string_view text);
/// digits * 10^-scale as Python's str(Decimal) prints it: 150 at scale 2 is "1.50", 1 at scale 8
/// "1E-8". `digits` is an optional minus and decimal digits.
std::string DecimalText(std::string_view digits, int32_t scale);

/// True for exactly one JSON value (RFC 8259), at most kMaxJsonDepth levels deep.
bool IsJsonText(std::string_view text);

/// `text` as a value of a text kind (kUuid, kTimeUuid, kDecimal, kJson) has it; nullopt where it is
/// none. "" is none of them. `type` may be kString, which every text is.
std::optional<std::string> TextAs(std::string_view text, ValueType type);
/// What TextAs takes, for messages: "a UUID".
const char* TextKind(ValueType type);

}  // namespace featly
