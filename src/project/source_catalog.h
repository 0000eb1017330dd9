// The sources of an apply, each opened once.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "offline/source.h"
#include "registry/snapshot.h"

namespace featly {

/// Opens sources on demand and keeps them, since many views often read one. One thread at a time;
/// lives for one apply.
class SourceCatalog {
 public:
  explicit SourceCatalog(std::string root) : root_(std::move(root)) {}

  /// The source of `spec`, open; borrowed from the catalog.
  Result<const Source*> Open(const SourceSpec& spec);

 private:
  std::string root_;
  std::map<std::string, std::unique_ptr<Source>> sources_;
};

}  // namespace featly
