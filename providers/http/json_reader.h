// Reads JSON in which servers report about themselves. Reading never fails: what is absent or of another type is empty.
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
    // Nothing where `text` is not JSON. The value keeps no reference to `text`.
    [[nodiscard]] static Json parse(std::string_view text);

    // The member of an object; nothing where there is none.
    [[nodiscard]] Json operator[](std::string_view key) const;
    // The elements of an array; none where it is not an array.
    [[nodiscard]] std::vector<Json> items() const;

    [[nodiscard]] bool exists() const noexcept { return node_ != nullptr; }  // true for null, too
    [[nodiscard]] bool is_object() const;
    [[nodiscard]] std::string text() const;   // "" where it is not a string
    [[nodiscard]] std::size_t count() const;  // 0 where it is not a whole number from 0 up
    [[nodiscard]] bool is_true() const;

private:
    struct Node;
    explicit Json(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
    std::shared_ptr<const Node> node_;
};

}  // namespace embedq::http
