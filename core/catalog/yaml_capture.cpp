#include "catalog/yaml_capture.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <istream>
#include <streambuf>
#include <unordered_set>

namespace embedq::catalog {
namespace {

// Thrown through the parser, which has no other way to stop; capture_yaml() turns it into a value.
struct Refusal {
    std::string message;
    std::string hint;
};

[[noreturn]] void refuse(const YAML::Mark& mark, std::string_view what, std::string_view hint = {}) {
    throw Refusal{fmt::format("line {}, column {}: {}", mark.line + 1, mark.column + 1, what), std::string(hint)};
}

const Interest* child_of(const Interest* interest, std::string_view key) {
    if (interest == nullptr || interest == &Interest::everything()) return interest;
    return interest->of(key);
}

class Capture final : public YAML::EventHandler {
public:
    Capture(YamlTree& tree, const Interest& wanted, const Limits& limits)
        : tree_(tree), wanted_(wanted), limits_(limits) {
        skipped_ = &tree_.nodes.emplace_back();
    }

    void OnDocumentStart(const YAML::Mark& mark) override {
        // yaml-cpp does not consume a "," that belongs to nothing, and begins the next document with it, again and
        // again.
        if (documents_ > 0 && mark.pos == document_start_)
            refuse(mark, "this belongs to nothing: expected a key, an entry or the end of the document");
        document_start_ = mark.pos;
        ++documents_;
    }
    void OnDocumentEnd() override {}
    void OnAnchor(const YAML::Mark& /*mark*/, const std::string& /*name*/) override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        // A file that ends with "---" has a second document without content.
        if (documents_ > 1 && stack_.empty()) return;
        leaf(mark, YamlNode::Kind::null, "null", anchor);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        if (tag == "!") last_quoted_ = mark;
        leaf(mark, YamlNode::Kind::scalar, value, anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const Anchor& target = anchors_.at(anchor);
        if (!target.complete) refuse(mark, "this alias is inside the node that it repeats", "write the node out");
        count(mark, target.size);
        if (at_key()) {
            set_key(mark, target.node->kind == YamlNode::Kind::scalar ? target.node->text : complex_key());
        } else {
            attach(target.node);
        }
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, YamlNode::Kind::sequence, anchor);
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, YamlNode::Kind::map, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

    // The beginning of the last quoted scalar of the document.
    [[nodiscard]] const YAML::Mark& last_quoted() const { return last_quoted_; }

private:
    struct Frame {
        YAML::Mark mark;
        YamlNode::Kind kind = YamlNode::Kind::map;
        YamlNode* node = nullptr;  // null if the node is not kept
        const Interest* interest = nullptr;
        YAML::anchor_t anchor = 0;
        std::size_t size = 1;
        std::size_t index = 0;
        bool is_key = false;
        bool wants_key = true;
        std::string key;
        std::unordered_set<std::string> keys;
    };
    struct Anchor {
        const YamlNode* node = nullptr;
        std::size_t size = 1;
        bool complete = false;
    };

    [[nodiscard]] bool at_key() const {
        return !stack_.empty() && stack_.back().kind == YamlNode::Kind::map && stack_.back().wants_key;
    }

    // A key that is not a scalar cannot be looked up, but two of them are not duplicates.
    std::string complex_key() { return fmt::format("\x01{}", ++complex_keys_); }

    void set_key(const YAML::Mark& mark, std::string key) {
        Frame& frame = stack_.back();
        if (key != "<<" && !frame.keys.insert(key).second) {
            refuse(mark, fmt::format("duplicate key \"{}\" in one map", key), "remove one of them");
        }
        frame.key = std::move(key);
        frame.wants_key = false;
    }

    [[nodiscard]] const Interest* wanted_here(YAML::anchor_t anchor) const {
        if (anchor != 0) return &Interest::everything();
        if (stack_.empty()) return &wanted_;
        const Frame& frame = stack_.back();
        if (frame.kind == YamlNode::Kind::map) return frame.wants_key ? nullptr : child_of(frame.interest, frame.key);
        return child_of(frame.interest, std::to_string(frame.index));
    }

    void attach(const YamlNode* child) {
        if (stack_.empty()) {
            tree_.root = child;
            return;
        }
        Frame& frame = stack_.back();
        if (child == nullptr) child = skipped_;
        if (frame.kind == YamlNode::Kind::map) {
            if (frame.node != nullptr) frame.node->fields.emplace_back(std::move(frame.key), child);
            frame.wants_key = true;
        } else {
            if (frame.node != nullptr) frame.node->items.push_back(child);
            ++frame.index;
        }
    }

    void count(const YAML::Mark& mark, std::size_t nodes) {
        std::size_t& size = stack_.empty() ? root_size_ : stack_.back().size;
        size += nodes;
        if (size > limits_.max_yaml_nodes) {
            refuse(mark, fmt::format("with its aliases expanded, the document has more than {} nodes",
                                     limits_.max_yaml_nodes));
        }
    }

