# embedq_add_conformance_test(TARGET [WITH command...] [OPTIONS name=value...] [SLOW name=value...]
#                             [REFUSING name=value...])
#
# Adds the test `conformance_<TARGET>`, which runs the installed conformance kit on the plugin of embedq_add_plugin().
# OPTIONS configure the instance. For providers, SLOW configures one that answers long after any deadline, and REFUSING
# one that refuses any text that contains "refuse this". Cases that need an instance that is not configured are skipped
# and reported as such.
# WITH is a command that runs the kit: it gets the kit's command line as its last arguments, and must end with the kit's
# status. It can start a server that the plugin needs, and stop it afterwards. Options may use the variables that it
# sets in the environment: "url=\${URL}".
function(embedq_add_conformance_test target)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "WITH;OPTIONS;SLOW;REFUSING")
  if(NOT TARGET ${target})
    message(FATAL_ERROR "embedq_add_conformance_test: there is no target '${target}'; "
      "embedq_add_plugin(KIND NAME …) adds embedq_<KIND>_<NAME>")
  endif()
  if(NOT TARGET embedq::embedq-conformance)
    message(FATAL_ERROR "embedq_add_conformance_test: this embedq was installed without its conformance kit; "
      "build embedq with -DEMBEDQ_BUILD_CONFORMANCE=ON")
  endif()
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "embedq_add_conformance_test: found '${ARG_UNPARSED_ARGUMENTS}', "
      "expected WITH, OPTIONS, SLOW or REFUSING before it")
  endif()
  set(arguments --plugin $<TARGET_FILE:${target}>)
  foreach(word OPTIONS SLOW REFUSING)
    string(TOLOWER ${word} switch)
    foreach(option IN LISTS ARG_${word})
      if(NOT option MATCHES "^[A-Za-z_][A-Za-z0-9_]*=")
        message(FATAL_ERROR "embedq_add_conformance_test: found '${option}' after ${word}, expected name=value")
      endif()
      list(APPEND arguments --${switch} ${option})
    endforeach()
  endforeach()
  add_test(NAME conformance_${target} COMMAND ${ARG_WITH} $<TARGET_FILE:embedq::embedq-conformance> ${arguments})
  set_tests_properties(conformance_${target} PROPERTIES LABELS conformance TIMEOUT 600)
endfunction()
