# embedq_build_tag(RESULT INCLUDE_FOLDER)
#
# Sets RESULT to the build tag (embedq/plugin.h) of the compiler with the flags known so far, or to nothing if it cannot
# read the contract's headers. Only the preprocessor runs, so that the tag of a compiler or a language level that is too
# old can still be reported.
function(embedq_build_tag result include_folder)
  set(level 23)
  if(DEFINED CMAKE_CXX_STANDARD)
    set(level ${CMAKE_CXX_STANDARD})
  endif()
  string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
  separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${type}}")
  get_directory_property(options COMPILE_OPTIONS)
  get_directory_property(definitions COMPILE_DEFINITIONS)
  list(TRANSFORM definitions PREPEND -D)
  list(APPEND flags ${options} ${definitions})
  list(FILTER flags EXCLUDE REGEX "\\$<|^-Werror")
  set(source ${CMAKE_BINARY_DIR}/CMakeFiles/embedq_build_tag.cpp)
  file(WRITE ${source} "#include \"embedq/plugin.h\"\nEMBEDQ_THE_TAG EMBEDQ_BUILD_TAG\n")
  execute_process(
    COMMAND ${CMAKE_CXX_COMPILER} ${flags} ${CMAKE_CXX${level}_STANDARD_COMPILE_OPTION}
      -I${include_folder} -E -P ${source}
    OUTPUT_VARIABLE text ERROR_QUIET RESULT_VARIABLE status)
  set(tag "")
  if(status EQUAL 0 AND text MATCHES "EMBEDQ_THE_TAG ([^\n]*)")
    # Adjacent literals form one.
    string(REGEX REPLACE "\" *\"" "" tag "${CMAKE_MATCH_1}")
    string(REGEX REPLACE "^ *\"|\" *$" "" tag "${tag}")
  endif()
  set(${result} "${tag}" PARENT_SCOPE)
endfunction()
