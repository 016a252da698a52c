# cmake -DSDK=… -DMEMORY=… -DDESTINATION=… -P write_template.cmake
#
# Writes what `embedq plugins new` copies. Providers, notifiers and services start from the small projects in template/.
# A store starts from the sources of the memory store, which pass the whole kit. They get the template's placeholder as
# their name, and the standard library's locks in place of core/sync, which is not installed.
file(REMOVE_RECURSE ${DESTINATION})
file(COPY ${SDK}/template/ DESTINATION ${DESTINATION})

file(GLOB sources RELATIVE ${MEMORY} ${MEMORY}/*.cpp ${MEMORY}/*.h ${MEMORY}/include/memory/*.h)
foreach(source IN LISTS sources)
  file(READ ${MEMORY}/${source} text)
  string(REPLACE "embedq::memory" "embedq::your_name_store" text "${text}")
  string(REPLACE "memory/store.h" "factory.h" text "${text}")
  string(REPLACE "memory_store.h" "your_name_store.h" text "${text}")
  string(REPLACE "MemoryStore" "YourNameStore" text "${text}")
  string(REPLACE "memory store" "your_name store" text "${text}")
  string(REPLACE "#include \"sync/mutex.h\"" "#include <mutex>" text "${text}")
  string(REPLACE "sync::Mutex" "std::mutex" text "${text}")
  string(REPLACE "sync::Lock" "std::lock_guard" text "${text}")
  string(REGEX REPLACE " EMBEDQ_GUARDED_BY\\(([a-z_]+)\\);" ";  // guarded by \\1" text "${text}")
  string(REGEX REPLACE " EMBEDQ_REQUIRES\\([a-z_]+\\)" "" text "${text}")
  if(text MATCHES "(sync::|EMBEDQ_GUARDED|EMBEDQ_REQUIRES)")
    message(FATAL_ERROR "${MEMORY}/${source} uses something of core/sync that is not replaced here: ${CMAKE_MATCH_1}")
  endif()
  string(REPLACE "include/memory/store.h" "factory.h" name ${source})
  string(REPLACE "memory_store.h" "your_name_store.h" name ${name})
  if(name STREQUAL plugin.cpp)
    string(REGEX REPLACE "EMBEDQ_STORE\\(\"memory\".*,[ \n]*([A-Za-z_]+),[ \n]*([A-Za-z_]+)\\);"
      "EMBEDQ_STORE(\"your_name\", \"0.1.0\", \"Keeps everything in this process's memory.\", \\1, \\2);"
      named "${text}")
    if(named STREQUAL text)
      message(FATAL_ERROR "${MEMORY}/plugin.cpp has no EMBEDQ_STORE(\"memory\", …) of the form that is expected here")
    endif()
    set(text "${named}")
  endif()
  file(WRITE ${DESTINATION}/store/${name} "${text}")
endforeach()
