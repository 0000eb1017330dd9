// The meanings of time that every engine and every store shares: one function each.
// docs/semantics.md says them in words, tests/oracle in naive code.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

#include "base/time.h"

namespace featly {

/// Created time of a row whose source has none, or where it is null: before every other.
inline constexpr int64_t kNoCreatedTime = std::numeric_limits<int64_t>::min();

/// The two times of a feature row; the order in which rows of one entity supersede each other. As
/// members in this order compare, "event time first, then created time with null first" is the
/// default order.
struct EventOrder {
  int64_t event_micros = 0;
  int64_t created_micros = kNoCreatedTime;

  constexpr auto operator<=>(const EventOrder&) const = default;
};

/// Where a row lies in its source: the tie-break after EventOrder. `file` is the index of the file
/// in the source's files sorted by path, `row` the row's number within the file.
struct SourcePosition {
  uint32_t file = 0;
  uint64_t row = 0;

  constexpr auto operator<=>(const SourcePosition&) const = default;
};

/// Whether an online write of `incoming` replaces what is `stored`: newest wins, and an equal pair
/// replaces, so that repeating a write is harmless and a correction with the same times takes
/// effect.
constexpr bool Replaces(EventOrder incoming, EventOrder stored) { return incoming >= stored; }

/// Whether a feature row of time `event` may answer a question asked at `asked`: not later than it,
/// and not older than the TTL. Both ends are inclusive; a TTL of zero (or less) is no limit.
bool IsVisible(Timestamp event, Timestamp asked, Duration ttl);

/// The oldest event time visible at `asked`: asked - ttl, Timestamp::Min() without a TTL.
Timestamp OldestVisible(Timestamp asked, Duration ttl);

/// Whether a feature row belongs to a materialize range: both ends are inclusive.
constexpr bool InRange(Timestamp event, Timestamp start, Timestamp end) {
  return start <= event && event <= end;
}

}  // namespace featly
