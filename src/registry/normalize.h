// What of an object its definition says: the rest is bookkeeping of Feast's or of ours.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "registry/diff.h"

namespace featly {

/// A copy of `object` without bookkeeping (meta, projects, class names, copies of a view's source
/// inside services, pickled functions whose text is there) and with Feast's defaults written one
/// way. Two objects that mean the same have equal copies, but for the order of features.
std::unique_ptr<google::protobuf::Message> DefinitionOnly(const google::protobuf::Message& object);

/// Which fields differ between two results of DefinitionOnly, one text each ("ttl: 3600s -> 7200s",
/// "features.trips: added"), in the order of the message; empty where they mean the same.
std::vector<std::string> DescribeDifferences(const google::protobuf::Message& before,
                                             const google::protobuf::Message& after);

/// Whether a view's features, keys or functions differ, which makes a new version of it in Feast's
/// sense: settings such as the ttl and where its source lies do not. For two results of
/// DefinitionOnly.
bool SchemaDiffers(const google::protobuf::Message& before, const google::protobuf::Message& after);

/// Whether a view's rows come from elsewhere: its sources differ in more than name, description,
/// tags and owner. For two results of DefinitionOnly.
bool SourceDiffers(const google::protobuf::Message& before, const google::protobuf::Message& after);

}  // namespace featly
