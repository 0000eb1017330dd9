#include "server/lookup_request.h"

#include <gtest/gtest.h>

namespace featly {
namespace {

using Kind = JsonScalar::Kind;

constexpr size_t kMaxValues = 100;

Status ParseInto(LookupRequest* request, const std::string& body) {
  return request->Parse(body, kMaxValues);
}

TEST(LookupRequest, EveryKindOfValueInAnyOrder) {
  std::string body = R"({
    "entities": {"a": [1, -0, 9223372036854775808, 1.5, "x", true, null, [1, [2]], {"b": [3]}]},
    "full_feature_names": true, "unknown": [{"entities": 1}, []],
    "include_feature_view_version_metadata": true,
    "features": ["v:f", "v:\u00e9\"g"], "feature_service": null})";
  LookupRequest request;
  Status status = request.Parse(body, kMaxValues);
  ASSERT_TRUE(status.ok()) << FormatForPeople(status);
  ASSERT_EQ(request.entities.columns().size(), 1u);
  EXPECT_EQ(request.entities.rows(), 9u);
  const EntityColumns::Column& column = request.entities.columns()[0];
  std::vector<Kind> kinds;
  for (size_t row = 0; row < 9; ++row) {
    kinds.push_back(request.entities.value(column, row).kind);
  }
  EXPECT_EQ(kinds,
            (std::vector<Kind>{Kind::kInt, Kind::kDouble, Kind::kUint, Kind::kDouble, Kind::kString,
                               Kind::kBool, Kind::kNull, Kind::kList, Kind::kObject}));
  EXPECT_EQ(request.entities.value(column, 2).unsigned_integer, uint64_t{1} << 63);
  EXPECT_TRUE(request.full_feature_names);
  EXPECT_TRUE(request.with_views);
  EXPECT_EQ(request.features, (std::vector<std::string_view>{"v:f", "v:é\"g"}));
  EXPECT_EQ(request.feature_service, "");
}

TEST(LookupRequest, DoublesAreReadExactly) {
  // Boost.JSON 1.81 alone is off by one in the last digit for some of these.
  std::string body =
      R"({"entities": {"a": [0.1, 9007199254740993.0, 2.2250738585072014e-308, 1e-400, 5e-324,
          7.2057594037927933e16, 123456789012345678901234567890]}})";
  LookupRequest request;
  ASSERT_TRUE(request.Parse(body, kMaxValues).ok());
  std::vector<double> values;
  const EntityColumns& entities = request.entities;
  for (size_t row = 0; row < entities.rows(); ++row) {
    values.push_back(entities.value(entities.columns()[0], row).number);
  }
  EXPECT_EQ(values,
            (std::vector<double>{0.1, 9007199254740993.0, 2.2250738585072014e-308, 0, 5e-324,
                                 7.2057594037927933e16, 123456789012345678901234567890.0}));
}

TEST(LookupRequest, ANumberBeyondADoubleIsNamed) {
  LookupRequest request;
  Status status = ParseInto(&request, R"({"entities": {"a": [1e400]}})");
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_NE(status.message().find("1e400"), std::string::npos) << status.message();
}

TEST(LookupRequest, IsMadeToBeUsedAgain) {
  LookupRequest request;
  std::string first =
      R"({"entities": {"a": ["x"]}, "features": ["v:f"], "full_feature_names": true})";
  ASSERT_TRUE(request.Parse(first, kMaxValues).ok());
  EXPECT_FALSE(ParseInto(&request, "{").ok());
  std::string second = R"({"entities": {"b": [1, 2]}, "feature_service": "s"})";
  ASSERT_TRUE(request.Parse(second, kMaxValues).ok());
  ASSERT_EQ(request.entities.columns().size(), 1u);
  EXPECT_EQ(request.entities.columns()[0].name, "b");
  EXPECT_EQ(request.entities.rows(), 2u);
  EXPECT_TRUE(request.features.empty());
  EXPECT_FALSE(request.full_feature_names);
  EXPECT_EQ(request.feature_service, "s");
}

TEST(LookupRequest, DuplicatesAmongManyColumns) {
  std::string body = "{\"entities\": {";
  for (int i = 0; i < 40; ++i) body += "\"c" + std::to_string(i) + "\": [1],";
  LookupRequest request;
  std::string good = body + "\"last\": [1]}}";
  EXPECT_TRUE(request.Parse(good, kMaxValues).ok());
  Status status = ParseInto(&request, body + "\"c7\": [1]}}");
  EXPECT_EQ(KindOf(status), ErrorKind::kMalformed);
  EXPECT_EQ(DetailOf(status)->subject, "c7");
}

TEST(LookupRequest, AKeyTwiceIsMalformedWhereverItStands) {
  LookupRequest request;
  for (const char* body : {
           R"({"entities": {"a": [1]}, "x": 1, "x": 2})",
           R"({"entities": {"a": [1]}, "x": [{"y": {"b": 1, "c": 2, "b": 3}}]})",
           R"({"entities": {"a": [{"b": 1, "b": 1}]}})",
           R"({"x": 1, "entities": {"a": [1]}, "\u0078": 2})",
       }) {
    Status status = ParseInto(&request, body);
    EXPECT_EQ(KindOf(status), ErrorKind::kMalformed) << body;
    EXPECT_NE(status.message().find("twice"), std::string::npos) << status.message();
  }
  EXPECT_TRUE(
      ParseInto(&request, R"({"x": {"a": 1}, "a": {"x": 1}, "entities": {"x": [1]}})").ok());
}

TEST(LookupRequest, WhatIsNotJsonIsMalformedWhateverElseIsWrong) {
  LookupRequest request;
  for (const char* body : {"[1", "1 2", R"({"entities": [1)", R"({"features": 5, "entities": )",
                           R"({"entities": {"a": 1, "b": [}})", "\"x"}) {
    Status status = ParseInto(&request, body);
    EXPECT_EQ(KindOf(status), ErrorKind::kMalformed) << body;
    EXPECT_NE(status.message().find("line 1, column "), std::string::npos) << status.message();
  }
  for (const char* body : {"[1]", "1", R"({"entities": [1]})"}) {
    EXPECT_EQ(KindOf(ParseInto(&request, body)), ErrorKind::kInvalid) << body;
  }
}

TEST(LookupRequest, ValuesPastTheLimitAreCountedAndNotKept) {
  LookupRequest request;
  std::string body = R"({"entities": {"a": [1, 2, 3], "b": [4, 5, [6, 7]]}})";
  EXPECT_TRUE(request.Parse(body, 6).ok());
  Status status = request.Parse(body, 4);
  EXPECT_EQ(KindOf(status), ErrorKind::kTooLarge);
  EXPECT_NE(status.message().find("6 values, over the limit of 4"), std::string::npos)
      << status.message();
  EXPECT_LE(request.entities.capacity(), 8u);
}

}  // namespace
}  // namespace featly
