#include "config/document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <sstream>
#include <utility>

#include "config/text.h"

namespace embedq::config {
namespace {

// Far above any real configuration, and far below what would take noticeable time or memory.
constexpr std::size_t max_document_bytes = 1U << 20U;
constexpr std::size_t max_nodes = 20'000;
constexpr std::size_t max_expanded_bytes = 4U << 20U;
constexpr std::size_t max_depth = 64;

// Ends the parse from inside yaml-cpp's callbacks, which have no other way to stop it. Not visible outside this file.
struct Stopped {};

// Turns yaml-cpp's marks (from 0, columns in bytes) into positions (from 1, columns in characters).
class Places {
public:
    explicit Places(std::string_view text) : text_(text) {
        starts_.push_back(0);
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\n') starts_.push_back(i + 1);
        }
        blocks_.push_back(0);
        for (std::size_t i = 0; i + block <= text.size(); i += block)
            blocks_.push_back(blocks_.back() + characters(text.substr(i, block)));
    }

    [[nodiscard]] Position of(const YAML::Mark& mark) const {
        if (mark.is_null()) return {};
        const std::size_t line = std::min(static_cast<std::size_t>(mark.line), starts_.size() - 1);
        const std::size_t wanted = starts_[line] + static_cast<std::size_t>(mark.column);
        return {static_cast<int>(line) + 1, column(line, std::min(wanted, text_.size()))};
    }

    [[nodiscard]] Position of(std::size_t offset) const {
        const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
        const auto line = static_cast<std::size_t>(after - starts_.begin()) - 1;
        return {static_cast<int>(line) + 1, column(line, offset)};
    }

private:
    // Characters are counted in advance for whole blocks: all nodes of a document may be in one line.
    static constexpr std::size_t block = 1'024;

    [[nodiscard]] std::size_t characters_before(std::size_t offset) const {
        const std::size_t whole = offset / block;
        return blocks_[whole] + characters(text_.substr(whole * block, offset - whole * block));
    }
    [[nodiscard]] int column(std::size_t line, std::size_t offset) const {
        return static_cast<int>(characters_before(offset) - characters_before(starts_[line])) + 1;
    }

    std::string_view text_;
    std::vector<std::size_t> starts_;  // of lines
    std::vector<std::size_t> blocks_;  // the characters before each block
};

struct Extent {
    std::size_t nodes = 1;
    std::size_t bytes = 0;
    std::size_t depth = 1;
};

Extent measure(const Node& node) {
    Extent all{1, node.text.size(), 1};
    const auto take = [&](const Node& child) {
        const Extent e = measure(child);
        all.nodes += e.nodes;
        all.bytes += e.bytes;
        all.depth = std::max(all.depth, e.depth + 1);
    };
    std::for_each(node.keys.begin(), node.keys.end(), take);
    std::for_each(node.items.begin(), node.items.end(), take);
    return all;
}

bool known_tag(const std::string& tag) {
    static constexpr std::string_view core = "tag:yaml.org,2002:";
    static constexpr std::string_view names[] = {"str", "int", "float", "bool", "null", "map", "seq"};
    if (tag.empty() || tag == "?" || tag == "!") return true;
    return tag.starts_with(core) &&
           std::find(std::begin(names), std::end(names), tag.substr(core.size())) != std::end(names);
}

// Builds the tree from parse events. What an alias adds is counted before it is added.
class Builder final : public YAML::EventHandler {
public:
    Builder(const Places& places, Report& report) : places_(places), report_(report) {}

