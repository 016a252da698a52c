#include "tally.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "request.h"

namespace protocol_server {

std::size_t Tally::inputs() const {
    std::size_t sum = 0;
    for (const CallRecord& call : calls) sum += call.inputs;
    return sum;
}

std::size_t Tally::refused() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(calls, [](const CallRecord& call) { return call.status != 0 && call.status != 200; }));
}

std::size_t Tally::most_within(std::int64_t window, bool served) const {
    std::deque<std::int64_t> inside;
    std::size_t most = 0;
    for (const CallRecord& call : calls) {
        if (served && call.status != 200) continue;
        inside.push_back(call.at);
        while (inside.front() <= call.at - window) inside.pop_front();
        most = std::max(most, inside.size());
    }
    return most;
}

std::string Tally::json() const {
    constexpr std::int64_t minute = 60'000'000;
    std::string json = fmt::format(
        R"({{"calls":{},"inputs":{},"refused":{},"abandoned":{},"in_flight":{},"max_in_flight":{},"max_serving":{},)"
        R"("connections":{},"authorization_seen":{},"max_in_60s":{},"max_served_in_60s":{},"max_served_in_1s":{},)"
        R"("other_requests":{},"log":[)",
        calls.size(), inputs(), refused(), abandoned, in_flight, max_in_flight, max_serving, connections,
        authorization_seen, most_within(minute, false), most_within(minute, true), most_within(1'000'000, true),
        other_requests);
    bool first = true;
    for (const CallRecord& call : calls) {
        if (!std::exchange(first, false)) json += ',';
        fmt::format_to(std::back_inserter(json),
                       R"({{"at":{},"waited":{},"until":{},"route":{},"model":{},"inputs":{},"tokens":{},"status":{},)"
                       R"("fault":{},"connection":{})",
                       call.at, call.waited, call.until, json_text(call.route), json_text(call.model), call.inputs,
                       call.tokens, call.status, json_text(call.fault), call.connection);
        if (!call.texts.empty()) {
            json += ",\"texts\":[";
            for (const std::string& text : call.texts) {
                if (&text != &call.texts.front()) json += ',';
                json += json_text(text);
            }
            json += ']';
        }
        json += '}';
    }
    json += "],\"others\":[";
    for (const std::string& route : other_routes) {
        if (&route != &other_routes.front()) json += ',';
        json += json_text(route);
    }
    return json += "]}";
}

}  // namespace protocol_server
