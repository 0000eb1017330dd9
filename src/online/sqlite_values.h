// How Feast keeps times and values in SQLite's columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "feast/types/Value.pb.h"
#include "online/sqlite_db.h"
#include "types/event_order.h"

namespace featly {

/// A stored time in microseconds: whole seconds as Feast 0.67 writes them, or ISO 8601 text as
/// older ones did; nullopt for anything else.
std::optional<int64_t> StoredMicros(const SqliteQuery& row, int column);

/// The event and created time in two columns; nullopt where the event time cannot be read. A null
/// created time is none.
std::optional<EventOrder> StoredOrder(const SqliteQuery& row, int event_column, int created_column);

/// A row's times as they will be stored: whole seconds.
EventOrder InSeconds(EventOrder order);

/// What Feast writes beside a value for people and filters.
struct ValueInWords {
  std::optional<std::string> text;  ///< value_text: Python's str(); none for bytes, lists, null.
  std::optional<double> number;     ///< value_num; none for texts.
};
ValueInWords DescribeValue(const feast::types::Value& value);

}  // namespace featly
