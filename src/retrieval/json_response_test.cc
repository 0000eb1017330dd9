#include "retrieval/json_response.h"

#include <cstdlib>
#include <new>

#include "retrieval/retrieval_test_util.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(FEATLY_TSAN)
#define FEATLY_COUNT_ALLOCATIONS 1
namespace {
thread_local size_t allocations = 0;
}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size ? size : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
#endif

namespace featly::testing {
namespace {

class JsonResponseTest : public RetrievalTest {
 protected:
  std::string Json(const Lookup& lookup, bool with_views = false) {
    std::string out;
    writer_.Append(lookup, {{"driver_id", keys_.data(), ValueType::kInt64}}, with_views, &out);
    return out;
  }

  LookupJsonWriter writer_;
};

constexpr const char* kKeys =
    R"({"results":[{"values":[1,2,3],"statuses":["PRESENT","PRESENT","PRESENT"],)"
    R"("event_timestamps":["1970-01-01T00:00:00Z","1970-01-01T00:00:00Z","1970-01-01T00:00:00Z"]},)";

TEST_F(JsonResponseTest, AsFeastWritesIt) {
  Write("stats", 1, {"9007199254740993", "0.3", "\"Z\\\"ürich\""}, 10 * kHour + 250000);
  Write("stats", 2, {"-1", "null", "\"Bern\""}, 10 * kHour);
  auto plan = Must(Plan({"stats:trips", "stats:rate", "stats:city"}));
  Lookup lookup;
  Run(&lookup, plan, {1, 2, 3}, 10 * kHour);
  std::string times =
      R"("event_timestamps":["1970-01-01T10:00:00.250Z","1970-01-01T10:00:00Z","1970-01-01T00:00:00Z"]})";
  std::string present = R"("statuses":["PRESENT","PRESENT","NOT_FOUND"],)";
  EXPECT_EQ(Json(lookup),
            kKeys + std::string(R"({"values":[9007199254740993,-1,null],)") + present + times +
                R"(,{"values":[0.3,null,null],"statuses":["PRESENT","NULL_VALUE","NOT_FOUND"],)" +
                times + R"(,{"values":["Z\"ürich","Bern",null],)" + present + times +
                R"(],"metadata":{"feature_names":["driver_id","trips","rate","city"]}})");
}

TEST_F(JsonResponseTest, ANullFirstDoesNotSpoilTheOthers) {
  Write("stats", 1, {"null", "1.0", "null"}, 10 * kHour);
  Lookup lookup;
  Run(&lookup, Must(Plan({"stats:trips", "stats:rate"})), {1}, 10 * kHour);
  std::string json = Json(lookup);
  EXPECT_NE(
      json.find(
          R"({"values":[null],"statuses":["NULL_VALUE"],"event_timestamps":["1970-01-01T10:00:00Z"]},)"
          R"({"values":[1.0],"statuses":["PRESENT"],"event_timestamps":["1970-01-01T10:00:00Z"]})"),
      std::string::npos)
      << json;
}

TEST_F(JsonResponseTest, PastItsAgeTheTimeIsToldAndTheValueIsNot) {
  Write("stats", 1, {"1", "1.0", "null"}, 1 * kHour);
  Lookup lookup;
  Run(&lookup, Must(Plan({"stats:trips", "stats:city"})), {1}, 10 * kHour);
  std::string json = Json(lookup);
  std::string expired =
      R"({"values":[null],"statuses":["OUTSIDE_MAX_AGE"],"event_timestamps":["1970-01-01T01:00:00Z"]})";
  EXPECT_NE(json.find(expired + "," + expired), std::string::npos) << json;
}

TEST_F(JsonResponseTest, AFeatureTheRowNeverHadHasNoTime) {
  OnlineViewSchema before = SchemaForStore(View("stats"));
  before.columns = {{"trips", ValueType::kInt64}};
  Write(before, 1, {"7"}, 10 * kHour);
  Lookup lookup;
  Run(&lookup, Must(Plan({"stats:rate", "stats:trips"})), {1}, 10 * kHour);
  std::string json = Json(lookup);
  EXPECT_NE(
      json.find(
          R"({"values":[null],"statuses":["NOT_FOUND"],"event_timestamps":["1970-01-01T00:00:00Z"]},)"
          R"({"values":[7],"statuses":["PRESENT"],"event_timestamps":["1970-01-01T10:00:00Z"]})"),
      std::string::npos)
      << json;
}

TEST_F(JsonResponseTest, ViewMetadataOnlyWhenAsked) {
  Lookup lookup;
  Run(&lookup, Must(Plan({"stats:trips", "home:town"})), {1}, 0);
  EXPECT_EQ(Json(lookup).find("feature_view_metadata"), std::string::npos);
  std::string json = Json(lookup, true);
  EXPECT_TRUE(
      json.ends_with(R"("feature_view_metadata":[{"name":"stats","version":2},{"name":"home"}]}})"))
      << json;
}

#ifdef FEATLY_COUNT_ALLOCATIONS
TEST_F(JsonResponseTest, AWarmLookupAllocatesNothing) {
  std::vector<int64_t> drivers;
  for (int64_t driver = 0; driver < 100; ++driver) {
    Write("stats", driver, {"1", "0.25", "\"Bern\""}, 10 * kHour);
    drivers.push_back(driver);
  }
  auto plan = Must(Plan({"stats:trips", "stats:rate", "stats:city", "home:town"}));
  Lookup lookup;
  std::vector<EchoedColumn> echoed = {{"driver_id", nullptr, ValueType::kInt64}};
  std::string out;
  auto once = [&] {
    Run(&lookup, plan, drivers, 10 * kHour);
    echoed[0].column = keys_.data();
    out.clear();
    writer_.Append(lookup, echoed, false, &out);
    lookup.Finish();
  };
  for (int i = 0; i < 3; ++i) once();
  size_t before = allocations;
  once();
  EXPECT_EQ(allocations - before, 0u);
}
#endif

}  // namespace
}  // namespace featly::testing
