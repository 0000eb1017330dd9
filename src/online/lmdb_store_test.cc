// What is LMDB's own: one environment a file, forks, foreign files, limits, upkeep.
#include "online/lmdb_store.h"

#include <atomic>
#include <fstream>
#include <future>
#include <lmdb.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "online/lmdb_env.h"
#include "online/lmdb_format.h"
#include "online/store_test_util.h"

namespace featly {
namespace {

using testing::IntKey;
using testing::MakeRow;
using testing::MakeSchema;
using testing::Must;
using testing::ReadKeys;
using testing::ReadOne;
using testing::TempFolder;
using testing::WriteOne;

class LmdbStoreTest : public ::testing::Test {
 protected:
  std::shared_ptr<OnlineStore> Open() { return Must(OpenLmdbStore({.path = path_})); }
  Status OpenError() { return OpenLmdbStore({.path = path_}).status(); }
  static std::shared_ptr<const OnlineView> BindInt(OnlineStore& store, const std::string& name) {
    return Must(store.Bind(MakeSchema(name, {{"n", ValueType::kInt64}})));
  }
  static Status Put(OnlineStore& store, const std::shared_ptr<const OnlineView>& view,
                    int64_t key) {
    std::string row = MakeRow(*view, {std::to_string(key)}, {1, 1});
    return WriteOne(store, view, IntKey(key), row).status();
  }

