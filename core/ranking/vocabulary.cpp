#include "ranking/vocabulary.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "words/common.h"

namespace embedq::ranking {
namespace {

using Set = std::unordered_set<std::string_view>;
using Map = std::unordered_map<std::string_view, std::string_view>;

const Set& stop_words() {
    static const Set set{
        "been",    "being", "those",  "but",   "then",    "than", "so",     "done", "could", "may",   "might",
        "must",    "shall", "should", "why",   "he",      "she",  "his",    "her",  "there", "here",  "t",
        "not",     "no",    "onto",   "about", "up",      "out",  "off",    "over", "under", "such",  "please",
        "need",    "like",  "way",    "let",   "us",      "mine", "myself", "am",   "who",   "whom",  "whose",
        "via",     "per",   "some",   "any",   "each",    "also", "only",   "just", "via",   "using", "use",
        "used",    "now",   "yet",    "ll",    "ve",      "don",  "doesn",  "isn",  "many",  "much",  "several",
        "certain", "given", "own",    "still", "already", "e",    "g"};
    return set;
}

// Abbreviations that have one meaning in API descriptions, and British spellings.
const Map& abbreviations() {
    static const Map map{{"conf", "configuration"},
                         {"envs", "environments"},
                         {"dirs", "directories"},
                         {"msgs", "messages"},
                         {"pwd", "password"},
                         {"passwd", "password"},
                         {"stat", "statistics"},
                         {"specs", "specifications"},
                         {"num", "number"},
                         {"ref", "reference"},
                         {"refs", "references"},
                         {"desc", "description"},
                         {"prod", "production"},
                         {"k8s", "kubernetes"},
                         {"addr", "address"},
                         {"img", "image"},
                         {"imgs", "images"},
                         {"pics", "pictures"},
                         {"qty", "quantity"},
                         {"acct", "account"},
                         {"txn", "transaction"},
                         {"tx", "transaction"},
                         {"subscr", "subscription"},
                         {"cred", "credential"},
                         {"creds", "credentials"},
                         {"perm", "permission"},
                         {"perms", "permissions"},
                         {"pkg", "package"},
                         {"pkgs", "packages"},
                         {"libs", "libraries"},
                         {"lang", "language"},
                         {"langs", "languages"},
                         {"deps", "dependencies"},
                         {"docs", "documents"},
                         {"doc", "document"},
                         {"authn", "authentication"},
                         {"authz", "authorization"},
                         {"colour", "color"},
                         {"colours", "colors"},
                         {"favourite", "favorite"},
                         {"favourites", "favorites"},
                         {"authorise", "authorize"},
                         {"authorisation", "authorization"},
                         {"catalogue", "catalog"},
                         {"catalogues", "catalogs"},
                         {"cancelled", "canceled"},
                         {"cancelling", "cancel"},
                         {"canceling", "cancel"},
                         {"canceled", "cancel"},
                         {"synchronise", "synchronize"},
                         {"analyse", "analyze"},
                         {"2fa", "two factor authentication"},
                         {"mfa", "multi factor authentication"},
                         {"tel", "telephone"},
                         {"phone", "telephone"},
                         {"e-mail", "email"},
                         {"mail", "email"},
                         {"mails", "emails"},
                         {"id", "identifier"},
                         {"ids", "identifiers"}};
    return map;
}

struct VerbClass {
    Verbs verb;
    std::string_view words;
};

const std::unordered_map<std::string_view, Verbs>& verb_table() {
    static const auto table = [] {
        constexpr std::array classes{
            VerbClass{verb_read,
                      "get gets list lists fetch retrieve retrieves show shows read view find search query describe "
                      "display obtain see return "
                      "returns browse check checks download export lookup count compare inspect grab what which who "
                      "whom whose where whether "
                      "tell determine discover inspect look monitor preview verify measure"},
            VerbClass{verb_create,
                      "create creates add adds post make new insert register generate open start submit upload invite "
                      "publish import put send "
                      "write store save append attach fork clone copy compose prepare leave give request trigger run "
                      "launch approve accept reply "
                      "book build initiate launch schedule provision deploy subscribe"},
            VerbClass{verb_update,
                      "update updates edit modify make give fix correct amend revise patch set sets change changes "
                      "replace rename alter "
                      "adjust put close reopen enable assign "
                      "move transfer mark turn switch merge lock configure resolve dismiss reset save restrict extend "
                      "adapt customize "
                      "promote demote archive hide pause resume"},
            VerbClass{verb_remove,
                      "delete deletes remove removes destroy trash erase drop clear purge discard uninstall revoke "
                      "detach unlink kick unfollow "
                      "unstar unblock unlock disable unassign leave rid cancel dismiss wipe undo decline unregister "
                      "deregister evict unpin "
                      "unsubscribe eliminate"},
        };
        std::unordered_map<std::string_view, Verbs> map;
        for (const VerbClass& entry : classes) {
            for (std::size_t begin = 0; begin < entry.words.size();) {
                const std::size_t end = std::min(entry.words.find(' ', begin), entry.words.size());
                map[entry.words.substr(begin, end - begin)] |= entry.verb;
                begin = end + 1;
            }
        }
        return map;
    }();
    return table;
}

std::string_view find(const Map& map, std::string_view word) {
    const auto found = map.find(word);
    return found == map.end() ? std::string_view{} : found->second;
}

}  // namespace

Verbs verbs_of_word(std::string_view word) {
    const auto found = verb_table().find(word);
    return found == verb_table().end() ? Verbs{0} : found->second;
}

Verbs verbs_of_method(std::string_view method) {
    if (method == "GET" || method == "HEAD") return verb_read;
    if (method == "POST") return verb_create;
    if (method == "PUT") return verb_update | verb_create;
    if (method == "PATCH") return verb_update;
    if (method == "DELETE") return verb_remove;
    return 0;
}

bool is_stop_word(std::string_view word) {
    return words::is_stop_word(word) || stop_words().contains(word);
}

std::string_view expansion(std::string_view word) {
    const std::string_view common = words::expansion(word);
    return common.empty() ? find(abbreviations(), word) : common;
}

}  // namespace embedq::ranking
