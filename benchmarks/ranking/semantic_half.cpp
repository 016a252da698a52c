#include "ranking/semantic_half.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numbers>

#include "lexical/embedder.h"

namespace embedq::evaluation {
namespace {

// splitmix64: its numbers are the same on every platform, unlike those of the standard library's distributions.
class Noise {
public:
    explicit Noise(std::uint64_t seed) : state_(seed) {}

    double uniform() {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        return (static_cast<double>((z ^ (z >> 31U)) >> 11U) + 0.5) / 9007199254740992.0;
    }

    double normal() {
        const double radius = std::sqrt(-2 * std::log(uniform()));
        return radius * std::cos(2 * std::numbers::pi * uniform());
    }

private:
    std::uint64_t state_;
};

std::uint64_t seed_of(std::string_view text) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    return hash;
}

using Direction = std::vector<double>;

Direction random_direction(std::uint64_t seed, std::size_t dimension) {
    Noise noise(seed);
    Direction direction(dimension);
    double length = 0;
    for (double& value : direction) {
        value = noise.normal();
        length += value * value;
    }
    for (double& value : direction) value /= std::sqrt(length);
    return direction;
}

// cos·a + sin·b: with b at a right angle to a, which random directions nearly are, its cosine with a is `cosine`.
Direction between(const Direction& a, const Direction& b, double cosine) {
    Direction mixed(a.size());
    const double other = std::sqrt(1 - cosine * cosine);
    for (std::size_t i = 0; i < a.size(); ++i) mixed[i] = cosine * a[i] + other * b[i];
    return mixed;
}

// The properties of a made-up model.
struct Properties {
    std::size_t dimension;
    double shared;  // of each vector's square, with those of its tag
    double common;  // of each vector's square, with all others: the cosine of unrelated texts
    double cosine;  // of a question with its answer, as the mean over questions, before `common`
    double spread;  // its standard deviation
};

class MadeUp final : public SemanticHalf {
public:
    explicit MadeUp(const Properties& properties) : properties_(properties) {}

    [[nodiscard]] std::size_t dimension() const override { return properties_.dimension; }
    [[nodiscard]] double weight() const override { return usual_weight; }

    void embed(const Operation& operation, std::span<float> out) override { write(own_direction(operation), out); }

    void embed(std::string_view question, const Operation& answer, std::span<float> out) override {
        Noise noise(seed_of(question) + 1);
        const double cosine = properties_.cosine == 0
                                  ? 0
                                  : std::clamp(properties_.cosine + properties_.spread * noise.normal(), 0.0, 0.98);
        write(between(own_direction(answer), random_direction(seed_of(question), properties_.dimension), cosine), out);
    }

private:
    static constexpr double usual_weight = 0.6;  // the contract's default

    [[nodiscard]] Direction own_direction(const Operation& operation) const {
        const std::string subject =
            operation.tags.empty() ? operation.path.substr(0, operation.path.find('/', 1)) : operation.tags.front();
        return between(random_direction(seed_of("subject " + subject), properties_.dimension),
                       random_direction(seed_of(operation.text), properties_.dimension), std::sqrt(properties_.shared));
    }

    void write(const Direction& direction, std::span<float> out) const {
        const Direction all = random_direction(seed_of("what all texts share"), properties_.dimension);
        const Direction mixed = between(all, direction, std::sqrt(properties_.common));
        std::ranges::transform(mixed, out.begin(), [](double value) { return static_cast<float>(value); });
    }

    Properties properties_;
};

class Lexical final : public SemanticHalf {
public:
    [[nodiscard]] std::size_t dimension() const override { return values; }
    [[nodiscard]] double weight() const override { return lexical::semantic_weight; }
    void embed(const Operation& operation, std::span<float> out) override { embedder_.embed(operation.text, out); }
    void embed(std::string_view question, const Operation&, std::span<float> out) override {
        embedder_.embed(question, out);
    }

private:
    static constexpr std::size_t values = 512;  // the provider's default
    lexical::Embedder embedder_{values};
};

struct Known {
    HalfKind kind;
    Properties properties;  // of made-up ones
};

constexpr Known known[] = {
    {{"lexical", "the offline provider", true}, {}},
    {{"strong", "made up: good, unrelated texts at 0", true}, {256, 0.8, 0, 0.5, 0.12}},
    {{"strong-narrow", "made up: as good, unrelated texts at 0.7", true}, {256, 0.8, 0.7, 0.5, 0.12}},
    {{"fair", "made up: about as good as words", true}, {256, 0.8, 0, 0.33, 0.12}},
    {{"useless", "made up: random", false}, {256, 0.8, 0, 0, 0}},
    {{"useless-narrow", "made up: random, unrelated texts at 0.7", false}, {256, 0.8, 0.7, 0, 0}},
    {{"useless-wide", "made up: random, of dimension 16", false}, {16, 0.8, 0, 0, 0}},
};

constexpr auto kinds = [] {
    std::array<HalfKind, std::size(known)> result{};
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = known[i].kind;
    return result;
}();

}  // namespace

std::span<const HalfKind> half_kinds() {
    return kinds;
}

Result<std::unique_ptr<SemanticHalf>> make_half(std::string_view name) {
    if (name == known[0].kind.name) return std::make_unique<Lexical>();
    const auto found = std::ranges::find(known, name, [](const Known& one) { return one.kind.name; });
    if (found != std::end(known)) return std::make_unique<MadeUp>(found->properties);
    std::string names;
    for (const HalfKind& kind : kinds) names += fmt::format("{}{}", names.empty() ? "" : ", ", kind.name);
    return fail(ErrorKind::not_found, fmt::format("there is no semantic half '{}'", name),
                fmt::format("choose one of {}", names));
}

}  // namespace embedq::evaluation
