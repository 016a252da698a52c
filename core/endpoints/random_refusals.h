// Whether an endpoint refuses calls at random, whatever the rate. Then no rate and no pause makes it refuse fewer, and
// each costs throughput.
//
// An endpoint with a limit takes nearly all calls at no more than the learned rate. If it does not, as a sequential
// test of these calls shows (Wald, 1945), there is a trial: calls go one after another, without a rate and a pause. An
// endpoint with a limit goes on to refuse them. One that refuses at random takes others between those that it refuses,
// and more than the learned rate. The finding holds for a time, and ends before that if far more calls are refused.
//
// Pure: time is passed in. Not thread-safe; its endpoint guards it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>

namespace embedq::endpoints {

class RandomRefusals {
public:
    using Steady = std::chrono::steady_clock::time_point;
    using Seconds = std::chrono::duration<double>;

    // Whether refusals are found to be at random.
    [[nodiscard]] bool found(Steady now) const noexcept { return now < until_; }
    [[nodiscard]] bool in_trial() const noexcept { return in_trial_; }

    // A call at no more than the learned rate was refused or not. Refusals in a row are one.
    void at_low_rate(bool refused) { evidence_ = std::max(0.0, evidence_ + weight(refused, usual, at_random)); }
    // At a refusal: whether to begin a trial. `latency` is that of a call, `rate` the learned one.
    void begin_trial(Steady now, Seconds latency, double rate, bool doubtful) {
        if (evidence_ < (doubtful ? enough_if_doubtful : enough) || rate * latency.count() > longest_latency) return;
        evidence_ = 0;
        in_trial_ = true;
        began_at_ = now;
        rate_ = rate;
        calls_ = refused_ = refused_in_a_row_ = 1;
        recovered_ = 0;
    }
    // A call of the trial, or, while refusals are found to be at random, any call was refused or not.
    void ended(bool refused, Steady sent_at, Steady now) {
        if (in_trial_ && sent_at >= began_at_) return trial_call(refused, now);
        if (!found(now)) return;
        contrary_ = std::max(0.0, contrary_ + weight(refused, expected_, (1 + expected_) / 2));
        if (contrary_ >= enough_contrary) until_ = {};
    }

private:
    static constexpr double usual = 0.03;      // of the calls at a learned rate, by an endpoint that has a limit
    static constexpr double at_random = 0.15;  // by one that refuses at random
    static constexpr double highest = 0.8;
    static constexpr double enough = 1.5;
    static constexpr double enough_if_doubtful = 2.7;
    static constexpr double enough_contrary = 8;
    static constexpr std::chrono::minutes holds{60};
    // Of a call, in intervals of the learned rate: otherwise calls one after another are not more than it.
    static constexpr double longest_latency = 0.4;
    // Of the calls of a trial, with the refused one before it.
    static constexpr double most_calls = 24;
    static constexpr double most_refused_in_a_row = 3;
    static constexpr double least_recovered = 2;  // how often one was taken after one that was refused
    static constexpr double least_taken = 3;      // beside what the learned rate allows
    static constexpr double of_rate = 1.3;

    // How much more likely the outcome is at the second share than at the first; a logarithm.
    static double weight(bool refused, double first, double second) {
        return refused ? std::log(second / first) : std::log((1 - second) / (1 - first));
    }

    void trial_call(bool refused, Steady now) {
        ++calls_;
        if (refused) {
            ++refused_;
            ++refused_in_a_row_;
        } else {
            if (refused_in_a_row_ > 0) ++recovered_;
            refused_in_a_row_ = 0;
        }
        const double taken = calls_ - refused_;
        if (refused_in_a_row_ >= most_refused_in_a_row || refused_ > taken + 1 || calls_ >= most_calls) {
            in_trial_ = false;
        } else if (recovered_ >= least_recovered &&
                   taken >= least_taken + of_rate * rate_ * Seconds(now - began_at_).count()) {
            in_trial_ = false;
            const double share = refused_ / calls_;
            expected_ = std::clamp(share + std::sqrt(share * (1 - share) / calls_), at_random, highest);
            contrary_ = 0;
            until_ = now + holds;
        }
    }

    double evidence_ = 0;
    bool in_trial_ = false;
    Steady began_at_{};
    double rate_ = 0;
    double calls_ = 0;
    double refused_ = 0;
    double refused_in_a_row_ = 0;
    double recovered_ = 0;
    double expected_ = 0;  // the share that is refused
    double contrary_ = 0;
    Steady until_{};
};

}  // namespace embedq::endpoints
