#include "endpoints/endpoint_pool.h"

#include <cmath>
#include <string>

#include "catalog/hash.h"

namespace embedq::endpoints {

namespace {

constexpr double same_rate = 1.1;  // rates within this factor are not worth a write
constexpr double microsecond = 1e-6;

std::chrono::microseconds interval_of(double per_second) {
    if (per_second <= 0) return std::chrono::microseconds(0);
    return std::chrono::microseconds(std::max(1LL, std::llround(1 / (microsecond * per_second))));
}

double rate_of(std::chrono::microseconds interval) {
    return interval.count() > 0 ? 1 / (microsecond * static_cast<double>(interval.count())) : 0;
}

bool same(const EndpointLimits& a, EndpointLimits b) {
    const double first = rate_of(a.request_interval);
    const double second = rate_of(b.request_interval);
    const bool alike = first > 0 && second > 0 && first <= same_rate * second && second <= same_rate * first;
    if (alike) b.request_interval = a.request_interval;
    return a == b;
}

// Under which the store keeps the learned rate of one endpoint.
Sha256 fingerprint_of(const Sha256& provider, const std::string& endpoint) {
    std::string name(reinterpret_cast<const char*>(provider.data()), provider.size());
    return catalog::sha256(name + " endpoint " + endpoint);
}

}  // namespace

std::vector<SharedRate> EndpointPool::rates(bool share_learned, Endpoint::Steady now) {
    const Sha256& fingerprint = provider->profile.fingerprint;
    std::vector<SharedRate> all{{fingerprint, RateUnit::requests, &requests}, {fingerprint, RateUnit::tokens, &tokens}};
    for (std::size_t i = 0; share_learned && i < endpoints.size(); ++i) {
        shared[i].rate.set_per_minute(60 * endpoints[i].rate(now));
        all.push_back({fingerprint_of(fingerprint, provider->info.endpoints[i]), RateUnit::requests, &shared[i].rate});
    }
    return all;
}

Endpoint::Steady EndpointPool::allowed_at(std::size_t endpoint, Endpoint::Steady now) {
    Endpoint::Steady allowed = now;
    for (RateLimit* limit : {&requests, &tokens, &shared[endpoint].rate}) {
        allowed = std::max(allowed, limit->available_at(now));
        limit->hold(now);
    }
    return allowed;
}

void EndpointPool::take(std::size_t endpoint, double tokens_sent) {
    requests.take(1);
    tokens.take(tokens_sent);
    shared[endpoint].rate.take(1);
}

std::optional<EndpointLimits> EndpointPool::limits_to_publish(std::size_t endpoint, Endpoint::Steady now) {
    EndpointLimits known = limits.learned();
    known.request_interval = interval_of(endpoints[endpoint].rate(now));
    SharedLimits& mine = shared[endpoint];
    if (mine.published && same(*mine.published, known)) return std::nullopt;
    mine.published = known;
    mine.in_store = known;
    return known;
}

void EndpointPool::adopt_limits(std::size_t endpoint, const EndpointLimits& known, Endpoint::Steady now) {
    SharedLimits& mine = shared[endpoint];
    if (!mine.published || mine.in_store == known) return;
    if (!mine.in_store || mine.in_store->request_interval != known.request_interval)
        endpoints[endpoint].adopt_rate(rate_of(known.request_interval), now);
    limits.adopt(known);
    mine.in_store = known;
    mine.published = limits.learned();
    mine.published->request_interval = known.request_interval;
}

}  // namespace embedq::endpoints
