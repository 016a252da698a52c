find_package(GTest REQUIRED)

find_package(Python3 REQUIRED COMPONENTS Interpreter)

# The build for ThreadSanitizer optimises (-O1) what is tested. Optimising the tests would take as long again, and their
# own code hardly runs.
set(EMBEDQ_TEST_OPTIONS $<$<CONFIG:Debug>:-O0>)

# What nearly every test includes, read once. File by file (the preset `dev`) there is none, so that a test says itself
# what it needs.
if(CMAKE_UNITY_BUILD)
  add_executable(embedq_test_headers EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/support/precompiled/main.cpp)
  target_link_libraries(embedq_test_headers PRIVATE GTest::gtest GTest::gmock Threads::Threads)
  target_compile_options(embedq_test_headers PRIVATE ${EMBEDQ_TEST_OPTIONS})
  target_precompile_headers(embedq_test_headers PRIVATE
    <gmock/gmock.h> <gtest/gtest.h> <algorithm> <chrono> <condition_variable> <expected> <filesystem> <functional> <map>
    <memory> <ranges> <set> <stop_token> <string> <thread> <vector>)
endif()

# embedq_count_cases(TEST): the cases of a test that is a program with gtest are written to Testing/cases/TEST.xml,
# where tests/report.py counts them.
function(embedq_count_cases name)
  set_tests_properties(${name} PROPERTIES ENVIRONMENT
    "GTEST_OUTPUT=xml:${PROJECT_BINARY_DIR}/Testing/cases/${name}.xml")
endfunction()

# embedq_starts_early(TEST): for tests that take a minute or more. One that starts last has the machine for itself while
# nothing else is left to do. ctest knows by itself what took long, but only from a run before.
function(embedq_starts_early name)
  set_tests_properties(${name} PROPERTIES COST 100)
endfunction()

# embedq_add_test(NAME source... LIBS library...): one executable, one ctest entry per executable with `label` "unit" by
# default. POSTGRES: beside a PostgreSQL server of its own (tests/support); DURABLE: beside one with fsync.
function(embedq_add_test name)
  cmake_parse_arguments(ARG "POSTGRES;DURABLE" "LABEL;TIMEOUT" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE
    ${ARG_LIBS} embedq::support GTest::gtest GTest::gmock GTest::gtest_main Threads::Threads)
  target_compile_options(${name} PRIVATE ${EMBEDQ_TEST_OPTIONS})
  if(TARGET embedq_test_headers)
    target_precompile_headers(${name} REUSE_FROM embedq_test_headers)
  endif()
  target_compile_definitions(${name} PRIVATE
    EMBEDQ_SOURCE_DIR="${PROJECT_SOURCE_DIR}" EMBEDQ_BINARY_DIR="${PROJECT_BINARY_DIR}")
  set(runner)
  if(ARG_POSTGRES OR ARG_DURABLE)
    set(runner ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/support/with_postgres.py)
    if(ARG_DURABLE)
      list(APPEND runner --durable)
    endif()
    list(APPEND runner --)
  endif()
  add_test(NAME ${name} COMMAND ${runner} $<TARGET_FILE:${name}>)
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT})
  embedq_count_cases(${name})
endfunction()
