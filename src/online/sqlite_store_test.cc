// What is SQLite's own: Feast's tables to the byte, other programs at the same file, bad files.
#include "online/sqlite_store.h"

#include <atomic>
#include <fstream>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "online/store_test_util.h"

namespace featly {
namespace {

using ::testing::HasSubstr;
using testing::IntKey;
using testing::MakeRow;
using testing::MakeSchema;
using testing::Must;
using testing::ReadKeys;
using testing::ReadOne;
using testing::TempFolder;
using testing::WriteOne;

constexpr int64_t kSecond = 1000000;

class SqliteStoreTest : public ::testing::Test {
 public:
  ~SqliteStoreTest() override { sqlite3_close(feast_); }

 protected:
  std::shared_ptr<OnlineStore> Open(bool value_num = false) {
    return Must(OpenSqliteStore(Options(value_num)));
  }
  SqliteOptions Options(bool value_num = false) const {
    SqliteOptions options;
    options.path = path_;
    options.value_num = value_num;
    options.busy_timeout = Duration::Millis(20);
    return options;
  }
  Status OpenError() { return OpenSqliteStore(Options()).status(); }
  static std::shared_ptr<const OnlineView> BindInt(OnlineStore& store,
                                                   const std::string& name = "v") {
    return Must(store.Bind(MakeSchema(name, {{"n", ValueType::kInt64}})));
  }
  static Status Put(OnlineStore& store, const std::shared_ptr<const OnlineView>& view, int64_t key,
                    int64_t value) {
    std::string row = MakeRow(*view, {std::to_string(value)}, {value * kSecond, kSecond});
    return WriteOne(store, view, IntKey(key), row).status();
  }
  /// Another program at the file, as Feast is: its answer, rows on lines, columns between '|'.
  std::string Sql(const std::string& sql) {
    if (feast_ == nullptr) sqlite3_open(path_.c_str(), &feast_);
    std::string out;
    char* error = nullptr;
    auto row = [](void* to, int columns, char** texts, char**) {
      auto* text = static_cast<std::string*>(to);
      for (int i = 0; i < columns; ++i)
        *text += (i ? "|" : "") + std::string(texts[i] ? texts[i] : "NULL");
      *text += '\n';
      return 0;
    };
    if (sqlite3_exec(feast_, sql.c_str(), row, &out, &error) != SQLITE_OK) out = error;
    sqlite3_free(error);
    return out;
  }

