#include "engine/indexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "catalog/names.h"

namespace embedq::engine {
namespace {

namespace fs = std::filesystem;

bool is_document_name(const fs::path& path) {
    std::string extension = path.extension().string();
    std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    return extension == ".json" || extension == ".yaml" || extension == ".yml";
}

bool is_skipped_folder(const fs::path& path) {
    const std::string name = path.filename().string();
    return name.starts_with('.') || name == "node_modules";
}

// The same file has the same source whatever folder embedq was started in; else it would count as changed.
std::string absolute_path(const fs::path& path) {
    std::error_code error;
    const fs::path absolute = fs::absolute(path, error);
    return error ? path.string() : absolute.lexically_normal().string();
}

class Finder {
public:
    explicit Finder(std::stop_token stop) : stop_(std::move(stop)) {}

    Status add(const std::string& named) {
        std::error_code error;
        const fs::file_status status = fs::status(named, error);
        if (status.type() == fs::file_type::not_found) {
            return fail(ErrorKind::not_found, fmt::format("'{}' does not exist; name a file or a folder of OpenAPI documents", named));
        }
        if (error) return fail(ErrorKind::invalid_argument, fmt::format("'{}' cannot be read: {}", named, error.message()));
        if (fs::is_directory(status)) {
            root_ = named;
            walk(named);
            return {};
        }
        add_file(named, fs::path(named).filename().string());
        return {};
    }

    FoundDocuments take() && { return std::move(found_); }

private:
    // Folders on the way down are remembered by their real path, which ends loops of links.
    void walk(const fs::path& folder) {
        std::error_code error;
        const fs::path real = fs::canonical(folder, error);
        if (error || !seen_folders_.insert(real.string()).second) return;
        std::vector<fs::directory_entry> entries;
        for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) entries.push_back(*it);
        if (error) found_.refused.push_back({folder.string(), "the folder cannot be read: " + error.message()});
        std::ranges::sort(entries, {}, [](const fs::directory_entry& entry) { return entry.path().filename().string(); });
        for (const fs::directory_entry& entry : entries) {
            if (stop_.stop_requested()) return;
            if (entry.is_directory(error)) {
                if (!is_skipped_folder(entry.path())) walk(entry.path());
            } else if (entry.is_regular_file(error) && is_document_name(entry.path())) {
                add_file(entry.path(), entry.path().lexically_relative(root_).string());
            }
        }
    }

    void add_file(const fs::path& path, const std::string& relative) {
        std::error_code error;
        const fs::path real = fs::canonical(path, error);
        if (!seen_files_.insert(error ? path.string() : real.string()).second) return;
        std::string name = catalog::spec_name_from_path(relative);
        const auto [first, is_new] = names_.try_emplace(name, path.string());
        if (!is_new) {
            std::string other = catalog::with_path_suffix(name, absolute_path(path));
            found_.notes.push_back(fmt::format("'{}' and '{}' would both be the spec '{}'; the second is stored as '{}'", first->second,
                                               path.string(), name, other));
            name = std::move(other);
            names_.try_emplace(name, path.string());
        }
        found_.files.push_back({path.string(), std::move(name)});
    }

    std::stop_token stop_;
    fs::path root_;
    FoundDocuments found_;
    std::set<std::string> seen_folders_;
    std::set<std::string> seen_files_;
    std::map<std::string, std::string> names_;
};

// The content, or the reason why there is none.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(path, error);
    const bool sized = !error;
    if (sized && size > max_bytes) {
        return fail(ErrorKind::invalid_argument, fmt::format("is {} bytes; at most {} are read", size, max_bytes));
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(ErrorKind::invalid_argument, fmt::format("cannot be opened: {}", std::strerror(errno)));
    std::string content;
    if (sized) content.reserve(size);
    std::array<char, 1U << 16U> block{};
    while (file.read(block.data(), block.size()) || file.gcount() > 0) {
        content.append(block.data(), static_cast<std::size_t>(file.gcount()));
        if (content.size() > max_bytes) return fail(ErrorKind::invalid_argument, fmt::format("is longer than {} bytes", max_bytes));
    }
    if (file.bad()) return fail(ErrorKind::invalid_argument, "cannot be read to its end");
    return content;
}

struct ReadDocument {
    std::size_t file = 0;
    Result<std::string> content;
};

// Reads files in order on a thread of its own, a batch ahead of who takes them.
class ReadAhead {
public:
    ReadAhead(std::span<const DocumentFile> files, const IndexerSettings& settings) : files_(files), settings_(settings) {
        thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
    }

