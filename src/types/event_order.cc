#include "types/event_order.h"

namespace featly {

Timestamp OldestVisible(Timestamp asked, Duration ttl) {
  return ttl.micros <= 0 ? Timestamp::Min() : SaturatingSubtract(asked, ttl);
}

bool IsVisible(Timestamp event, Timestamp asked, Duration ttl) {
  return event <= asked && event >= OldestVisible(asked, ttl);
}

}  // namespace featly
