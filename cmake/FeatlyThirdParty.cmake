# Every third party behind one target, featly_third_party. Rooms link it and nothing else.
#
# The order matters. Arrow's libraries in the pyarrow wheel export symbols of libraries that they
# carry inside (OpenSSL, re2, parts of libstdc++ and others); a program that names them before
# Debian's libraries on the link line calls the wrong copies. So Debian's come first and Arrow's last;
# tests/test_link_order.py reads the order from the finished binaries.

set(FEATLY_PYTHON "${CMAKE_SOURCE_DIR}/.venv/bin/python" CACHE FILEPATH
    "The Python interpreter whose pyarrow and nanobind are built against")
if(NOT EXISTS ${FEATLY_PYTHON})
  message(FATAL_ERROR "No Python at ${FEATLY_PYTHON}: run `make setup`, or name one that has "
                      "pyarrow and nanobind with -DFEATLY_PYTHON=...")
endif()

# Runs a line of Python and gives what it printed.
function(featly_ask_python result line)
  execute_process(
    COMMAND ${FEATLY_PYTHON} -c "${line}"
    OUTPUT_VARIABLE out ERROR_VARIABLE err RESULT_VARIABLE code
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${FEATLY_PYTHON} could not answer `${line}` (run `make setup`):\n${err}")
  endif()
  set(${result} "${out}" PARENT_SCOPE)
endfunction()

featly_ask_python(FEATLY_PYARROW_DIR
  "import importlib.util as u, os; print(os.path.dirname(u.find_spec('pyarrow').origin))")
featly_ask_python(FEATLY_PYARROW_VERSION
  "import importlib.metadata as m; print(m.version('pyarrow'))")
featly_ask_python(FEATLY_PYTHON_VERSION
  "import sys; print('%d.%d' % sys.version_info[:2])")
if(NOT FEATLY_PYARROW_VERSION MATCHES "^26\\.")
  message(FATAL_ERROR "pyarrow 26 is needed; ${FEATLY_PYTHON} has ${FEATLY_PYARROW_VERSION}: "
                      "run `make setup`")
endif()
# Build trees find Arrow where it is; what is installed finds it relative to itself (featly_room).
set(CMAKE_BUILD_RPATH ${FEATLY_PYARROW_DIR})

function(featly_arrow_library name)
  add_library(featly_${name} SHARED IMPORTED)
  file(GLOB found ${FEATLY_PYARROW_DIR}/lib${name}.so.*00)
  if(NOT found)
    message(FATAL_ERROR "lib${name} is not in ${FEATLY_PYARROW_DIR}: run `make setup`")
  endif()
  set_target_properties(featly_${name} PROPERTIES IMPORTED_LOCATION ${found})
endfunction()
featly_arrow_library(arrow)
featly_arrow_library(arrow_compute)
featly_arrow_library(parquet)

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS headers)
find_package(Protobuf 3.21 REQUIRED MODULE)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS SSL Crypto)
find_package(fmt 9 REQUIRED CONFIG)
find_package(yaml-cpp 0.7 REQUIRED CONFIG)
find_path(FEATLY_CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
find_path(FEATLY_SPDLOG_INCLUDE spdlog/spdlog.h REQUIRED)
find_path(FEATLY_LMDB_INCLUDE lmdb.h REQUIRED)
find_library(FEATLY_LMDB lmdb REQUIRED)
find_path(FEATLY_SQLITE_INCLUDE sqlite3.h REQUIRED)
# The shared library, as Debian's Python has it: see docs/decisions/0006-sqlite-online-store.md.
find_library(FEATLY_SQLITE NAMES libsqlite3.so REQUIRED)
find_path(FEATLY_PROMETHEUS_INCLUDE prometheus/registry.h REQUIRED)
find_library(FEATLY_PROMETHEUS prometheus-cpp-core REQUIRED)
find_library(FEATLY_SPDLOG spdlog REQUIRED)

add_library(featly_third_party INTERFACE)
target_include_directories(featly_third_party SYSTEM INTERFACE
  ${FEATLY_CLI11_INCLUDE} ${FEATLY_SPDLOG_INCLUDE} ${FEATLY_LMDB_INCLUDE}
  ${FEATLY_SQLITE_INCLUDE}
  ${FEATLY_PROMETHEUS_INCLUDE} ${Protobuf_INCLUDE_DIRS} ${FEATLY_PYARROW_DIR}/include)
target_compile_definitions(featly_third_party INTERFACE
  SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(featly_third_party INTERFACE
  # Debian's.
  ${Protobuf_LIBRARY} ${FEATLY_LMDB} ${FEATLY_SQLITE} yaml-cpp ${FEATLY_SPDLOG} fmt::fmt ${FEATLY_PROMETHEUS}
  OpenSSL::SSL OpenSSL::Crypto Boost::headers Threads::Threads stdc++
  # Arrow's, after all of Debian's.
  featly_arrow featly_parquet featly_arrow_compute)

find_package(GTest REQUIRED CONFIG)
