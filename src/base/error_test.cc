#include "base/error.h"

#include <cerrno>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace featly {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ErrorTest, TableIsInTheOrderOfTheKinds) {
  const std::vector<ErrorKindInfo>& table = AllErrorKinds();
  ASSERT_EQ(table.size(), static_cast<size_t>(ErrorKind::kCancelled) + 1);
  std::set<std::string> names, classes;
  for (size_t i = 0; i < table.size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(table[i].kind), i);
    EXPECT_TRUE(names.insert(table[i].name).second) << table[i].name;
    EXPECT_TRUE(classes.insert(table[i].python_class).second) << table[i].python_class;
    EXPECT_NE(table[i].code, arrow::StatusCode::OK);
    EXPECT_GE(table[i].http_status, 400);
  }
}

TEST(ErrorTest, OnlyUsageExitsWithTwo) {
  for (const ErrorKindInfo& info : AllErrorKinds()) {
    int expected = info.kind == ErrorKind::kUsage       ? 2
                   : info.kind == ErrorKind::kCancelled ? 130
                                                        : 1;
    EXPECT_EQ(info.exit_code, expected) << info.name;
  }
}

Result<int> Fails() {
  return Error(ErrorKind::kNotFound, "feature view 'trip' is not defined")
      .Subject("trip")
      .Near({"trips"})
      .At("views.py", 12, 3);
}

TEST(ErrorTest, DetailTravelsInTheStatus) {
  Status status = Fails().status();
  EXPECT_TRUE(status.IsKeyError());
  EXPECT_EQ(KindOf(status), ErrorKind::kNotFound);
  const ErrorDetail* detail = DetailOf(status);
  ASSERT_NE(detail, nullptr);
  EXPECT_EQ(detail->subject, "trip");
  EXPECT_THAT(detail->near_names, ElementsAre("trips"));
  EXPECT_EQ(FormatForPeople(status),
            "feature view 'trip' is not defined (views.py:12:3); did you mean 'trips'?");
  EXPECT_THAT(status.ToString(), HasSubstr("views.py:12:3"));
}

TEST(ErrorTest, AStatusWithoutDetailIsInternal) {
  Status status = Status::IOError("disk on fire");
  EXPECT_EQ(DetailOf(status), nullptr);
  EXPECT_EQ(KindOf(status), ErrorKind::kInternal);
  EXPECT_EQ(FormatForPeople(status), "disk on fire");
}

TEST(ErrorTest, ContextKeepsTheDetail) {
  Status status = WithContext("materialize trips", Fails().status());
  EXPECT_EQ(status.message(), "materialize trips: feature view 'trip' is not defined");
  EXPECT_EQ(KindOf(status), ErrorKind::kNotFound);
  EXPECT_TRUE(WithContext("nothing", Status::OK()).ok());
}

TEST(ErrorTest, AsKindGivesAMeaningToALibrarysError) {
  Status status = AsKind(ErrorKind::kMalformed, "cannot read 'a.parquet'",
                         Status::Invalid("magic bytes not found"));
  EXPECT_EQ(KindOf(status), ErrorKind::kMalformed);
  EXPECT_EQ(FormatForPeople(status), "cannot read 'a.parquet': magic bytes not found");
  Status ours = AsKind(ErrorKind::kMalformed, "cannot read 'a.parquet'", Fails().status());
  EXPECT_EQ(KindOf(ours), ErrorKind::kNotFound);
  EXPECT_TRUE(AsKind(ErrorKind::kIo, "x", Status::OK()).ok());
}

TEST(ErrorTest, CausesAreToldInOrder) {
  Status inner = Error(ErrorKind::kIo, "the disk is gone").ToStatus();
  Status outer = Error(ErrorKind::kUnavailable, "no answer").At("a.yaml", 2).Cause(inner);
  EXPECT_EQ(FormatForPeople(outer), "no answer (a.yaml:2): the disk is gone");
  EXPECT_THAT(outer.ToString(), HasSubstr("the disk is gone"));
}

TEST(ErrorTest, ErrnoHasAKind) {
  EXPECT_EQ(KindOf(ErrnoError(ENOENT, "a")), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf(ErrnoError(EROFS, "a")), ErrorKind::kPermission);
  EXPECT_EQ(KindOf(ErrnoError(EIO, "a")), ErrorKind::kIo);
  EXPECT_EQ(ErrnoError(EACCES, "cannot read 'x'").message(), "cannot read 'x': Permission denied");
  EXPECT_THAT(ErrnoError(ENOSPC, "cannot write 'x'").message(), HasSubstr("free some space"));
}

TEST(NearNamesTest, FindsTypingMistakesAndPrefixes) {
  std::vector<std::string> known = {"driver_stats", "driver_profile", "customer", "zone"};
  EXPECT_THAT(NearNames("driver_stat", known), ElementsAre("driver_stats"));
  EXPECT_THAT(NearNames("DRIVER_STATS", known), ElementsAre("driver_stats"));
  EXPECT_THAT(NearNames("drivre_stats", known), ElementsAre("driver_stats"));
  EXPECT_THAT(NearNames("driver", known), ElementsAre("driver_stats", "driver_profile"));
  EXPECT_THAT(NearNames("zones", known), ElementsAre("zone"));
}

TEST(NearNamesTest, SaysNothingRatherThanNonsense) {
  EXPECT_THAT(NearNames("payment", {"driver", "zone"}), IsEmpty());
  EXPECT_THAT(NearNames("a", {"b"}), IsEmpty());
  EXPECT_THAT(NearNames("", {"b"}), IsEmpty());
  EXPECT_THAT(NearNames("x", {}), IsEmpty());
}

TEST(NearNamesTest, KeepsTheLimit) {
  EXPECT_EQ(NearNames("aaa", {"aab", "aac", "aad", "aae"}, 2).size(), 2u);
}

}  // namespace
}  // namespace featly
