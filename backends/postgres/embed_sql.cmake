# Writes the SQL files as constants of a C++ header: cmake -DOUT=file -DDIR=folder -DNAMES="a;b" -P embed_sql.cmake
set(header "// Made of sql/*.sql by embed_sql.cmake.\n#pragma once\n\nnamespace embedq::postgres::sql {\n\n")
foreach(name ${NAMES})
  file(READ ${DIR}/${name}.sql text)
  string(APPEND header "inline constexpr char ${name}[] = R\"embedq_sql(${text})embedq_sql\";\n")
endforeach()
string(APPEND header "\n}  // namespace embedq::postgres::sql\n")
file(WRITE ${OUT} "${header}")
