#include "cli/doctor_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace embedq::cli {
namespace {

std::string_view hint_for(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::throttled:
        case ErrorKind::unavailable: return "see that it runs and can be reached from here";
        case ErrorKind::misconfigured:
        case ErrorKind::invalid_argument:
        case ErrorKind::not_found:
            return "correct its part of the configuration; `embedq config check` shows what is wrong";
        default: return "set `logging.level: debug` and run this again; if that does not explain it, report a bug";
    }
}

Colour colour_of(FindingLevel level) {
    switch (level) {
        case FindingLevel::good: return Colour::green;
        case FindingLevel::note: return Colour::amber;
        case FindingLevel::fault: break;
    }
    return Colour::red;
}

}  // namespace

void DoctorReport::good(std::string subject, std::string found) {
    add({FindingLevel::good, std::move(subject), std::move(found)});
}

void DoctorReport::note(std::string subject, std::string found, std::string hint) {
    add({FindingLevel::note, std::move(subject), std::move(found), std::move(hint)});
}

void DoctorReport::fault(std::string subject, const Error& error, std::string default_hint) {
    std::string hint = error.hint;
    if (hint.empty()) hint = std::move(default_hint);
    if (hint.empty()) hint = hint_for(error.kind);
    add({FindingLevel::fault, std::move(subject), error.message, std::move(hint)});
}

std::size_t DoctorReport::count(FindingLevel level) const {
    return static_cast<std::size_t>(std::ranges::count(findings_, level, &Finding::level));
}

void DoctorReport::print(Console& console) const {
    std::size_t width = 0;
    for (const Finding& finding : findings_) width = std::max(width, plain(finding.subject).size());
    for (const Finding& finding : findings_) {
        const std::string_view level = to_string(finding.level);
        console.print(fmt::format("{}{:{}}  {:{}}  {}", console.paint(colour_of(finding.level), level), "",
                                  std::max<std::size_t>(5, level.size()) - level.size(), plain(finding.subject), width,
                                  plain(finding.found)));
        if (!finding.hint.empty() && finding.level != FindingLevel::good)
            console.print(fmt::format("       hint: {}", plain(finding.hint)));
    }
    const std::size_t faults = count(FindingLevel::fault);
    console.print("");
    console.print(
        console.paint(faults == 0 ? Colour::green : Colour::red,
                      fmt::format("{}, {}", counted(faults, "fault"), counted(count(FindingLevel::note), "note"))));
}

Json DoctorReport::json() const {
    Json findings = Json::array();
    for (const Finding& finding : findings_) {
        Json json{{"level", to_string(finding.level)}, {"subject", finding.subject}, {"found", finding.found}};
        if (!finding.hint.empty()) json["hint"] = finding.hint;
        findings.push_back(std::move(json));
    }
    return {{"faults", count(FindingLevel::fault)},
            {"notes", count(FindingLevel::note)},
            {"findings", std::move(findings)}};
}

}  // namespace embedq::cli