  TempFolder folder_;
  std::string path_ = folder_.path() + "/online.lmdb";
};

// Runs `child` in a fork; its exit code, or minus the signal that ended it.
template <typename F>
int RunInChild(F child) {
  pid_t pid = fork();
  if (pid == 0) _exit(child());
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST_F(LmdbStoreTest, OneEnvironmentForOneFile) {
  auto first = Open();
  auto second = Open();
  EXPECT_EQ(first, second);
  std::string link = folder_.path() + "/link";
  std::filesystem::create_directory_symlink(path_, link);
  EXPECT_EQ(Must(OpenLmdbStore({.path = link})), first);
  first.reset();
  second.reset();
  auto again = Open();  // after the last was closed
  ASSERT_OK(Put(*again, BindInt(*again, "v"), 1));
}

// The thread sanitizer cannot follow threads that a child starts while its parent had some.
#if !defined(FEATLY_TSAN)
TEST_F(LmdbStoreTest, AForkedChildMustOpenItsOwn) {
  auto store = Open();
  auto view = BindInt(*store, "v");
  ASSERT_OK(Put(*store, view, 1));
  ReadResult held;
  ASSERT_OK(ReadKeys(*store, *view, {IntKey(1)}, &held));
  int code = RunInChild([&]() -> int {
    if (KindOf(Put(*store, view, 2)) != ErrorKind::kUnavailable) return 1;
    ReadResult result;
    Status read = ReadKeys(*store, *view, {IntKey(1)}, &result);
    if (KindOf(read) != ErrorKind::kUnavailable) return 2;
    if (read.message().find("open it again") == std::string::npos) return 3;
    if (KindOf(store->ListViews("demo").status()) != ErrorKind::kUnavailable) return 4;
    if (KindOf(store->Sweep(1).status()) != ErrorKind::kUnavailable) return 7;
    held.Release();  // must not end the parent's read
    store.reset();
    auto own = OpenLmdbStore({.path = path_});
    if (!own.ok()) return 5;
    if (!Put(**own, BindInt(**own, "v"), 3).ok()) return 6;
    return 0;
  });
  EXPECT_EQ(code, 0);
  EXPECT_TRUE(held.row(0, 0, 0).present());
  EXPECT_EQ(ReadOne(*store, *view, IntKey(3), "n"), "3");
  ASSERT_OK(Put(*store, view, 4));
}
#endif

TEST_F(LmdbStoreTest, ProcessesShareTheFile) {
  {
    auto make = Open();
  }
  std::vector<pid_t> children;
  for (int p = 0; p < 3; ++p) {
    pid_t pid = fork();
    if (pid == 0) {
      auto store = OpenLmdbStore({.path = path_});
      if (!store.ok()) _exit(1);
      auto view = BindInt(**store, "v");
      for (int i = 0; i < 50; ++i) {
        if (!Put(**store, view, p * 1000 + i).ok()) _exit(2);
      }
      _exit(0);
    }
    children.push_back(pid);
  }
  auto store = Open();
  auto view = BindInt(*store, "v");
  for (pid_t pid : children) {
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
  }
  for (int p = 0; p < 3; ++p) {
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(ReadOne(*store, *view, IntKey(p * 1000 + i), "n"), std::to_string(p * 1000 + i));
    }
  }
}

TEST_F(LmdbStoreTest, ForeignFilesAreRefused) {
  std::filesystem::create_directory(path_);
  std::ofstream(path_ + "/data.mdb") << std::string(100000, 'x');
  Status status = OpenError();
  EXPECT_EQ(KindOf(status), ErrorKind::kCorrupt) << status.ToString();
  EXPECT_NE(status.message().find("is not an LMDB file"), std::string::npos);

  std::filesystem::remove(path_ + "/data.mdb");
  MDB_env* env;
  MDB_txn* txn;
  MDB_dbi dbi;
  MDB_val text{3, const_cast<char*>("abc")};
  ASSERT_EQ(mdb_env_create(&env), 0);
  ASSERT_EQ(mdb_env_open(env, path_.c_str(), 0, 0600), 0);
  ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
  ASSERT_EQ(mdb_dbi_open(txn, nullptr, 0, &dbi), 0);
  ASSERT_EQ(mdb_put(txn, dbi, &text, &text, 0), 0);
  ASSERT_EQ(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
  status = OpenError();
  EXPECT_EQ(KindOf(status), ErrorKind::kCorrupt) << status.ToString();
  EXPECT_NE(status.message().find("is not featly's"), std::string::npos);
}

TEST_F(LmdbStoreTest, ANewerFormatIsRefusedByName) {
  {
    auto store = Open();
  }
  MDB_env* env;
  MDB_txn* txn;
  MDB_dbi dbi;
  ASSERT_EQ(mdb_env_create(&env), 0);
  ASSERT_EQ(mdb_env_set_maxdbs(env, 2), 0);
  ASSERT_EQ(mdb_env_open(env, path_.c_str(), 0, 0600), 0);
  ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
  ASSERT_EQ(mdb_dbi_open(txn, kCatalogDatabase, 0, &dbi), 0);
  std::string record = EncodeFormatRecord({2, "9.8.7"});
  MDB_val key = ToVal(kFormatKey);
  MDB_val value = ToVal(record);
  ASSERT_EQ(mdb_put(txn, dbi, &key, &value, 0), 0);
  ASSERT_EQ(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
  Status status = OpenError();
  EXPECT_EQ(KindOf(status), ErrorKind::kCorrupt);
  EXPECT_NE(status.message().find("written by featly 9.8.7"), std::string::npos)
      << status.message();
}

// Puts `row` under the first view's key of `id`, as it is.
void OverwriteRow(const std::string& path, int64_t id, const std::string& row) {
  RowKey row_key;
  std::string entity = IntKey(id);
  row_key.SetEntity(entity);
  MDB_val key = ToVal(row_key.ForView(1));
  MDB_val value = ToVal(row);
  auto env = Must(LmdbEnv::Open({.path = path}));
  LmdbTxn txn = Must(env->BeginWrite());
  ASSERT_EQ(mdb_put(txn.get(), env->rows(), &key, &value, 0), 0);
  ASSERT_OK(txn.Commit());
}

TEST_F(LmdbStoreTest, DamagedRowsAreErrorsAndWrittenAgainAreMended) {
  OnlineViewSchema schema = MakeSchema(
      "v",
      {{"s", ValueType::kString}, {"l", ValueType::kStringList}, {"n", ValueType::kInt64List}});
  std::string row;
  {
    auto store = Open();
    auto view = Must(store->Bind(schema));
    row = MakeRow(*view, {"\"some text\"", "[\"a\", null, \"bc\"]", "[1, 2]"}, {1, 1});
    ASSERT_OK(WriteOne(*store, view, IntKey(1), row));
  }
  // Every byte after the times, then every length: an error, or a value inside the row.
  std::vector<std::string> damaged;
  for (size_t at = kRowHeaderSize; at < row.size(); ++at) {
    damaged.push_back(row);
    damaged.back()[at] = static_cast<char>(damaged.back()[at] ^ 0x81);
  }
  for (size_t size = 0; size < row.size(); size += 5) damaged.push_back(row.substr(0, size));
  int errors = 0;
  for (const std::string& bytes : damaged) {
    OverwriteRow(path_, 1, bytes);
    auto store = Open();
    auto view = Must(store->Bind(schema));
    ReadResult result;
    Status status = ReadKeys(*store, *view, {IntKey(1)}, &result);
    if (status.ok()) {
      for (const char* column : {"s", "l", "n"}) testing::Show(*view, result.row(0, 0, 0), column);
    } else {
      EXPECT_EQ(KindOf(status), ErrorKind::kCorrupt) << status.ToString();
      EXPECT_NE(status.message().find("'v'"), std::string::npos);
      ++errors;
    }
  }
  EXPECT_GT(errors, static_cast<int>(damaged.size()) / 2);
  auto store = Open();
  auto view = Must(store->Bind(schema));
  ASSERT_OK(WriteOne(*store, view, IntKey(1), row));
  EXPECT_EQ(ReadOne(*store, *view, IntKey(1), "s"), "some text");
}

TEST_F(LmdbStoreTest, PlacesThatCannotHoldAStore) {
  std::ofstream(folder_.path() + "/file") << "x";
  path_ = folder_.path() + "/file/online.lmdb";
  EXPECT_FALSE(OpenError().ok());
  // As an ordinary user, whoever runs the test.
  path_ = folder_.path() + "/locked/online.lmdb";
  std::filesystem::create_directories(folder_.path() + "/locked");
  std::filesystem::permissions(folder_.path() + "/locked", std::filesystem::perms::owner_read |
                                                               std::filesystem::perms::owner_exec);
  int code = RunInChild([&]() -> int {
    if (geteuid() == 0 && seteuid(65534) != 0) return 1;
    Status status = OpenError();
    return KindOf(status) == ErrorKind::kPermission ? 0 : 2;
  });
  EXPECT_EQ(code, 0);
  EXPECT_STREQ(NetworkFileSystem(0x6969), "NFS");
  EXPECT_STREQ(NetworkFileSystem(static_cast<int32_t>(0xFF534D42)), "CIFS");
  EXPECT_EQ(NetworkFileSystem(0xEF53), nullptr);
}

// 10,000 rows of 400 bytes at a time, until an error.
Status FillUp(OnlineStore& store, const std::shared_ptr<const OnlineView>& view, int64_t* rows) {
  std::string row = MakeRow(*view, {"\"" + std::string(400, 'x') + "\""}, {1, 1});
  for (;;) {
    std::vector<std::string> keys;
    for (int i = 0; i < 10000; ++i) keys.push_back(IntKey(*rows + i));
    std::vector<KeyedRow> keyed;
    for (const std::string& key : keys) keyed.push_back({key, row});
    ARROW_RETURN_NOT_OK(WriteAndWait(store, {view, keyed}).status());
    *rows += 10000;
  }
}

TEST_F(LmdbStoreTest, AFullDiskLeavesNothingHalfDone) {
  auto store = Open();
  auto view = Must(store->Bind(MakeSchema("v", {{"s", ValueType::kString}})));
  // The limit on file size fails a write as a full disk does.
  auto handler = signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit limit{24 << 20, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  int64_t rows = 0;
  Status full = FillUp(*store, view, &rows);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(KindOf(full), ErrorKind::kIo) << full.ToString();
  EXPECT_GT(rows, 0);
  // The request that failed is not there, those before it are.
  EXPECT_EQ(ReadOne(*store, *view, IntKey(rows - 1), "s").size(), 400u);
  EXPECT_EQ(ReadOne(*store, *view, IntKey(rows), "s"), "absent");
  ASSERT_OK(WriteOne(*store, view, IntKey(rows), MakeRow(*view, {"\"more\""}, {1, 1})));
  EXPECT_EQ(ReadOne(*store, *view, IntKey(rows), "s"), "more");
}

TEST_F(LmdbStoreTest, AFullMapLeavesNothingHalfDone) {
  LmdbOptions options{.path = path_, .map_bytes = 24 << 20};
  auto store = Must(OpenLmdbStore(options));
  auto view = Must(store->Bind(MakeSchema("v", {{"s", ValueType::kString}})));
  int64_t rows = 0;
  Status full = FillUp(*store, view, &rows);
  EXPECT_EQ(KindOf(full), ErrorKind::kTooLarge) << full.ToString();
  EXPECT_NE(full.message().find("map_size"), std::string::npos);
  EXPECT_GT(rows, 0);
  EXPECT_EQ(ReadOne(*store, *view, IntKey(rows - 1), "s").size(), 400u);
  EXPECT_EQ(ReadOne(*store, *view, IntKey(rows), "s"), "absent");
  ASSERT_OK(WriteOne(*store, view, IntKey(0), MakeRow(*view, {"\"more\""}, {1, 1})));
}

TEST_F(LmdbStoreTest, CodesOfLmdbHaveTheirKinds) {
  EXPECT_EQ(KindOf(LmdbError(MDB_MAP_FULL, "cannot write to", "p")), ErrorKind::kTooLarge);
  EXPECT_EQ(KindOf(LmdbError(MDB_READERS_FULL, "cannot read", "p")), ErrorKind::kUnavailable);
  EXPECT_EQ(KindOf(LmdbError(EACCES, "cannot open", "p")), ErrorKind::kPermission);
  EXPECT_EQ(KindOf(LmdbError(MDB_CORRUPTED, "cannot read", "p")), ErrorKind::kCorrupt);
}

TEST_F(LmdbStoreTest, AFullQueueRefusesAndTheRestIsWritten) {
  LmdbOptions options{.path = path_};
  options.writes.max_waiting = 2;
  auto store = Must(OpenLmdbStore(options));
  auto view = BindInt(*store, "v");
  std::string row = MakeRow(*view, {"1"}, {1, 1});
  std::string key = IntKey(1);
  KeyedRow keyed{key, row};
  WriteRequest request{view, {&keyed, 1}};
  // The first completion holds the writer thread until the queue has been filled behind it.
  std::promise<void> entered;
  std::promise<void> go_on;
  std::atomic<int> written{0};
  std::atomic<int> refused{0};
  auto count = [&](Result<WriteResult> result) {
    ++(result.ok() ? written : refused);
    if (!result.ok()) {
      EXPECT_EQ(KindOf(result.status()), ErrorKind::kUnavailable);
    }
  };
  store->Write({&request, 1}, [&](Result<WriteResult> result) {
    count(std::move(result));
    entered.set_value();
    go_on.get_future().wait();
  });
  entered.get_future().wait();
  for (int i = 0; i < 5; ++i) store->Write({&request, 1}, count);
  EXPECT_EQ(refused, 3);
  go_on.set_value();
  request.view.reset();
  view.reset();
  store.reset();  // writes what is queued before it closes
  EXPECT_EQ(written, 3);
}

TEST_F(LmdbStoreTest, ACompletionMayHoldTheLastReference) {
  auto store = Open();
  auto view = BindInt(*store, "v");
  std::string row = MakeRow(*view, {"1"}, {1, 1});
  std::string key = IntKey(1);
  KeyedRow keyed{key, row};
  std::promise<void> done;
  OnlineStore* raw = store.get();
  WriteRequest request{view, {&keyed, 1}};
  raw->Write({&request, 1}, [store = std::move(store), &done](Result<WriteResult>) mutable {
    store.reset();
    done.set_value();
  });
  done.get_future().wait();
  auto again = Open();  // waits until the first is closed
  EXPECT_EQ(ReadOne(*again, *BindInt(*again, "v"), key, "n"), "1");
}

TEST_F(LmdbStoreTest, TeardownDeletesTheFilesAndOpenHandlesSaySo) {
  auto store = Open();
  auto view = BindInt(*store, "v");
  ASSERT_OK(Put(*store, view, 1));
  ASSERT_OK(store->Teardown("demo"));
  EXPECT_TRUE(std::filesystem::is_empty(path_));
  Status status = Put(*store, view, 2);
  EXPECT_EQ(KindOf(status), ErrorKind::kUnavailable) << status.ToString();
  auto fresh = Open();
  EXPECT_NE(fresh, store);
  auto fresh_view = BindInt(*fresh, "w");
  ASSERT_OK(Put(*fresh, fresh_view, 3));
  // The old handle has the same view id, of another file.
  EXPECT_EQ(ReadOne(*fresh, *view, IntKey(3), "n"), "absent");
  EXPECT_EQ(KindOf(Put(*fresh, view, 4)), ErrorKind::kConflict);
}

TEST_F(LmdbStoreTest, ReadersOfKilledProcessesAreForgotten) {
  {
    auto make = Open();
  }
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  pid_t pid = fork();
  if (pid == 0) {
    auto store = Open();
    auto view = BindInt(*store, "v");
    ReadResult held;
    if (!ReadKeys(*store, *view, {IntKey(1)}, &held).ok()) _exit(1);
    if (write(ready[1], "r", 1) != 1) _exit(2);
    for (;;) pause();
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  auto env = Must(LmdbEnv::Open({.path = path_}));
  EXPECT_EQ(Must(env->CheckReaders()), 0);
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  EXPECT_GE(Must(env->CheckReaders()), 1);
  EXPECT_EQ(Must(env->CheckReaders()), 0);
  close(ready[0]);
  close(ready[1]);
}

TEST_F(LmdbStoreTest, ReaderSlotsOfKilledProcessesAreTakenBackWhenTheyRunOut) {
  constexpr size_t kSlots = 8;
  LmdbOptions options{.path = path_};
  options.max_readers = kSlots;
  int to_child[2];
  int to_parent[2];
  ASSERT_EQ(pipe(to_child), 0);
  ASSERT_EQ(pipe(to_parent), 0);
  char byte = 0;
  pid_t pid = fork();
  if (pid == 0) {
    auto store = Must(OpenLmdbStore(options));  // the first to open says how many slots there are
    auto view = BindInt(*store, "v");
    if (!Put(*store, view, 1).ok() || write(to_parent[1], "o", 1) != 1) _exit(1);
    if (read(to_child[0], &byte, 1) != 1) _exit(2);
    std::vector<ReadResult> held(kSlots);
    for (ReadResult& result : held) {
      if (!ReadKeys(*store, *view, {IntKey(1)}, &result).ok()) _exit(3);
    }
    if (write(to_parent[1], "f", 1) != 1) _exit(4);
    for (;;) pause();
  }
  ASSERT_EQ(read(to_parent[0], &byte, 1), 1);
  auto store = Open();
  ASSERT_EQ(write(to_child[1], "g", 1), 1);
  ASSERT_EQ(read(to_parent[0], &byte, 1), 1);
  Status taken = store->ListViews("demo").status();
  EXPECT_EQ(KindOf(taken), ErrorKind::kUnavailable) << taken.ToString();
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  EXPECT_EQ(ReadOne(*store, *BindInt(*store, "v"), IntKey(1), "n"), "1");
  for (int fd : {to_child[0], to_child[1], to_parent[0], to_parent[1]}) close(fd);
}

TEST_F(LmdbStoreTest, MoreLookupsAtOnceThanThePoolHolds) {
  auto store = Open();
  auto view = BindInt(*store, "v");
  ASSERT_OK(Put(*store, view, 1));
  std::vector<ReadResult> results(300);
  for (ReadResult& result : results) {
    ASSERT_OK(ReadKeys(*store, *view, {IntKey(1)}, &result));
    EXPECT_TRUE(result.row(0, 0, 0).present());
  }
}

TEST_F(LmdbStoreTest, AReadSeesOneMomentUntilReleased) {
  auto store = Open();
  auto view = BindInt(*store, "v");
  ASSERT_OK(Put(*store, view, 1));
  ReadResult before;
  ASSERT_OK(ReadKeys(*store, *view, {IntKey(1)}, &before));
  std::string newer = MakeRow(*view, {"77"}, {2, 1});
  ASSERT_OK(WriteOne(*store, view, IntKey(1), newer));
  EXPECT_EQ(testing::Show(*view, before.row(0, 0, 0), "n"), "1");
  ASSERT_OK(ReadKeys(*store, *view, {IntKey(1)}, &before));
  EXPECT_EQ(testing::Show(*view, before.row(0, 0, 0), "n"), "77");
}

}  // namespace
}  // namespace featly
