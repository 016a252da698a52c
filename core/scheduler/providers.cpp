#include "scheduler/providers.h"

#include <algorithm>

#include "catalog/document.h"
#include "catalog/profile.h"

namespace embedq::scheduler {

namespace {

std::map<std::string, ProviderBinding, std::less<>> by_name(std::vector<ProviderBinding> bindings) {
    std::map<std::string, ProviderBinding, std::less<>> named;
    for (ProviderBinding& binding : bindings) {
        std::string name = binding.name;
        named.insert_or_assign(std::move(name), std::move(binding));
    }
    return named;
}

}  // namespace

ProviderDirectory::ProviderDirectory(std::vector<ProviderBinding> bindings) : bindings_(by_name(std::move(bindings))) {}

std::vector<std::string> ProviderDirectory::names() const {
    std::vector<std::string> names;
    for (const auto& [name, binding] : bindings_) {
        if (!binding.queries_only) names.push_back(name);
    }
    return names;
}

Result<std::shared_ptr<const ResolvedProvider>> ProviderDirectory::for_fingerprint(const Sha256& fingerprint, std::stop_token stop) {
    std::string silent;
    for (const bool queries_only : {false, true}) {
        for (const auto& [name, binding] : bindings_) {
            if (binding.queries_only != queries_only) continue;
            auto resolved = resolve(name, stop);
            if (resolved && (*resolved)->profile.fingerprint == fingerprint) return resolved;
            if (!resolved && silent.empty()) silent = "provider '" + name + "': " + resolved.error().message;
        }
    }
    if (!silent.empty()) return fail(ErrorKind::unavailable, silent);
    return fail(ErrorKind::not_found, "no configured provider makes such vectors");
}

Result<std::shared_ptr<const ResolvedProvider>> ProviderDirectory::resolve(std::string_view name, std::stop_token stop) {
    const auto binding = bindings_.find(name);
    if (binding == bindings_.end()) {
        return fail(ErrorKind::not_found, "no provider named '" + std::string(name) + "' is configured; name it under `providers:`");
    }
    {
        const std::scoped_lock lock(mutex_);
        if (const auto known = resolved_.find(name); known != resolved_.end()) return known->second;
    }
    // Asked without the lock: a provider that hangs must not hold up the others.
    auto info = binding->second.provider->info(stop);
    if (!info) return std::unexpected(info.error());
    auto resolved = std::make_shared<ResolvedProvider>();
    resolved->name = binding->second.name;
    resolved->plugin = binding->second.plugin;
    resolved->provider = binding->second.provider;
    resolved->limits = binding->second.limits;
    resolved->info = std::move(*info);
    if (resolved->limits.concurrency > 0) {
        resolved->info.limits.concurrency =
            std::min(std::max<std::size_t>(1, resolved->info.limits.concurrency), resolved->limits.concurrency);
    }
    resolved->profile = catalog::make_profile(resolved->plugin, resolved->info, catalog::text_version);
    const std::scoped_lock lock(mutex_);
    return resolved_.try_emplace(std::string(name), std::move(resolved)).first->second;
}

}  // namespace embedq::scheduler
