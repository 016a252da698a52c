#include <array>
#include <utility>

#include "loader/guard.h"

namespace embedq::plugins {
namespace {

enum class ServiceVerb : std::size_t { start, stop };
constexpr std::array<std::string_view, 2> service_verbs = {"start", "stop"};

class GuardedService final : public Service, public Measured {
public:
    GuardedService(std::unique_ptr<Service> inner, const LoadedPlugin& plugin, Context& context)
        : inner_(std::move(inner)), guard_(plugin, context, service_verbs) {}

    Status start() override {
        return guard_.call(ServiceVerb::start, [&] { return inner_->start(); });
    }
    void stop() noexcept override {
        guard_.call_or(ServiceVerb::stop, [&] { inner_->stop(); }, [](const Error&) {});
    }
    std::vector<CallStatistics> statistics() const override { return guard_.statistics(); }

private:
    const std::unique_ptr<Service> inner_;
    Guard guard_;
};

}  // namespace

Result<std::unique_ptr<Service>> make_service(const LoadedPlugin& plugin, const Options& options, Context& context,
                                              Engine& engine) {
    return make_guarded<GuardedService, Service>(plugin, PluginKind::service, context, [&] {
        return plugin.descriptor->make_service(options, context, engine);
    });
}

std::vector<CallStatistics> call_statistics(const Service& service) {
    return statistics_of(service);
}

}  // namespace embedq::plugins
