#include "cli/init_template.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>

#include "base/yaml.h"
#include "cli/example_files.h"

namespace featly::cli {

namespace {

constexpr int64_t kHour = int64_t{3600} * 1000000;
constexpr int kHistoryHours = 7 * 24;
constexpr int kFirstDriver = 1001;
constexpr int kDrivers = 5;

constexpr const char* kConfiguration =
    R"(# Where features are registered under. Another project may share the registry and the store.
project: %PROJECT%

# What is registered: one file, made by `featly apply`.
registry: data/registry.db

# Where lookups find the newest values: featly's embedded store, a folder made on first use.
online_store:
  type: lmdb
  path: data/online.lmdb

# featly's own settings, with their defaults.
# featly:
#   memory_limit: 512MB        # for sorting while materializing
#   threads: 4                 # one a core
#   server:
#     max_body_size: 64MB
#     max_lookup_values: 2500000
#     idle_timeout_seconds: 30
)";

constexpr const char* kDefinitions =
    R"("""What this repository's features are: read by `featly apply`."""

from datetime import timedelta

from featly import Entity, FeatureService, FeatureView, Field, FileSource
from featly.types import Float64, Int64

# Who or what features are about, and the column that says which one.
driver = Entity(name="driver", join_keys=["driver_id"], description="A driver of the fleet")

# Where the history of the features lies. The timestamp says since when a row was known.
driver_hourly = FileSource(
    name="driver_hourly",
    path="data/driver_hourly.csv",
    timestamp_field="event_timestamp",
)

# Features that come from one source and belong to one entity. Values older than the TTL are not
# used: not in training sets, not in lookups.
driver_stats = FeatureView(
    name="driver_stats",
    entities=[driver],
    ttl=timedelta(days=2),
    schema=[
        Field(name="trips", dtype=Int64),
        Field(name="conv_rate", dtype=Float64),
        Field(name="rating", dtype=Float64),
    ],
    source=driver_hourly,
    tags={"team": "drivers"},
)

# What one model uses, under one name for training and for serving.
driver_model = FeatureService(name="driver_model", features=[driver_stats])
)";

constexpr const char* kIgnored = "data/registry.db*\ndata/online.lmdb/\ntraining.*\n";

std::string Replaced(std::string text, const std::string& mark, const std::string& with) {
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
    text.replace(at, mark.size(), with);
    at += with.size();
  }
  return text;
}

/// The project's name as feature_store.yaml has it.
std::string ProjectScalar(const std::string& name) {
  return ReadsAsText(name) ? name : "\"" + name + "\"";
}

Timestamp HourBefore(Timestamp now, int hours) { return {(now.micros / kHour - hours) * kHour}; }

/// A number in [0, 1) that looks random and depends on the driver and the hour alone.
double Noise(int driver, int64_t hour, int salt) {
  uint64_t x = static_cast<uint64_t>(driver) * 0x9E3779B97F4A7C15u +
               static_cast<uint64_t>(hour) * 0xBF58476D1CE4E5B9u + static_cast<uint64_t>(salt);
  x ^= x >> 31;
  x *= 0x94D049BB133111EBu;
  x ^= x >> 29;
  return static_cast<double>(x >> 11) / static_cast<double>(uint64_t{1} << 53);
}

std::string DriverHistory(Timestamp now) {
  std::string text = "driver_id,event_timestamp,trips,conv_rate,rating\n";
  for (int back = kHistoryHours; back >= 1; --back) {
    Timestamp time = HourBefore(now, back);
    for (int driver = kFirstDriver; driver < kFirstDriver + kDrivers; ++driver) {
      int64_t hour = time.micros / kHour;
      char line[160];
      std::snprintf(line, sizeof line, "%d,%s,%d,%.4f,%.2f\n", driver,
                    FormatTimestamp(time).c_str(), static_cast<int>(Noise(driver, hour, 1) * 12),
                    Noise(driver, hour, 2), 3 + 2 * Noise(driver, hour, 3));
      text += line;
    }
  }
  return text;
}

std::string DriverOrders(Timestamp now) {
  std::string text = "driver_id,event_timestamp,completed\n";
  for (int i = 0; i < 40; ++i) {
    Timestamp time = HourBefore(now, 2 + i * 3);
    time.micros += kHour / 60 * (i * 7 % 60);
    int driver = kFirstDriver + i % kDrivers;
    text += std::to_string(driver) + ',' + FormatTimestamp(time) + ',' +
            (Noise(driver, i, 4) < 0.7 ? "1" : "0") + '\n';
  }
  return text;
}

using Files = std::vector<TemplateFile>;