    [[nodiscard]] Node take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { leaf(mark, anchor, Node::Kind::null, {}); }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check_tag(mark, tag);
        leaf(mark, anchor, Node::Kind::scalar, value);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end())
            stop(mark, "this alias is inside the node that it repeats, but a node cannot contain itself");
        const Extent extent = measure(found->second);
        grow(mark, extent);
        Node copy = found->second;
        copy.at = places_.of(mark);
        put(std::move(copy));
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        open(mark, anchor, Node::Kind::sequence);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        open(mark, anchor, Node::Kind::mapping);
    }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        Node node;
        YAML::anchor_t anchor = 0;
        std::optional<Node> key;
        std::map<std::string, Position> keys;  // so far, of a mapping
    };

    [[noreturn]] void stop(const YAML::Mark& mark, std::string message, std::string hint = {}) {
        report_.error(places_.of(mark), std::move(message), std::move(hint));
        throw Stopped{};
    }

    void check_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!known_tag(tag))
            report_.error(places_.of(mark), fmt::format("unknown tag {}", quote(tag)),
                          "remove it, since the configuration has no types of its own");
    }

    void grow(const YAML::Mark& mark, const Extent& extent) {
        nodes_ += extent.nodes;
        bytes_ += extent.bytes;
        if (nodes_ > max_nodes || bytes_ > max_expanded_bytes) {
            stop(mark,
                 fmt::format("with its aliases expanded, the document grows beyond {} nodes or {} MiB here", max_nodes,
                             max_expanded_bytes >> 20U),
                 "use fewer aliases");
        }
        if (open_.size() + extent.depth > max_depth) {
            stop(mark, fmt::format("nested more than {} levels deep, but no key of the configuration is that deep",
                                   max_depth));
        }
    }

    void leaf(const YAML::Mark& mark, YAML::anchor_t anchor, Node::Kind kind, std::string text) {
        grow(mark, {1, text.size(), 1});
        Node node;
        node.kind = kind;
        node.at = places_.of(mark);
        node.text = std::move(text);
        if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
        put(std::move(node));
    }

    void open(const YAML::Mark& mark, YAML::anchor_t anchor, Node::Kind kind) {
        grow(mark, {});
        Open& top = open_.emplace_back();
        top.node.kind = kind;
        top.node.at = places_.of(mark);
        top.anchor = anchor;
    }

    void close() {
        Open top = std::move(open_.back());
        open_.pop_back();
        if (top.node.kind == Node::Kind::mapping) merge(top.node);
        if (top.anchor != YAML::NullAnchor) anchors_[top.anchor] = top.node;
        put(std::move(top.node));
    }

    // YAML 1.1's merge key, which yaml-cpp leaves to its callers: `<<: *a` and `<<: [*a, *b]` add the keys that the
    // mapping does not have itself; of several, the first wins. What they add was counted at the alias.
    void merge(Node& mapping) {
        const auto key =
            std::find_if(mapping.keys.begin(), mapping.keys.end(), [](const Node& k) { return k.text == "<<"; });
        if (key == mapping.keys.end()) return;
        const auto value = mapping.items.begin() + (key - mapping.keys.begin());
        const Node written = std::move(*value);
        mapping.keys.erase(key);
        mapping.items.erase(value);
        const bool several = written.kind == Node::Kind::sequence;
        std::set<std::string> known;
        for (const Node& own : mapping.keys) known.insert(own.text);
        for (const Node& source : several ? std::span(written.items) : std::span(&written, 1)) {
            if (source.kind != Node::Kind::mapping) {
                report_.error(
                    source.at,
                    fmt::format(
                        "found {} after '<<', expected the alias of a mapping, such as `<<: *name`, or a sequence "
                        "of such aliases",
                        source.found()));
                continue;
            }
            for (std::size_t i = 0; i < source.keys.size(); ++i) {
                if (!known.insert(source.keys[i].text).second) continue;
                mapping.keys.push_back(source.keys[i]);
                mapping.items.push_back(source.items[i]);
            }
        }
    }

    void put(Node node) {
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        Open& parent = open_.back();
        if (parent.node.kind == Node::Kind::sequence) {
            parent.node.items.push_back(std::move(node));
        } else if (!parent.key) {
            parent.key = std::move(node);
        } else {
            put_entry(parent, std::move(*std::exchange(parent.key, std::nullopt)), std::move(node));
        }
    }

    void put_entry(Open& parent, Node key, Node value) {
        if (key.kind != Node::Kind::scalar) {
            report_.error(key.at, fmt::format("found {} as a key, expected a name", key.found()));
            return;
        }
        const auto [first, is_new] = parent.keys.emplace(key.text, key.at);
        if (!is_new) {
            report_.error(key.at,
                          fmt::format("duplicate key {}: it is already in line {}, column {}", quote(key.text),
                                      first->second.line, first->second.column),
                          "keep one of them");
            return;
        }
        // The parser reports a missing value at the next token, which may be lines away.
        if (value.kind == Node::Kind::null) value.at = key.at;
        parent.node.keys.push_back(std::move(key));
        parent.node.items.push_back(std::move(value));
    }

    const Places& places_;
    Report& report_;
    Node root_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, Node> anchors_;
    std::size_t nodes_ = 0;
    std::size_t bytes_ = 0;
};

// Reports whether anything follows the first document.
class SecondDocument final : public YAML::EventHandler {
public:
    SecondDocument(const Places& places, Report& report) : places_(places), report_(report) {}
    void OnDocumentStart(const YAML::Mark& mark) override {
        report_.error(places_.of(mark), "a second document starts here, but one file has one configuration");
        throw Stopped{};
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}

private:
    const Places& places_;
    Report& report_;
};

Error broken_yaml(std::string_view message, std::string_view hint) {
    return {ErrorKind::invalid_argument, std::string(message), std::string(hint)};
}

