// JSON that servers tell of themselves, read without failing: what is not there, or is of another kind, is empty.
//
// Thread-safety: a value may be read from any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace embedq::http {

class Json {
public:
    Json() = default;  // nothing
    // Nothing where `text` is no JSON. The value keeps what it needs of it.
    [[nodiscard]] static Json parse(std::string_view text);

    // The member of an object; nothing where there is none.
    [[nodiscard]] Json operator[](std::string_view key) const;
    // The elements of an array; none where it is no array.
    [[nodiscard]] std::vector<Json> items() const;

    [[nodiscard]] bool is_there() const noexcept { return node_ != nullptr; }  // true for null, too
    [[nodiscard]] bool is_object() const;
    [[nodiscard]] std::string text() const;   // "" where it is no string
    [[nodiscard]] std::size_t count() const;  // 0 where it is no whole number from 0 on
    [[nodiscard]] bool is_true() const;

private:
    struct Node;
    explicit Json(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
    std::shared_ptr<const Node> node_;
};

}  // namespace embedq::http
