// One pass of simdjson On-Demand, which reads each number once, from the body into the matrix. (DOM writes every number
// to a tape first, 16 bytes each, and refuses the whole body for one NaN or 1e400, where here only the row is lost.)
//
// On-Demand does not validate values that are skipped. That is fine, since nothing of them is kept.
#include "http/decode.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "http/base64.h"
#include "http/rows.h"

namespace embedq::http {
namespace {

namespace od = simdjson::ondemand;

static_assert(body_padding >= simdjson::SIMDJSON_PADDING);

constexpr std::size_t excerpt_bytes = 200;
constexpr std::string_view white_space = " \t\r\n";

std::string_view trimmed(std::string_view token) {
    const auto end = token.find_last_not_of(white_space);
    return token.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

// On one line, with control characters replaced, and cut only between characters.
std::string printable(std::string_view text, std::size_t max_bytes) {
    while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0U) == 0x80U) text.remove_prefix(1);
    std::string line(text.substr(0, max_bytes));
    if (text.size() > max_bytes) {
        while (!line.empty() && (static_cast<unsigned char>(text[line.size()]) & 0xC0U) == 0x80U) line.pop_back();
    }
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < 0x20U || c == 0x7F) c = ' ';
    }
    return text.size() > max_bytes ? line + "…" : line;
}

// A token ends where the next one begins, so the token of an object is only its brace.
std::string shown(std::string_view token) {
    return token.front() == '{' ? "an object" : printable(token, 40);
}

class AnswerReader {
public:
    AnswerReader(std::string body, const Expected& expected)
        : body_(std::move(body)), expected_(expected), dimension_(expected.dimension) {
        if (body_.starts_with("\xEF\xBB\xBF")) body_.erase(0, 3);
        if (body_.capacity() - body_.size() < body_padding) body_.reserve(body_.size() + body_padding);
        rows_.reserve(expected_.texts);
        if (dimension_ > 0) matrix_.resize(expected_.texts * dimension_);
    }

    // `flaw` is set also where there is an error.
    Result<EmbeddingAnswer> read(Flaw& flaw) {
        const bool complete = read_body();
        flaw.no_vector = complete_ && std::ranges::none_of(rows_, &Row::readable);
        if (!complete || !check_count()) return std::unexpected(std::move(error_));
        auto status = order_by_index(rows_, matrix_, dimension_);
        if (status) status = check_dimensions(rows_, dimension_, expected_.dimension > 0);
        if (!status) {
            flaw.other_dimension = status.error().kind == ErrorKind::misconfigured;
            refuse(status.error().kind, status.error().message, status.error().hint);
            return std::unexpected(std::move(error_));
        }
        answer_.result.matrix = std::move(matrix_);
        answer_.result.dimension = dimension_;
        answer_.result.errors = errors_of(rows_);
        return std::move(answer_);
    }

private:
    // Sets the error of the whole call and returns false, which the callers pass up. `offset`: where the excerpt of the
    // body is taken.
    bool refuse(ErrorKind kind, std::string message, std::string hint = {}, std::size_t offset = 0) {
        const auto from = std::min(offset - std::min(offset, excerpt_bytes / 2), body_.size());
        error_ = Error{kind, std::move(message), std::move(hint),
                       printable(std::string_view(body_).substr(from), excerpt_bytes)};
        return false;
    }

    bool broken(simdjson::error_code error) {
        if (error == simdjson::MEMALLOC || error == simdjson::CAPACITY) {
            return refuse(ErrorKind::internal,
                          fmt::format("the answer has {} bytes, more than can be parsed", body_.size()));
        }
        const char* at = nullptr;
        if (!iterating_) {
            at = body_.data();
        } else if (document_.current_location().get(at) != simdjson::SUCCESS) {
            at = body_.data() + body_.size();
        }
        const auto offset = std::min(static_cast<std::size_t>(at - body_.data()), body_.size());
        return refuse(ErrorKind::internal,
                      fmt::format("the answer is not valid JSON near byte {} of {}, and may have been cut "
                                  "off",
                                  offset, body_.size()),
                      {}, offset);
    }

    bool read_body() {
        const auto start = body_.find_first_not_of(white_space);
        if (start == std::string::npos)
            return refuse(ErrorKind::internal, "the answer is empty: expected vectors as JSON");
        if (body_[start] == '<') {
            return refuse(ErrorKind::internal, "the answer is an HTML or XML page: expected vectors as JSON",
                          "check the address, and whether a proxy answered");
        }
        if (const auto error =
                parser_.iterate(simdjson::padded_string_view(body_.data(), body_.size(), body_.capacity()))
                    .get(document_)) {
            return broken(error);
        }
        iterating_ = true;
        if (body_[start] == '[') {
            found_vectors_ = true;
            od::array rows;
            if (const auto error = document_.get_array().get(rows)) return broken(error);
            if (!read_rows(rows)) return false;
        } else if (!read_object()) {
            return false;
        }
        if (const char* at = nullptr; document_.current_location().get(at) == simdjson::SUCCESS)
            return broken(simdjson::TRAILING_CONTENT);
        complete_ = true;
        return found_vectors_ || refuse(ErrorKind::internal,
                                        R"(the answer has no vectors: expected "data", "embeddings" or "embedding")");
    }

