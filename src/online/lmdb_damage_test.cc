// Bad days of the LMDB store: files cut short, a disk that fails at the worst moment, many at once.
#include <atomic>
#include <cerrno>
#include <fstream>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "online/lmdb_store.h"
#include "online/store_test_util.h"

namespace {

// Meta pages are written by LMDB with pwrite, one at a time, into the first two pages of the file.
std::atomic<int> g_meta_writes_to_fail{0};

}  // namespace

// LMDB's pwrite, as long as this program is the one that loads it.
extern "C" ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  if (offset < 8192 && size < 4096 && g_meta_writes_to_fail.load() > 0) {
    --g_meta_writes_to_fail;
    errno = EIO;
    return -1;
  }
  return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

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

class LmdbDamage : public ::testing::Test {
 protected:
  std::shared_ptr<OnlineStore> Open() { return Must(OpenLmdbStore({.path = path_})); }
  static std::shared_ptr<const OnlineView> BindInt(OnlineStore& store) {
    return Must(store.Bind(MakeSchema("v", {{"n", ValueType::kInt64}})));
  }
  static Status Put(OnlineStore& store, const std::shared_ptr<const OnlineView>& view, int64_t key,
                    int64_t value) {
    return WriteOne(store, view, IntKey(key), MakeRow(*view, {std::to_string(value)}, {value, 1}))
        .status();
  }
  void WriteMany(int rows) {
    auto store = Open();
    auto view = BindInt(*store);
    std::vector<std::string> keys;
    std::string row = MakeRow(*view, {"1"}, {1, 1});
    for (int i = 0; i < rows; ++i) keys.push_back(IntKey(i));
    std::vector<KeyedRow> keyed;
    for (const std::string& key : keys) keyed.push_back({key, row});
    ASSERT_OK(WriteAndWait(*store, {view, keyed}));
  }
  uint64_t FileSize() { return std::filesystem::file_size(data_); }

  TempFolder folder_;
  std::string path_ = folder_.path() + "/online.lmdb";
  std::string data_ = path_ + "/data.mdb";
};

TEST_F(LmdbDamage, AFileCutShortIsRefusedWhereverItWasCut) {
  WriteMany(20000);
  const uint64_t whole = FileSize();
  ASSERT_GT(whole, uint64_t{1} << 20);
  for (uint64_t size = whole - 1; size > 2 * 4096; size -= std::min(size, whole / 37)) {
    ASSERT_EQ(truncate(data_.c_str(), static_cast<off_t>(size)), 0);
    Status refused = OpenLmdbStore({.path = path_}).status();
    ASSERT_EQ(KindOf(refused), ErrorKind::kCorrupt) << size << ": " << refused.ToString();
    EXPECT_NE(refused.message().find(path_), std::string::npos);
    EXPECT_NE(refused.message().find(std::to_string(size)), std::string::npos);
    EXPECT_NE(refused.message().find("materialize"), std::string::npos);
    EXPECT_EQ(FileSize(), size) << "a file that is refused is left as it is";
  }
  for (off_t size : {8192, 4096, 100}) {
    ASSERT_EQ(truncate(data_.c_str(), size), 0);
    EXPECT_EQ(KindOf(OpenLmdbStore({.path = path_}).status()), ErrorKind::kCorrupt) << size;
  }
}

// A transaction that takes pages at the end of the file and gives them back leaves a file that is
// shorter than LMDB counts, and whole.
TEST_F(LmdbDamage, PagesThatWereNeverWrittenAreNoDamage) {
  WriteMany(100);
  MDB_env* env;
  ASSERT_EQ(mdb_env_create(&env), 0);
  ASSERT_EQ(mdb_env_set_maxdbs(env, 2), 0);
  ASSERT_EQ(mdb_env_set_mapsize(env, size_t{1} << 30), 0);
  ASSERT_EQ(mdb_env_open(env, path_.c_str(), 0, 0600), 0);
  MDB_txn* txn;
  MDB_dbi rows;
  ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
  ASSERT_EQ(mdb_dbi_open(txn, "rows", 0, &rows), 0);
  std::string big(100 * 4096, 'x');
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 3000; ++i) {
      std::string name = "zz" + std::to_string(i);
      MDB_val key{name.size(), name.data()};
      MDB_val value{i % 50 == 0 ? big.size() : 300, big.data()};
      ASSERT_EQ(
          round % 2 == 0 ? mdb_put(txn, rows, &key, &value, 0) : mdb_del(txn, rows, &key, nullptr),
          0);
    }
    if (round == 1) break;
  }
  ASSERT_EQ(mdb_txn_commit(txn), 0);
  MDB_envinfo info;
  ASSERT_EQ(mdb_env_info(env, &info), 0);
  mdb_env_close(env);
  ASSERT_LT(FileSize() / 4096, info.me_last_pgno + 1) << "the file is not short: nothing is tested";
  auto store = Open();
  EXPECT_EQ(ReadOne(*store, *BindInt(*store), IntKey(99), "n"), "1");
}

