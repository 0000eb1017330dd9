// The table of the conformance suite, printed at the end of a run: cases by stores.
#include <cstdio>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace featly {
namespace {

std::string CellOf(const ::testing::TestResult& result) {
  std::string cell = result.Failed() ? "FAILED" : "ok";
  for (int i = 0; i < result.test_property_count(); ++i) {
    const ::testing::TestProperty& property = result.GetTestProperty(i);
    if (std::string(property.key()) == "declared")
      cell += std::string(" (") + property.value() + ")";
  }
  return cell;
}

class ConformanceTable : public ::testing::EmptyTestEventListener {
 public:
  void OnTestEnd(const ::testing::TestInfo& test) override {
    const std::string suite = test.test_suite_name();  // "Stores/OnlineRows"
    if (!suite.starts_with("Stores/Online")) return;
    const std::string name = test.name();  // "WhatIsWrittenIsRead/lmdb"
    const size_t slash = name.find('/');
    const std::string store = name.substr(slash + 1);
    stores_.insert(store);
    cells_[name.substr(0, slash)][store] = CellOf(*test.result());
  }

  void OnTestProgramEnd(const ::testing::UnitTest&) override {
    if (cells_.empty()) return;
    std::printf(
        "\nEvery online store, case by case; in brackets what it declares it does not do:\n");
    int all = 0;
    for (const auto& [name, row] : cells_) {
      std::string line = name;
      line.resize(std::max<size_t>(line.size() + 1, 46), ' ');
      for (const std::string& store : stores_) {
        auto cell = row.find(store);
        std::string text = store + ": " + (cell == row.end() ? "not run" : cell->second);
        text.resize(std::max<size_t>(text.size() + 2, 12), ' ');
        line += text;
        all += cell == row.end() ? 0 : 1;
      }
      std::printf("%s\n", line.c_str());
    }
    std::printf("%zu cases x %zu stores: %d run\n\n", cells_.size(), stores_.size(), all);
  }

 private:
  std::set<std::string> stores_;
  std::map<std::string, std::map<std::string, std::string>> cells_;
};

// The unit test object owns it.
[[maybe_unused]] const bool kRegistered = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new ConformanceTable);
  return true;
}();

}  // namespace
}  // namespace featly
