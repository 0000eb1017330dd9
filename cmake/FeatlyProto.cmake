# The room `proto`: C++ from src/proto/**/*.proto, included as "feast/core/Registry.pb.h". What
# protoc writes is foreign code: no warnings, and included as system code.

function(featly_proto)
  set(root ${CMAKE_SOURCE_DIR}/src/proto)
  set(out ${CMAKE_BINARY_DIR}/proto)
  file(GLOB_RECURSE protos CONFIGURE_DEPENDS RELATIVE ${root} ${root}/*.proto)
  if(NOT protos)
    message(FATAL_ERROR "No .proto files under ${root}")
  endif()

  file(MAKE_DIRECTORY ${out})
  set(generated)
  foreach(proto IN LISTS protos)
    string(REGEX REPLACE "\\.proto$" ".pb" stem ${proto})
    list(APPEND generated ${out}/${stem}.cc ${out}/${stem}.h)
  endforeach()
  list(TRANSFORM protos PREPEND ${root}/ OUTPUT_VARIABLE inputs)
  add_custom_command(
    OUTPUT ${generated}
    COMMAND protobuf::protoc --proto_path=${root} --cpp_out=${out} ${protos}
    DEPENDS ${inputs}
    COMMENT "Generating C++ from .proto files"
    VERBATIM)

  add_library(featly_proto STATIC ${generated})
  target_include_directories(featly_proto SYSTEM PUBLIC ${out})
  target_link_libraries(featly_proto PUBLIC featly_third_party)
  target_compile_options(featly_proto PRIVATE -w)
endfunction()
