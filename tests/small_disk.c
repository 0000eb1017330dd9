// A small disk for a program that is preloaded with this, where no file system can be mounted: what
// writes below the folder SMALL_DISK beyond the bytes that the file SMALL_DISK_SIZE names fails
// with ENOSPC, as on a full disk. Built and used by tests/test_bad_days.py.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static __thread long long used;

static int Count(const char* path, const struct stat* status, int kind, struct FTW* place) {
  (void)path, (void)place;
  if (kind == FTW_F) used += status->st_blocks * 512LL;
  return 0;
}

// Whether `fd`, written up to `end`, still fits; the end of the file where `end` is negative.
static int Fits(int fd, long long end, long long bytes) {
  const char* folder = getenv("SMALL_DISK");
  struct stat status;
  if (folder == NULL || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return 1;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 1;
  path[length] = '\0';
  if (strncmp(path, folder, strlen(folder)) != 0) return 1;
  if (end < 0) end = lseek(fd, 0, SEEK_CUR) + bytes;
  long long grows = end - status.st_blocks * 512LL;
  if (grows <= 0) return 1;
  FILE* file = fopen(getenv("SMALL_DISK_SIZE"), "r");
  long long size = 0;
  if (file == NULL || fscanf(file, "%lld", &size) != 1) abort();
  fclose(file);
  used = 0;
  nftw(folder, Count, 16, FTW_PHYS);
  // Whole pages, as a file system gives them out.
  if (used + (grows + 4095) / 4096 * 4096 <= size) return 1;
  errno = ENOSPC;
  return 0;
}

static long long Sum(const struct iovec* parts, int count) {
  long long sum = 0;
  for (int i = 0; i < count; ++i) sum += (long long)parts[i].iov_len;
  return sum;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void* data, size_t bytes) {
  return Fits(fd, -1, (long long)bytes) ? REAL(write)(fd, data, bytes) : -1;
}
ssize_t writev(int fd, const struct iovec* parts, int count) {
  return Fits(fd, -1, Sum(parts, count)) ? REAL(writev)(fd, parts, count) : -1;
}
ssize_t pwrite(int fd, const void* data, size_t bytes, off_t at) {
  return Fits(fd, at + (long long)bytes, 0) ? REAL(pwrite)(fd, data, bytes, at) : -1;
}
ssize_t pwrite64(int fd, const void* data, size_t bytes, off64_t at) {
  return Fits(fd, at + (long long)bytes, 0) ? REAL(pwrite64)(fd, data, bytes, at) : -1;
}
ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t at) {
  return Fits(fd, at + Sum(parts, count), 0) ? REAL(pwritev)(fd, parts, count, at) : -1;
}
int fallocate(int fd, int mode, off_t at, off_t bytes) {
  return Fits(fd, at + bytes, 0) ? REAL(fallocate)(fd, mode, at, bytes) : -1;
}
int posix_fallocate(int fd, off_t at, off_t bytes) {
  return Fits(fd, at + bytes, 0) ? REAL(posix_fallocate)(fd, at, bytes) : ENOSPC;
}
