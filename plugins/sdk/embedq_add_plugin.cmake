# embedq_add_plugin(KIND NAME source...)
#
# Builds the shared object libembedq_<KIND>_<NAME>.so that exports only the plugin symbol, against the
# contract and the support headers only. KIND is store, provider, notifier or service. The target is
# embedq_<KIND>_<NAME>: link libraries to it as usual.
#
# EMBEDQ_PLUGIN_OUTPUT_DIRECTORY  the folder it is built into (default: that of the project's build)
# EMBEDQ_PLUGIN_INSTALL_DIR       the folder below the prefix that `cmake --install` puts it into (default:
#                                 lib/embedq/plugins; empty: it is not installed)
function(embedq_add_plugin kind name)
  if(NOT kind MATCHES "^(store|provider|notifier|service)$")
    message(FATAL_ERROR "embedq_add_plugin: the kind is '${kind}', but must be store, provider, notifier or service")
  endif()
  if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "embedq_add_plugin: the name is '${name}', "
      "but must be lower-case letters, digits and '_', starting with a letter")
  endif()
  set(target embedq_${kind}_${name})
  add_library(${target} MODULE ${ARGN})
  target_link_libraries(${target} PRIVATE embedq::support)
  set_target_properties(${target} PROPERTIES
    PREFIX lib
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.version)
  # Never unloaded (nodelete); no undefined symbols (defs); symbols of static libraries are not exported (exclude-libs).
  # clang links the runtime of its sanitizers only into the program, so that plugins then have undefined symbols.
  if(NOT (CMAKE_CXX_COMPILER_ID STREQUAL Clang AND EMBEDQ_SANITIZE))
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  target_link_options(${target} PRIVATE
    -Wl,-z,nodelete -Wl,--exclude-libs,ALL
    -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.version)
  if(EMBEDQ_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${EMBEDQ_PLUGIN_OUTPUT_DIRECTORY})
  endif()
  # The loader refuses files and folders that other users may write.
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND chmod go-w $<TARGET_FILE:${target}> $<TARGET_FILE_DIR:${target}> VERBATIM)
  if(NOT DEFINED EMBEDQ_PLUGIN_INSTALL_DIR)
    set(EMBEDQ_PLUGIN_INSTALL_DIR lib/embedq/plugins)
  endif()
  if(EMBEDQ_PLUGIN_INSTALL_DIR)
    # Independent of the umask of the installing user.
    install(DIRECTORY DESTINATION ${EMBEDQ_PLUGIN_INSTALL_DIR}
      DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    install(TARGETS ${target} LIBRARY DESTINATION ${EMBEDQ_PLUGIN_INSTALL_DIR})
    # The installed plugins, for targets that need all of them built.
    set_property(GLOBAL APPEND PROPERTY EMBEDQ_PLUGIN_TARGETS ${target})
  endif()
endfunction()
