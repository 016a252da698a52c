// What `embedq doctor` found, and how it is shown.
//
// Thread-safety: one thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/present.h"
#include "embedq/diagnosis.h"
#include "embedq/error.h"

namespace embedq::cli {

class DoctorReport {
public:
    void add(Finding finding) { findings_.push_back(std::move(finding)); }
    void good(std::string subject, std::string found);
    void note(std::string subject, std::string found, std::string hint);
    // With the error's own hint, or else `default_hint`, or else one by the error's kind.
    void fault(std::string subject, const Error& error, std::string default_hint = {});
    [[nodiscard]] std::size_t count(FindingLevel level) const;

    // A line for each finding, its hint below it, and the totals.
    void print(Console& console) const;
    [[nodiscard]] Json json() const;

private:
    std::vector<Finding> findings_;
};

}  // namespace embedq::cli
