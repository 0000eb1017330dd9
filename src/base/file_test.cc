#include "base/file.h"

#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>

#include "base/test_folder.h"

namespace featly {
namespace {

namespace fs = std::filesystem;

size_t EntriesOf(const std::string& folder) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(FileTest, ReadsWhatWasWritten) {
  TestFolder folder;
  std::string path = folder.File("a");
  for (const std::string& text : {std::string(), std::string("short"), std::string(300000, 'x')}) {
    ASSERT_TRUE(WriteFileAtomically(path, text).ok());
    EXPECT_EQ(*ReadFile(path), text);
  }
  EXPECT_EQ(EntriesOf(folder.path()), 1u);
}

TEST(FileTest, ReadsFilesWithoutASize) {
  Result<std::string> status = ReadFile("/proc/self/status");
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_THAT(*status, testing::HasSubstr("Name:"));
}

TEST(FileTest, ErrorsNameThePath) {
  TestFolder folder;
  Status missing = ReadFile(folder.File("missing")).status();
  EXPECT_EQ(KindOf(missing), ErrorKind::kNotFound);
  EXPECT_THAT(missing.message(), testing::HasSubstr(folder.File("missing")));
  EXPECT_EQ(KindOf(ReadFile(folder.path()).status()), ErrorKind::kIo);
  EXPECT_EQ(KindOf(WriteFileAtomically(folder.File("no/such"), "x")), ErrorKind::kNotFound);
}

TEST(FileTest, FollowsLinksAndKeepsTheMode) {
  TestFolder folder;
  fs::create_directory(folder.File("real"));
  ASSERT_TRUE(WriteFileAtomically(folder.File("real/file"), "old").ok());
  ASSERT_EQ(::chmod(folder.File("real/file").c_str(), 0640), 0);
  fs::create_symlink("real/file", folder.File("link"));
  fs::create_symlink("link", folder.File("link2"));
  ASSERT_TRUE(WriteFileAtomically(folder.File("link2"), "new").ok());
  EXPECT_TRUE(fs::is_symlink(folder.File("link2")));
  EXPECT_EQ(*ReadFile(folder.File("real/file")), "new");
  struct stat info;
  ASSERT_EQ(::stat(folder.File("real/file").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);

  fs::create_symlink("later", folder.File("dangling"));
  ASSERT_TRUE(WriteFileAtomically(folder.File("dangling"), "made").ok());
  EXPECT_EQ(*ReadFile(folder.File("later")), "made");

  fs::create_symlink("loop", folder.File("loop"));
  EXPECT_EQ(KindOf(WriteFileAtomically(folder.File("loop"), "x")), ErrorKind::kIo);
}

TEST(FileTest, AFailedWriteLeavesNothingBehind) {
  TestFolder folder;
  fs::create_directory(folder.File("target"));  // a folder cannot be replaced by a file
  EXPECT_FALSE(WriteFileAtomically(folder.File("target"), "x").ok());
  EXPECT_EQ(EntriesOf(folder.path()), 1u);
}

// What `check` says in a child without capabilities, where permissions bind root too. 0 is good.
int WithoutCapabilities(const std::function<int()>& check) {
  pid_t child = ::fork();
  if (child == 0) {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2] = {};
    if (::syscall(SYS_capset, &header, none) != 0) ::_exit(100);
    ::_exit(check());
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 101;
  return WEXITSTATUS(status);
}

TEST(FileTest, AReadOnlyFileIsRefused) {
  TestFolder folder;
  const std::string path = folder.File("a");
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  ASSERT_EQ(::chmod(path.c_str(), 0444), 0);
  EXPECT_EQ(WithoutCapabilities([&] {
              if (KindOf(WriteFileAtomically(path, "new")) != ErrorKind::kPermission) return 1;
              // The folder is no obstacle: its permissions alone would let the file be replaced.
              return WriteFileAtomically(path + ".other", "new").ok() ? 0 : 2;
            }),
            0);
  EXPECT_EQ(*ReadFile(path), "old");
}

TEST(FileTest, WhatKilledWritersLeftIsRemoved) {
  TestFolder folder;
  fs::create_directory(folder.File("real"));
  fs::create_symlink("real/a", folder.File("link"));
  const std::vector<std::string> others = {"a", ".a.tmp", ".a.12x.tmp", ".b.12.tmp", "a.12.tmp"};
  for (const std::string& name : others) {
    ASSERT_TRUE(WriteFileAtomically(folder.File("real/" + name), "").ok());
  }
  for (const char* name : {"real/.a.12.tmp", "real/.a.4294967295.tmp"}) {
    ASSERT_TRUE(WriteFileAtomically(folder.File(name), "left").ok());
  }
  ASSERT_TRUE(RemoveStaleTemporaries(folder.File("link")).ok());
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder.File("real"))) {
    left.push_back(entry.path().filename());
  }
  EXPECT_THAT(left, testing::UnorderedElementsAreArray(others));
  EXPECT_EQ(KindOf(RemoveStaleTemporaries(folder.File("no/such"))), ErrorKind::kNotFound);
}

// A child rewrites the file until it is killed in the middle of its work.
TEST(FileTest, AKilledWriterLeavesOldOrNewWhole) {
  TestFolder folder;
  std::string path = folder.File("a");
  const std::string contents[] = {std::string(1 << 20, 'a'), std::string(1 << 20, 'b')};
  ASSERT_TRUE(WriteFileAtomically(path, contents[0]).ok());
  for (int round = 0; round < 10; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      for (int i = 0;; ++i) {
        if (!WriteFileAtomically(path, contents[i % 2]).ok()) ::_exit(1);
        if (::write(ends[1], "x", 1) != 1) ::_exit(1);
      }
    }
    ::close(ends[1]);
    char written;
    for (int i = 0; i <= round; ++i) ASSERT_EQ(::read(ends[0], &written, 1), 1);
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    ::close(ends[0]);
    Result<std::string> left = ReadFile(path);
    ASSERT_TRUE(left.ok());
    EXPECT_TRUE(*left == contents[0] || *left == contents[1]);
  }
  ASSERT_TRUE(RemoveStaleTemporaries(path).ok());
  EXPECT_EQ(EntriesOf(folder.path()), 1u);
}

