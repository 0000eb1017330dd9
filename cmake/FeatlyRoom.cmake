# One call makes a room: a static library of src/<room>/*.cc and one test program of *_test.cc.

# The headers that nearly every file includes, compiled once for all rooms and tests.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/pch.cc CONTENT "// Only carries the precompiled header.\n")
add_library(featly_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cc)
target_link_libraries(featly_pch PRIVATE featly_third_party featly_warnings)
target_precompile_headers(featly_pch PRIVATE
  <algorithm> <atomic> <chrono> <cstdint> <functional> <map> <memory> <mutex> <optional> <span>
  <string> <string_view> <unordered_map> <utility> <variant> <vector>
  <arrow/api.h>)

# featly_embed(TARGET FILE): the text of FILE as `featly::embedded::k<Name>` of "embedded/<name>.h",
# for example kCompile of "embedded/compile.h" for python/featly/_compile.py. Space at its end is
# left out.
function(featly_embed target file)
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY
               CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
  get_filename_component(name ${file} NAME_WE)
  string(TOLOWER ${name} name)
  string(REGEX REPLACE "^_" "" name ${name})
  string(REGEX MATCHALL "[a-z0-9]+" words ${name})
  set(FEATLY_EMBED_NAME k)
  foreach(word IN LISTS words)
    string(SUBSTRING ${word} 0 1 first)
    string(SUBSTRING ${word} 1 -1 rest)
    string(TOUPPER ${first} first)
    string(APPEND FEATLY_EMBED_NAME ${first}${rest})
  endforeach()
  file(READ ${CMAKE_SOURCE_DIR}/${file} FEATLY_EMBED_TEXT)
  string(STRIP "${FEATLY_EMBED_TEXT}" FEATLY_EMBED_TEXT)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/embedded.h.in
                 ${CMAKE_BINARY_DIR}/embedded/${name}.h @ONLY)
  target_include_directories(${target} PUBLIC ${CMAKE_BINARY_DIR})
endfunction()

# featly_room(NAME [DEPS room...] [EMBED file...])
# Files that belong together in a target are found by name: a new file is a new file. DEPS without
# a target (a room with no sources yet) are passed over.
function(featly_room name)
  cmake_parse_arguments(arg "" "" "DEPS;EMBED" ${ARGN})
  set(folder ${CMAKE_SOURCE_DIR}/src/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
  file(GLOB tests CONFIGURE_DEPENDS ${folder}/*_test.cc)
  set(main ${folder}/main.cc)
  if(NOT sources)
    return()
  endif()
  list(REMOVE_ITEM sources ${tests} ${main})

  set(deps)
  foreach(dep IN LISTS arg_DEPS)
    if(TARGET featly_${dep})
      list(APPEND deps featly_${dep})
    endif()
  endforeach()

  if(sources)
    add_library(featly_${name} STATIC ${sources})
    target_precompile_headers(featly_${name} REUSE_FROM featly_pch)
    target_include_directories(featly_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(featly_${name} PRIVATE featly_warnings PUBLIC ${deps} featly_third_party)
    foreach(file IN LISTS arg_EMBED)
      featly_embed(featly_${name} ${file})
    endforeach()
  else()
    add_library(featly_${name} INTERFACE)
    target_include_directories(featly_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(featly_${name} INTERFACE ${deps} featly_third_party)
  endif()

  if(tests AND BUILD_TESTING)
    add_executable(${name}_test ${tests})
    target_precompile_headers(${name}_test REUSE_FROM featly_pch)
    target_link_libraries(${name}_test PRIVATE
      featly_warnings featly_${name} GTest::gtest_main GTest::gmock)
    add_test(NAME ${name} COMMAND ${name}_test
             --gtest_output=xml:${CMAKE_BINARY_DIR}/test-results/${name}.xml)
    set_tests_properties(${name} PROPERTIES
      TIMEOUT 900 ENVIRONMENT "${FEATLY_TEST_ENVIRONMENT}")
  endif()
endfunction()

# The command `featly` of src/<room>/main.cc, at the top of the build tree.
function(featly_program room)
  set(main ${CMAKE_SOURCE_DIR}/src/${room}/main.cc)
  file(GLOB found CONFIGURE_DEPENDS ${main})
  if(NOT found)
    return()
  endif()
  add_executable(featly ${main})
  target_precompile_headers(featly REUSE_FROM featly_pch)
  target_link_libraries(featly PRIVATE featly_warnings featly_${room})
  set_target_properties(featly PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}
    INSTALL_RPATH "$ORIGIN/../lib/python${FEATLY_PYTHON_VERSION}/site-packages/pyarrow")
  install(TARGETS featly RUNTIME DESTINATION . COMPONENT program)
endfunction()

# The nanobind module `_core` of src/<room>/*.cc, at python/featly/ of the build tree.
function(featly_python_module room)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*.cc)
  if(NOT sources OR FEATLY_SANITIZE)
    return()  # a sanitized module cannot be loaded into a plain interpreter
  endif()
  set(Python_EXECUTABLE ${FEATLY_PYTHON})
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module)
  featly_ask_python(nanobind_ROOT "import nanobind; print(nanobind.cmake_dir())")
  find_package(nanobind REQUIRED CONFIG)

  nanobind_add_module(featly_python NB_STATIC NOMINSIZE ${sources})
  if(TARGET nanobind-static)
    target_compile_options(nanobind-static PRIVATE -w)
  endif()
  set(deps)
  foreach(dep IN LISTS arg_DEPS)
    if(TARGET featly_${dep})
      list(APPEND deps featly_${dep})
    endif()
  endforeach()
  target_include_directories(featly_python PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(featly_python PRIVATE featly_warnings ${deps} featly_third_party)
  set_target_properties(featly_python PROPERTIES
    OUTPUT_NAME _core
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/python/featly
    INSTALL_RPATH "$ORIGIN/../pyarrow")
  install(TARGETS featly_python LIBRARY DESTINATION featly COMPONENT module)
endfunction()
