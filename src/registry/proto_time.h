// Points in time in the registry's messages.
#pragma once

#include <cstdint>

#include <google/protobuf/timestamp.pb.h>

#include "base/time.h"

namespace featly {

/// Nanoseconds below a microsecond are cut.
inline Timestamp FromProto(const google::protobuf::Timestamp& time) {
  return {time.seconds() * 1000000 + time.nanos() / 1000};
}

/// With nanos in [0, 10^9) also before 1970, as protobuf wants it.
inline void ToProto(Timestamp time, google::protobuf::Timestamp* proto) {
  int64_t seconds = time.micros / 1000000;
  int64_t micros = time.micros % 1000000;
  if (micros < 0) {
    --seconds;
    micros += 1000000;
  }
  proto->set_seconds(seconds);
  proto->set_nanos(static_cast<int32_t>(micros * 1000));
}

}  // namespace featly
