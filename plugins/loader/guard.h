// What every guarded instance contains: exceptions become errors, and calls are counted and timed.
//
// Thread-safety: all members may be called from any thread.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "loader/instances.h"
#include "loader/registry.h"
#include "sync/mutex.h"

namespace embedq::plugins {

class Guard {
public:
    template <std::size_t N>
    Guard(const LoadedPlugin& plugin, Context& context, const std::array<std::string_view, N>& verbs)
        : who_(describe(plugin, context)), context_(context), counters_(verbs.begin(), verbs.end()) {}

    // Whose error it is, for the message and for its detail.
    struct Who {
        std::string name;  // "provider 'hosted' (plugin 'openai')", or "provider 'openai'"
        std::string file;
    };
    [[nodiscard]] static Who describe(const LoadedPlugin& plugin, const Context& context);
    [[nodiscard]] const Who& who() const noexcept { return who_; }
    [[nodiscard]] Context& context() noexcept { return context_; }

    // Calls a body that returns a Result.
    template <class Verb, class Body>
    [[nodiscard]] std::invoke_result_t<Body> call(Verb verb, Body&& body) {
        Counter& counter = counters_[static_cast<std::size_t>(verb)];
        const Timer timer(counter, context_.clock());
        auto result = attempt(counter.verb, std::forward<Body>(body));
        if (!result) ++counter.errors;
        return result;
    }

    // Calls a body of an interface that has no errors. After an exception, the error is logged and the fallback's value
    // is returned.
    template <class Verb, class Body, class Fallback>
    [[nodiscard]] std::invoke_result_t<Body> call_or(Verb verb, Body&& body, Fallback&& fallback) noexcept {
        using Value = std::invoke_result_t<Body>;
        auto result = call(verb, [&]() -> Result<Value> {
            if constexpr (std::is_void_v<Value>) {
                body();
                return {};
            } else {
                return body();
            }
        });
        if (result) return std::move(result).value();
        log_quietly(result.error());
        return fallback(result.error());
    }

    // Runs a factory or a body that returns a Result. An exception becomes an error that names `verb`.
    template <class Body>
    [[nodiscard]] static std::invoke_result_t<Body> attempt(const Who& who, std::string_view verb, Body&& body) {
        try {
            return body();
        } catch (const std::exception& exception) {
            return thrown(who, verb, exception.what());
        } catch (...) {
            return thrown(who, verb, name_of_current_exception());
        }
    }

    [[nodiscard]] std::vector<CallStatistics> statistics() const;

private:
    struct Counter {
        explicit Counter(std::string_view name) : verb(name) {}
        // Copied only while the vector is being built, before any call.
        Counter(const Counter& other) : verb(other.verb) {}

        const std::string_view verb;
        std::atomic<std::uint64_t> calls{0};
        std::atomic<std::uint64_t> errors{0};
        std::atomic<std::int64_t> nanoseconds{0};
        mutable sync::Mutex mutex;
        std::vector<Clock::Steady> running EMBEDQ_GUARDED_BY(mutex);  // when each call began that has not returned
    };

    class Timer {
    public:
        Timer(Counter& counter, const Clock& clock) : counter_(counter), clock_(clock), begin_(clock.now()) {
            const sync::Lock lock(counter_.mutex);
            counter_.running.push_back(begin_);
        }
        ~Timer() {
            {
                const sync::Lock lock(counter_.mutex);
                counter_.running.erase(std::ranges::find(counter_.running, begin_));
            }
            ++counter_.calls;
            counter_.nanoseconds += std::chrono::nanoseconds(clock_.now() - begin_).count();
        }
        Timer(const Timer&) = delete;
        Timer& operator=(const Timer&) = delete;

    private:
        Counter& counter_;
        const Clock& clock_;
        const Clock::Steady begin_;
    };

    template <class Body>
    [[nodiscard]] std::invoke_result_t<Body> attempt(std::string_view verb, Body&& body) {
        return attempt(who_, verb, std::forward<Body>(body));
    }
    [[nodiscard]] static std::unexpected<Error> thrown(const Who& who, std::string_view verb, std::string_view what);
    // For what is not a std::exception: "a ns::Failure, which is not a std::exception".
    [[nodiscard]] static std::string name_of_current_exception();
    void log_quietly(const Error& error) noexcept;

    const Who who_;
    Context& context_;
    std::vector<Counter> counters_;  // its length is constant
};

// The common base of guarded instances, by which their statistics can be read.
class Measured {
public:
    virtual ~Measured() = default;
    [[nodiscard]] virtual std::vector<CallStatistics> statistics() const = 0;
};

template <class Interface>
[[nodiscard]] std::vector<CallStatistics> statistics_of(const Interface& instance) {
    const auto* measured = dynamic_cast<const Measured*>(&instance);
    return measured == nullptr ? std::vector<CallStatistics>{} : measured->statistics();
}

[[nodiscard]] Status check_kind(const LoadedPlugin& plugin, PluginKind wanted);
[[nodiscard]] std::unexpected<Error> no_instance(const Guard::Who& who);

// Makes an instance by `make` and wraps it in `Guarded`.
template <class Guarded, class Interface, class Make>
[[nodiscard]] Result<std::unique_ptr<Interface>> make_guarded(const LoadedPlugin& plugin, PluginKind kind,
                                                              Context& context, Make&& make) {
    if (auto right = check_kind(plugin, kind); !right) return std::unexpected(std::move(right.error()));
    const Guard::Who who = Guard::describe(plugin, context);
    auto made = Guard::attempt(who, "its factory", std::forward<Make>(make));
    if (!made) return std::unexpected(std::move(made.error()));
    if (*made == nullptr) return no_instance(who);
    return std::make_unique<Guarded>(std::move(*made), plugin, context);
}

}  // namespace embedq::plugins
