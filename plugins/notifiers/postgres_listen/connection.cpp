#include "notifiers/postgres_listen/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <utility>

namespace embedq::notifiers {
namespace {

using ResultPtr = std::unique_ptr<PGresult, decltype(&PQclear)>;

// libpq's messages have several lines; a log line has one.
std::string one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        if (c != '\n' && c != '\t' && c != ' ') {
            line += c;
        } else if (!line.empty() && line.back() != ' ') {
            line += ' ';
        }
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    return line;
}

std::string escaped(char* text) {
    const std::unique_ptr<char, decltype(&PQfreemem)> freed(text, PQfreemem);
    return text == nullptr ? std::string() : std::string(text);
}

}  // namespace

void Connection::Closer::operator()(pg_conn* session) const {
    PQfinish(session);
}

Connection::Connection(const Parameters& parameters) {
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : parameters) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    session_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
    // By default notices go to standard error. The server reports by a notice why it ends an idle session.
    const auto receive = [](void* self, const PGresult* notice) {
        const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
        if (severity == nullptr || severity != std::string_view("FATAL")) return;
        static_cast<Connection*>(self)->fatal_notice_ = one_line(PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY));
    };
    PQsetNoticeReceiver(session_.get(), receive, this);
}

int Connection::descriptor() const {
    return PQsocket(session_.get());
}

short Connection::events() const {
    if (!connected_) return writing_ ? POLLOUT : POLLIN;
    return static_cast<short>(POLLIN | (writing_ ? POLLOUT : 0));
}

Result<bool> Connection::connect() {
    if (PQstatus(session_.get()) == CONNECTION_BAD) return fail(ErrorKind::unavailable, failure());
    switch (PQconnectPoll(session_.get())) {
        case PGRES_POLLING_FAILED: return fail(ErrorKind::unavailable, failure());
        case PGRES_POLLING_OK: break;
        case PGRES_POLLING_WRITING: writing_ = true; return false;
        default: writing_ = false; return false;
    }
    writing_ = false;
    connected_ = true;
    if (PQsetnonblocking(session_.get(), 1) != 0) return fail(ErrorKind::internal, failure());
    return true;
}

Status Connection::send(const std::string& statement) {
    answer_.reset();
    answer_complete_ = false;
    if (PQsendQuery(session_.get(), statement.c_str()) == 0) return fail(ErrorKind::unavailable, failure());
    return exchange();
}

Status Connection::exchange() {
    const int flushed = PQflush(session_.get());
    writing_ = flushed > 0;
    // Read in any case: the server's fatal notice says more than a failed write.
    const bool read = PQconsumeInput(session_.get()) == 1;
    while (PQisBusy(session_.get()) == 0) {
        const ResultPtr result(PQgetResult(session_.get()), PQclear);
        if (result == nullptr) {
            answer_complete_ = answer_.has_value();
            break;
        }
        keep(*result);
    }
    while (PGnotify* notified = PQnotifies(session_.get())) {
        const std::unique_ptr<PGnotify, decltype(&PQfreemem)> freed(notified, PQfreemem);
        notifications_.push_back({notified->relname, notified->extra, notified->be_pid});
    }
    if (flushed < 0 || !read || PQstatus(session_.get()) == CONNECTION_BAD)
        return fail(ErrorKind::unavailable, failure());
    return {};
}

void Connection::keep(pg_result& result) {
    const ExecStatusType status = PQresultStatus(&result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        const char* state = PQresultErrorField(&result, PG_DIAG_SQLSTATE);
        answer_ =
            fail(ErrorKind::unavailable, one_line(PQresultErrorMessage(&result)), {}, state == nullptr ? "" : state);
        return;
    }
    Answer row;
    for (int column = 0; PQntuples(&result) > 0 && column < PQnfields(&result); ++column)
        row.emplace_back(PQgetvalue(&result, 0, column));
    answer_ = std::move(row);
}

std::optional<Result<Answer>> Connection::take_answer() {
    if (!answer_complete_) return std::nullopt;
    answer_complete_ = false;
    return std::exchange(answer_, std::nullopt);
}

std::vector<Notification> Connection::take_notifications() {
    return std::exchange(notifications_, {});
}

int Connection::announced_pid() const {
    return PQbackendPID(session_.get());
}

std::string Connection::identifier(std::string_view name) const {
    return escaped(PQescapeIdentifier(session_.get(), name.data(), name.size()));
}

std::string Connection::literal(std::string_view text) const {
    return escaped(PQescapeLiteral(session_.get(), text.data(), text.size()));
}

std::string Connection::failure() const {
    if (session_ == nullptr) return "out of memory";
    if (!fatal_notice_.empty()) return fatal_notice_;
    const std::string message = one_line(PQerrorMessage(session_.get()));
    return message.empty() ? "the session ended" : message;
}

}  // namespace embedq::notifiers
