// What a fuzzed reader must keep besides not crashing.
#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends the program, which libFuzzer reports with the input, where `condition` is false.
#define FEATLY_REQUIRE(condition)                                                  \
  do {                                                                             \
    if (!(condition)) {                                                            \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                \
    }                                                                              \
  } while (false)
