#include "catalog/profile.h"

#include <string>
#include <utility>

#include "catalog/hash.h"

namespace embedq::catalog {
namespace {

// Length-prefixed fields, so that no two different lists of fields have the same bytes.
class Fields {
public:
    Fields& add(std::string_view bytes) {
        append(bytes.size());
        bytes_.append(bytes);
        return *this;
    }
    Fields& add_number(std::uint64_t number) {
        append(sizeof number);
        append(number);
        return *this;
    }
    [[nodiscard]] Sha256 digest() const { return sha256(bytes_); }

private:
    void append(std::uint64_t number) {
        for (unsigned shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<char>((number >> shift) & 0xffU));
    }

    std::string bytes_;
};

Sha256 fingerprint_of(const Profile& profile) {
    return Fields{}
        .add(profile.plugin)
        .add(profile.model)
        .add(profile.model_digest)
        .add_number(profile.dimension)
        .add(profile.document_prefix)
        .add(profile.query_prefix)
        .add_number(profile.text_version)
        .add_number(profile.max_text_bytes)
        .digest();
}

// Enough to distinguish two digests, without the name of the algorithm. What is a name, not a number, is not cut.
std::string short_digest(std::string_view digest) {
    if (const auto colon = digest.find(':'); colon != std::string_view::npos && colon + 1 < digest.size())
        digest.remove_prefix(colon + 1);
    const bool is_number = digest.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
    return std::string(is_number ? digest.substr(0, 12) : digest);
}

}  // namespace

Profile make_profile(std::string_view plugin, const ProviderInfo& info, std::uint32_t text_version,
                     std::uint32_t epoch) {
    Profile profile;
    profile.plugin = plugin;
    profile.model = info.model;
    profile.model_digest = info.model_digest;
    profile.dimension = info.dimension;
    profile.document_prefix = info.document_prefix;
    profile.query_prefix = info.query_prefix;
    profile.text_version = text_version;
    profile.max_text_bytes = info.limits.max_text_bytes;
    profile.semantic_weight = info.semantic_weight;
    profile.public_options = info.public_options;
    profile.fingerprint = fingerprint_of(profile);
    return with_epoch(std::move(profile), epoch);
}

Profile with_epoch(Profile profile, std::uint32_t epoch) {
    const std::string_view fingerprint(reinterpret_cast<const char*>(profile.fingerprint.data()),
                                       profile.fingerprint.size());
    profile.epoch = epoch;
    profile.id = epoch == 0 ? profile.fingerprint : Fields{}.add(fingerprint).add_number(epoch).digest();
    return profile;
}

std::string in_words(const Profile& profile) {
    std::string words = "model '" + profile.model + "' (";
    if (!profile.model_digest.empty()) words += "digest " + short_digest(profile.model_digest) + ", ";
    words += std::to_string(profile.dimension) + (profile.dimension == 1 ? " dimension" : " dimensions");
    return words + ")";
}

}  // namespace embedq::catalog
