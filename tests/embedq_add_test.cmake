find_package(GTest REQUIRED)

# embedq_add_test(NAME source... LIBS library... [WITH command...]): one executable, one ctest entry per executable with `label` "unit" by
# default. WITH runs it by a command, such as one that starts a server.
function(embedq_add_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;LIBS;WITH" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} embedq::contract GTest::gtest GTest::gmock GTest::gtest_main Threads::Threads)
  target_compile_definitions(${name} PRIVATE
    EMBEDQ_SOURCE_DIR="${PROJECT_SOURCE_DIR}" EMBEDQ_BINARY_DIR="${PROJECT_BINARY_DIR}")
  add_test(NAME ${name} COMMAND ${ARG_WITH} $<TARGET_FILE:${name}>)
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
