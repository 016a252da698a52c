#include "engine/indexer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <unordered_map>
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

std::string why_no_file(fs::file_type type, const std::error_code& error) {
    switch (type) {
        case fs::file_type::not_found: return "does not exist; name a file or a folder of OpenAPI documents";
        case fs::file_type::fifo: return "is a named pipe, not a file";
        case fs::file_type::socket: return "is a socket, not a file";
        case fs::file_type::block:
        case fs::file_type::character: return "is a device, not a file";
        default: return error ? "cannot be read: " + error.message() : "is neither a file nor a folder";
    }
}

class Finder {
public:
    explicit Finder(std::stop_token stop) : stop_(std::move(stop)) {}

    void add(const std::string& named) {
        std::error_code error;
        const fs::file_status status = fs::status(named, error);
        if (fs::is_directory(status)) {
            root_ = named;
            walk(named);
        } else if (fs::is_regular_file(status)) {
            add_file(named, fs::path(named).filename().string());
        } else {
            found_.refused.push_back({named, why_no_file(status.type(), error)});
        }
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
        found_.files.push_back({path.string(), catalog::spec_name_from_path(relative)});
    }

    std::stop_token stop_;
    fs::path root_;
    FoundDocuments found_;
    std::set<std::string> seen_folders_;
    std::set<std::string> seen_files_;
};

// The specs of a catalog that came from files.
struct StoredFiles {
    std::unordered_map<std::string, std::string> source_of;  // by name
    std::unordered_map<std::string, std::string> name_of;    // by source
};

Result<StoredFiles> stored_files(Engine& engine, std::string_view catalog_id) {
    constexpr std::size_t page = 1'000;
    StoredFiles stored;
    std::string after;
    while (true) {
        const auto specs = engine.specs(catalog_id, after, page);
        if (!specs && specs.error().kind == ErrorKind::not_found) return stored;  // the catalog is made by the first document
        if (!specs) return std::unexpected(specs.error());
        if (specs->empty()) return stored;
        for (const SpecInfo& spec : *specs) {
            if (spec.source_kind != SourceKind::file) continue;
            stored.source_of.emplace(spec.spec_name, spec.source);
            stored.name_of.emplace(spec.source, spec.spec_name);
        }
        after = specs->back().spec_name;
    }
}

// Whether the file that a name belongs to is there still, and is not the one at `path` under another name.
bool is_another_file(const std::string& source, const std::string& path) {
    std::error_code error;
    const fs::file_status status = fs::status(source, error);
    // What cannot be looked at may be there.
    if (!fs::is_regular_file(status) && status.type() != fs::file_type::none) return false;
    return !fs::equivalent(source, path, error);
}

// The content, or the reason why there is none.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
    const auto failed = [](std::string_view what, int code) {
        return fail(ErrorKind::invalid_argument, fmt::format("{}: {}", what, std::strerror(code)));
    };
    // The path may have become a pipe since it was found; opening one would wait for a writer.
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return failed("cannot be opened", errno);
    const struct Closer {
        int file;
        ~Closer() { ::close(file); }
    } closer{file};
    struct stat status{};
    if (::fstat(file, &status) != 0) return failed("cannot be read", errno);
    if (!S_ISREG(status.st_mode)) return fail(ErrorKind::invalid_argument, "is not a file any more");
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > max_bytes) return fail(ErrorKind::invalid_argument, fmt::format("is {} bytes; at most {} are read", size, max_bytes));
    std::string content;
    content.reserve(size);
    std::array<char, 1U << 16U> block{};
    while (true) {
        const ssize_t got = ::read(file, block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed("cannot be read to its end", errno);
        if (got == 0) return content;
        content.append(block.data(), static_cast<std::size_t>(got));
        if (content.size() > max_bytes) return fail(ErrorKind::invalid_argument, fmt::format("is longer than {} bytes", max_bytes));
    }
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

FoundDocuments find_documents(std::span<const std::string> paths, std::stop_token stop) {
    Finder finder(std::move(stop));
    for (const std::string& path : paths) finder.add(path);
    return std::move(finder).take();
}

Status settle_names(Engine& engine, std::string_view catalog_id, FoundDocuments& found) {
    if (found.files.empty()) return {};
    const auto stored = stored_files(engine, catalog_id);
    if (!stored) return std::unexpected(stored.error());
    std::unordered_map<std::string, std::string> taken;  // names of this run and whose they are
    std::vector<std::size_t> unsettled;
    // Those that have a name come first: a file that is new must not take it, even when it was named before them.
    for (std::size_t i = 0; i < found.files.size(); ++i) {
        DocumentFile& file = found.files[i];
        const std::string source = absolute_path(file.path);
        const auto plain = stored->source_of.find(file.spec_name);
        const auto known = stored->name_of.find(source);
        if (known == stored->name_of.end()) {
            unsettled.push_back(i);
            continue;
        }
        if (plain == stored->source_of.end() || plain->second != source) file.spec_name = known->second;
        taken.emplace(file.spec_name, file.path);
    }
    for (const std::size_t i : unsettled) {
        DocumentFile& file = found.files[i];
        const auto beside = taken.find(file.spec_name);
        const auto before = stored->source_of.find(file.spec_name);
        const bool is_stored = before != stored->source_of.end() && is_another_file(before->second, file.path);
        if (beside != taken.end() || is_stored) {
            std::string other = catalog::with_path_suffix(file.spec_name, absolute_path(file.path));
            found.notes.push_back(fmt::format("'{}' and '{}' would both be the spec '{}'; the second is stored as '{}'",
                                              beside != taken.end() ? beside->second : before->second, file.path, file.spec_name, other));
            file.spec_name = std::move(other);
        }
        taken.emplace(file.spec_name, file.path);
    }
    return {};
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
