// A provider with planted faults: sound with `fault: none`, and otherwise wrong in one way that the kit must see.
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "embedq/plugin.h"
#include "embedq/provider.h"

namespace {

using namespace embedq;
using Steady = std::chrono::steady_clock;

constexpr std::size_t vector_dimension = 8;
constexpr std::string_view refused_text = "refuse this";

struct Settings {
    std::string fault;
    bool late = false;
    bool refusing = false;
};

// What the faults of shared state share. Never destroyed, since threads that are left still use it.
struct Shared {
    std::mutex mutex;
    std::condition_variable_any never;
    Settings made_last;                    // guarded by mutex
    std::atomic<std::uint64_t> destroyed;  // instances
    std::atomic<std::uint64_t> made;
};
Shared& shared() {
    static auto* const kept = new Shared;
    return *kept;
}

void leave_a_thread() {
    std::thread([] {
        std::unique_lock lock(shared().mutex);
        shared().never.wait(lock, [] { return false; });
    }).detach();
}

// Of the text's bytes and the salt: a fixed sequence of numbers around zero.
void fill(std::string_view text, std::uint64_t salt, float* row) {
    std::uint64_t state = 14695981039346656037ULL + salt;
    for (const char byte : text) state = (state ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
    for (std::size_t i = 0; i < vector_dimension; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        row[i] = static_cast<float>(static_cast<std::int64_t>(state) >> 40) / 8388608.0F;
    }
}

class FaultyProvider final : public Provider {
public:
    FaultyProvider(Settings settings, const Clock& clock)
        : settings_(std::move(settings)), clock_(clock), number_(shared().made++) {
        if (has("descriptor_left")) (void)::open("/dev/null", O_RDONLY | O_CLOEXEC);
        const std::lock_guard lock(shared().mutex);
        shared().made_last = settings_;
    }
    ~FaultyProvider() override {
        ++shared().destroyed;
        if (has("thread_left")) leave_a_thread();
    }

    Result<ProviderInfo> info(std::stop_token) override {
        ProviderInfo info;
        info.model = has("info_changes") ? "model " + std::to_string(infos_++) : "faulty";
        info.dimension = vector_dimension;
        info.limits.concurrency = 4;
        if (has("endpoints_alike")) info.endpoints = {"one", "one"};
        return info;
    }

    Result<EmbedResult> embed(const EmbedRequest& request) override {
        const Settings settings = current_settings();
        if (request.endpoint > 0 && !has("endpoint_unchecked")) {
            return embedq::fail(ErrorKind::invalid_argument, "there is only endpoint 0");
        }
        if (settings.late) return end_late(request);
        // As a sum of the deadline and a reserve does that goes beyond the largest time.
        if (has("max_deadline_overflows") && request.deadline > clock_.now() + std::chrono::hours(24 * 365)) {
            return embedq::fail(ErrorKind::unavailable, "the deadline has passed");
        }
        if (auto refused = refuse(request, settings); !refused) return std::unexpected(std::move(refused.error()));
        EmbedResult result = rows(request);
        if (settings.refusing) name_refused(request, result);
        spoil(result);
        return result;
    }

private:
    [[nodiscard]] bool has(std::string_view fault) const { return settings_.fault == fault; }

    Settings current_settings() const {
        if (!has("options_shared")) return settings_;
        const std::lock_guard lock(shared().mutex);
        return shared().made_last;
    }

    // An endpoint that always answers after the deadline.
    Result<EmbedResult> end_late(const EmbedRequest& request) {
        if (has("late_thread_left")) leave_a_thread();
        std::unique_lock lock(waiting_);
        const auto ended = [&] { return has("stop_ends_all_calls") && stopped_; };
        const std::stop_token stop = has("stop_ignored") ? std::stop_token() : request.stop;
        if (has("deadline_ignored") || request.deadline == Steady::time_point::max()) {
            idle_.wait(lock, stop, ended);
        } else {
            idle_.wait_until(lock, stop, request.deadline, ended);
        }
        if (request.stop.stop_requested()) {
            stopped_ = true;
            idle_.notify_all();
        }
        return embedq::fail(has("late_is_internal") ? ErrorKind::internal : ErrorKind::unavailable,
                            "no answer before the deadline");
    }

    // Errors for the whole call.
    Status refuse(const EmbedRequest& request, const Settings& settings) {
        if (has("queries_throw") && request.kind == TextKind::query) throw std::runtime_error("queries were forgotten");
        const auto holds = [&](std::string_view what) {
            return std::ranges::any_of(request.texts, [&](std::string_view text) { return text.contains(what); });
        };
        if (has("quotes_break_it") && holds("\""))
            return embedq::fail(ErrorKind::internal, "the server could not read the request");
        if (has("four_bytes_break_it") && holds("\xF0"))
            return embedq::fail(ErrorKind::unavailable, "the server said 500");
        if (!settings.refusing) return {};
        const bool refused = holds(refused_text);
        if (has("refusal_sticks") && refusals_ > 0) return embedq::fail(ErrorKind::invalid_input, "a text was refused");
        if (refused) ++refusals_;
        if (refused && has("refusal_is_unavailable"))
            return embedq::fail(ErrorKind::unavailable, "the server said 500");
        if (refused && has("refusal_alone_is_internal") && request.texts.size() == 1) {
            return embedq::fail(ErrorKind::internal, "the server said 400");
        }
        return {};
    }

    EmbedResult rows(const EmbedRequest& request) {
        EmbedResult result;
        result.dimension = vector_dimension;
        result.matrix.resize(request.texts.size() * vector_dimension);
        for (std::size_t i = 0; i < request.texts.size(); ++i) {
            fill(text_of(request, i), salt(request, i), &result.matrix[i * vector_dimension]);
        }
        return result;
    }

    std::string text_of(const EmbedRequest& request, std::size_t i) {
        std::string text(request.texts[i]);
        if (!has("threads_share_a_buffer")) return text;
        std::unique_lock lock(waiting_);
        buffer_ = text;
        idle_.notify_all();
        constexpr auto other_threads_turn = std::chrono::milliseconds(2);
        idle_.wait_for(lock, other_threads_turn, [&] { return buffer_ != text; });
        return buffer_;
    }

    std::uint64_t salt(const EmbedRequest& request, std::size_t i) const {
        if (has("batch_matters")) return request.texts.size();
        if (has("place_matters")) return i;
        if (has("restart_matters")) return number_;
        if (has("instances_share_state")) return shared().destroyed;
        return 0;
    }

    void name_refused(const EmbedRequest& request, EmbedResult& result) const {
        for (std::size_t i = 0; i < request.texts.size(); ++i) {
            if (!request.texts[i].contains(refused_text)) continue;
            const std::size_t named = has("refusal_names_another") ? (i + 1) % request.texts.size() : i;
            result.errors.push_back({named, Error{ErrorKind::invalid_input, "the text holds 'refuse this'"}});
        }
    }

    // What is wrong with the rows as a whole.
    void spoil(EmbedResult& result) const {
        const std::size_t rows = result.matrix.size() / vector_dimension;
        const auto row = [&](std::size_t i) {
            return result.matrix.begin() + static_cast<std::ptrdiff_t>(i * vector_dimension);
        };
        constexpr std::size_t many = 10;
        if (has("rows_swapped") && rows > 1) std::swap_ranges(row(rows - 2), row(rows - 1), row(rows - 1));
        if (has("parts_swapped") && rows > many) std::rotate(row(0), row(rows / 2), row(rows));
        if (has("row_missing") && rows > 1) result.matrix.resize((rows - 1) * vector_dimension);
        if (has("nan") && rows > many) *row(rows - 1) = std::numeric_limits<float>::quiet_NaN();
        if (has("zero_vector") && rows > many) std::fill_n(row(rows - 1), vector_dimension, 0.0F);
        if (has("one_vector_for_all")) {
            for (std::size_t i = 1; i < rows; ++i) std::copy_n(row(0), vector_dimension, row(i));
        }
        if (has("wrong_dimension")) {
            result.dimension = vector_dimension - 1;
            result.matrix.resize(rows * result.dimension);
        }
    }

    const Settings settings_;
    const Clock& clock_;
    const std::uint64_t number_;
    std::atomic<std::uint64_t> infos_{0};
    std::atomic<std::uint64_t> refusals_{0};

    std::mutex waiting_;
    std::condition_variable_any idle_;
    bool stopped_ = false;  // guarded by waiting_
    std::string buffer_;    // guarded by waiting_, but not for as long as it is needed
};

constexpr std::array option_table = {
    OptionSpec{
        .name = "fault",
        .type = OptionType::text,
        .default_value = "none",
        .help = "What is wrong with this provider.",
        .choices =
            "none|rows_swapped|parts_swapped|batch_matters|place_matters|wrong_dimension|row_missing|nan|zero_vector|"
            "one_vector_for_all|queries_throw|endpoint_unchecked|endpoints_alike|info_changes|quotes_break_it|"
            "four_bytes_break_it|refusal_is_unavailable|refusal_alone_is_internal|refusal_names_another|refusal_sticks|"
            "deadline_ignored|late_is_internal|max_deadline_overflows|stop_ignored|stop_ends_all_calls|"
            "threads_share_a_buffer|instances_share_state|options_shared|restart_matters|thread_left|late_thread_left|"
            "descriptor_left"},
    OptionSpec{.name = "late", .type = OptionType::boolean, .default_value = "false", .help = "Never answers."},
    OptionSpec{.name = "refusing",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Refuses texts with 'refuse this'."},
};

Result<std::unique_ptr<Provider>> make(const Options& options, Context& context) {
    return std::make_unique<FaultyProvider>(Settings{.fault = options.get<std::string>("fault"),
                                                     .late = options.get<bool>("late"),
                                                     .refusing = options.get<bool>("refusing")},
                                            context.clock());
}

}  // namespace

EMBEDQ_PROVIDER("faulty", "1.0.0", "A provider with planted faults, to prove the kit.", option_table, make);
