// Diagnoses a server as `embedq doctor` does, and reads the findings.
#pragma once

#include <algorithm>
#include <iterator>

#include "conformance/system_context.h"
#include "diagnosis.h"
#include "names.h"
#include "server.h"

namespace embedq::postgres::testing {

using std::chrono::seconds;

[[nodiscard]] inline std::vector<Finding> of_subject(const std::vector<Finding>& findings, std::string_view subject) {
    std::vector<Finding> out;
    std::ranges::copy_if(findings, std::back_inserter(out),
                         [&](const Finding& finding) { return finding.subject == subject; });
    return out;
}

[[nodiscard]] inline std::string all_of(const std::vector<Finding>& findings) {
    std::string text;
    for (const Finding& each : findings) {
        text += std::string(to_string(each.level)) + " " + each.subject + ": " + each.found + " | " + each.hint + "\n";
    }
    return text;
}

class DiagnosisTest : public PostgresTest {
protected:
    // An unchanged server, as a role that may see all sessions.
    DiagnosisTest() { static_cast<void>(sql("GRANT pg_read_all_stats TO embedq")); }
    ~DiagnosisTest() override { static_cast<void>(sql("REVOKE pg_read_all_stats FROM embedq")); }

    std::vector<Finding> diagnose(const std::string& by = url(), const Migrations& steps = migrations()) {
        Connection connection(settings_for(by, quoted_schema()));
        auto findings = postgres::diagnose(connection, quoted_schema(), 8, clock, limits, steps);
        for (const Finding& each : findings) {
            EXPECT_FALSE(each.subject.empty() || each.found.empty()) << all_of({each});
            EXPECT_TRUE(each.level == FindingLevel::good || !each.hint.empty()) << all_of({each});
            EXPECT_EQ((each.subject + each.found + each.hint).find_first_of("\n\r\t"), std::string::npos)
                << all_of({each});
        }
        return findings;
    }

    void expect(const std::vector<Finding>& findings, std::string_view subject, FindingLevel level,
                std::string_view found, std::string_view hint = {}) {
        const auto of = of_subject(findings, subject);
        EXPECT_TRUE(std::ranges::any_of(of,
                                        [&](const Finding& each) {
                                            return each.level == level && each.found.find(found) != std::string::npos &&
                                                   each.hint.find(hint) != std::string::npos;
                                        }))
            << "no finding has '" << found << "' with the hint '" << hint << "' in:\n"
            << all_of(of);
    }
    void expect_only_good(const std::vector<Finding>& findings, std::string_view subject) {
        for (const Finding& each : of_subject(findings, subject))
            EXPECT_EQ(each.level, FindingLevel::good) << all_of({each});
        EXPECT_FALSE(of_subject(findings, subject).empty()) << subject;
    }

    [[nodiscard]] std::string table(const std::string& name) const { return quoted_schema() + "." + name; }

    conformance::SystemClock clock;
    DiagnosisLimits limits{.all_checks = seconds(60), .one_check = seconds(20)};
};

// A setting of the whole server for the time of a test.
class Setting {
public:
    Setting(std::string name, const std::string& value) : name_(std::move(name)) {
        Connection connection(settings_for(superuser_url()));
        connection.execute("ALTER SYSTEM SET " + name_ + " = " + value);
        reload(connection);
        wait_until("SELECT reset_val = " + literal(value) + " FROM pg_settings WHERE name = " + literal(name_));
    }
    ~Setting() {
        Connection connection(settings_for(superuser_url()));
        connection.execute("ALTER SYSTEM RESET " + name_);
        reload(connection);
        wait_until(
            "SELECT source <> 'configuration file' OR sourcefile NOT LIKE '%postgresql.auto.conf' FROM pg_settings "
            "WHERE name = " +
            literal(name_));
    }
    Setting(const Setting&) = delete;
    Setting& operator=(const Setting&) = delete;

private:
    static void reload(Connection& connection) { connection.execute("SELECT pg_reload_conf()"); }
    std::string name_;
};

}  // namespace embedq::postgres::testing
