#include "config/secrets.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "config/files.h"
#include "config/text.h"
#include "config/values.h"
#include "files/command.h"

namespace embedq::config {
namespace {

constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;

std::int64_t nanoseconds(const timespec& time) {
    return static_cast<std::int64_t>(time.tv_sec) * nanoseconds_per_second + time.tv_nsec;
}

FileStamp stamp(const std::filesystem::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) return {};
    return {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

// The error of a secret that was read, but is not what the option takes.
std::unexpected<Error> wrong(const SecretSource& source, const Error& error) {
    return fail(ErrorKind::misconfigured, fmt::format("{}: {}", source.where, error.message), error.hint);
}

Status put(Options& options, const SecretSource& source, std::string secret) {
    if (!source.element && !source.key) {
        auto value = convert(source.row, secret, std::nullopt);
        if (!value) return wrong(source, value.error());
        options.set(source.row.name, std::move(*value));
        return {};
    }
    OptionSpec row = source.row;
    row.type = OptionType::text;
    // Also checks that it is UTF-8 text.
    if (auto value = convert(row, secret, std::nullopt); !value) return wrong(source, value.error());
    if (source.key) {
        auto map = options.get<std::map<std::string, std::string>>(source.row.name);
        map.insert_or_assign(*source.key, std::move(secret));
        options.set(source.row.name, std::move(map));
    } else {
        auto list = options.get<std::vector<std::string>>(source.row.name);
        list.at(*source.element) = std::move(secret);
        options.set(source.row.name, std::move(list));
    }
    return {};
}

}  // namespace

bool needs_command(const PluginInstance& instance) {
    return std::ranges::any_of(instance.secret_sources,
                               [](const SecretSource& source) { return !source.command.empty(); });
}

Result<std::string> read_secret(const SecretSource& source, const std::stop_token& stop,
                                std::chrono::milliseconds time) {
    if (source.command.empty()) {
        auto secret = read_secret_file(source.file);
        if (!secret) {
            secret.error().message = fmt::format("{}: the secret's file {} {}", source.where,
                                                 quote(source.file.string()), secret.error().message);
        }
        return secret;
    }
    auto secret = files::first_line_of(source.command, source.folder, stop, {.time = time});
    if (!secret) secret.error().message = fmt::format("{}: {}", source.where, secret.error().message);
    return secret;
}

Result<Options> options_with_secrets(const PluginInstance& instance, const std::stop_token& stop,
                                     std::chrono::milliseconds time) {
    Options options = instance.options;
    for (const SecretSource& source : instance.secret_sources) {
        auto secret = read_secret(source, stop, time);
        if (!secret && secret.error().kind == ErrorKind::invalid_argument)
            secret.error().kind = ErrorKind::misconfigured;
        if (!secret) return std::unexpected(std::move(secret.error()));
        if (Status fits = put(options, source, std::move(*secret)); !fits) return std::unexpected(fits.error());
    }
    return options;
}

std::vector<FileStamp> stamps(std::span<const SecretSource> sources) {
    std::vector<FileStamp> all;
    for (const SecretSource& source : sources) {
        if (source.command.empty()) all.push_back(stamp(source.file));
    }
    return all;
}

}  // namespace embedq::config