TEST_F(LmdbDamage, AFailedMetaPageIsRecoveredFrom) {
  auto store = Open();
  auto view = BindInt(*store);
  ASSERT_OK(Put(*store, view, 1, 1));
  // LMDB gives an environment up when its meta page cannot be written: it is opened again, and the
  // write done there.
  g_meta_writes_to_fail = 1;
  ASSERT_OK(Put(*store, view, 1, 2));
  EXPECT_EQ(g_meta_writes_to_fail, 0);
  EXPECT_EQ(ReadOne(*store, *view, IntKey(1), "n"), "2");
  // As long as the disk fails, writes do; what was acknowledged is there, and reads go on.
  g_meta_writes_to_fail = 1000000;
  for (int64_t i = 3; i < 6; ++i) {
    Status failed = Put(*store, view, 1, i);
    EXPECT_EQ(KindOf(failed), ErrorKind::kIo) << failed.ToString();
  }
  g_meta_writes_to_fail = 0;
  ASSERT_OK(Put(*store, view, 2, 7));
  EXPECT_EQ(ReadOne(*store, *view, IntKey(1), "n"), "2");
  EXPECT_EQ(ReadOne(*store, *view, IntKey(2), "n"), "7");
  view.reset();
  store.reset();
  store = Open();
  EXPECT_EQ(ReadOne(*store, *BindInt(*store), IntKey(1), "n"), "2");
}

TEST_F(LmdbDamage, ALookupUnderWayKeepsTheEnvironmentUntilItEnds) {
  auto store = Open();
  auto view = BindInt(*store);
  ASSERT_OK(Put(*store, view, 1, 1));
  ReadResult held;
  ASSERT_OK(ReadKeys(*store, *view, {IntKey(1)}, &held));
  g_meta_writes_to_fail = 1;
  Status waiting = Put(*store, view, 1, 2);
  EXPECT_EQ(KindOf(waiting), ErrorKind::kUnavailable) << waiting.ToString();
  EXPECT_EQ(held.row(0, 0, 0).Fixed<int64_t>(*view->write_layout(), 0), 1);
  held.Release();
  ASSERT_OK(Put(*store, view, 1, 3));
  EXPECT_EQ(ReadOne(*store, *view, IntKey(1), "n"), "3");
}

TEST_F(LmdbDamage, AFailureOutsideTheWriterThreadIsRecoveredFromToo) {
  auto store = Open();
  auto view = BindInt(*store);
  ASSERT_OK(Put(*store, view, 1, 1));
  g_meta_writes_to_fail = 1;
  EXPECT_EQ(KindOf(store->DropView("demo", "v")), ErrorKind::kIo);
  // Whoever comes next may be told to try again, while the writer thread opens it.
  Status read;
  do {
    ReadResult result;
    read = ReadKeys(*store, *view, {IntKey(1)}, &result);
    if (!read.ok()) {
      ASSERT_EQ(KindOf(read), ErrorKind::kUnavailable) << read.ToString();
    }
  } while (!read.ok());
  EXPECT_EQ(ReadOne(*store, *view, IntKey(1), "n"), "1");
}

TEST_F(LmdbDamage, TenProcessesOpenOneStoreAtOnce) {
  constexpr int kProcesses = 10;
  int go[2];
  ASSERT_EQ(pipe(go), 0);
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    pid_t pid = fork();
    if (pid == 0) {
      close(go[1]);
      char byte;
      if (read(go[0], &byte, 1) != 0) _exit(9);  // the end of the pipe: all begin together
      auto store = OpenLmdbStore({.path = path_});
      if (!store.ok()) _exit(1);
      auto view = (*store)->Bind(MakeSchema("v", {{"n", ValueType::kInt64}}));
      if (!view.ok()) _exit(2);
      for (int i = 0; i < 20; ++i) {
        if (!Put(**store, *view, p * 100 + i, i).ok()) _exit(3);
        if (ReadOne(**store, **view, IntKey(p * 100 + i), "n") != std::to_string(i)) _exit(4);
      }
      _exit(0);
    }
    children.push_back(pid);
  }
  close(go[0]);
  close(go[1]);
  for (pid_t pid : children) {
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  auto store = Open();
  auto view = BindInt(*store);
  for (int p = 0; p < kProcesses; ++p) {
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(ReadOne(*store, *view, IntKey(p * 100 + i), "n"), std::to_string(i));
    }
  }
}

// LMDB maps the file, so that another program's bytes are its memory at once.
TEST_F(LmdbDamage, AFileOverwrittenWhileOpenIsNamedBeforeTheEnd) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  WriteMany(20000);
  auto store = Open();
  auto view = BindInt(*store);
  auto overwrite_and_read = [&] {
    constexpr uint64_t kPage = 4096, kFlags = 10, kLower = 12, kHeader = 16;
    std::fstream file(data_, std::ios::in | std::ios::out | std::ios::binary);
    for (uint64_t at = 2 * kPage; at < FileSize(); at += kPage) {
      uint16_t flags = 0;
      file.seekg(static_cast<std::streamoff>(at + kFlags));
      file.read(reinterpret_cast<char*>(&flags), sizeof flags);
      const uint16_t lower = kHeader;  // an inner page without a key, which there is none of
      if (flags != 1) continue;
      file.seekp(static_cast<std::streamoff>(at + kLower));
      file.write(reinterpret_cast<const char*>(&lower), sizeof lower);
    }
    file.close();
    ReadOne(*store, *view, IntKey(1), "n");
  };
  EXPECT_DEATH(overwrite_and_read(), "online.lmdb' was damaged while it was open.*featly apply");
}

}  // namespace
}  // namespace featly
