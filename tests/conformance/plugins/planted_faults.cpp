// Each planted fault is caught by the case that names it, and a plugin without a fault passes every case.
//
// For each fault the program runs itself again with the fault's name, since a fault may hang or end its process. There
// it runs the case that must fail or, with --every-case, all cases, and prints how many failed.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <iostream>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/ending.h"
#include "conformance/notifier_kit.h"
#include "conformance/provider_kit.h"
#include "conformance/service_kit.h"
#include "loaded_plugin.h"

namespace {

using namespace embedq::conformance;

struct PlantedFault {
    std::string_view kind;
    std::string_view fault;
    std::string_view caught_by;  // empty: every case passes
};

constexpr std::array planted_faults = {
    PlantedFault{"provider", "none", ""},
    PlantedFault{"provider", "rows_swapped", "order.permuting_texts_permutes_rows"},
    PlantedFault{"provider", "parts_swapped", "order.a_full_batch_keeps_its_order"},
    PlantedFault{"provider", "batch_matters", "order.each_text_alone_has_its_row_of_the_batch"},
    PlantedFault{"provider", "place_matters", "order.equal_texts_have_equal_rows"},
    PlantedFault{"provider", "wrong_dimension", "shape.one_text_has_one_row"},
    PlantedFault{"provider", "row_missing", "shape.two_texts_have_two_rows"},
    PlantedFault{"provider", "nan", "shape.rows_are_finite_and_not_zero"},
    PlantedFault{"provider", "zero_vector", "shape.rows_are_finite_and_not_zero"},
    PlantedFault{"provider", "one_vector_for_all", "shape.different_texts_have_different_rows"},
    PlantedFault{"provider", "queries_throw", "shape.documents_and_queries_have_rows"},
    PlantedFault{"provider", "endpoint_unchecked", "endpoints.one_that_is_not_there_is_refused"},
    PlantedFault{"provider", "endpoints_alike", "info.endpoints_have_different_names"},
    PlantedFault{"provider", "info_changes", "info.is_the_same_each_time"},
    PlantedFault{"provider", "quotes_break_it", "odd_texts.what_looks_like_json"},
    PlantedFault{"provider", "four_bytes_break_it", "odd_texts.characters_of_four_bytes"},
    PlantedFault{"provider", "refusal_alone_is_internal", "per_text_errors.alone_it_is_invalid_input"},
    PlantedFault{"provider", "refusal_is_unavailable", "per_text_errors.in_a_batch_it_is_named"},
    PlantedFault{"provider", "refusal_names_another", "per_text_errors.in_a_batch_it_is_named"},
    PlantedFault{"provider", "refusal_sticks", "per_text_errors.a_batch_without_it_is_embedded"},
    PlantedFault{"provider", "deadline_ignored", "deadline.ends_a_late_answer"},
    PlantedFault{"provider", "late_is_internal", "deadline.ends_a_late_answer"},
    PlantedFault{"provider", "max_deadline_overflows", "deadline.none_is_no_deadline"},
    PlantedFault{"provider", "stop_ignored", "stop.ends_a_call_midway"},
    PlantedFault{"provider", "stop_ends_all_calls", "stop.ends_only_its_own_call"},
    PlantedFault{"provider", "threads_share_a_buffer", "threads.each_thread_has_its_own_rows"},
    PlantedFault{"provider", "instances_share_state", "two_instances.one_outlives_the_other"},
    PlantedFault{"provider", "options_shared", "two_instances.options_are_each_ones_own"},
    PlantedFault{"provider", "restart_matters", "restart.a_new_instance_gives_the_same_rows"},
    PlantedFault{"provider", "thread_left", "no_thread_left.after_destruction"},
    PlantedFault{"provider", "late_thread_left", "no_thread_left.after_late_answers"},
    PlantedFault{"provider", "descriptor_left", "no_descriptor_left.after_destruction"},

    PlantedFault{"notifier", "none", ""},
    PlantedFault{"notifier", "deadline_ignored", "bounded_wait.ends_at_its_deadline"},
    PlantedFault{"notifier", "timeout_early", "bounded_wait.ends_at_its_deadline"},
    PlantedFault{"notifier", "spins", "bounded_wait.does_not_spin"},
    PlantedFault{"notifier", "stop_ignored", "stop.ends_a_wait"},
    PlantedFault{"notifier", "stop_ends_all_waits", "stop.ends_only_its_own_wait"},
    PlantedFault{"notifier", "never_wakes", "wake_up.a_publish_wakes_a_waiter"},
    PlantedFault{"notifier", "loses_notification", "lost_notification.a_publish_before_the_wait_ends_it"},
    PlantedFault{"notifier", "publish_blocks", "publish.never_blocks"},
    PlantedFault{"notifier", "degraded_blocks", "degraded.may_be_asked_at_any_time"},
    PlantedFault{"notifier", "instances_share_state", "two_instances.one_outlives_the_other"},
    PlantedFault{"notifier", "crosses_at_first", "two_instances.a_publish_reaches_the_other"},
    PlantedFault{"notifier", "thread_left", "no_thread_left.after_a_stop_and_destruction"},
    PlantedFault{"notifier", "descriptor_left", "no_descriptor_left.after_a_stop_and_destruction"},

    PlantedFault{"service", "none", ""},
    PlantedFault{"service", "stop_blocks", "start.starts_and_stops"},
    PlantedFault{"service", "port_kept", "start.another_starts_after_a_stop"},
    PlantedFault{"service", "stop_before_start_waits", "stop.before_start_is_safe"},
    PlantedFault{"service", "second_stop_hangs", "stop.twice_is_safe"},
    PlantedFault{"service", "second_stop_crashes", "stop.twice_is_safe"},
    PlantedFault{"service", "stops_wait_for_each_other", "stop.several_threads_may_stop"},
    PlantedFault{"service", "failed_start_is_waited_for", "stop.after_a_failed_start_is_safe"},
    PlantedFault{"service", "stop_while_starting_hangs", "stop_while_starting.ends_both"},
    PlantedFault{"service", "stop_while_starting_is_forgotten", "no_thread_left.after_a_stop_while_starting"},
    PlantedFault{"service", "silent_failure", "two_instances.start_or_say_why_not"},
    PlantedFault{"service", "destruction_leaves_it_running", "destruction.without_a_stop"},
    PlantedFault{"service", "thread_left", "no_thread_left.after_a_stop_and_destruction"},
    PlantedFault{"service", "descriptor_left", "no_descriptor_left.after_a_stop_and_destruction"},
};

// --- the process of one fault

void register_faulty(const std::string& kind, const std::string& fault) {
    const std::string suffix = "/tests/faulty_plugins/libembedq_" + kind + "_faulty.so";
    const LoadedKitPlugin plugin(EMBEDQ_BINARY_DIR + suffix);
    if (kind == "provider") {
        register_provider_kit(kind, {.make = plugin.provider({{"fault", fault}}),
                                     .slow = plugin.provider({{"fault", fault}, {"late", "true"}}),
                                     .refusing = plugin.provider({{"fault", fault}, {"refusing", "true"}})});
    } else if (kind == "notifier") {
        // The cases on notifications that reach other instances need a notifier whose notifications do.
        const bool crossing = fault == "none" || fault == "crosses_at_first";
        register_notifier_kit(kind, plugin.notifier({{"fault", fault}, {"crossing", crossing ? "true" : "false"}}));
    } else {
        // A service that is left running must not keep the next from starting, or no more of them would be left.
        const bool exclusive = fault != "stop_while_starting_is_forgotten";
        register_service_kit(kind, plugin.service({{"fault", fault}, {"exclusive", exclusive ? "true" : "false"}}));
    }
}

// Prints a line for each case, also for one that ends the process.
class Reporter final : public testing::EmptyTestEventListener {
    void OnTestStart(const testing::TestInfo& test) override { say("began", test); }
    void OnTestEnd(const testing::TestInfo& test) override {
        say(test.result()->Failed() ? "failed" : test.result()->Skipped() ? "skipped" : "passed", test);
    }
    static void say(const char* what, const testing::TestInfo& test) {
        const std::string suite = test.test_suite_name();
        std::printf("case %s %s.%s\n", what, suite.substr(suite.find('/') + 1).c_str(), test.name());
        std::fflush(stdout);
    }
};

[[noreturn]] void run_one(const std::string& kind, const std::string& fault) {
    register_faulty(kind, fault);
    testing::UnitTest::GetInstance()->listeners().Append(new Reporter);  // gtest owns it
    end_program(RUN_ALL_TESTS());
}

// --- all faults

struct Outcome {
    std::vector<std::string> passed;
    std::vector<std::string> failed;
    std::vector<std::string> skipped;
    std::string output;
};

// The outcome from the lines of the cases; a case that began and did not end has failed.
Outcome read_outcome(std::FILE* stream) {
    Outcome outcome;
    std::string begun;
    std::array<char, 4096> line;
    while (std::fgets(line.data(), line.size(), stream) != nullptr) {
        outcome.output += line.data();
        std::string text = line.data();
        if (!text.starts_with("case ")) continue;
        text.pop_back();
        const std::size_t space = text.find(' ', 5);
        const std::string what = text.substr(5, space - 5);
        const std::string name = text.substr(space + 1);
        if (what == "began") {
            begun = name;
            continue;
        }
        begun.clear();
        (what == "failed" ? outcome.failed : what == "skipped" ? outcome.skipped : outcome.passed).push_back(name);
    }
    if (!begun.empty()) outcome.failed.push_back(begun);
    return outcome;
}

Outcome run(const PlantedFault& planted, bool every_case) {
    const std::string self = std::filesystem::read_symlink("/proc/self/exe");
    std::string command = "'" + self + "' --run " + std::string(planted.kind) + " " + std::string(planted.fault);
    if (!every_case && !planted.caught_by.empty()) {
        command += " --gtest_filter='*/" + std::string(planted.caught_by) + "'";
    }
    command += " 2>&1";
    std::FILE* const stream = ::popen(command.c_str(), "r");
    if (stream == nullptr) throw std::runtime_error("cannot run " + command);
    Outcome outcome = read_outcome(stream);
    ::pclose(stream);
    return outcome;
}

struct Verdict {
    bool as_planned = false;
    std::string line;
    std::string output;  // what there is to read when it is not
};

Verdict check(const PlantedFault& planted, bool every_case) {
    Outcome outcome = run(planted, every_case);
    std::string line = std::string(planted.kind) + " fault " + std::string(planted.fault);
    constexpr std::size_t column = 49;
    line.resize(std::max(line.size(), column), ' ');
    if (planted.caught_by.empty()) {
        const bool right = outcome.failed.empty() && outcome.skipped.empty() && !outcome.passed.empty();
        line += right ? "passes all " + std::to_string(outcome.passed.size()) + " cases"
                      : "must pass every case and skip none, but does not";
        return {right, line, std::move(outcome.output)};
    }
    const bool caught = std::ranges::find(outcome.failed, planted.caught_by) != outcome.failed.end();
    line += (caught ? "caught by " : "NOT caught by ") + std::string(planted.caught_by);
    if (every_case) line += " (" + std::to_string(outcome.failed.size()) + " cases fail)";
    return {caught, line, std::move(outcome.output)};
}

// Most of the time is spent waiting for calls that never return, so several faults run in parallel. The lines are in
// the table's order.
std::size_t check_all(bool every_case) {
    std::counting_semaphore permits(8);
    std::vector<std::future<Verdict>> verdicts;
    for (const PlantedFault& planted : planted_faults) {
        verdicts.push_back(std::async(std::launch::async, [&permits, &planted, every_case] {
            permits.acquire();
            Verdict verdict = check(planted, every_case);
            permits.release();
            return verdict;
        }));
    }
    std::size_t wrong = 0;
    for (auto& pending : verdicts) {
        const Verdict verdict = pending.get();
        std::cout << verdict.line << '\n' << (verdict.as_planned ? "" : verdict.output) << std::flush;
        if (!verdict.as_planned) ++wrong;
    }
    return wrong;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() >= 3 && arguments[0] == "--run") {
        testing::InitGoogleTest(&argc, argv);
        run_one(arguments[1], arguments[2]);
    }
    const bool every_case = !arguments.empty() && arguments[0] == "--every-case";
    const std::size_t wrong = check_all(every_case);
    std::cout << planted_faults.size() - wrong << " of " << planted_faults.size() << " as planned\n";
    return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
