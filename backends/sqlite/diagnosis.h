// What `embedq doctor` reports about a database file: the file and its surroundings, then its contents.
//
// Nothing is written, except by SQLite itself whenever a file is read. Thread-safety: plain functions; a connection
// belongs to the caller.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "database.h"
#include "embedq/diagnosis.h"

namespace embedq::sqlite {

// All findings. A file that cannot be opened is a fault among them.
[[nodiscard]] std::vector<Finding> diagnose(ConnectionSettings settings);

// diagnosis_file.cpp: what the file system shows, without opening the database.
[[nodiscard]] std::vector<Finding> diagnose_file(const std::string& path);

struct Integrity {
    bool whole = false;               // false: the time ran out
    std::vector<std::string> faults;  // as SQLite words them; a few at most
};
// Walks the pages of the file for as long as the limit. Throws Failure.
[[nodiscard]] Integrity check_integrity(Connection& connection, std::chrono::milliseconds limit);

struct OtherProcesses {
    bool known = false;  // whether this system lists them
    std::vector<int> pids;
};
// Those that have the file open; the connection must have read from it.
[[nodiscard]] OtherProcesses other_processes(const std::string& path);

}  // namespace embedq::sqlite
