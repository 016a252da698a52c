#include "http/json_reader.h"

#include <simdjson.h>

#include <cstdint>

namespace embedq::http {

struct Json::Node {
    std::shared_ptr<const simdjson::dom::parser> parser;  // owns the document
    simdjson::dom::element element;

    template <class T>
    [[nodiscard]] T value() const {
        T value{};
        if (element.get(value) != simdjson::SUCCESS) return T{};
        return value;
    }
};

Json Json::parse(std::string_view text) {
    auto parser = std::make_shared<simdjson::dom::parser>();
    simdjson::dom::element element;
    if (parser->parse(text.data(), text.size()).get(element) != simdjson::SUCCESS) return {};
    return Json(std::make_shared<Node>(std::move(parser), element));
}

Json Json::operator[](std::string_view key) const {
    simdjson::dom::element member;
    if (node_ == nullptr || node_->element[key].get(member) != simdjson::SUCCESS) return {};
    return Json(std::make_shared<Node>(node_->parser, member));
}

std::vector<Json> Json::items() const {
    simdjson::dom::array array;
    if (node_ == nullptr || node_->element.get(array) != simdjson::SUCCESS) return {};
    std::vector<Json> items;
    for (const simdjson::dom::element item : array) items.push_back(Json(std::make_shared<Node>(node_->parser, item)));
    return items;
}

bool Json::is_object() const {
    return node_ != nullptr && node_->element.is_object();
}

std::string Json::text() const {
    return node_ == nullptr ? std::string() : std::string(node_->value<std::string_view>());
}

std::size_t Json::count() const {
    return node_ == nullptr ? 0 : node_->value<std::uint64_t>();
}

bool Json::is_true() const {
    return node_ != nullptr && node_->value<bool>();
}

}  // namespace embedq::http
