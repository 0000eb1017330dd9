// A repository in a temporary folder, for the tests of this room.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "project/config.h"
#include "project/definitions.h"
#include "project/project.h"

namespace featly {

inline constexpr Timestamp kTestNow = Timestamp::FromSeconds(1'700'000'000);

/// Removed with everything in it at the end. One thread.
class TestRepository {
 public:
  TestRepository() {
    std::string name = testing::TempDir() + "featly-project-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TestRepository() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }

  void Write(const std::string& name, const std::string& text) {
    std::filesystem::path file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  std::unique_ptr<Project> Open() {
    Config config = LoadConfig(path_).ValueOrDie();
    return Project::Open(std::move(config), std::make_unique<FixedClock>(kTestNow)).ValueOrDie();
  }

 private:
  std::string path_;
};

/// A view of drivers over data/drivers.csv, as the SDK would hand it over. `ttl` as protobuf-JSON.
inline std::vector<Definition> DriverDefinitions(const std::string& view = "driver_stats",
                                                 const std::string& ttl = "3600s",
                                                 const std::string& features = "") {
  const std::string source =
      R"({"name":"drivers","type":"BATCH_FILE","timestampField":"event_timestamp",)"
      R"("fileOptions":{"uri":"data/drivers.csv"}})";
  return DefinitionsFromJson(
             R"([{"kind":"entity","file":"d.py","line":3,"json":{"spec":{"name":"driver",)"
             R"("joinKey":"driver_id"}}},)"
             R"({"kind":"data_source","file":"d.py","line":4,"json":)" +
             source +
             R"(},{"kind":"feature_view","file":"d.py","line":5,"json":{"spec":{"name":")" + view +
             R"(","entities":["driver"],"ttl":")" + ttl + R"(","online":true,"features":[)" +
             features + R"(],"batchSource":)" + source + "}}}]")
      .ValueOrDie();
}

inline constexpr const char* kDriverRows =
    "driver_id,event_timestamp,trips,rate\n"
    "1001,2023-11-14T20:00:00Z,7,0.5\n"
    "1002,2023-11-14T21:00:00Z,8,0.25\n";

}  // namespace featly
