// embedq-conformance: puts the plugins that a YAML file names, or one plugin file, through the conformance kit.
//
// Exit status: 0 all cases passed, 1 a case failed, 2 bad usage, bad configuration or a refused plugin.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "arguments.h"
#include "conformance/ending.h"
#include "kit/report.h"
#include "subjects.h"
#include "under_test.h"

namespace {

using namespace embedq;
using namespace embedq::conformance;

constexpr int exit_usage = 2;

int refuse(const std::string& message) {
    std::fprintf(stderr, "%s\n", message.c_str());
    return exit_usage;
}

bool is_wanted(const Arguments& arguments, const Subject& subject) {
    if (!arguments.only) return true;
    return subject.kind == *arguments.only && (arguments.only_name.empty() || subject.name == arguments.only_name);
}

// gtest takes its settings from a command line.
void set_up_gtest(const Arguments& arguments) {
    std::vector<std::string> words{"embedq-conformance", "--gtest_filter=" + arguments.cases};
    if (!arguments.json.empty()) words.push_back("--gtest_output=json:" + arguments.json);
    if (arguments.list) words.emplace_back("--gtest_list_tests");
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    int count = static_cast<int>(pointers.size());
    pointers.push_back(nullptr);  // as every argv ends
    testing::InitGoogleTest(&count, pointers.data());
    if (arguments.seed) ::setenv("EMBEDQ_KIT_SEED", std::to_string(*arguments.seed).c_str(), 1);
    if (arguments.steps) ::setenv("EMBEDQ_KIT_STEPS", std::to_string(*arguments.steps).c_str(), 1);
    if (!arguments.verbose) report_nothing_else();
}

SelfCommand self_command(int count, char** values) {
    SelfCommand self{{std::filesystem::read_symlink("/proc/self/exe").string()}};
    self.arguments.insert(self.arguments.end(), values + 1, values + count);
    self.arguments.emplace_back("--child");
    return self;
}

int run(int count, char** values) {
    const auto read = read_arguments(count, values);
    if (const Answer* answer = std::get_if<Answer>(&read)) {
        std::fputs(answer->text.c_str(), answer->exit_status == 0 ? stdout : stderr);
        return answer->exit_status;
    }
    const Arguments& arguments = std::get<Arguments>(read);
    auto read_subjects =
        arguments.config.empty() ? subjects_of_file(arguments.plugin) : subjects_of_configuration(arguments.config);
    if (!read_subjects) return refuse(to_string(read_subjects.error()));
    // Never deleted: a call that did not return may still read an option.
    static Subjects& subjects = *read_subjects->release();
    if (arguments.child) return run_child(subjects);
    set_up_gtest(arguments);
    bool any = false;
    for (const Subject& subject : subjects.all()) {
        if (!is_wanted(arguments, subject)) continue;
        register_subject(subjects, subject, self_command(count, values));
        any = true;
    }
    if (!any)
        return refuse("embedq-conformance: --only names nothing that is configured; see embedq-conformance --help");
    const int failed = RUN_ALL_TESTS();
    if (!arguments.list && testing::UnitTest::GetInstance()->test_to_run_count() == 0) {
        return refuse("embedq-conformance: no case is named like '" + arguments.cases + "'; --list shows the names");
    }
    return failed;
}

}  // namespace

int main(int count, char** values) {
    int status = exit_usage;
    try {
        status = run(count, values);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "embedq-conformance: %s\n", error.what());
    }
    end_program(status);
}
