// The files of the repository that `featly init` makes.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"

namespace featly::cli {

struct TemplateFile {
  std::string path;  ///< Relative to the repository.
  std::string text;
};

/// The configuration alone where `minimal`; else definitions and data too, the data reaching up to
/// the hour before `now`, so that a lookup finds them fresh. The same for the same arguments.
std::vector<TemplateFile> RepositoryTemplate(const std::string& project, bool minimal,
                                             Timestamp now);

/// What to type next, for people.
std::string NextSteps(const std::string& directory, Timestamp now);

}  // namespace featly::cli