TEST(FileTest, FingerprintChangesWithTheFile) {
  TestFolder folder;
  std::string path = folder.File("a");
  EXPECT_EQ(*Fingerprint(path), std::nullopt);
  ASSERT_TRUE(WriteFileAtomically(path, "one").ok());
  auto first = *Fingerprint(path);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(*Fingerprint(path), first);
  ASSERT_TRUE(WriteFileAtomically(path, "three").ok());
  EXPECT_NE(*Fingerprint(path), first);
}

TEST(FileTest, MakesFolders) {
  TestFolder folder;
  EXPECT_TRUE(MakeDirectories(folder.File("a/b/c")).ok());
  EXPECT_TRUE(MakeDirectories(folder.File("a/b/c")).ok());
  EXPECT_TRUE(fs::is_directory(folder.File("a/b/c")));
  ASSERT_TRUE(WriteFileAtomically(folder.File("file"), "").ok());
  EXPECT_FALSE(MakeDirectories(folder.File("file/x")).ok());
}

TEST(FileLockTest, ExcludesOtherThreads) {
  TestFolder folder;
  int inside = 0;  // guarded by the lock alone
  std::atomic<int> worst{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        Result<FileLock> lock = FileLock::Acquire(folder.File("lock"));
        ASSERT_TRUE(lock.ok());
        ++inside;
        worst = std::max(worst.load(), inside);
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(worst, 1);
}

TEST(FileLockTest, GivesUpWhenTold) {
  TestFolder folder;
  Result<FileLock> held = FileLock::Acquire(folder.File("lock"));
  ASSERT_TRUE(held.ok());
  int asked = 0;
  Result<FileLock> second = FileLock::Acquire(folder.File("lock"), [&] { return ++asked == 2; });
  EXPECT_EQ(KindOf(second.status()), ErrorKind::kUnavailable);
  EXPECT_EQ(asked, 2);
}

TEST(FileLockTest, IsReleasedWhenItsHolderIsKilled) {
  TestFolder folder;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Result<FileLock> lock = FileLock::Acquire(folder.File("lock"));
    if (::write(ends[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char ready;
  ASSERT_EQ(::read(ends[0], &ready, 1), 1);
  EXPECT_FALSE(FileLock::Acquire(folder.File("lock"), [] { return true; }).ok());
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(FileLock::Acquire(folder.File("lock"), [] { return true; }).ok());
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace featly
