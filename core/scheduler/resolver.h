// The resolver asks the providers what they are: until each has answered, and then from time to time, since the model behind a name can be
// replaced. What a provider says opens, replaces and closes its lanes. One thread, which is off the way of texts and queries.
#pragma once

#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

#include "scheduler/lane_runner.h"
#include "scheduler/shared.h"

namespace embedq::scheduler {

class Resolver {
public:
    Resolver(Shared& shared, LaneRunner& lanes, ModelListener listener) : shared_(shared), lanes_(lanes), listener_(std::move(listener)) {}

    // Until stop is requested.
    void run(std::stop_token stop);
    // One round: asks those whose time has come, and those of `doubted`.
    void step(const std::set<std::string>& doubted, std::stop_token stop);
    // When the next round is due.
    [[nodiscard]] Lane::Steady next() const;

private:
    struct Asked {
        Lane::Steady next{};
        Lane::Steady last{};
        std::size_t failures = 0;  // in a row
        bool answered = false;     // ever
        bool complained = false;
    };
    // A catalog's provider by the YAML's name, and the fingerprint that its target has.
    using Mismatch = std::pair<std::string, Sha256>;

    void ask(const std::string& name, std::stop_token stop);
    void take_over(const Inquiry& inquiry, bool first);
    void tell();
    // Says once of each target that no provider of this process makes, though it has the name: nothing is claimed for it.
    void check_targets();

    Shared& shared_;
    LaneRunner& lanes_;
    const ModelListener listener_;
    std::map<std::string, Asked, std::less<>> asked_;
    bool news_ = false;  // that the listener has not taken
    bool told_failure_ = false;
    Lane::Steady next_check_{};
    std::set<Mismatch> told_;
};

}  // namespace embedq::scheduler
