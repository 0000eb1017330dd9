#include "types/zoned_time.h"

#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include <arrow/vendored/datetime.h>

#include "base/time.h"
#include "types/exact.h"

namespace featly {
namespace {

constexpr int64_t kMicrosASecond = 1000000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Seconds east of UTC of "+05:30", "-0700"; nullopt for other text.
std::optional<int32_t> OffsetSeconds(std::string_view text) {
  if (text.size() == 6 && text[3] == ':') {
    return OffsetSeconds(std::string(text.substr(0, 3)) + std::string(text.substr(4)));
  }
  if (text.size() != 5 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  for (size_t i = 1; i < 5; ++i) {
    if (!IsDigit(text[i])) return std::nullopt;
  }
  const int hours = (text[1] - '0') * 10 + (text[2] - '0');
  const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
  const int seconds = hours * 3600 + minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

// Seconds east of UTC at a moment in a zone.
int32_t OffsetAt(std::string_view zone, int64_t seconds) {
  if (zone.empty() || zone == "UTC" || zone == "GMT") return 0;
  std::string_view offset = zone;
  if (offset.starts_with("UTC") || offset.starts_with("GMT")) offset.remove_prefix(3);
  if (const auto fixed = OffsetSeconds(offset)) return *fixed;
  try {
    const arrow_vendored::date::sys_seconds moment{std::chrono::seconds(seconds)};
    const auto info = arrow_vendored::date::locate_zone(zone)->get_info(moment);
    return static_cast<int32_t>(info.offset.count());
  } catch (const std::runtime_error&) {
    return 0;  // a name this machine does not know: UTC, as docs/semantics.md says
  }
}

}  // namespace

std::string EncodeZonedTime(ZonedTime time) {
  std::string bytes(sizeof(time.micros), '\0');
  std::memcpy(bytes.data(), &time.micros, sizeof(time.micros));
  return bytes.append(time.zone);
}

std::optional<ZonedTime> DecodeZonedTime(std::string_view bytes) {
  ZonedTime time;
  if (bytes.size() < sizeof(time.micros)) return std::nullopt;
  std::memcpy(&time.micros, bytes.data(), sizeof(time.micros));
  time.zone = bytes.substr(sizeof(time.micros));
  return time;
}

std::optional<int64_t> ParseZonedTime(std::string_view text, std::string* zone) {
  std::string_view name;
  if (text.ends_with(']')) {
    const size_t open = text.find('[');
    if (open == std::string_view::npos) return std::nullopt;
    name = text.substr(open + 1, text.size() - open - 2);
    text = text.substr(0, open);
    if (name.empty()) return std::nullopt;
  }
  const auto time = ParseTimestamp(text);
  if (!time.ok()) return std::nullopt;
  zone->clear();
  const size_t sign = text.find_first_of(
      "+-", text.find(':') == std::string_view::npos ? text.size() : text.find(':'));
  if (!name.empty()) {
    zone->assign(name);
  } else if (text.ends_with('Z') || text.ends_with('z')) {
    zone->assign("UTC");
  } else if (sign != std::string_view::npos) {
    const std::optional<int32_t> offset = OffsetSeconds(text.substr(sign));
    if (!offset) return std::nullopt;
    // As Python names an offset: nothing is added to UTC itself.
    if (*offset == 0) {
      zone->assign("UTC");
    } else {
      char buffer[16];
      const int minutes = (*offset < 0 ? -*offset : *offset) / 60;
      std::snprintf(buffer, sizeof(buffer), "UTC%c%02d:%02d", *offset < 0 ? '-' : '+', minutes / 60,
                    minutes % 60);
      zone->assign(buffer);
    }
  }
  return time->micros + (HasDigitsPastMicros(text) ? 1 : 0);
}

void AppendZonedTime(ZonedTime time, std::string* out) {
  const int64_t seconds = MicrosToSeconds(time.micros);
  const int32_t offset = OffsetAt(time.zone, seconds);
  char text[kMaxTimestampChars];
  const size_t size = FormatTimestampTo(
      SaturatingAdd(Timestamp{seconds * kMicrosASecond}, Duration::Seconds(offset)), text);
  out->append(text, size - 1);  // without the Z
  char buffer[16];
  const int32_t east = offset < 0 ? -offset : offset;
  // Python adds the seconds where an old local time has some.
  if (east % 60 == 0) {
    std::snprintf(buffer, sizeof(buffer), "%c%02d:%02d", offset < 0 ? '-' : '+', east / 3600,
                  east / 60 % 60);
  } else {
    std::snprintf(buffer, sizeof(buffer), "%c%02d:%02d:%02d", offset < 0 ? '-' : '+', east / 3600,
                  east / 60 % 60, east % 60);
  }
  out->append(buffer);
}

}  // namespace featly
