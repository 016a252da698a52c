// One pass of simdjson On-Demand, which reads each number once, from the body into its place. (DOM writes every number
// to a tape first, 16 bytes each, and refuses the whole body for one NaN or 1e400, where here only the row is lost.)
//
// On-Demand does not look at values that are passed over, which is as it should be: nothing is kept of them.
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

// On one line, what cannot be shown replaced, and no character cut in two.
std::string printable(std::string_view text, std::size_t bound) {
    while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0U) == 0x80U) text.remove_prefix(1);
    std::string line(text.substr(0, bound));
    if (text.size() > bound) {
        while (!line.empty() && (static_cast<unsigned char>(text[line.size()]) & 0xC0U) == 0x80U) line.pop_back();
    }
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < 0x20U || c == 0x7F) c = ' ';
    }
    return text.size() > bound ? line + "…" : line;
}

// A token ends where the next one begins, so that of an object is its brace alone.
std::string shown(std::string_view token) {
    return token.front() == '{' ? "an object" : printable(token, 40);
}

class AnswerReader {
public:
    AnswerReader(std::string body, const Asked& asked)
        : body_(std::move(body)), asked_(asked), dimension_(asked.dimension) {
        if (body_.starts_with("\xEF\xBB\xBF")) body_.erase(0, 3);
        if (body_.capacity() - body_.size() < body_padding) body_.reserve(body_.size() + body_padding);
        rows_.reserve(asked_.texts);
        if (dimension_ > 0) matrix_.resize(asked_.texts * dimension_);
    }

    Result<EmbeddingAnswer> read() {
        if (!read_body() || !check_count()) return std::unexpected(std::move(fault_));
        auto status = place(rows_, matrix_, dimension_);
        if (status) status = check_dimensions(rows_, dimension_, asked_.dimension > 0);
        if (!status) {
            refuse(status.error().kind, to_string(status.error()));
            return std::unexpected(std::move(fault_));
        }
        answer_.result.matrix = std::move(matrix_);
        answer_.result.dimension = dimension_;
        answer_.result.errors = errors_of(rows_);
        return std::move(answer_);
    }

private:
    // Where the call fails: the message is made here once, and `false` travels up.
    bool refuse(ErrorKind kind, std::string message, std::size_t offset = 0) {
        const auto from = std::min(offset - std::min(offset, excerpt_bytes / 2), body_.size());
        fault_ = Error{kind, std::move(message), {}, printable(std::string_view(body_).substr(from), excerpt_bytes)};
        return false;
    }

    bool broken(simdjson::error_code error) {
        if (error == simdjson::MEMALLOC || error == simdjson::CAPACITY) {
            return refuse(ErrorKind::internal,
                          fmt::format("the answer has {} bytes, more than can be read at once", body_.size()));
        }
        const char* at = nullptr;
        if (!begun_) {
            at = body_.data();
        } else if (document_.current_location().get(at) != simdjson::SUCCESS) {
            at = body_.data() + body_.size();
        }
        const auto offset = std::min(static_cast<std::size_t>(at - body_.data()), body_.size());
        return refuse(ErrorKind::internal,
                      fmt::format("the answer is no whole JSON: it breaks near byte {} of {}; it may have been cut off",
                                  offset, body_.size()),
                      offset);
    }

    bool read_body() {
        const auto start = body_.find_first_not_of(white_space);
        if (start == std::string::npos)
            return refuse(ErrorKind::internal, "the answer is empty: expected vectors as JSON");
        if (body_[start] == '<') {
            return refuse(ErrorKind::internal,
                          "the answer is an HTML or XML page: expected vectors as JSON; a proxy may have answered, or "
                          "the address may be wrong");
        }
        if (const auto error =
                parser_.iterate(simdjson::padded_string_view(body_.data(), body_.size(), body_.capacity()))
                    .get(document_)) {
            return broken(error);
        }
        begun_ = true;
        if (body_[start] == '[') {
            shaped_ = true;
            od::array rows;
            if (const auto error = document_.get_array().get(rows)) return broken(error);
            if (!read_rows(rows)) return false;
        } else if (!read_object()) {
            return false;
        }
        if (const char* at = nullptr; document_.current_location().get(at) == simdjson::SUCCESS)
            return broken(simdjson::TRAILING_CONTENT);
        return shaped_ || refuse(ErrorKind::internal,
                                 R"(the answer has no vectors: expected "data", "embeddings" or "embedding")");
    }

    bool read_object() {
        od::object root;
        if (const auto error = document_.get_object().get(root)) return broken(error);
        return each_field(root, [&](std::string_view key, od::value value) {
            if (key == "data" || key == "embeddings" || key == "embedding") return read_vectors(key, value);
            if (key == "usage") return read_usage(value);
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
            if (key == "prompt_tokens") read_count(field, prompt);
            if (key == "total_tokens") read_count(field, total);
            return true;
        });
        if (prompt > 0 || total > 0) answer_.result.tokens = prompt > 0 ? prompt : total;
        return done;
    }

