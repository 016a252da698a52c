#include "session_settings.h"

namespace embedq::postgres {
namespace {

// `%` stands for the statement timeout in milliseconds. What makes a session read-only is left alone: it is refused
// when it is made.
struct Setting {
    const char* name;
    const char* value;
};
constexpr Setting session_settings[] = {{"search_path", "pg_catalog, pg_temp"},
                                        {"bytea_output", "hex"},
                                        {"DateStyle", "ISO, MDY"},
                                        {"IntervalStyle", "postgres"},
                                        {"TimeZone", "UTC"},
                                        {"extra_float_digits", "1"},
                                        {"standard_conforming_strings", "on"},
                                        {"array_nulls", "on"},
                                        {"transform_null_equals", "off"},
                                        {"row_security", "on"},
                                        {"default_transaction_isolation", "'read committed'"},
                                        {"default_transaction_deferrable", "off"},
                                        {"statement_timeout", "%"},
                                        {"idle_in_transaction_session_timeout", "%"},
                                        {"lock_timeout", "0"},
                                        {"jit", "off"}};
constexpr int has_idle_session_timeout = 140000;  // and client_connection_check_interval
constexpr int has_transaction_timeout = 170000;

}  // namespace

std::string settings_statement(std::string_view how, std::chrono::milliseconds timeout, int version) {
    std::string out;
    const auto set = [&](std::string_view name, std::string_view value) {
        if (!out.empty()) out += "; ";
        out += std::string(how) + " " + std::string(name) + " = " + std::string(value);
    };
    const std::string milliseconds = std::to_string(timeout.count());
    for (const auto& [name, value] : session_settings) set(name, value == std::string_view("%") ? milliseconds : value);
    if (version >= has_idle_session_timeout) {
        set("idle_session_timeout", "0");
        // A statement that this side has given up does not go on for as long as it wants.
        set("client_connection_check_interval", "'2s'");
    }
    if (version >= has_transaction_timeout) set("transaction_timeout", "0");
    return out;
}

}  // namespace embedq::postgres