TemplateFile Configuration(const TemplateRequest& request) {
  return {"feature_store.yaml",
          Replaced(kConfiguration, "%PROJECT%", ProjectScalar(request.project))};
}

Files MinimalFiles(const RepositoryTemplate&, const TemplateRequest& request) {
  return {Configuration(request)};
}

std::string NoSteps(const RepositoryTemplate&, const TemplateRequest&) { return ""; }

/// Definitions and data of a small fleet, the data reaching up to the hour before now, so that a
/// lookup finds it fresh.
Files LocalFiles(const RepositoryTemplate&, const TemplateRequest& request) {
  return {Configuration(request),
          {"definitions.py", kDefinitions},
          {"data/driver_hourly.csv", DriverHistory(request.now)},
          {"data/orders.csv", DriverOrders(request.now)},
          {".gitignore", kIgnored}};
}

/// `text` as one word of a POSIX shell.
std::string ShellWord(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("_./:=@%+,-").find(static_cast<char>(c)) != std::string_view::npos;
  });
  return plain ? text : "'" + Replaced(text, "'", "'\\''") + "'";
}

std::string LocalSteps(const RepositoryTemplate&, const TemplateRequest& request) {
  return "\nNext:\n"
         "  cd " +
         ShellWord(request.directory) +
         "\n"
         "  featly apply                          # register what definitions.py says\n"
         "  featly training-set --entities data/orders.csv --feature-service driver_model \\\n"
         "      --out training.parquet            # each order with what was known before it\n"
         "  featly materialize-incremental " +
         FormatTimestamp(HourBefore(request.now, 0)) +
         "   # load the newest values\n"
         "  featly get-online-features -e driver_id=1001 --feature-service driver_model\n"
         "  featly serve                          # the same over HTTP\n";
}

/// A folder of examples/, under the project's name.
Files ExampleTemplate(const RepositoryTemplate& self, const TemplateRequest& request) {
  Files files = {{".gitignore", "work/\n"}};
  for (const ExampleFile& file : ExampleFiles()) {
    // What the examples share lies beside them, and here within.
    if (file.example != self.name && !file.example.empty()) continue;
    if (file.path == ".gitignore") continue;
    std::string text = Replaced(std::string(file.text), "source ../", "source ./");
    if (file.path.ends_with("feature_store.yaml")) {
      text = Replaced(text, "\nproject: " + self.name + "\n",
                      "\nproject: " + ProjectScalar(request.project) + "\n");
    }
    files.push_back({std::string(file.path), std::move(text), file.executable});
  }
  return files;
}

std::string ExampleSteps(const RepositoryTemplate&, const TemplateRequest& request) {
  return "\nNext:\n"
         "  cd " +
         ShellWord(request.directory) +
         "\n"
         "  ./run.sh                              # from the data to a prediction, step by step\n"
         "README.md says what the steps are, what they need and where the data is from.\n";
}

// What else Feast's init knows.
constexpr std::string_view kFeastTemplates[] = {
    "gcp",       "aws",       "snowflake", "spark", "postgres", "hbase", "cassandra",
    "hazelcast", "couchbase", "milvus",    "ray",   "ray_rag",  "rag",   "pytorch_nlp"};

}  // namespace

const std::vector<RepositoryTemplate>& Templates() {
  static const std::vector<RepositoryTemplate> kTemplates = {
      {"local", "a fleet of drivers, data made up to now", LocalFiles, LocalSteps},
      {"minimal", "feature_store.yaml alone", MinimalFiles, NoSteps},
      {"taxi", "tips of New York taxi trips, recorded data", ExampleTemplate, ExampleSteps},
      {"titanic", "who survived: a table without times", ExampleTemplate, ExampleSteps},
  };
  return kTemplates;
}

std::vector<std::string> TemplateNames() {
  std::vector<std::string> names;
  for (const RepositoryTemplate& one : Templates()) names.push_back(one.name);
  return names;
}

Result<const RepositoryTemplate*> FindTemplate(const std::string& name) {
  std::string known;
  for (const RepositoryTemplate& one : Templates()) {
    if (one.name == name) return &one;
    known += known.empty() ? "" : ", ";
    known += one.name;
  }
  for (std::string_view feasts : kFeastTemplates) {
    if (feasts != name) continue;
    std::string message = "Feast's template '" + name;
    message.append("' is not built yet; this version has: ").append(known);
    return Error(ErrorKind::kNotImplemented, std::move(message)).Subject(name);
  }
  return Error(ErrorKind::kUsage, "there is no template '" + name + "'; there are: " + known)
      .Subject(name)
      .Near(NearNames(name, TemplateNames()));
}

}  // namespace featly::cli