    void set_anchor(YAML::anchor_t anchor, Anchor value) {
        if (anchor == 0) return;
        if (anchors_.size() <= anchor) anchors_.resize(anchor + 1);
        anchors_[anchor] = value;
    }

    void only_document(const YAML::Mark& mark) const {
        if (documents_ > 1) refuse(mark, "a second YAML document begins here", "put each document into its own file");
    }

    void leaf(const YAML::Mark& mark, YamlNode::Kind kind, const std::string& text, YAML::anchor_t anchor) {
        only_document(mark);
        count(mark, 1);
        YamlNode* node = nullptr;
        if (wanted_here(anchor) != nullptr) {
            node = &tree_.nodes.emplace_back();
            node->kind = kind;
            node->text = text;
        }
        set_anchor(anchor, {node, 1, true});
        if (at_key()) {
            set_key(mark, text);
        } else {
            attach(node);
        }
    }

    void open(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor) {
        only_document(mark);
        if (stack_.size() >= limits_.max_depth) {
            refuse(mark, fmt::format("maps and sequences are nested deeper than {} levels", limits_.max_depth));
        }
        Frame frame;
        frame.mark = mark;
        frame.kind = kind;
        frame.anchor = anchor;
        frame.is_key = at_key();
        frame.interest = wanted_here(anchor);
        if (frame.interest != nullptr) {
            frame.node = &tree_.nodes.emplace_back();
            frame.node->kind = kind;
        }
        set_anchor(anchor, {frame.node, 1, false});
        stack_.push_back(std::move(frame));
    }

    void close() {
        const Frame frame = std::move(stack_.back());
        stack_.pop_back();
        set_anchor(frame.anchor, {frame.node, frame.size, true});
        count(frame.mark, frame.size);
        if (frame.is_key) {
            set_key(frame.mark, complex_key());
        } else {
            attach(frame.node);
        }
    }

    YamlTree& tree_;
    const Interest& wanted_;
    const Limits& limits_;
    const YamlNode* skipped_ = nullptr;
    std::vector<Frame> stack_;
    std::vector<Anchor> anchors_;  // by the parser's number, which starts at 1
    YAML::Mark last_quoted_ = YAML::Mark::null_mark();
    std::size_t root_size_ = 0;
    std::size_t documents_ = 0;
    int document_start_ = 0;
    std::size_t complex_keys_ = 0;
};

// A stream over bytes that it does not own.
class ViewBuffer final : public std::streambuf {
public:
    explicit ViewBuffer(std::string_view view) {
        char* const first = const_cast<char*>(view.data());  // streambuf's get area is never written to
        setg(first, first, first + view.size());
    }
};

// Whether a quoted scalar that begins here, after an anchor and a tag, is never closed. The parser accepts such a
// scalar as complete when the document ends with a line break.
bool is_unclosed(std::string_view rest) {
    while (rest.starts_with('&') || rest.starts_with('!')) {
        rest.remove_prefix(std::min(rest.find_first_of(" \t\r\n"), rest.size()));
        rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
    }
    if (rest.empty() || (rest.front() != '"' && rest.front() != '\'')) return false;
    const char quote = rest.front();
    for (std::size_t at = 1; at < rest.size(); ++at) {
        if (quote == '"' && rest[at] == '\\') {
            ++at;
        } else if (rest[at] == quote) {
            if (quote == '"' || at + 1 >= rest.size() || rest[at + 1] != quote) return false;
            ++at;
        }
    }
    return true;
}

}  // namespace

const Interest& Interest::everything() {
    static const Interest all;
    return all;
}

Result<YamlTree> capture_yaml(std::string_view content, const Interest& wanted, const Limits& limits) {
    YamlTree tree;
    try {
        ViewBuffer buffer(content);
        std::istream stream(&buffer);
        Capture capture(tree, wanted, limits);
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(capture)) {
        }
        // An unclosed scalar extends to the end, so only the last one can be unclosed.
        const YAML::Mark& quoted = capture.last_quoted();
        if (!quoted.is_null() &&
            is_unclosed(content.substr(std::min(static_cast<std::size_t>(quoted.pos), content.size())))) {
            refuse(quoted, "the quoted text that begins here is never closed", "the document may be truncated");
        }
    } catch (const Refusal& refusal) {
        return fail(ErrorKind::invalid_argument, refusal.message, refusal.hint);
    } catch (const YAML::Exception& error) {
        return fail(ErrorKind::invalid_argument, fmt::format("the YAML is broken at line {}, column {}: {}",
                                                             error.mark.line + 1, error.mark.column + 1, error.msg));
    } catch (const std::exception& error) {
        return fail(ErrorKind::invalid_argument, fmt::format("the YAML cannot be read: {}", error.what()));
    }
    return tree;
}

}  // namespace embedq::catalog
