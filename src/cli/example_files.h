// The files of examples/, which the program carries for `featly init --template`.
#pragma once

#include <string_view>
#include <vector>

namespace featly::cli {

struct ExampleFile {
  std::string_view example;  ///< "taxi"; empty for what they share.
  std::string_view path;     ///< Within the example's folder.
  std::string_view text;     ///< Its bytes.
  bool executable = false;
};

/// Every file of the examples that CMakeLists.txt names, by example and path. Defined by
/// cmake/FeatlyExamples.cmake.
const std::vector<ExampleFile>& ExampleFiles();

}  // namespace featly::cli
