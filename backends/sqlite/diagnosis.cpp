#include "diagnosis.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

#include "documents/size_text.h"
#include "failure.h"
#include "migrations.h"
#include "schema.h"
#include "sync/sleep.h"

namespace embedq::sqlite {
namespace {

using documents::size_text;
using std::chrono::milliseconds;

constexpr milliseconds longest_wait{2'000};  // for a file that another process has locked
constexpr milliseconds longest_check{2'000};
constexpr std::int64_t much_unused = 64 << 20;
constexpr std::size_t named_processes = 8;

constexpr const char* journal_mode = "PRAGMA journal_mode";
constexpr const char* unused_bytes = "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size";
constexpr const char* all_bytes = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
// Without the objects that SQLite itself creates.
constexpr const char* objects =
    "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

std::string shell(const std::string& path, const std::string& sql) {
    return "sqlite3 '" + path + "' \"" + sql + "\"";
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

std::string in_one_line(std::string text) {
    std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    text.erase(std::ranges::unique(text, [](char a, char b) { return a == ' ' && b == ' '; }).begin(), text.end());
    return text;
}

// A fault must have a hint, which every failure of this plugin has.
Finding finding_of(const Error& error) {
    return {FindingLevel::fault, "database", in_one_line(error.message),
            error.hint.empty() ? "see the file with `sqlite3`, or restore it from a backup" : in_one_line(error.hint)};
}

// The mode as the file's header has it (bytes 18 and 19 are 2 for wal). A connection that takes the file for immutable
// uses no journal, so that SQLite tells it another mode.
bool is_wal_by_header(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::array<char, 20> header{};
    return file.read(header.data(), header.size()) && header[18] == 2 && header[19] == 2;
}

Finding journal(Connection& connection, bool full_sync) {
    Run run(connection, journal_mode);
    std::string mode = run.next() ? run.text(0) : "unknown";
    if (connection.immutable() && is_wal_by_header(connection.path())) mode = "wal";
    if (mode != "wal") {
        return {FindingLevel::fault, "journal", "mode " + mode + ", in which readers and writers wait for each other",
                "`embedq migrate up` sets the mode wal"};
    }
    return {FindingLevel::good, "journal",
            full_sync ? "mode wal; a committed write survives a power cut (synchronous: full)"
                      : "mode wal; a power cut may take the last writes (synchronous: normal)"};
}

Finding integrity(Connection& connection) {
    const Integrity checked = check_integrity(connection, longest_check);
    const std::string command = shell(connection.path(), "PRAGMA quick_check");
    if (!checked.faults.empty()) {
        return {FindingLevel::fault, "integrity", "the file is damaged: " + in_one_line(joined(checked.faults)),
                "stop every embedq, then restore the file from a backup, or move it away and index again; to see all "
                "damage, run " +
                    command};
    }
    if (checked.whole) return {FindingLevel::good, "integrity", "quick_check finds no fault"};
    return {FindingLevel::note, "integrity",
            "no fault was found in 2 s, but the file is too large to be checked completely here",
            "run " + command + ", which checks all of it"};
}

std::optional<Finding> unused_space(Connection& connection) {
    const std::int64_t unused = value_of(connection, unused_bytes).value_or(0);
    const std::int64_t all = value_of(connection, all_bytes).value_or(0);
    if (unused < much_unused || unused < all / 2) return std::nullopt;
    return Finding{FindingLevel::note, "unused space",
                   size_text(unused) + " of " + size_text(all) + " in the file are empty and will be used for new rows",
                   "to return it to the file system, stop every embedq and run " + shell(connection.path(), "VACUUM")};
}

using Objects = std::map<std::string, std::string>;  // "index jobs_due" to its statement

Objects objects_of(Connection& connection) {
    Objects found;
    for (Run run(connection, objects); run.next();) found.emplace(run.text(0), run.text(1));
    return found;
}

// The objects that the migrations of this build create.
Objects expected_objects() {
    Connection scratch(ConnectionSettings{.path = ":memory:", .full_sync = false, .writes = true, .create = true});
    for (const Migration& migration : migrations) scratch.execute(migration.sql);
    return objects_of(scratch);
}

// The version says which migrations were applied, not what was changed since.
Finding tables_and_indexes(Connection& connection) {
    const Objects expected = expected_objects();
    const Objects found = objects_of(connection);
    std::vector<std::string> wrong;
    std::string statements;  // that create the missing indexes again
    bool fixable = true;     // nothing but indexes is missing
    for (const auto& [name, sql] : expected) {
        const auto at = found.find(name);
        if (at != found.end() && at->second == sql) continue;
        wrong.push_back(name + (at == found.end() ? " is missing" : " is not as embedq created it"));
        fixable = fixable && at == found.end() && name.starts_with("index ");
        statements += in_one_line(sql) + "; ";
    }
    if (!wrong.empty()) {
        return {FindingLevel::fault, "tables and indexes", joined(wrong),
                fixable ? "run " + shell(connection.path(), statements.substr(0, statements.size() - 2))
                        : "restore the file from a backup, or move it away and index again"};
    }
    std::vector<std::string> foreign;
    for (const auto& [name, sql] : found) {
        if (!expected.contains(name)) foreign.push_back(name);
    }
    if (!foreign.empty()) {
        return {FindingLevel::note, "tables and indexes",
                "all exist, and others that embedq did not create: " + joined(foreign),
                "keep what is not embedq's in a file of its own"};
    }
    return {FindingLevel::good, "tables and indexes", "all " + std::to_string(expected.size()) + " exist"};
}

std::string process_text(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
    std::string name;
    std::getline(file, name);
    return std::to_string(pid) + (name.empty() ? "" : " (" + in_one_line(name) + ")");
}

std::optional<Finding> processes(const std::string& path) {
    const OtherProcesses others = other_processes(path);
    if (!others.known) return std::nullopt;
    if (others.pids.empty()) return Finding{FindingLevel::good, "other processes", "none has the file open"};
    std::vector<std::string> names;
    for (const int pid : others.pids) {
        if (names.size() < named_processes) names.push_back(process_text(pid));
    }
    if (others.pids.size() > names.size()) names.emplace_back("…");
    const bool one = others.pids.size() == 1;
    return Finding{FindingLevel::good, "other processes",
                   std::to_string(others.pids.size()) + (one ? " has" : " have") + " the file open: " + joined(names)};
}

void diagnose_database(ConnectionSettings settings, std::vector<Finding>& findings) {
    settings.busy_timeout = std::min(settings.busy_timeout, longest_wait);
    settings.writes = false;
    settings.create = false;
    Connection connection(settings);
    // Refuses a file of another program.
    const MigrationState state = read_migration_state(connection);
    if (state.current > 0) findings.push_back(journal(connection, settings.full_sync));
    if (state.current == state.newest) findings.push_back(tables_and_indexes(connection));
    findings.push_back(integrity(connection));
    if (auto finding = unused_space(connection)) findings.push_back(std::move(*finding));
    if (auto finding = processes(settings.path)) findings.push_back(std::move(*finding));
}

}  // namespace

Integrity check_integrity(Connection& connection, milliseconds limit) {
    Integrity checked;
    std::atomic<bool> expired = false;
    // While SQLite walks a file it only checks for interrupts, so another thread has to watch the time.
    std::jthread watch([&](const std::stop_token& stop) {
        if (!sync::sleep_for(limit, stop)) return;
        do {
            expired = true;
            connection.interrupt();
            // Repeated, since an interrupt between two statements is lost.
        } while (sync::sleep_for(milliseconds(10), stop));
    });
    try {
        Run run(connection, "PRAGMA quick_check(5)");
        // The results of an interrupted check are wrong: pages that it did not reach seem unused.
        while (run.next() && !expired) {
            if (run.view(0) != "ok") checked.faults.push_back(run.text(0));
        }
        checked.whole = !expired;
    } catch (const Failure&) {
        if (!expired) throw;
    }
    watch.request_stop();
    watch.join();
    return checked;
}

std::vector<Finding> diagnose(ConnectionSettings settings) {
    // Before the file is opened, since that may checkpoint its log.
    std::vector<Finding> findings = diagnose_file(settings.path);
    std::error_code error;
    if (!std::filesystem::exists(settings.path, error)) return findings;
    try {
        diagnose_database(std::move(settings), findings);
    } catch (const Failure& caught) {
        findings.push_back(finding_of(caught.error));
    }
    return findings;
}

}  // namespace embedq::sqlite