  TempFolder folder_;
  std::string path_ = folder_.path() + "/data/online.db";
  sqlite3* feast_ = nullptr;
};

TEST_F(SqliteStoreTest, TablesAndValuesAreFeasts) {
  auto store = Open();
  auto view = Must(store->Bind(MakeSchema("stats", {{"i", ValueType::kInt64},
                                                    {"f", ValueType::kFloat},
                                                    {"b", ValueType::kBool},
                                                    {"s", ValueType::kString},
                                                    {"l", ValueType::kInt64List},
                                                    {"none", ValueType::kDouble}})));
  std::string row = MakeRow(*view, {"-7", "0.3", "true", "\"it's\"", "[1, 2]", "null"},
                            {1715342400999999, kNoCreatedTime});
  ASSERT_OK(WriteOne(*store, view, IntKey(1), row));
  EXPECT_EQ(Sql("SELECT sql FROM sqlite_master WHERE name LIKE 'demo%' ORDER BY name"),
            "CREATE TABLE \"demo_stats\" (entity_key BLOB, feature_name TEXT, value BLOB, "
            "value_text TEXT, vector_value BLOB, event_ts timestamp, created_ts timestamp, "
            "PRIMARY KEY(entity_key, feature_name))\n"
            "CREATE INDEX \"demo_stats_ek\" ON \"demo_stats\" (entity_key)\n");
  EXPECT_EQ(Sql("SELECT feature_name, hex(value), typeof(value), value_text, event_ts, "
                "typeof(event_ts), created_ts, vector_value, typeof(entity_key) FROM demo_stats "
                "ORDER BY rowid"),
            "i|20F9FFFFFFFFFFFFFFFF01|blob|-7|1715342400|integer|NULL|NULL|blob\n"
            "f|359A99993E|blob|0.30000001192092896|1715342400|integer|NULL|NULL|blob\n"
            "b|3801|blob|True|1715342400|integer|NULL|NULL|blob\n"
            "s|120469742773|blob|it's|1715342400|integer|NULL|NULL|blob\n"
            "l|72040A020102|blob|NULL|1715342400|integer|NULL|NULL|blob\n"
            "none||blob|NULL|1715342400|integer|NULL|NULL|blob\n");
  EXPECT_EQ(Sql("PRAGMA journal_mode"), "delete\n");
}

TEST_F(SqliteStoreTest, NumbersForFilters) {
  auto store = Open(/*value_num=*/true);
  auto view = BindInt(*store);
  ASSERT_OK(Put(*store, view, 1, 7));
  EXPECT_EQ(Sql("SELECT value_num, value_text FROM demo_v"), "7.0|7\n");
}

TEST_F(SqliteStoreTest, AnOlderTableIsCompletedAndATableOfFeastsIsKept) {
  std::filesystem::create_directories(folder_.path() + "/data");
  Sql("CREATE TABLE demo_v (entity_key BLOB, feature_name TEXT, value BLOB, event_ts timestamp, "
      "created_ts timestamp, PRIMARY KEY(entity_key, feature_name))");
  std::string hex;
  for (unsigned char c : IntKey(1)) {
    hex += "0123456789ABCDEF"[c >> 4];
    hex += "0123456789ABCDEF"[c & 15];
  }
  // Times in words, as Feast wrote them once.
  Sql("INSERT INTO demo_v VALUES (x'" + hex + "', 'n', x'2005', '2024-05-10 12:00:00', NULL)");
  auto store = Open();
  OnlineViewSchema schema = MakeSchema("v", {{"n", ValueType::kInt64}});
  auto found = Must(store->Find(schema));
  ASSERT_NE(found, nullptr) << "what Feast made can be read as it is";
  ReadResult result;
  ASSERT_OK(ReadKeys(*store, *found, {IntKey(1)}, &result));
  EXPECT_EQ(result.row(0, 0, 0).order(), (EventOrder{1715342400 * kSecond, kNoCreatedTime}));
  EXPECT_EQ(ReadOne(*store, *found, IntKey(1), "n"), "5");
  EXPECT_TRUE(Must(store->ListViews("demo")).empty()) << "whose it is, only an apply says";
  ASSERT_OK(store->Prepare({&schema, 1}));
  EXPECT_EQ(Must(store->ListViews("demo")), std::vector<std::string>{"v"});
  ASSERT_OK(Put(*store, found, 1, 1715342401));
  EXPECT_EQ(Sql("SELECT value_text, event_ts FROM demo_v"), "1715342401|1715342401\n");
}

TEST_F(SqliteStoreTest, WhatFeastLeftBehindIsNotTheRow) {
  auto store = Open();
  auto view = Must(store->Bind(MakeSchema(
      "v", {{"a", ValueType::kInt64}, {"b", ValueType::kInt64}, {"c", ValueType::kInt64}})));
  ASSERT_OK(WriteOne(*store, view, IntKey(1), MakeRow(*view, {"1", "2", "3"}, {kSecond, 1})));
  // Feast, without b, writes a newer row; its c is of another type.
  Sql("UPDATE demo_v SET event_ts = 9, value = x'2009' WHERE feature_name = 'a'");
  Sql("UPDATE demo_v SET event_ts = 9, value = x'3801' WHERE feature_name = 'c'");
  EXPECT_EQ(ReadOne(*store, *view, IntKey(1), "a"), "9");
  EXPECT_EQ(ReadOne(*store, *view, IntKey(1), "b"), "lacking");
  EXPECT_EQ(ReadOne(*store, *view, IntKey(1), "c"), "true");
  Sql("UPDATE demo_v SET value = x'FFFF' WHERE feature_name = 'a'");
  EXPECT_THAT(ReadOne(*store, *view, IntKey(1), "a"), HasSubstr("'a' that is no protobuf"));
  Sql("UPDATE demo_v SET event_ts = 'noon' WHERE feature_name = 'a'");
  EXPECT_THAT(ReadOne(*store, *view, IntKey(1), "a"), HasSubstr("no time"));
  ASSERT_OK(WriteOne(*store, view, IntKey(1), MakeRow(*view, {"4", "5", "6"}, {9 * kSecond, 1})));
  EXPECT_EQ(ReadOne(*store, *view, IntKey(1), "b"), "5");
}

TEST_F(SqliteStoreTest, ViewsThatWouldShareATableAreRefused) {
  auto store = Open();
  OnlineViewSchema first = MakeSchema("b_c", {{"n", ValueType::kInt64}}, "a");
  OnlineViewSchema second = MakeSchema("c", {{"n", ValueType::kInt64}}, "a_b");
  OnlineViewSchema third = MakeSchema("B_C", {{"n", ValueType::kInt64}}, "a");
  ASSERT_OK(store->Prepare({&first, 1}));
  for (const OnlineViewSchema& other : {second, third}) {
    for (const Status& refused : {store->Prepare({&other, 1}), store->Bind(other).status()}) {
      EXPECT_EQ(KindOf(refused), ErrorKind::kConflict) << refused.ToString();
      EXPECT_THAT(refused.message(), HasSubstr("'b_c' of project 'a'"));
    }
    ASSERT_OK(store->DropView(other.project, other.view));
    ASSERT_OK(store->Teardown("a_b"));
  }
  EXPECT_EQ(Must(store->ListViews("a")), std::vector<std::string>{"b_c"});
  OnlineViewSchema both[] = {MakeSchema("y_z", {{"n", ValueType::kInt64}}, "x"),
                             MakeSchema("z", {{"n", ValueType::kInt64}}, "x_y")};
  EXPECT_EQ(KindOf(store->Prepare(both)), ErrorKind::kConflict);
  EXPECT_TRUE(Must(store->ListViews("x")).empty());
}

TEST_F(SqliteStoreTest, FilesThatAreNotFeasts) {
  std::filesystem::create_directories(path_);
  EXPECT_FALSE(OpenError().ok());
  std::filesystem::remove(path_);
  std::ofstream(path_) << std::string(5000, 'x');
  Status refused = OpenError();
  EXPECT_EQ(KindOf(refused), ErrorKind::kCorrupt) << refused.ToString();
  EXPECT_THAT(refused.message(), HasSubstr(path_));
  EXPECT_THAT(refused.message(), HasSubstr("not an SQLite database"));
  std::filesystem::remove(path_);
  Sql("CREATE TABLE demo_v (id INTEGER, text TEXT)");
  auto store = Open();
  OnlineViewSchema schema = MakeSchema("v", {{"n", ValueType::kInt64}});
  for (const Status& other :
       {store->Prepare({&schema, 1}), store->Bind(schema).status(), store->Find(schema).status()}) {
    EXPECT_EQ(KindOf(other), ErrorKind::kCorrupt) << other.ToString();
    EXPECT_THAT(other.message(), HasSubstr("'demo_v'"));
    EXPECT_THAT(other.message(), HasSubstr("'entity_key'"));
  }
  ASSERT_OK(store->Teardown("demo"));
  EXPECT_EQ(Sql("SELECT count(*) FROM demo_v"), "0\n") << "a table that is not ours is left";
}

TEST_F(SqliteStoreTest, ALockedFileSaysSo) {
  auto store = Open();
  auto view = BindInt(*store);
  ASSERT_OK(Put(*store, view, 1, 1));
  EXPECT_EQ(Sql("BEGIN EXCLUSIVE"), "");
  for (const Status& locked :
       {Put(*store, view, 1, 2), store->ListViews("demo").status(), store->DropView("demo", "v")}) {
    EXPECT_EQ(KindOf(locked), ErrorKind::kUnavailable) << locked.ToString();
    EXPECT_THAT(locked.message(), HasSubstr("locked by another process"));
  }
  // I/O threads ask for views, and do not wait.
  EXPECT_NE(Must(store->Find(view->schema())), nullptr);
  EXPECT_EQ(Must(store->Find(MakeSchema("w", {{"n", ValueType::kInt64}}))), nullptr);
  EXPECT_THAT(ReadOne(*store, *view, IntKey(1), "n"), HasSubstr("locked by another process"));
  Sql("ROLLBACK");
  EXPECT_EQ(ReadOne(*store, *view, IntKey(1), "n"), "1");
  ASSERT_OK(Put(*store, view, 1, 2));
}

TEST_F(SqliteStoreTest, AFullDiskLeavesNothingHalfDone) {
  auto store = Open();
  auto view = Must(store->Bind(MakeSchema("v", {{"s", ValueType::kString}})));
  auto handler = signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit limit{1 << 20, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  Status full;
  int64_t rows = 0;
  const std::string text = "\"" + std::string(50000, 'x') + "\"";
  for (; full.ok() && rows < 100; ++rows) {
    full = WriteOne(*store, view, IntKey(rows), MakeRow(*view, {text}, {1, 1})).status();
  }
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
  --rows;
  EXPECT_EQ(KindOf(full), ErrorKind::kIo) << full.ToString();
  EXPECT_GT(rows, 1);
  EXPECT_EQ(ReadOne(*store, *view, IntKey(rows - 1), "s").size(), 50000u);
  EXPECT_EQ(ReadOne(*store, *view, IntKey(rows), "s"), "absent");
  ASSERT_OK(WriteOne(*store, view, IntKey(rows), MakeRow(*view, {"\"more\""}, {1, 1})));
  EXPECT_EQ(ReadOne(*store, *view, IntKey(rows), "s"), "more");
}

TEST_F(SqliteStoreTest, AFileThatIsGoneSaysSo) {
  auto store = Open();
  auto view = BindInt(*store);
  ASSERT_OK(Put(*store, view, 1, 1));
  std::filesystem::remove(path_);  // as Feast's teardown does
  for (const Status& gone : {Put(*store, view, 1, 2), store->ListViews("demo").status()}) {
    EXPECT_EQ(KindOf(gone), ErrorKind::kUnavailable) << gone.ToString();
    EXPECT_THAT(gone.message(), HasSubstr("featly apply"));
  }
  EXPECT_THAT(ReadOne(*store, *view, IntKey(1), "n"), HasSubstr("featly apply"));
  EXPECT_FALSE(std::filesystem::exists(path_)) << "a lookup makes no new file";
}

// Files that stand by their name beside a new file are not the old file's: SQLite would play such a
// journal back into it, and delete it.
TEST_F(SqliteStoreTest, AFileThatWasMovedAwayLeavesTheNewOnesJournalAlone) {
  const std::string moved = folder_.path() + "/moved.db";
  for (const std::string name : {"-journal", "-wal"}) {
    auto store = Open();
    auto view = BindInt(*store);
    if (name == "-wal") {
      EXPECT_EQ(Sql("PRAGMA journal_mode = WAL"), "wal\n");
    }
    ASSERT_OK(Put(*store, view, 1, 1));
    sqlite3_close(std::exchange(feast_, nullptr));
    std::filesystem::rename(path_, moved);
    std::filesystem::remove(path_ + "-wal");
    std::ofstream(path_) << "another database";
    std::ofstream(path_ + name) << "its journal";
    EXPECT_EQ(KindOf(Put(*store, view, 1, 2)), ErrorKind::kUnavailable);
    EXPECT_EQ(KindOf(store->Teardown("demo")), ErrorKind::kUnavailable);
    store.reset();
    view.reset();
    std::string journal;
    std::getline(std::ifstream(path_ + name), journal);
    EXPECT_EQ(journal, "its journal") << name;
    for (const char* file : {"", "-journal", "-wal", "-shm"}) std::filesystem::remove(path_ + file);
  }
}

TEST_F(SqliteStoreTest, TeardownDeletesTheFileOnceNothingIsLeft) {
  auto store = Open();
  auto view = BindInt(*store);
  ASSERT_OK(Put(*store, view, 1, 1));
  Sql("CREATE TABLE mine (id INTEGER)");
  ASSERT_OK(store->Teardown("demo"));
  EXPECT_EQ(Sql("SELECT name FROM sqlite_master WHERE name = 'demo_v'"), "");
  Sql("DROP TABLE mine");
  ASSERT_OK(store->Teardown("demo"));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SqliteStoreTest, AnotherJournalModeIsTheOwnersChoice) {
  {
    auto store = Open();
    ASSERT_OK(Put(*store, BindInt(*store), 1, 1));
  }
  EXPECT_EQ(Sql("PRAGMA journal_mode = WAL"), "wal\n");
  auto store = Open();
  auto view = BindInt(*store);
  ASSERT_OK(Put(*store, view, 1, 2));
  EXPECT_EQ(ReadOne(*store, *view, IntKey(1), "n"), "2");
  EXPECT_EQ(Sql("PRAGMA journal_mode"), "wal\n");
  ASSERT_OK(store->Teardown("demo"));
  for (const char* file : {"", "-wal", "-shm"}) {
    EXPECT_FALSE(std::filesystem::exists(path_ + file)) << file;
  }
}

TEST_F(SqliteStoreTest, SeveralProcessesWriteAtOnce) {
  SqliteOptions options = Options();
  options.busy_timeout = Duration::Seconds(30);
  std::vector<pid_t> children;
  for (int p = 0; p < 3; ++p) {
    pid_t pid = fork();
    if (pid == 0) {
      auto store = OpenSqliteStore(options);
      if (!store.ok()) _exit(1);
      auto view = (*store)->Bind(MakeSchema("v", {{"n", ValueType::kInt64}}));
      if (!view.ok()) _exit(2);
      for (int i = 0; i < 10; ++i) {
        if (!Put(**store, *view, p * 100 + i, i).ok()) _exit(3);
      }
      _exit(0);
    }
    children.push_back(pid);
  }
  for (pid_t pid : children) {
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  EXPECT_EQ(Sql("SELECT count(*) FROM demo_v"), "30\n");
}

// The thread sanitizer cannot follow threads that a child starts while its parent had some.
#if !defined(FEATLY_TSAN)
TEST_F(SqliteStoreTest, AForkedChildMustOpenItsOwn) {
  auto store = Open();
  auto view = BindInt(*store);
  ASSERT_OK(Put(*store, view, 1, 1));
  pid_t pid = fork();
  if (pid == 0) {
    if (KindOf(Put(*store, view, 1, 2)) != ErrorKind::kUnavailable) _exit(1);
    ReadResult result;
    if (KindOf(ReadKeys(*store, *view, {IntKey(1)}, &result)) != ErrorKind::kUnavailable) _exit(2);
    if (KindOf(store->ListViews("demo").status()) != ErrorKind::kUnavailable) _exit(3);
    store.reset();
    auto own = OpenSqliteStore(Options());
    if (!own.ok()) _exit(4);
    if (!Put(**own, BindInt(**own), 2, 2).ok()) _exit(5);
    _exit(0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(ReadOne(*store, *view, IntKey(2), "n"), "2");
  ASSERT_OK(Put(*store, view, 1, 3));
}

TEST_F(SqliteStoreTest, AForkInTheMiddleOfLookupsLeavesTheChildFree) {
  auto store = Open();
  auto view = BindInt(*store);
  ASSERT_OK(Put(*store, view, 1, 1));
  std::atomic<bool> done{false};
  std::thread busy([&] {
    while (!done) EXPECT_NE(ReadOne(*store, *view, IntKey(1), "n"), "");
  });
  for (int i = 0; i < 20; ++i) {
    pid_t pid = fork();
    if (pid == 0) {
      auto own = OpenSqliteStore(Options());
      if (!own.ok()) _exit(1);
      auto mine = (*own)->Find(MakeSchema("v", {{"n", ValueType::kInt64}}));
      if (!mine.ok()) _exit(2);
      _exit(ReadOne(**own, **mine, IntKey(1), "n") == "1" ? 0 : 3);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  done = true;
  busy.join();
}
#endif

}  // namespace
}  // namespace featly