    // The next documents, up to the batch's bounds; empty at the end.
    std::vector<ReadDocument> take_batch() {
        std::vector<ReadDocument> batch;
        std::size_t bytes = 0;
        std::unique_lock lock(mutex_);
        while (batch.size() < settings_.batch_documents && bytes < settings_.batch_bytes) {
            changed_.wait(lock, [this] { return !ready_.empty() || done_; });
            if (ready_.empty()) break;
            const std::size_t size = size_of(ready_.front());
            if (!batch.empty() && bytes + size > settings_.batch_bytes) break;
            bytes += size;
            ready_bytes_ -= size;
            batch.push_back(std::move(ready_.front()));
            ready_.pop_front();
            changed_.notify_all();
        }
        return batch;
    }

private:
    static std::size_t size_of(const ReadDocument& document) { return document.content ? document.content->size() : 0; }

    void run(const std::stop_token& stop) {
        for (std::size_t i = 0; i < files_.size() && !stop.stop_requested(); ++i) {
            ReadDocument document{i, read_file(files_[i].path, settings_.max_document_bytes)};
            std::unique_lock lock(mutex_);
            const bool room = changed_.wait(
                lock, stop, [this] { return ready_bytes_ < settings_.batch_bytes && ready_.size() < settings_.batch_documents; });
            if (!room) break;
            ready_bytes_ += size_of(document);
            ready_.push_back(std::move(document));
            changed_.notify_all();
        }
        const std::scoped_lock lock(mutex_);
        done_ = true;
        changed_.notify_all();
    }

    const std::span<const DocumentFile> files_;
    const IndexerSettings& settings_;

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<ReadDocument> ready_;  // guarded by mutex_
    std::size_t ready_bytes_ = 0;     // guarded by mutex_
    bool done_ = false;               // guarded by mutex_

    std::jthread thread_;  // last: joined before what it uses is gone
};

bool wait_a_little(std::size_t attempt, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, std::chrono::milliseconds(100U << std::min<std::size_t>(attempt, 6)), [] { return false; });
    return !stop.stop_requested();
}

Result<std::vector<Result<PutResult>>> put_batch(Engine& engine, std::span<const SpecInput> inputs, const IndexerSettings& settings,
                                                 const std::stop_token& stop) {
    for (std::size_t attempt = 0;; ++attempt) {
        auto results = engine.put_specs(inputs);
        if (results || results.error().kind != ErrorKind::unavailable || attempt >= settings.busy_retries) return results;
        const bool again = settings.wait ? settings.wait(attempt, stop) : wait_a_little(attempt, stop);
        if (!again) return results;
    }
}

}  // namespace

Result<FoundDocuments> find_documents(std::span<const std::string> paths, std::stop_token stop) {
    Finder finder(std::move(stop));
    for (const std::string& path : paths) {
        if (const Status added = finder.add(path); !added) return std::unexpected(added.error());
    }
    return std::move(finder).take();
}

Result<IndexReport> put_documents(Engine& engine, std::span<const DocumentFile> files, const IndexerSettings& settings,
                                  const IndexProgress& progress, std::stop_token stop) {
    IndexReport report;
    ReadAhead reader(files, settings);
    while (true) {
        if (stop.stop_requested()) {
            report.stopped = true;
            break;
        }
        std::vector<ReadDocument> batch = reader.take_batch();
        if (batch.empty()) break;
        std::vector<SpecInput> inputs;
        std::vector<std::size_t> input_files;
        for (ReadDocument& document : batch) {
            const DocumentFile& file = files[document.file];
            if (!document.content) {
                report.refused.push_back({file.path, document.content.error().message});
                continue;
            }
            SpecInput& input = inputs.emplace_back();
            input.catalog_id = settings.catalog_id;
            input.spec_name = file.spec_name;
            input.source_kind = SourceKind::file;
            input.source = absolute_path(file.path);
            input.content = std::move(*document.content);
            input_files.push_back(document.file);
        }
        if (!inputs.empty()) {
            const auto results = put_batch(engine, inputs, settings, stop);
            if (!results && stop.stop_requested()) {
                report.stopped = true;
                break;
            }
            if (!results) return std::unexpected(results.error());
            for (std::size_t i = 0; i < results->size(); ++i) {
                const Result<PutResult>& result = (*results)[i];
                const DocumentFile& file = files[input_files[i]];
                if (!result) {
                    report.refused.push_back({file.path, result.error().message});
                    continue;
                }
                ++report.documents;
                report.operations += result->operation_count;
                report.unchanged += result->outcome == PutOutcome::unchanged ? 1 : 0;
                report.spec_names.push_back(file.spec_name);
            }
        }
        if (progress) progress(report);
    }
    return report;
}

}  // namespace embedq::engine
