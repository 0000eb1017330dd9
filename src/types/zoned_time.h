// Moments that keep the time zone they were given in (ZONED_TIMESTAMP).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace featly {

/// A moment and its zone: an IANA name ("Europe/Paris"), an offset as Python names it
/// ("UTC-07:00"), "UTC", or "" where none was given, which is UTC.
struct ZonedTime {
  int64_t micros = 0;
  std::string_view zone;
};

/// A zoned time as rows and Arrow carry it: int64 microseconds since 1970 UTC, little-endian, then
/// the zone's name.
std::string EncodeZonedTime(ZonedTime time);
/// Borrows `bytes`. nullopt where they are too short.
std::optional<ZonedTime> DecodeZonedTime(std::string_view bytes);

/// ISO 8601 text with an offset ("2024-01-02T03:04:05-07:00", "...Z"), without one, or with a name
/// in brackets after it ("...+01:00[Europe/Paris]"); `zone` is made of them and kept by the caller.
/// nullopt for other text and for a name that is not in brackets.
std::optional<int64_t> ParseZonedTime(std::string_view text, std::string* zone);

/// Appends a zoned time as Feast's server prints it: whole seconds (towards the past) in the zone's
/// wall time with its offset. A zone that this machine does not know is UTC, as in Feast. Cost: a
/// name is looked up among the machine's zones at each call.
void AppendZonedTime(ZonedTime time, std::string* out);

}  // namespace featly