    bool read_object() {
        od::object root;
        if (const auto error = document_.get_object().get(root)) return broken(error);
        return each_field(root, [&](std::string_view key, od::value value) {
            if (key == "data" || key == "embeddings" || key == "embedding") return read_vectors(key, value);
            if (key == "usage" || key == "usageMetadata") return read_usage(value);
            if (key == "prompt_eval_count") read_count(value, answer_.result.tokens);
            if (std::string_view model; key == "model" && value.get_string().get(model) == simdjson::SUCCESS)
                answer_.model = model;
            return true;
        });
    }

    template <class Visit>
    bool each_field(od::object& object, Visit&& visit) {
        for (auto entry : object) {
            od::field field;
            if (const auto error = std::move(entry).get(field)) return broken(error);
            std::string_view key;
            if (const auto error = field.unescaped_key().get(key)) return broken(error);
            if (!visit(key, std::move(field).value())) return false;
        }
        return true;
    }

    bool read_usage(od::value value) {
        if (value.raw_json_token().front() != '{') return true;
        od::object usage;
        if (const auto error = value.get_object().get(usage)) return broken(error);
        std::uint64_t prompt = 0;
        std::uint64_t total = 0;
        const bool done = each_field(usage, [&](std::string_view key, od::value field) {
            if (key == "prompt_tokens" || key == "promptTokenCount") read_count(field, prompt);
            if (key == "total_tokens") read_count(field, total);
            return true;
        });
        if (prompt > 0 || total > 0) answer_.result.tokens = prompt > 0 ? prompt : total;
        return done;
    }

    // The number of tokens is used for planning only, so a value that is not a number is ignored.
    static void read_count(od::value value, std::uint64_t& count) {
        std::uint64_t read = 0;
        if (value.get_uint64().get(read) == simdjson::SUCCESS) count = read;
    }

    bool read_vectors(std::string_view key, od::value value) {
        if (std::exchange(found_vectors_, true))
            return refuse(ErrorKind::internal, "the answer has vectors under two keys: expected one list");
        if (key == "embedding") return read_vector(value, next_row());
        if (value.raw_json_token().front() != '[') {
            return refuse(ErrorKind::internal,
                          fmt::format("the answer's \"{}\" is not a list: expected one entry for each text", key));
        }
        od::array rows;
        if (const auto error = value.get_array().get(rows)) return broken(error);
        return read_rows(rows);
    }

    // Rows beyond the expected ones are counted but not kept.
    Row& next_row() {
        if (++received_; received_ > expected_.texts) return surplus_ = Row{};
        return rows_.emplace_back();
    }

    bool read_rows(od::array& rows) {
        for (auto entry : rows) {
            od::value value;
            if (const auto error = std::move(entry).get(value)) return broken(error);
            Row& row = next_row();
            if (received_ > expected_.texts) continue;
            if (!(value.raw_json_token().front() == '{' ? read_entry(value, row) : read_vector(value, row)))
                return false;
        }
        return true;
    }

    bool read_entry(od::value value, Row& row) {
        od::object entry;
        if (const auto error = value.get_object().get(entry)) return broken(error);
        return each_field(entry, [&](std::string_view key, od::value field) {
            if (key == "embedding" || key == "values") return read_vector(field, row);
            return key != "index" || read_index(field, row);
        });
    }

    bool read_index(od::value value, Row& row) {
        const auto token = trimmed(value.raw_json_token());
        if (token == "null") return true;
        if (std::uint64_t index = 0; value.get_uint64().get(index) == simdjson::SUCCESS) {
            row.index = index;
            return true;
        }
        return refuse(ErrorKind::internal,
                      fmt::format("the answer has a vector with the index {}: expected a number from 0 to {}",
                                  shown(token), expected_.texts - 1),
                      {}, offset_of(token));
    }

    std::size_t offset_of(std::string_view token) const {
        return static_cast<std::size_t>(token.data() - body_.data());
    }

    bool read_vector(od::value value, Row& row) {
        if (std::exchange(row.seen, true))
            return refuse(ErrorKind::internal, "the answer has two vectors in one entry: expected one");
        const auto token = trimmed(value.raw_json_token());
        bool done = true;
        if (token.front() == '[') {
            done = read_numbers(value, row, false);
        } else if (token.front() == '"') {
            done = read_base64(value, token, row);
        } else {
            row.problem = fmt::format("is {}: expected an array of numbers, or base64", shown(token));
        }
        if (!done) return false;
        row.readable = row.size > 0 && row.problem.empty();
        if (row.problem.empty() && row.size == dimension_ && dimension_ > 0)
            row.problem = problem_with_values(current_values());
        return true;
    }

