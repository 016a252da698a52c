#include "cli/document_reader.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "catalog/bundle.h"
#include "catalog/hash.h"
#include "cli/file_reader.h"
#include "cli/part_sources.h"

namespace embedq::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_files = 10'000;  // parts of a document from a file, which cost no server anything
constexpr std::size_t most_urls = 500;
// A server's validator is in quotes, or a date.
constexpr std::string_view bundle_validator = "bundle-";

catalog::BundleLimits limits_of(std::size_t max_parts, std::size_t max_bytes) {
    return {.max_parts = max_parts, .max_bytes = max_bytes};
}

Result<DocumentContent> read_from_file(const DocumentFile& file, std::size_t max_bytes, const std::stop_token& stop) {
    auto content = read_file(file.path, {.max_bytes = max_bytes, .stop = stop});
    if (!content) return std::unexpected(std::move(content.error()));
    std::error_code error;
    const fs::path real = fs::canonical(file.path, error);
    if (error || !catalog::may_refer_outside(*content)) return DocumentContent{.content = std::move(*content)};
    FolderParts parts(real.string(), file.root.empty() ? real.parent_path().string() : file.root);
    auto bundle = catalog::bundle(std::move(*content), parts, limits_of(most_files, max_bytes), {}, {.stop = stop});
    if (!bundle) return std::unexpected(std::move(bundle.error()));
    if (bundle->unavailable) return std::unexpected(std::move(*bundle->unavailable));
    DocumentContent document{.content = std::move(bundle->content)};
    for (auto& part : bundle->parts) document.parts.push_back(std::move(part.id));
    return document;
}

// A bundle is asked for as a whole each time, since its validator covers parts that a server knows nothing of.
Result<DocumentContent> read_from_url(const DocumentFile& file, std::size_t max_bytes, fetch::Fetcher& fetcher,
                                      const std::stop_token& stop) {
    std::string known = file.stored ? file.stored->validator : std::string();
    if (known.starts_with(bundle_validator)) known.clear();
    auto fetched = fetcher.fetch(file.path, known, stop);
    if (!fetched) return std::unexpected(std::move(fetched.error()));
    DocumentContent document{fetched->unchanged, std::move(fetched->content), std::move(fetched->validator)};
    if (document.unchanged || !catalog::may_refer_outside(document.content)) return document;
    UrlParts parts(fetched->url.empty() ? file.path : fetched->url, fetcher);
    auto bundle =
        catalog::bundle(std::move(document.content), parts, limits_of(most_urls, max_bytes), {}, {.stop = stop});
    if (!bundle) return std::unexpected(std::move(bundle.error()));
    // What is in the catalog is better than a document without some of its parts. One that is not is taken without
    // them, and read again the next time.
    if (bundle->unavailable && file.stored) return std::unexpected(std::move(*bundle->unavailable));
    document.content = std::move(bundle->content);
    if (bundle->is_bundle)
        document.validator = std::string(bundle_validator) + catalog::to_hex(catalog::sha256(document.content));
    return document;
}

}  // namespace

Result<DocumentContent> read_document(const DocumentFile& file, std::size_t max_bytes, fetch::Fetcher* fetcher,
                                      const std::stop_token& stop) {
    if (file.kind != SourceKind::url) return read_from_file(file, max_bytes, stop);
    if (fetcher == nullptr) return fail(ErrorKind::unsupported, "is a URL, but no fetcher was given");
    return read_from_url(file, max_bytes, *fetcher, stop);
}

}  // namespace embedq::cli
