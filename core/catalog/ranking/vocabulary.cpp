#include "catalog/ranking/vocabulary.h"

#include <libstemmer.h>

#include <algorithm>
#include <array>
#include <new>
#include <unordered_map>
#include <unordered_set>

namespace embedq::ranking {
namespace {

using Set = std::unordered_set<std::string_view>;
using Map = std::unordered_map<std::string_view, std::string_view>;

const Set& stop_words() {
    static const Set set{
        "a",     "an",     "the",   "of",    "to",   "in",    "on",      "for",     "by",     "with",  "from",  "at",      "as",     "is",
        "are",   "was",    "were",  "be",    "been", "being", "it",      "its",     "this",   "that",  "these", "those",   "and",    "or",
        "but",   "if",     "then",  "than",  "so",   "do",    "does",    "did",     "done",   "can",   "could", "may",     "might",  "must",
        "shall", "should", "will",  "would", "have", "has",   "had",     "how",     "what",   "which", "when",  "where",   "why",    "i",
        "you",   "he",     "she",   "we",    "they", "them",  "his",     "her",     "our",    "your",  "their", "there",   "here",   "s",
        "t",     "not",    "no",    "into",  "onto", "about", "up",      "out",     "off",    "over",  "under", "such",    "please", "want",
        "need",  "like",   "way",   "let",   "us",   "my",    "me",      "mine",    "myself", "am",    "who",   "whom",    "whose",  "via",
        "per",   "some",   "any",   "each",  "also", "only",  "just",    "via",     "using",  "use",   "used",  "now",     "yet",    "ll",
        "ve",    "don",    "doesn", "isn",   "many", "much",  "several", "certain", "given",  "own",   "still", "already", "e",      "g"};
    return set;
}

// Abbreviations that have one meaning in API descriptions, and British spellings.
const Map& abbreviations() {
    static const Map map{{"repo", "repository"},
                         {"repos", "repositories"},
                         {"org", "organization"},
                         {"orgs", "organizations"},
                         {"pr", "pull request"},
                         {"prs", "pull requests"},
                         {"config", "configuration"},
                         {"configs", "configurations"},
                         {"conf", "configuration"},
                         {"env", "environment"},
                         {"envs", "environments"},
                         {"var", "variable"},
                         {"vars", "variables"},
                         {"db", "database"},
                         {"dbs", "databases"},
                         {"app", "application"},
                         {"apps", "applications"},
                         {"info", "information"},
                         {"admin", "administrator"},
                         {"admins", "administrators"},
                         {"param", "parameter"},
                         {"params", "parameters"},
                         {"dir", "directory"},
                         {"dirs", "directories"},
                         {"folder", "directory"},
                         {"folders", "directories"},
                         {"msg", "message"},
                         {"msgs", "messages"},
                         {"pwd", "password"},
                         {"passwd", "password"},
                         {"stats", "statistics"},
                         {"stat", "statistics"},
                         {"spec", "specification"},
                         {"specs", "specifications"},
                         {"tmp", "temporary"},
                         {"temp", "temporary"},
                         {"num", "number"},
                         {"ref", "reference"},
                         {"refs", "references"},
                         {"desc", "description"},
                         {"prod", "production"},
                         {"k8s", "kubernetes"},
                         {"addr", "address"},
                         {"img", "image"},
                         {"imgs", "images"},
                         {"pic", "picture"},
                         {"pics", "pictures"},
                         {"qty", "quantity"},
                         {"acct", "account"},
                         {"txn", "transaction"},
                         {"tx", "transaction"},
                         {"subscr", "subscription"},
                         {"cert", "certificate"},
                         {"certs", "certificates"},
                         {"cred", "credential"},
                         {"creds", "credentials"},
                         {"perm", "permission"},
                         {"perms", "permissions"},
                         {"pkg", "package"},
                         {"pkgs", "packages"},
                         {"lib", "library"},
                         {"libs", "libraries"},
                         {"lang", "language"},
                         {"langs", "languages"},
                         {"hook", "webhook"},
                         {"hooks", "webhooks"},
                         {"deps", "dependencies"},
                         {"docs", "documents"},
                         {"doc", "document"},
                         {"auth", "authentication"},
                         {"authn", "authentication"},
                         {"authz", "authorization"},
                         {"licence", "license"},
                         {"licences", "licenses"},
                         {"organisation", "organization"},
                         {"organisations", "organizations"},
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
                         {"sync", "synchronize"},
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

// What questions say, and what descriptions of APIs say for it.
const Map& synonym_table() {
    static const Map map{// doing
                         {"stop", "cancel abort terminate halt end"},
                         {"abort", "cancel stop terminate"},
                         {"cancel", "stop abort revoke"},
                         {"kill", "terminate stop cancel delete"},
                         {"kick", "remove delete"},
                         {"ban", "block"},
                         {"expel", "remove"},
                         {"unban", "unblock"},
                         {"rid", "remove delete"},
                         {"leave", "remove membership unsubscribe"},
                         {"quit", "remove membership"},
                         {"join", "add membership accept"},
                         {"give", "grant transfer add assign"},
                         {"grant", "give add permission"},
                         {"hand", "transfer"},
                         {"move", "transfer"},
                         {"take", "remove revoke"},
                         {"begin", "start create"},
                         {"start", "run launch begin resume"},
                         {"launch", "start run create"},
                         {"run", "execute start trigger dispatch"},
                         {"execute", "run invoke trigger"},
                         {"trigger", "dispatch run start execute"},
                         {"invoke", "execute run call"},
                         {"fire", "trigger dispatch"},
                         {"rerun", "retry restart"},
                         {"restart", "rerun reboot retry"},
                         {"retry", "rerun redeliver resend"},
                         {"resend", "redeliver retry"},
                         {"redo", "retry rerun"},
                         {"repeat", "retry rerun"},
                         {"again", "retry rerun redeliver"},
                         {"undo", "revert restore"},
                         {"recover", "restore undelete"},
                         {"undelete", "restore"},
                         {"revert", "undo restore rollback"},
                         {"enable", "activate"},
                         {"activate", "enable"},
                         {"disable", "deactivate suspend"},
                         {"deactivate", "disable suspend"},
                         {"pause", "suspend stop"},
                         {"resume", "unsuspend start continue"},
                         {"freeze", "suspend lock"},
                         {"mute", "unsubscribe ignore disable"},
                         {"silence", "mute ignore disable"},
                         {"allow", "enable permission grant"},
                         {"forbid", "disable deny block restrict"},
                         {"prevent", "disable block restrict"},
                         {"restrict", "limit"},
                         {"close", "archive update state"},
                         {"reopen", "open update state"},
                         {"open", "create"},
                         {"copy", "clone duplicate fork"},
                         {"clone", "copy duplicate fork"},
                         {"duplicate", "copy clone"},
                         {"compare", "diff"},
                         {"difference", "compare diff"},
                         {"diff", "compare difference"},
                         {"rename", "update name"},
                         {"edit", "update"},
                         {"send", "create post deliver"},
                         {"write", "create post"},
                         {"reply", "create respond"},
                         {"answer", "reply respond"},
                         {"store", "create save put"},
                         {"save", "create store update"},
                         {"upload", "create import"},
                         {"attach", "add upload"},
                         {"assign", "add"},
                         {"unassign", "remove"},
                         {"link", "add"},
                         {"publish", "create release"},
                         {"sign", "signature"},
                         {"approve", "accept review"},
                         {"accept", "approve"},
                         {"reject", "decline deny dismiss"},
                         {"refuse", "decline reject"},
                         {"decline", "reject"},
                         {"deny", "reject decline"},
                         {"ignore", "dismiss"},
                         {"dismiss", "update resolve"},
                         {"resolve", "update close"},
                         {"check", "verify test"},
                         {"verify", "check validate confirm"},
                         {"validate", "check verify"},
                         {"test", "check"},
                         {"see", "view"},
                         {"look", "view"},
                         {"search", "find query"},
                         {"find", "search"},
                         {"lookup", "search find"},
                         {"watch", "subscribe"},
                         {"subscribe", "subscription watch"},
                         {"unsubscribe", "subscription delete"},
                         {"follow", "subscribe"},
                         {"convert", "render transform"},
                         {"turn", "convert"},
                         {"translate", "convert"},
                         {"render", "convert"},
                         {"download", "export get"},
                         {"export", "download"},
                         {"buy", "purchase order"},
                         {"purchase", "buy order"},
                         {"order", "purchase"},
                         {"pay", "payment charge"},
                         {"refund", "reversal"},
                         {"book", "reserve booking"},
                         {"schedule", "plan"},
                         {"push", "write"},
                         {"put", "add set create"},
                         {"replace", "set update"},
                         {"reset", "clear"},
                         {"wipe", "delete clear"},
                         {"empty", "clear delete"},
                         {"lock", "freeze"},
                         {"hide", "private visibility"},
                         {"protect", "protection"},
                         {"request", "ask"},
                         {"ask", "request"},
                         {"rename", "update"},
                         // people
                         {"person", "user member collaborator"},
                         {"people", "users members collaborators"},
                         {"somebody", "user member"},
                         {"someone", "user member"},
                         {"everybody", "users members"},
                         {"everyone", "users members"},
                         {"anyone", "users"},
                         {"anybody", "users"},
                         {"who", "user member collaborator"},
                         {"colleague", "user member"},
                         {"coworker", "user member"},
                         {"teammate", "member user"},
                         {"customer", "client user"},
                         {"client", "customer"},
                         {"employee", "user worker staff"},
                         {"staff", "employee member"},
                         {"visitor", "view user"},
                         {"profile", "user account"},
                         {"account", "user"},
                         {"company", "organization"},
                         {"business", "organization"},
                         {"reader", "subscriber follower"},
                         {"role", "permission"},
                         {"rights", "permissions access"},
                         {"access", "permission"},
                         {"permission", "access"},
                         {"login", "authentication session token"},
                         {"signin", "authentication session"},
                         {"logout", "session delete"},
                         {"signup", "register create"},
                         // things
                         {"bug", "issue defect"},
                         {"defect", "issue bug"},
                         {"ticket", "issue"},
                         {"problem", "issue error"},
                         {"question", "issue"},
                         {"error", "failure"},
                         {"failure", "failed error"},
                         {"warning", "alert"},
                         {"alarm", "alert"},
                         {"picture", "image photo"},
                         {"photo", "image picture"},
                         {"image", "picture photo"},
                         {"movie", "video film"},
                         {"film", "movie"},
                         {"song", "track"},
                         {"file", "content document attachment"},
                         {"attachment", "file"},
                         {"binary", "asset file"},
                         {"document", "file"},
                         {"text", "content"},
                         {"money", "billing balance payment"},
                         {"spend", "billing usage cost"},
                         {"spent", "billing usage cost"},
                         {"cost", "billing price usage"},
                         {"costs", "billing price usage"},
                         {"price", "cost pricing"},
                         {"bill", "billing invoice"},
                         {"invoice", "bill"},
                         {"fee", "charge"},
                         {"usage", "consumption"},
                         {"quota", "limit"},
                         {"limit", "quota"},
                         {"left", "remaining limit"},
                         {"call", "request"},
                         {"calls", "requests"},
                         {"visit", "view"},
                         {"traffic", "views"},
                         {"visited", "views"},
                         {"hit", "view"},
                         {"emoji", "reaction"},
                         {"thumb", "reaction"},
                         {"thumbs", "reaction"},
                         {"newest", "latest"},
                         {"recent", "latest"},
                         {"last", "latest"},
                         {"current", "latest"},
                         {"setting", "configuration preference"},
                         {"settings", "configuration preferences"},
                         {"preference", "setting"},
                         {"option", "setting"},
                         {"history", "events log activity"},
                         {"activity", "events"},
                         {"log", "logs"},
                         {"happened", "events activity"},
                         {"message", "comment notification"},
                         {"comment", "note"},
                         {"note", "comment"},
                         {"mailbox", "inbox"},
                         {"zip", "zipball archive"},
                         {"tarball", "archive"},
                         {"tar", "tarball archive"},
                         {"archive", "zip tarball"},
                         {"source", "code"},
                         {"key", "credential"},
                         {"credential", "key token secret"},
                         {"password", "secret credential"},
                         {"machine", "host instance server runner"},
                         {"server", "host instance machine"},
                         {"computer", "machine host"},
                         {"build", "run"},
                         {"pipeline", "workflow"},
                         {"workflow", "pipeline"},
                         {"job", "task"},
                         {"task", "job"},
                         {"step", "job"},
                         {"hand", "manual"},
                         {"manually", "dispatch"},
                         {"bucket", "container"},
                         {"topic", "tag"},
                         {"keyword", "tag topic"},
                         {"group", "team"},
                         {"team", "group"},
                         {"website", "site page"},
                         {"site", "page"},
                         {"homepage", "page site"},
                         {"progress", "status"},
                         {"state", "status"},
                         {"status", "state"},
                         {"health", "status"},
                         {"version", "release"},
                         {"popular", "top"},
                         {"best", "top"},
                         {"trending", "top popular"},
                         {"weather", "forecast"},
                         {"forecast", "weather"}};
    return map;
}

struct VerbClass {
    Verbs verb;
    std::string_view words;
};

const std::unordered_map<std::string_view, Verbs>& verb_table() {
    static const auto table = [] {
        constexpr std::array classes{
            VerbClass{
                verb_read,
                "get gets list lists fetch retrieve retrieves show shows read view find search query describe display obtain see return "
                "returns browse check checks download export lookup count compare what which who whom whose where whether tell give"},
            VerbClass{
                verb_create,
                "create creates add adds post make new insert register generate open start submit upload invite publish import put send "
                "write store save append attach fork clone copy request trigger run launch approve accept reply book build"},
            VerbClass{verb_update,
                      "update updates edit modify patch set sets change changes replace rename alter adjust put close reopen enable assign "
                      "move transfer mark turn switch merge lock configure resolve dismiss reset save restrict"},
            VerbClass{verb_remove,
                      "delete deletes remove removes destroy erase drop clear purge discard uninstall revoke detach unlink kick unfollow "
                      "unstar unblock unlock unsubscribe disable unassign leave rid cancel dismiss wipe undo decline"},
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

Stemmer::Stemmer() : stemmer_(sb_stemmer_new("english", "UTF_8")) {
    if (!stemmer_) throw std::bad_alloc();
}

void Stemmer::Delete::operator()(sb_stemmer* stemmer) const noexcept {
    sb_stemmer_delete(stemmer);
}

std::string_view Stemmer::stem(std::string_view word) {
    // Longer runs are no English words, and the stemmer takes an int.
    if (word.size() > 64) return word.substr(0, 64);
    const sb_symbol* const stem =
        sb_stemmer_stem(stemmer_.get(), reinterpret_cast<const sb_symbol*>(word.data()), static_cast<int>(word.size()));
    if (stem == nullptr) return word;
    return {reinterpret_cast<const char*>(stem), static_cast<std::size_t>(sb_stemmer_length(stemmer_.get()))};
}

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
    return stop_words().contains(word);
}

std::string_view written_out(std::string_view word) {
    return find(abbreviations(), word);
}

std::string_view synonyms(std::string_view word) {
    return find(synonym_table(), word);
}

}  // namespace embedq::ranking
