// feature_store.yaml. A file is a configuration, or an error with a message; nothing else.
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

#include "base/yaml.h"
#include "fuzz/require.h"
#include "project/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int file = memfd_create("feature_store.yaml", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto node = featly::YamlNode::Parse(text, "feature_store.yaml");
  if (!node.ok()) FEATLY_REQUIRE(!node.status().message().empty());

  FEATLY_REQUIRE(ftruncate(file, 0) == 0);
  FEATLY_REQUIRE(pwrite(file, data, size, 0) == static_cast<ssize_t>(size));
  auto config = featly::LoadConfig("/tmp", path);
  if (config.ok()) {
    FEATLY_REQUIRE(!config->project.empty());
  } else {
    FEATLY_REQUIRE(featly::DetailOf(config.status()) != nullptr);
  }
  return 0;
}
