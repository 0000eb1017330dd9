# The compiler, its flags, ccache, mold and the sanitizers. Everything of ours is compiled with one
# set of flags, so that one precompiled header serves all rooms.

option(FEATLY_FUZZ "Build the programs of tests/fuzz; needs Clang" OFF)
if(FEATLY_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "libFuzzer comes with Clang: use the preset `fuzz`")
  endif()
elseif(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  message(FATAL_ERROR "featly is built with GCC 12 or newer; found "
                      "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
endif()
if(NOT CMAKE_BUILD_TYPE)
  message(FATAL_ERROR "Name a preset: cmake --preset release (or asan, tsan)")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# Programs are compiled as libraries are: a precompiled header is refused where -fPIC and -fPIE
# differ.
set(CMAKE_CXX_COMPILE_OPTIONS_PIE -fPIC)

# -g1 keeps function names and lines for backtraces and profiles at a tenth of the size of -g.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")

set(FEATLY_SANITIZE "" CACHE STRING "Sanitizers as -fsanitize= takes them, or empty")
if(FEATLY_SANITIZE)
  add_compile_options(-fsanitize=${FEATLY_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FEATLY_SANITIZE})
endif()
# What a sanitized test needs: Arrow's own allocator would hide overflows of its buffers, and
# Debian's libraries are not instrumented for threads; the tests of forks start threads in the child.
set(FEATLY_TEST_ENVIRONMENT)
if(FEATLY_SANITIZE MATCHES "address")
  set(FEATLY_TEST_ENVIRONMENT
      ARROW_DEFAULT_MEMORY_POOL=system UBSAN_OPTIONS=print_stacktrace=1)
elseif(FEATLY_SANITIZE MATCHES "thread")
  # GCC's thread sanitizer knows no fences; those of Asio stand beside locks, which it does know.
  add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  # Under __SANITIZE_THREAD__ protobuf's map fields have members that Debian's library lacks. Its
  # other reader is libstdc++, which has a name of its own for it; ours is FEATLY_TSAN.
  add_compile_options(-U__SANITIZE_THREAD__)
  add_compile_definitions(_GLIBCXX_TSAN=1 FEATLY_TSAN)
  string(JOIN ":" FEATLY_TEST_ENVIRONMENT TSAN_OPTIONS=ignore_noninstrumented_modules=1
         die_after_fork=0 suppressions=${CMAKE_SOURCE_DIR}/tools/tsan.supp)
endif()

# Recorded paths are relative to the source tree: the same source gives the same object anywhere.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

# A precompiled header defeats ccache unless it is told to trust it: the compiler must keep the
# #pragma of the header in its preprocessed output, and ccache must ignore the two things that a
# precompiled header hides from it.
find_program(FEATLY_CCACHE ccache)
if(FEATLY_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${FEATLY_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
  if(NOT FEATLY_FUZZ)
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()

find_program(FEATLY_MOLD mold)
if(FEATLY_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
# A library that nothing uses is not loaded: `featly version` must start in a few milliseconds.
add_link_options(-Wl,--as-needed)

# Warnings are errors in our own code only; generated and foreign code is included as system code.
add_library(featly_warnings INTERFACE)
target_compile_options(featly_warnings INTERFACE -Wall -Wextra)
if(NOT FEATLY_FUZZ)
  target_compile_options(featly_warnings INTERFACE -Werror)  # Clang has warnings of its own
endif()