    // Where the values of the row that is being read belong in the matrix.
    std::span<float> current_values() { return std::span(matrix_).subspan((received_ - 1) * dimension_, dimension_); }

    // The first vector decides the dimension of all, where it is not known.
    bool decide_dimension(std::size_t dimension) {
        if (dimension == 0) return true;
        // A number takes at least two bytes, so no matrix has more values than its body has bytes.
        if (expected_.texts > body_.size() / dimension) {
            return refuse(
                ErrorKind::internal,
                fmt::format("the answer's first vector has {} numbers, but its {} bytes cannot hold {} such vectors",
                            dimension, body_.size(), expected_.texts));
        }
        dimension_ = dimension;
        matrix_.resize(expected_.texts * dimension_);
        return true;
    }

    bool read_numbers(od::value value, Row& row, bool nested) {
        od::array numbers;
        if (const auto error = value.get_array().get(numbers)) return broken(error);
        const std::span<float> out = dimension_ > 0 ? current_values() : std::span<float>();
        const bool growing = dimension_ == 0;
        std::vector<float> first;
        for (auto entry : numbers) {
            od::value number;
            if (const auto error = std::move(entry).get(number)) return broken(error);
            double read = 0;
            if (number.get_double().get(read) != simdjson::SUCCESS) {
                const auto token = trimmed(number.raw_json_token());
                if (token.front() == '[' && !nested && row.size == 0) {
                    if (!read_numbers(number, row, true)) return false;
                    nested = true;
                    continue;
                }
                note_not_a_number(token, row);
                if (token.front() == '[') continue;
            }
            const auto rounded = static_cast<float>(read);
            if (growing) {
                first.push_back(rounded);
            } else if (row.size < out.size()) {
                out[row.size] = rounded;
            }
            ++row.size;
        }
        if (!growing || first.empty()) return true;
        if (dimension_ > 0)
            return refuse(ErrorKind::internal, "the answer has a vector inside another one: expected only numbers");
        if (!decide_dimension(first.size())) return false;
        std::ranges::copy(first, current_values().begin());
        return true;
    }

    static void note_not_a_number(std::string_view token, Row& row) {
        if (!row.problem.empty()) return;
        if (token.front() == '[') {
            row.problem = "is a list of vectors, probably one for each token";
            row.hint = "let the server pool them (llama.cpp: --pooling mean)";
        } else {
            row.problem = fmt::format("has {} as value {}, which is not a finite number", shown(token), row.size + 1);
        }
    }

    bool read_base64(od::value value, std::string_view token, Row& row) {
        answer_.base64 = true;
        std::string_view text = token.substr(1, token.size() - 2);
        // Some writers escape "/".
        if (text.find('\\') != std::string_view::npos) {
            if (const auto error = value.get_string().get(text)) return broken(error);
        }
        const auto floats = floats_in_base64(text);
        if (!floats) {
            row.problem = fmt::format(
                "is base64 of {} characters, which is not a whole number of float32: expected padding, and 4 bytes a "
                "value",
                text.size());
            return true;
        }
        row.size = *floats;
        if (dimension_ == 0 && !decide_dimension(*floats)) return false;
        if (row.size == dimension_ && dimension_ > 0 && !decode_base64(text, current_values())) {
            row.problem = fmt::format("is invalid base64: \"{}\"", printable(text, 40));
        }
        return true;
    }

    bool check_count() {
        if (received_ == expected_.texts) return true;
        return refuse(ErrorKind::internal,
                      fmt::format("the answer has {} vector{} for {} text{}", received_, received_ == 1 ? "" : "s",
                                  expected_.texts, expected_.texts == 1 ? "" : "s"));
    }

    std::string body_;
    Expected expected_;
    std::size_t dimension_;  // 0 until it is known
    od::parser parser_;
    od::document document_;
    bool iterating_ = false;  // document_ refers to the body
    bool complete_ = false;   // it was read to its end
    bool found_vectors_ = false;
    std::size_t received_ = 0;  // vectors so far, including those that are not kept
    std::vector<Row> rows_;     // one for each kept vector, in the order of the answer
    Row surplus_;
    std::vector<float> matrix_;
    EmbeddingAnswer answer_;
    Error error_;
};

}  // namespace

Result<EmbeddingAnswer> decode_embeddings(std::string body, const Expected& expected, Flaw* flaw) {
    if (expected.texts == 0) return fail(ErrorKind::invalid_argument, "cannot decode an answer for no texts");
    Flaw found;
    auto answer = AnswerReader(std::move(body), expected).read(found);
    if (flaw != nullptr) *flaw = found;
    return answer;
}

}  // namespace embedq::http
