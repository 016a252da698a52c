#include "catalog/yaml_capture.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <istream>
#include <set>
#include <utility>

#include "catalog/encoding.h"
#include "catalog/openapi_parts.h"
#include "catalog/yaml_end.h"
#include "catalog/yaml_input.h"

namespace embedq::catalog {
namespace {

// Thrown through the parser, which has no other way to stop; capture_yaml() turns it into a value.
struct Refusal {
    Error error;
};

Error error_at(const YAML::Mark& mark, std::string_view what, std::string_view hint = {}) {
    return {ErrorKind::invalid_argument, fmt::format("line {}, column {}: {}", mark.line + 1, mark.column + 1, what),
            std::string(hint)};
}

[[noreturn]] void refuse(const YAML::Mark& mark, std::string_view what, std::string_view hint = {}) {
    throw Refusal{error_at(mark, what, hint)};
}

const Interest* child_of(const Interest* interest, std::string_view key) {
    if (interest == nullptr || interest == &Interest::everything()) return interest;
    return interest->of(key);
}

// Whether a tag makes a scalar a text: "!" is that of a quoted one, "?" that of a plain one.
bool is_text(std::string_view tag) {
    return !tag.empty() && tag != "?" && tag != "tag:yaml.org,2002:int" && tag != "tag:yaml.org,2002:float" &&
           tag != "tag:yaml.org,2002:bool" && tag != "tag:yaml.org,2002:null";
}

YamlEnd::Last text_kind(bool is_plain, bool is_quoted) {
    if (is_plain) return YamlEnd::Last::plain;
    return is_quoted ? YamlEnd::Last::quoted : YamlEnd::Last::other;
}

class Capture final : public YAML::EventHandler {
public:
    Capture(YamlTree& tree, std::string_view content, const Interest& wanted, const Limits& limits)
        : tree_(tree), content_(content), wanted_(wanted), limits_(limits) {
        skipped_ = &tree_.nodes.emplace_back();  // not counted as kept
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
        // A file that begins or ends with "---" may have a document without content before or after its own.
        if (stack_.empty()) {
            if (tree_.root == nullptr) tree_.root = keep(mark, YamlNode::Kind::null);
            return;
        }
        const Frame& frame = stack_.back();
        end_.is_key_alone = !at_key() && frame.kind == YamlNode::Kind::map && frame.key_at == mark.pos;
        end_.is_empty_block = false;
        const char first =
            std::cmp_less(mark.pos, content_.size()) ? content_[static_cast<std::size_t>(mark.pos)] : ' ';
        const bool is_written = !end_.is_key_alone && (first == 'n' || first == 'N' || first == '~');
        set_last(mark, is_written ? YamlEnd::Last::other : YamlEnd::Last::null, {});
        leaf(mark, YamlNode::Kind::null, "null", anchor);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        const bool is_plain = tag == "?";
        if (tag == "!") last_quoted_ = mark;
        if (is_plain && !stack_.empty() && stack_.back().is_flow && value.find("\":") != std::string::npos)
            refuse(mark, "this text has the end of a quoted key in it: expected a comma before that key");
        end_.is_key_alone = false;
        end_.is_empty_block = tag == "!" && value.empty() && begins_block(mark);
        const bool is_quoted = tag == "!" && !begins_block(mark);
        set_last(mark, text_kind(is_plain, is_quoted), value);
        end_.is_on_key_line = (is_plain || is_quoted) && follows_key(mark);
        if (stack_.size() == 1 && (stack_.back().key == "openapi" || stack_.back().key == "swagger") && !at_key())
            end_.version = value.substr(0, max_last_text);
        if (!stack_.empty() && !at_key() && stack_.back().key == "$ref") end_.add_reference(stack_.back().part, value);
        leaf(mark, YamlNode::Kind::scalar, value, anchor, is_text(tag));
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const Anchor& target = anchors_.at(anchor);
        set_last(mark, YamlEnd::Last::other, {});
        if (!target.complete) refuse(mark, "this alias is inside the node that it repeats", "write the node out");
        count(mark, target.extent);
        if (at_key()) {
            set_key(mark, target.node->kind == YamlNode::Kind::scalar ? target.node->text : complex_key());
        } else {
            attach(target.node);
        }
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value style) override {
        open(mark, YamlNode::Kind::sequence, anchor, style == YAML::EmitterStyle::Flow);
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value style) override {
        open(mark, YamlNode::Kind::map, anchor, style == YAML::EmitterStyle::Flow);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

    // The beginning of the last quoted scalar of the document.
    [[nodiscard]] const YAML::Mark& last_quoted() const { return last_quoted_; }

    // The bracket that is open.
    [[nodiscard]] std::optional<YAML::Mark> open_bracket() const {
        if (stack_.empty() || !stack_.back().is_flow) return std::nullopt;
        return stack_.back().mark;
    }

    // Whether the document seems to be cut. Only at its end.
    void find_end() {
        for (Frame& frame : ending_) {
            end_.levels.push_back({frame.part, frame.kind == YamlNode::Kind::map, frame.is_flow, std::move(frame.key),
                                   std::move(frame.keys)});
        }
        const auto cut = find_cut(end_, content_);
        if (!cut) return;
        if (cut->is_certain) {
            tree_.cut = error_at(last_, cut->reason, "the document may be truncated");
        } else {
            tree_.maybe_cut = {fmt::format("line {}", last_.line + 1), "it may be cut off: " + cut->reason};
        }
    }

private:
    // With all aliases expanded.
    struct Extent {
        std::size_t nodes = 1;
        std::size_t bytes = 0;
    };
    struct Frame {
        YAML::Mark mark;
        YamlNode::Kind kind = YamlNode::Kind::map;
        YamlNode* node = nullptr;  // null if the node is not kept
        const Interest* interest = nullptr;
        YAML::anchor_t anchor = 0;
        Extent extent;
        Part part = Part::anything;
        std::size_t index = 0;
        int key_at = 0;
        bool is_flow = false;
        bool is_key = false;
        bool wants_key = true;
        std::string key;
        std::set<std::string> keys;  // ordered, since a document may be made so that its keys collide in a hash table
    };
    struct Anchor {
        const YamlNode* node = nullptr;
        Extent extent;
        bool complete = false;
    };

    [[nodiscard]] bool at_key() const {
        return !stack_.empty() && stack_.back().kind == YamlNode::Kind::map && stack_.back().wants_key;
    }

    // A key that is not a scalar cannot be looked up, but two of them are not duplicates.
    std::string complex_key() { return fmt::format("\x01{}", ++complex_keys_); }

    void set_key(const YAML::Mark& mark, std::string key) {
        Frame& frame = stack_.back();
        if (!frame.keys.insert(key).second && key != "<<") {
            refuse(mark, fmt::format("duplicate key \"{}\" in one map", shown(key)), "remove one of them");
        }
        frame.key = std::move(key);
        frame.key_at = mark.pos;
        frame.wants_key = false;
    }

    void set_last(const YAML::Mark& mark, YamlEnd::Last last, std::string_view text) {
        last_ = mark;
        end_.last = last;
        end_.last_text = text.substr(0, max_last_text);
        ending_.clear();
    }

    // Whether "|" or ">" is here, so that an empty text is one that nothing follows.
    [[nodiscard]] bool begins_block(const YAML::Mark& mark) const {
        return std::cmp_less(mark.pos, content_.size()) &&
               std::string_view("|>").find(content_[static_cast<std::size_t>(mark.pos)]) != std::string_view::npos;
    }

    // Whether a value begins in the line of its key.
    [[nodiscard]] bool follows_key(const YAML::Mark& mark) const {
        if (stack_.empty() || stack_.back().kind != YamlNode::Kind::map || at_key()) return false;
        const auto key = static_cast<std::size_t>(stack_.back().key_at);
        const auto value = static_cast<std::size_t>(mark.pos);
        return value <= content_.size() && key <= value &&
               content_.substr(key, value - key).find('\n') == std::string_view::npos;
    }

    [[nodiscard]] Part part_here() const {
        if (stack_.empty()) return Part::root;
        const Frame& frame = stack_.back();
        if (frame.kind != YamlNode::Kind::map) return item_of(frame.part);
        return frame.wants_key ? Part::anything : part_at(frame.part, frame.key);
    }

    [[nodiscard]] const Interest* wanted_here(YAML::anchor_t anchor) const {
        if (anchor != 0) return &Interest::everything();
        if (stack_.empty()) return &wanted_;
        const Frame& frame = stack_.back();
        if (frame.kind == YamlNode::Kind::map) return frame.wants_key ? nullptr : child_of(frame.interest, frame.key);
        return frame.interest == nullptr ? nullptr : child_of(frame.interest, std::to_string(frame.index));
    }

    void attach(const YamlNode* child) {
        if (stack_.empty()) {
            tree_.root = child;
            return;
        }
        Frame& frame = stack_.back();
        if (child == nullptr) child = skipped_;
        if (frame.kind == YamlNode::Kind::map) {
            if (frame.node != nullptr) frame.node->fields.emplace_back(frame.key, child);
            frame.wants_key = true;
        } else {
            if (frame.node != nullptr) frame.node->items.push_back(child);
            ++frame.index;
        }
    }

    void count(const YAML::Mark& mark, const Extent& added) {
        Extent& extent = stack_.empty() ? root_extent_ : stack_.back().extent;
        extent.nodes += added.nodes;
        extent.bytes += added.bytes;
        if (extent.nodes > limits_.max_yaml_nodes) {
            refuse(mark, fmt::format("with its aliases expanded, the document has more than {} nodes",
                                     limits_.max_yaml_nodes));
        }
        if (extent.bytes > limits_.max_yaml_bytes) {
            refuse(mark, fmt::format("with its aliases expanded, the texts of the document have more than {} bytes",
                                     limits_.max_yaml_bytes));
        }
    }

    YamlNode* keep(const YAML::Mark& mark, YamlNode::Kind kind) {
        if (tree_.nodes.size() > limits_.max_yaml_kept) {
            refuse(mark,
                   fmt::format("more than {} nodes of the document are read or have an anchor", limits_.max_yaml_kept));
        }
        YamlNode& node = tree_.nodes.emplace_back();
        node.kind = kind;
        return &node;
    }

    void set_anchor(YAML::anchor_t anchor, Anchor value) {
        if (anchor == 0) return;
        if (anchors_.size() <= anchor) anchors_.resize(anchor + 1);
        anchors_[anchor] = value;
    }

    void only_document(const YAML::Mark& mark) {
        if (filled_ == 0) filled_ = documents_;
        if (documents_ != filled_)
            refuse(mark, "a second YAML document begins here", "put each document into its own file");
    }

    void leaf(const YAML::Mark& mark, YamlNode::Kind kind, const std::string& text, YAML::anchor_t anchor,
              bool quoted = false) {
        only_document(mark);
        const Extent extent{1, text.size()};
        count(mark, extent);
        YamlNode* node = nullptr;
        if (wanted_here(anchor) != nullptr) {
            node = keep(mark, kind);
            node->text = text;
            node->quoted = quoted;
        }
        set_anchor(anchor, {node, extent, true});
        if (at_key()) {
            set_key(mark, text);
        } else {
            attach(node);
        }
    }

    void open(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor, bool is_flow) {
        only_document(mark);
        set_last(mark, YamlEnd::Last::other, {});
        if (stack_.size() >= limits_.max_depth) {
            refuse(mark, fmt::format("maps and sequences are nested deeper than {} levels", limits_.max_depth));
        }
        Frame frame;
        frame.mark = mark;
        frame.kind = kind;
        frame.anchor = anchor;
        frame.is_key = at_key();
        frame.is_flow = is_flow;
        frame.part = part_here();
        frame.interest = wanted_here(anchor);
        if (frame.interest != nullptr) frame.node = keep(mark, kind);
        set_anchor(anchor, {frame.node, {}, false});
        stack_.push_back(std::move(frame));
    }

    void close() {
        Frame frame = std::move(stack_.back());
        stack_.pop_back();
        if (frame.kind == YamlNode::Kind::map) end_.add_object(frame.part, frame.keys);
        set_anchor(frame.anchor, {frame.node, frame.extent, true});
        count(frame.mark, frame.extent);
        if (frame.is_key) {
            set_key(frame.mark, complex_key());
        } else {
            attach(frame.node);
        }
        ending_.push_back(std::move(frame));
    }

    static constexpr std::size_t max_last_text = 200;

    YamlTree& tree_;
    const std::string_view content_;
    const Interest& wanted_;
    const Limits& limits_;
    const YamlNode* skipped_ = nullptr;
    std::vector<Frame> stack_;
    std::vector<Anchor> anchors_;  // by the parser's number, which starts at 1
    YAML::Mark last_quoted_ = YAML::Mark::null_mark();
    YAML::Mark last_;  // of the last scalar, alias or opening
    YamlEnd end_;
    std::vector<Frame> ending_;  // closed since then
    Extent root_extent_{0, 0};
    std::size_t documents_ = 0;
    std::size_t filled_ = 0;  // the number of the document that has content
    int document_start_ = 0;
    std::size_t complex_keys_ = 0;
};

// What is never closed is found at the end; a bracket is named where it was opened.
Error broken_error(const Capture& capture, const YAML::Exception& error, std::string_view content) {
    const std::string_view rest = content.substr(std::min(static_cast<std::size_t>(error.mark.pos), content.size()));
    const bool is_at_end = rest.find_first_not_of(" \t\r\n") == std::string_view::npos;
    const auto bracket = is_at_end ? capture.open_bracket() : std::nullopt;
    const YAML::Mark& mark = bracket ? *bracket : error.mark;
    return {ErrorKind::invalid_argument,
            fmt::format("the YAML is broken at line {}, column {}: {}", mark.line + 1, mark.column + 1,
                        bracket ? "the bracket that opens here is never closed" : error.msg),
            is_at_end ? "the document may be truncated" : ""};
}

Status parse(YamlTree& tree, ViewBuffer& buffer, std::string_view content, const Interest& wanted, const Limits& limits,
             std::optional<std::size_t>& broken_at) {
    Capture capture(tree, content, wanted, limits);
    try {
        std::istream stream(&buffer);
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(capture)) {
        }
        // An unclosed scalar extends to the end, so only the last one can be unclosed.
        const YAML::Mark& quoted = capture.last_quoted();
        if (!quoted.is_null() &&
            is_unclosed(content.substr(std::min(static_cast<std::size_t>(quoted.pos), content.size())))) {
            refuse(quoted, "the quoted text that begins here is never closed", "the document may be truncated");
        }
        capture.find_end();
    } catch (const Refusal& refusal) {
        return std::unexpected(refusal.error);
    } catch (const YAML::Exception& error) {
        broken_at = static_cast<std::size_t>(std::max(error.mark.pos, 0));
        return std::unexpected(broken_error(capture, error, content));
    } catch (const std::exception& error) {
        return fail(ErrorKind::invalid_argument, fmt::format("the YAML cannot be read: {}", error.what()));
    }
    return {};
}

}  // namespace

const Interest& Interest::everything() {
    static const Interest all;
    return all;
}

Result<YamlTree> capture_yaml(std::string_view content, const Interest& wanted, const Limits& limits, Work& work,
                              std::optional<std::size_t>& broken_at) {
    YamlTree tree;
    ViewBuffer buffer(content, work);
    Status parsed = parse(tree, buffer, content, wanted, limits, broken_at);
    if (buffer.ended()) return std::unexpected(work.error());
    if (!parsed) return std::unexpected(std::move(parsed.error()));
    return tree;
}

}  // namespace embedq::catalog