// yaml-cpp's terse messages, as sentences that say what to look for. Its errors have no other code than the message.
Error explain(const YAML::Exception& exception) {
    struct Explanation {
        std::string_view original;
        std::string_view message;
        std::string_view hint = {};
    };
    static const Explanation explanations[] = {
        {YAML::ErrorMsg::END_OF_MAP_FLOW,
         "a '{' before this position is not closed by '}', a text in it is not closed by its quote, or a ',' is "
         "missing"},
        {YAML::ErrorMsg::END_OF_SEQ_FLOW,
         "a '[' before this position is not closed by ']', a text in it is not closed by its quote, or a ',' is "
         "missing"},
        {YAML::ErrorMsg::FLOW_END, "this ']' or '}' does not close what was opened last"},
        {YAML::ErrorMsg::END_OF_MAP, "this does not continue the mapping above it",
         "check the indentation, and that each key has its ':'"},
        {YAML::ErrorMsg::END_OF_SEQ, "this does not continue the sequence above it",
         "check the indentation and the '-'"},
        {YAML::ErrorMsg::MAP_VALUE, "this ':' does not follow a key",
         "check the indentation, and quote texts that contain ': '"},
        {YAML::ErrorMsg::EOF_IN_SCALAR, "a quoted text is not closed before the end of the file"},
    };
    const auto found = std::ranges::find(explanations, exception.msg, &Explanation::original);
    const bool known = found != std::end(explanations);
    return broken_yaml(fmt::format("not valid YAML: {}", known ? found->message : std::string_view(exception.msg)),
                       known ? found->hint : std::string_view());
}

// yaml-cpp reports a tab only after it has caused another error.
std::optional<Error> tab_error(std::string_view text, int line) {
    for (int at = 1; at <= line && !text.empty(); ++at) {
        const auto indentation = text.substr(0, text.find_first_not_of(" \t"));
        if (at + 1 >= line && indentation.find('\t') != std::string_view::npos) {
            return broken_yaml(fmt::format("not valid YAML: line {} is indented by a tab", at), "use spaces");
        }
        text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    }
    return std::nullopt;
}

// yaml-cpp reports the position of an unknown alias, but not its name.
std::optional<Error> alias_error(std::string_view text, const YAML::Exception& exception) {
    if (exception.msg != YAML::ErrorMsg::UNKNOWN_ANCHOR || exception.mark.is_null()) return std::nullopt;
    const auto offset = static_cast<std::size_t>(exception.mark.pos);
    if (offset >= text.size() || text[offset] != '*') return std::nullopt;
    const std::string_view name = text.substr(offset + 1, text.find_first_of(" \t\r\n,]}", offset) - offset - 1);
    return broken_yaml(fmt::format("the alias {} has no anchor", quote(fmt::format("*{}", name))),
                       fmt::format("write {} before the node to repeat, further up", quote(fmt::format("&{}", name))));
}

// A fault after the first document does not prevent that document from being checked.
void expect_end(YAML::Parser& parser, const Places& places, Report& report) {
    try {
        SecondDocument second(places, report);
        (void)parser.HandleNextDocument(second);
    } catch (const Stopped&) {
        return;
    } catch (const YAML::Exception& exception) {
        report.error(places.of(exception.mark), {}, explain(exception));
    }
}

// yaml-cpp treats byte 4 as the end of its input, so characters that YAML forbids must not reach it.
bool check_characters(std::string_view text, const Places& places, Report& report) {
    if (const auto bad = first_invalid_utf8(text)) {
        report.error(places.of(*bad),
                     fmt::format("found the byte 0x{:02X}, expected UTF-8", static_cast<unsigned char>(text[*bad])),
                     "save the file in that encoding");
        return false;
    }
    const auto bad = std::find_if(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
    });
    if (bad == text.end()) return true;
    report.error(places.of(static_cast<std::size_t>(bad - text.begin())),
                 fmt::format("found the control character 0x{:02X}, which YAML does not allow",
                             static_cast<unsigned char>(*bad)),
                 "remove it");
    return false;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const Node& k) { return k.text == key; });
    return found == keys.end() ? nullptr : &items[static_cast<std::size_t>(found - keys.begin())];
}

std::string Node::found() const {
    switch (kind) {
        case Kind::null: return "nothing";
        case Kind::scalar: return quote(text);
        case Kind::sequence: return "a sequence";
        case Kind::mapping: return "a mapping";
    }
    return "nothing";
}

void Report::error(Position at, std::string_view where, const Error& error) {
    this->error(at, where.empty() ? error.message : fmt::format("{}: {}", where, error.message), error.hint);
}

void Report::add(Diagnostic diagnostic) {
    if (!diagnostic.warning) ++errors_;
    diagnostics_.push_back(std::move(diagnostic));
}

std::vector<Diagnostic> Report::take() {
    std::stable_sort(diagnostics_.begin(), diagnostics_.end(), [](const Diagnostic& a, const Diagnostic& b) {
        return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
    return std::move(diagnostics_);
}

std::optional<Node> parse_document(std::string_view text, Report& report) {
    static constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (text.size() > max_document_bytes) {
        report.error({}, fmt::format("longer than {} MiB, so it is not a configuration", max_document_bytes >> 20U));
        return std::nullopt;
    }
    const Places places(text);
    if (!check_characters(text, places, report)) return std::nullopt;
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        Builder builder(places, report);
        if (!parser.HandleNextDocument(builder)) return Node{};
        expect_end(parser, places, report);
        return builder.take();
    } catch (const Stopped&) {
        return std::nullopt;
    } catch (const YAML::Exception& exception) {
        const Position at = places.of(exception.mark);
        const auto alias = alias_error(text, exception);
        report.error(at, {}, alias ? *alias : tab_error(text, at.line).value_or(explain(exception)));
        return std::nullopt;
    }
}

}  // namespace embedq::config
