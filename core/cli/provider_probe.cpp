#include "cli/provider_probe.h"

#include <fmt/format.h>

#include <stop_token>
#include <utility>

#include "cli/present.h"

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Members stand in the order in which they are needed: the provider is destroyed before what it uses.
struct Probed {
    std::shared_ptr<void> surroundings;
    std::shared_ptr<Provider> provider;
};

}  // namespace

ProviderProbe::ProviderProbe(std::shared_ptr<Provider> provider, std::shared_ptr<void> surroundings, milliseconds grace)
    : call_(
          [probed = Probed{std::move(surroundings), std::move(provider)}](std::stop_token stop) -> Result<Answer> {
              const auto begin = steady_clock::now();
              auto info = probed.provider->info(std::move(stop));
              if (!info) return std::unexpected(std::move(info.error()));
              return Answer{std::move(*info), std::chrono::floor<milliseconds>(steady_clock::now() - begin)};
          },
          grace) {}

Result<ProviderInfo> ProviderProbe::answer(steady_clock::time_point deadline, milliseconds limit) {
    auto answer = call_.wait_until(deadline);
    if (!answer) {
        call_.request_stop();
        return fail(ErrorKind::unavailable, fmt::format("no answer within {}", duration_of(limit)),
                    "see that its endpoints run and can be reached from here");
    }
    if (!*answer) return std::unexpected(std::move(answer->error()));
    took_ = (*answer)->took;
    return std::move((*answer)->info);
}

}  // namespace embedq::cli