    // A number of tokens is for planning alone: where it is no number, it is as if it were not there.
    static void read_count(od::value value, std::uint64_t& count) {
        std::uint64_t read = 0;
        if (value.get_uint64().get(read) == simdjson::SUCCESS) count = read;
    }

    bool read_vectors(std::string_view key, od::value value) {
        if (std::exchange(shaped_, true))
            return refuse(ErrorKind::internal, "the answer has vectors under two keys: expected one list");
        if (key == "embedding") return read_vector(value, next_row());
        if (value.raw_json_token().front() != '[') {
            return refuse(ErrorKind::internal,
                          fmt::format("the answer's \"{}\" is no list: expected one entry for each text", key));
        }
        od::array rows;
        if (const auto error = value.get_array().get(rows)) return broken(error);
        return read_rows(rows);
    }

    // Rows beyond those asked for are counted, not kept.
    Row& next_row() {
        if (++came_; came_ > asked_.texts) return surplus_ = Row{};
        return rows_.emplace_back();
    }

    bool read_rows(od::array& rows) {
        for (auto entry : rows) {
            od::value value;
            if (const auto error = std::move(entry).get(value)) return broken(error);
            Row& row = next_row();
            if (came_ > asked_.texts) continue;
            if (!(value.raw_json_token().front() == '{' ? read_entry(value, row) : read_vector(value, row)))
                return false;
        }
        return true;
    }

    bool read_entry(od::value value, Row& row) {
        od::object entry;
        if (const auto error = value.get_object().get(entry)) return broken(error);
        return each_field(entry, [&](std::string_view key, od::value field) {
            if (key == "embedding") return read_vector(field, row);
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
                                  shown(token), asked_.texts - 1),
                      offset_of(token));
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
            row.fault = fmt::format("is {}: expected an array of numbers, or base64", shown(token));
        }
        if (!done) return false;
        if (row.fault.empty() && row.size == dimension_ && dimension_ > 0) row.fault = fault_of(room());
        return true;
    }

    // The place of the row that is being read.
    std::span<float> room() { return std::span(matrix_).subspan((came_ - 1) * dimension_, dimension_); }

    // The first vector says how long they all are, where that is not known.
    bool decide_dimension(std::size_t dimension) {
        if (dimension == 0) return true;
        // A number takes at least two bytes, so there is no answer whose matrix is larger than its body.
        if (asked_.texts > body_.size() / dimension) {
            return refuse(
                ErrorKind::internal,
                fmt::format("the answer's first vector has {} numbers, but {} bytes have no room for {} like it",
                            dimension, body_.size(), asked_.texts));
        }
        dimension_ = dimension;
        matrix_.resize(asked_.texts * dimension_);
        return true;
    }

    bool read_numbers(od::value value, Row& row, bool nested) {
        od::array numbers;
        if (const auto error = value.get_array().get(numbers)) return broken(error);
        const std::span<float> out = dimension_ > 0 ? room() : std::span<float>();
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
                note_odd(token, row);
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
            return refuse(ErrorKind::internal, "the answer has a vector inside another one: expected numbers alone");
        if (!decide_dimension(first.size())) return false;
        std::ranges::copy(first, room().begin());
        return true;
    }

    static void note_odd(std::string_view token, Row& row) {
        if (!row.fault.empty()) return;
        row.fault = token.front() == '['
                        ? std::string(
                              "is a list of vectors, as of one for each token: let the server pool them (llama.cpp: "
                              "--pooling mean)")
                        : fmt::format("has {} as its number {}, which is no finite number", shown(token), row.size + 1);
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
            row.fault = fmt::format(
                "is base64 of {} characters, which are no whole number of float32: expected padding, and 4 bytes a "
                "value",
                text.size());
            return true;
        }
        row.size = *floats;
        if (dimension_ == 0 && !decide_dimension(*floats)) return false;
        if (row.size == dimension_ && dimension_ > 0 && !decode_base64(text, room())) {
            row.fault = fmt::format("is broken base64: \"{}\"", printable(text, 40));
        }
        return true;
    }

    bool check_count() {
        if (came_ == asked_.texts) return true;
        return refuse(ErrorKind::internal,
                      fmt::format("the answer has {} vector{} for {} text{}", came_, came_ == 1 ? "" : "s",
                                  asked_.texts, asked_.texts == 1 ? "" : "s"));
    }

    std::string body_;
    Asked asked_;
    std::size_t dimension_;  // 0 until it is known
    od::parser parser_;
    od::document document_;
    bool begun_ = false;     // document_ stands on the body
    bool shaped_ = false;    // vectors were found
    std::size_t came_ = 0;   // vectors so far, with those that are not kept
    std::vector<Row> rows_;  // one for each kept vector, in the order in which they came
    Row surplus_;
    std::vector<float> matrix_;
    EmbeddingAnswer answer_;
    Error fault_;
};

}  // namespace

Result<EmbeddingAnswer> decode_embeddings(std::string body, const Asked& asked) {
    if (asked.texts == 0) return fail(ErrorKind::invalid_argument, "an answer for no text was to be decoded");
    return AnswerReader(std::move(body), asked).read();
}

}  // namespace embedq::http
