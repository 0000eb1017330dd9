// What several stores check and say in the same words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "online/online_store.h"

namespace featly {

/// "'driver_id' INT64, 'city' STRING"; "none" without keys.
std::string DescribeKeys(const std::vector<JoinKey>& keys);

/// kConflict: a view is stored under other join keys, described as above, than asked for.
Error JoinKeysDiffer(const OnlineViewSchema& asked, std::string_view stored);

/// kConflict: the view of a handle was dropped since it was bound.
Error ViewWasDropped(const OnlineViewSchema& view);

/// The presence of a store's file by its path, and by what it was when it was opened.
Result<StorePresence> PresenceOf(const std::string& path, const FileFingerprint& opened);

/// kUnavailable where the store's file was deleted, or replaced by another, since it was opened;
/// `store` is what messages name.
Status CheckPresence(StorePresence presence, const std::string& store);

/// Whether `row` can be a feature row of this version: its header is there and its format is known.
inline bool LooksLikeRow(std::string_view row) {
  return row.size() >= kRowHeaderSize && static_cast<uint8_t>(row[0]) == kRowFormat;
}

/// OK where every row is one of the layout it is to be written in; kInternal else.
Status CheckLayout(const WriteRequest& request);

}  // namespace featly
