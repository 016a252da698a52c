// A YAML document as a tree in which every node has its position. The only header between yaml-cpp and the rest.
//
// Aliases and merge keys (`<<`) are expanded. Duplicate keys, keys that are not texts and foreign tags are reported
// while the tree is built. Documents that are too large, too deep, or whose aliases would expand too far are refused
// before they are expanded. Plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.h"

namespace embedq::config {

struct Position {
    int line = 0;
    int column = 0;
};

struct Node {
    enum class Kind { null, scalar, sequence, mapping };
    Kind kind = Kind::null;
    Position at;              // of a null value: its key's position
    std::string text;         // scalar
    std::vector<Node> keys;   // mapping: scalars, each once; as many as `items`
    std::vector<Node> items;  // sequence, mapping

    [[nodiscard]] const Node* find(std::string_view key) const;
    // "a mapping", "a sequence", "nothing", or the quoted scalar.
    [[nodiscard]] std::string found() const;
};

// Collects the diagnostics of one document and returns them in document order.
class Report {
public:
    explicit Report(std::string file) : file_(std::move(file)) {}
    void error(Position at, std::string message, std::string hint = {}) {
        add({file_, at.line, at.column, false, std::move(message), std::move(hint)});
    }
    // `where` names the key: "scheduler.lease".
    void error(Position at, std::string_view where, const Error& error);
    void warning(Position at, std::string message, std::string hint = {}) {
        add({file_, at.line, at.column, true, std::move(message), std::move(hint)});
    }
    void add(Diagnostic diagnostic);
    [[nodiscard]] bool failed() const noexcept { return errors_ > 0; }
    [[nodiscard]] std::size_t errors() const noexcept { return errors_; }
    [[nodiscard]] std::vector<Diagnostic> take();

private:
    std::string file_;
    std::vector<Diagnostic> diagnostics_;
    std::size_t errors_ = 0;
};

// Nothing when there is no tree to continue with; the report says why. An empty document is a null node.
[[nodiscard]] std::optional<Node> parse_document(std::string_view text, Report& report);

}  // namespace embedq::config
