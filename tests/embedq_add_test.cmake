find_package(GTest REQUIRED)

find_package(Python3 REQUIRED COMPONENTS Interpreter)

# embedq_count_cases(TEST): the cases of a test that is a program with gtest are written to Testing/cases/TEST.xml,
# where tests/report.py counts them.
function(embedq_count_cases name)
  set_tests_properties(${name} PROPERTIES ENVIRONMENT
    "GTEST_OUTPUT=xml:${PROJECT_BINARY_DIR}/Testing/cases/${name}.xml")
endfunction()

# embedq_add_test(NAME source... LIBS library...): one executable, one ctest entry per executable with `label` "unit" by
# default. POSTGRES: beside a PostgreSQL server of its own (tests/support); DURABLE: beside one with fsync.
function(embedq_add_test name)
  cmake_parse_arguments(ARG "POSTGRES;DURABLE" "LABEL;TIMEOUT" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE
    ${ARG_LIBS} embedq::contract GTest::gtest GTest::gmock GTest::gtest_main Threads::Threads)
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
