// The repositories that `featly init` makes.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"

namespace featly::cli {

struct TemplateFile {
  std::string path;  ///< Relative to the folder.
  std::string text;
  bool executable = false;
};

/// What a template is filled in with.
struct TemplateRequest {
  std::string project;    ///< The name to register features under.
  std::string directory;  ///< The folder, as the user named it.
  Timestamp now;
};

/// One value of --template. The same for the same request.
struct RepositoryTemplate {
  std::string name;
  std::string help;
  std::vector<TemplateFile> (*files)(const RepositoryTemplate& self,
                                     const TemplateRequest& request);
  /// What to type next, for people; may be empty.
  std::string (*next_steps)(const RepositoryTemplate& self, const TemplateRequest& request);
};

/// Adding one is a line of it (init_template.cc).
const std::vector<RepositoryTemplate>& Templates();
std::vector<std::string> TemplateNames();

/// The template, or kNotImplemented for those that only Feast has, kUsage with near names.
Result<const RepositoryTemplate*> FindTemplate(const std::string& name);

}  // namespace featly::cli
