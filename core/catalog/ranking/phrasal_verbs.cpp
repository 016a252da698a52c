// The verbs of two words that questions have for what descriptions say in one.
#include <algorithm>
#include <array>
#include <string>

#include "catalog/ranking/vocabulary.h"

namespace embedq::ranking {
namespace {

struct Phrasal {
    std::string_view verbs;  // in the forms that questions have
    std::string_view particle;
    std::string_view meant;
    bool parted = true;  // whether an object may stand between
};

constexpr std::array phrasals{
    Phrasal{"turn turned turning switch switched switching", "on", "enable"},
    Phrasal{"turn turned turning switch switched switching shut cut", "off", "disable"},
    Phrasal{"shut shutting shuts power powering powered", "down", "stop"},
    Phrasal{"power powering powered", "off", "stop"},
    Phrasal{"power boot fire", "up", "start"},
    Phrasal{"power", "on", "start"},
    Phrasal{"close closing wind", "down", "close"},
    Phrasal{"take taking tear pull bring", "down", "remove"},
    Phrasal{"turn turned turning", "down", "decline"},
    Phrasal{"set setting put spin spinning stand bring", "up", "create"},
    Phrasal{"sign signing", "up", "register"},
    Phrasal{"sign signing log logging", "in", "login", false},
    Phrasal{"sign signing log logging", "out", "logout"},
    Phrasal{"kick kicking fire set", "off", "start"},
    Phrasal{"kick throw kicking throwing toss force", "out", "remove"},
    Phrasal{"take taking pull pulling", "out", "remove"},
    Phrasal{"take taking", "away", "remove"},
    Phrasal{"take taking strip cross", "off", "remove"},
    Phrasal{"throw throwing clear", "away", "delete"},
    Phrasal{"clean clear tidy", "up", "delete"},
    Phrasal{"get getting", "rid", "delete", false},
    Phrasal{"call calling", "off", "cancel"},
    Phrasal{"break", "off", "cancel"},
    Phrasal{"bring get put take roll", "back", "restore"},
    Phrasal{"go going", "back", "rollback", false},
    Phrasal{"give giving send hand", "back", "return"},
    Phrasal{"hand handing sign", "over", "transfer"},
    Phrasal{"look looking go", "over", "review"},
    Phrasal{"look looking search hunt", "for", "search", false},
    Phrasal{"look looking", "up", "find"},
    Phrasal{"look looking", "at", "view", false},
    Phrasal{"find figure", "out", "get"},
    Phrasal{"start run", "over", "restart"},
    Phrasal{"start run launch", "again", "restart"},
    Phrasal{"send deliver", "again", "resend"},
    Phrasal{"try", "again", "retry"},
    Phrasal{"open", "again", "reopen"},
    Phrasal{"bring let", "in", "invite"},
    Phrasal{"swap", "out", "replace"},
    Phrasal{"mix", "up", "shuffle"},
    Phrasal{"back", "up", "backup"},
    Phrasal{"split break", "up", "split"},
    Phrasal{"lock", "down", "restrict"},
    Phrasal{"write", "down", "create"},
    Phrasal{"opt", "out", "unsubscribe", false},
    Phrasal{"opt", "in", "subscribe", false},
    Phrasal{"make making", "sure", "check", false},
    Phrasal{"money", "back", "refund", false},
    Phrasal{"data", "center", "datacenter", false},
    Phrasal{"data", "centers", "datacenters", false},
    Phrasal{"how", "many", "count", false},
    Phrasal{"how", "often", "count", false},
};

bool has_word(std::string_view words, std::string_view word) {
    for (std::size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        if ((at == 0 || words[at - 1] == ' ') && (end == words.size() || words[end] == ' ')) return true;
    }
    return false;
}

}  // namespace

std::string_view phrasal_verb(std::string_view verb, std::string_view particle, std::size_t apart) {
    const auto fits = [&](const Phrasal& entry) {
        return entry.particle == particle && (apart == 1 || entry.parted) && has_word(entry.verbs, verb);
    };
    const auto found = std::find_if(phrasals.begin(), phrasals.end(), fits);
    return found == phrasals.end() ? std::string_view{} : found->meant;
}

}  // namespace embedq::ranking
