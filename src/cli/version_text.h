// What is said of the version: by `featly version`, --version and the doctor.
#pragma once

#include <string>

namespace featly::cli {

/// "featly 0.1.0\n".
std::string VersionLine();

/// "0.1.0".
std::string Version();

}  // namespace featly::cli
