// Where the parts of a document are that came from a file or a URL, and which of them may be read.
//
// Thread-safety: an instance belongs to one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "catalog/bundle.h"
#include "embedq/error.h"
#include "fetch/fetch.h"

namespace embedq::cli {

// Files under one folder. A reference is relative to the file in which it stands, and links are resolved before it is
// decided: what is read has its real path under the root. Hidden files and folders are not read.
class FolderParts final : public catalog::PartSource {
public:
    // Real paths: of the document, and of the folder.
    FolderParts(std::string file, std::string root);

    [[nodiscard]] const catalog::PartPlace& document() const override { return document_; }
    [[nodiscard]] Result<catalog::PartPlace> locate(const catalog::PartPlace& from,
                                                    std::string_view reference) override;
    [[nodiscard]] Result<std::string> read(const catalog::PartPlace& part, std::size_t max_bytes,
                                           std::stop_token stop) override;

private:
    [[nodiscard]] bool is_inside(std::string_view path) const;

    const catalog::PartPlace document_;
    const std::string root_;
};

// Documents of the server that the document came from, through the address guard.
class UrlParts final : public catalog::PartSource {
public:
    using Clock = std::function<std::chrono::steady_clock::time_point()>;

    // `url` is where the document was found, after redirects.
    UrlParts(std::string url, fetch::Fetcher& fetcher, Clock clock = std::chrono::steady_clock::now);

    [[nodiscard]] const catalog::PartPlace& document() const override { return document_; }
    [[nodiscard]] Result<catalog::PartPlace> locate(const catalog::PartPlace& from,
                                                    std::string_view reference) override;
    [[nodiscard]] Result<std::string> read(const catalog::PartPlace& part, std::size_t max_bytes,
                                           std::stop_token stop) override;

private:
    const catalog::PartPlace document_;
    fetch::Fetcher& fetcher_;
    const Clock clock_;
    std::chrono::steady_clock::time_point deadline_;
};

}  // namespace embedq::cli
