// What `embedq doctor` reports about a PostgreSQL server and the store's schema in it.
//
// Nothing is written. Every check is a read-only transaction of bounded time; one that fails becomes a note, and the
// others still run. Thread-safety: plain functions; a connection belongs to the caller. They throw Failure when the
// connection is lost.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.h"
#include "embedq/context.h"
#include "embedq/diagnosis.h"
#include "migrations.h"

namespace embedq::postgres {

// From which values on something is reported.
struct DiagnosisLimits {
    std::chrono::milliseconds all_checks{8'000};
    std::chrono::milliseconds one_check{2'000};
    std::chrono::seconds old_transaction{60};
    std::chrono::seconds far_too_old_transaction{3'600};
    std::int64_t transactions_behind = 1'000'000;  // if no time is known
    std::int64_t dead_rows = 50'000;               // if there are also more than live ones
    std::int64_t changes = 5'000'000;              // in the feed
    std::int64_t unsettled_changes = 10'000;
    std::int64_t much_data = std::int64_t{1} << 30U;
    std::int64_t much_kept_wal = std::int64_t{1} << 30U;
};

[[nodiscard]] std::vector<Finding> diagnose(Connection& connection, const std::string& schema, std::size_t pool,
                                            const Clock& clock, const DiagnosisLimits& limits = {},
                                            const Migrations& steps = migrations());

// Runs the checks of a diagnosis, and collects their findings.
class Checks {
public:
    Checks(Connection& connection, std::string schema, const DiagnosisLimits& limits);

    // Runs `body`, which queries the server and adds findings.
    void run(const char* subject, const std::function<void()>& body);
    Rows query(const char* statement) { return connection_.query(statement, {}); }
    // $1 is the schema's name.
    Rows query_schema(const char* statement) { return connection_.query(statement, Parameters().add(name_)); }

    void good(const char* subject, std::string found) { add(FindingLevel::good, subject, std::move(found), ""); }
    void note(const char* subject, std::string found, std::string hint) {
        add(FindingLevel::note, subject, std::move(found), std::move(hint));
    }
    void fault(const char* subject, std::string found, std::string hint) {
        add(FindingLevel::fault, subject, std::move(found), std::move(hint));
    }
    void add(FindingLevel level, const char* subject, std::string found, std::string hint) {
        findings_.push_back({level, subject, std::move(found), std::move(hint)});
    }

    // All findings, with a note that names the checks for which there was no time.
    [[nodiscard]] std::vector<Finding> take();

    [[nodiscard]] Connection& connection() { return connection_; }
    [[nodiscard]] const std::string& schema() const { return schema_; }  // quoted
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const DiagnosisLimits& limits() const { return limits_; }
    std::string role;               // of this session
    bool sees_all_sessions = true;  // and what they do

private:
    Connection& connection_;
    const std::string schema_;
    const std::string name_;
    const DiagnosisLimits limits_;
    const std::chrono::steady_clock::time_point end_;
    std::vector<Finding> findings_;
    std::string skipped_;
};

// diagnosis_server.cpp
void check_server(Checks& checks, std::size_t pool, const Clock& clock);
// diagnosis_maintenance.cpp: dead rows, what holds vacuum back, the feed, sizes.
void check_maintenance(Checks& checks);

// "119 min", "1,234"
[[nodiscard]] std::string duration_text(std::int64_t seconds);
[[nodiscard]] std::string number_text(std::int64_t number);

}  // namespace embedq::postgres
