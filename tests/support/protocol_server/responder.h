// Answers requests by the script: routes, checks, rate windows, faults. It does not use sockets, and its callers pass
// the time.
//
// Thread-safety: none; the server guards it.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dialect.h"
#include "request.h"
#include "script.h"
#include "tally.h"
#include "vectors.h"

namespace protocol_server {

struct Reply {
    int status = 200;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    // An embedding request that is served takes one of the `concurrency` slots for that long.
    bool serves = false;
    Microseconds cost{0};
    std::optional<std::size_t> call;  // in the tally
    std::optional<Fault> transport;   // a fault in how the answer is sent
};

class Responder {
public:
    // Microseconds of the machine's monotonic clock.
    using Now = std::int64_t;

    [[nodiscard]] Reply answer(const HttpRequest& request, Now now);
    // The answer to a request that finds the queue full; it has already been counted.
    [[nodiscard]] Reply busy(const HttpRequest& request) const;

    void change(std::string_view yaml);
    void reset();  // the tally and the rate windows
    [[nodiscard]] const Script& script() const noexcept { return script_; }
    [[nodiscard]] Tally& tally() noexcept { return tally_; }

private:
    struct Route {
        Protocol protocol;
        std::string_view input_field = "input";
        bool legacy = false;
    };

    [[nodiscard]] std::optional<Route> embedding_route(const HttpRequest& request) const;
    [[nodiscard]] Reply embed(const HttpRequest& request, const Route& route, Now now);
    [[nodiscard]] Reply checked(const HttpRequest& request, const Route& route, EmbeddingRequest asked,
                                CallRecord& call, Now now);
    [[nodiscard]] std::optional<Reply> over_limits(const Route& route, const EmbeddingRequest& asked,
                                                   const Model& model, CallRecord& call) const;
    [[nodiscard]] std::optional<Reply> over_rate(const Route& route, CallRecord& call, Now now);
    [[nodiscard]] std::optional<Reply> scripted(const Route& route, const Fault& fault) const;
    [[nodiscard]] Reply served(const Route& route, EmbeddingRequest asked, const Model& model, CallRecord& call,
                               const Fault* fault);
    void add_rate_headers(Reply& reply, Now now) const;

    [[nodiscard]] Reply discover(const HttpRequest& request);
    [[nodiscard]] Reply ollama(const HttpRequest& request);
    [[nodiscard]] Reply show(const HttpRequest& request) const;
    [[nodiscard]] Reply pull(const HttpRequest& request);
    [[nodiscard]] Reply control(const HttpRequest& request);

    [[nodiscard]] Reply refusal(const Route& route, Refusal reason, const Numbers& numbers,
                                std::string_view hint = {}) const;
    [[nodiscard]] bool authorized(const HttpRequest& request) const;
    // The model in the script, which may have `present: false`; nullptr where the script does not have it.
    [[nodiscard]] const Model* model(const std::string& name) const;
    [[nodiscard]] const Fault* next_fault(const std::string& path, const EmbeddingRequest* asked);
    [[nodiscard]] const VectorTable& table(const Model& model, bool legacy);
    [[nodiscard]] std::size_t tokens(std::string_view text) const;

    Script script_;
    Tally tally_;
    std::uint64_t numbered_ = 0;      // embedding requests since the faults were set
    std::uint64_t faults_known_ = 0;  // the script's `faults_set` that they are counted for
    // Accepted requests within the rate's period, with their tokens.
    std::deque<std::pair<Now, std::size_t>> window_;
    std::map<std::pair<std::string, std::size_t>, std::unique_ptr<VectorTable>> tables_;
};

}  // namespace protocol_server
