#include "cli/indexer.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "catalog/claims.h"
#include "catalog/hash.h"
#include "cli/document_reader.h"
#include "sync/mutex.h"
#include "sync/start_thread.h"

namespace embedq::cli {
namespace {

struct ReadDocument {
    std::size_t file = 0;
    Result<DocumentContent> fetched;
};

// Reads files and URLs in order on a thread of its own, a batch ahead of the caller.
class ReadAhead {
public:
    ReadAhead(std::span<const DocumentFile> files, const IndexerSettings& settings)
        : files_(files), settings_(settings) {}

    [[nodiscard]] Status start() {
        return sync::start_thread(thread_, [this](const std::stop_token& stop) { run(stop); });
    }

    // Cancels the fetch in progress.
    void stop() { thread_.request_stop(); }

    // The next documents, up to the limits of a batch; empty at the end.
    std::vector<ReadDocument> take_batch() {
        std::vector<ReadDocument> batch;
        std::size_t bytes = 0;
        sync::Lock lock(mutex_);
        while (batch.size() < settings_.batch_documents && bytes < settings_.batch_bytes) {
            changed_.wait(lock, [this]() EMBEDQ_REQUIRES(mutex_) { return !ready_.empty() || done_; });
            if (ready_.empty()) break;
            const std::size_t size = size_of(ready_.front());
            const bool is_long = size > settings_.longest_shared;
            if (!batch.empty() && (is_long || bytes + size > settings_.batch_bytes)) break;
            bytes += size;
            ready_bytes_ -= size;
            batch.push_back(std::move(ready_.front()));
            ready_.pop_front();
            changed_.notify_all();
            if (is_long) break;
        }
        return batch;
    }

private:
    static std::size_t size_of(const ReadDocument& document) {
        return document.fetched ? document.fetched->content.size() : 0;
    }

    void run(const std::stop_token& stop) {
        for (std::size_t i = 0; i < files_.size() && !stop.stop_requested(); ++i) {
            ReadDocument document{i, read_document(files_[i], settings_.max_document_bytes, settings_.fetcher, stop)};
            sync::Lock lock(mutex_);
            const bool has_space = changed_.wait(lock, stop, [this]() EMBEDQ_REQUIRES(mutex_) {
                return ready_bytes_ < settings_.batch_bytes && ready_.size() < settings_.batch_documents;
            });
            if (!has_space) break;
            ready_bytes_ += size_of(document);
            ready_.push_back(std::move(document));
            changed_.notify_all();
        }
        const sync::Lock lock(mutex_);
        done_ = true;
        changed_.notify_all();
    }

    const std::span<const DocumentFile> files_;
    const IndexerSettings& settings_;

    sync::Mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<ReadDocument> ready_ EMBEDQ_GUARDED_BY(mutex_);
    std::size_t ready_bytes_ EMBEDQ_GUARDED_BY(mutex_) = 0;
    bool done_ EMBEDQ_GUARDED_BY(mutex_) = false;

    std::jthread thread_;  // last: joined before what it uses is gone
};

using PutResults = std::vector<Result<PutResult>>;

Result<PutResults> put_together(Engine& engine, std::span<const SpecInput> inputs, const IndexerSettings& settings) {
    while (true) {
        auto results = settings.put ? settings.put(inputs) : engine.put_specs(inputs);
        if (results && settings.available) settings.available();
        if (results || results.error().kind != ErrorKind::unavailable) return results;
        if (!settings.try_again || !settings.try_again(results.error())) return results;
    }
}

// Whether a store that refuses a batch may do so because of one document in it.
bool may_be_of_one_document(ErrorKind kind) {
    return kind == ErrorKind::invalid_argument || kind == ErrorKind::invalid_input || kind == ErrorKind::too_large ||
           kind == ErrorKind::unsupported || kind == ErrorKind::internal;
}

// One transaction, or one for each document where the store refuses them together: it is at fault itself only if it
// takes none of them.
Result<PutResults> put_batch(Engine& engine, std::span<const SpecInput> inputs, const IndexerSettings& settings) {
    auto together = put_together(engine, inputs, settings);
    if (together || inputs.size() == 1 || !may_be_of_one_document(together.error().kind)) return together;
    PutResults results;
    bool took_one = false;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        auto alone = put_together(engine, inputs.subspan(i, 1), settings);
        if (!alone && !may_be_of_one_document(alone.error().kind)) return alone;
        took_one = took_one || alone;
        results.push_back(alone ? std::move(alone->front()) : std::unexpected(std::move(alone.error())));
    }
    return took_one ? Result<PutResults>(std::move(results)) : std::move(together);
}

SpecInput input_of(const DocumentFile& file, DocumentContent fetched, const IndexerSettings& settings) {
    SpecInput input;
    input.catalog_id = settings.catalog_id;
    input.spec_name = file.spec_name;
    input.source_kind = file.kind;
    input.source = source_of(file);
    input.etag = std::move(fetched.validator);
    if (file.stored && !file.stored->validator.empty() &&
        catalog::sha256(fetched.content) == file.stored->content_hash) {
        input.etag = file.stored->validator;
    }
    input.content = std::move(fetched.content);
    input.root = file.root;
    input.path = file.path_in_root;
    if (file.kind == SourceKind::url) input.refresh = settings.refresh;
    if (settings.renamed_from && !file.is_known && !file.root.empty()) {
        if (auto old = settings.renamed_from(file, catalog::sha256(input.content))) {
            input.renamed_from = std::move(old->spec_name);
            input.renamed_version = old->version;
        }
    }
    return input;
}

// A spec that was deleted while its document was fetched is not made again.
bool is_wanted(Engine& engine, const DocumentFile& file, const IndexerSettings& settings) {
    if (!settings.only_stored) return true;
    const auto spec = engine.spec(settings.catalog_id, file.spec_name);
    return spec || spec.error().kind != ErrorKind::not_found;
}

void count_document(IndexReport& report, const DocumentFile& file, const PutResult& result) {
    ++report.documents;
    report.operations += result.operation_count;
    report.unchanged += result.outcome == PutOutcome::unchanged ? 1 : 0;
    report.spec_names.push_back(file.spec_name);
    report.outcomes.push_back(result.outcome);
    if (result.operations_left_out > 0 || !result.notes.empty())
        report.notes.push_back({file.path, file.spec_name, result.operations_left_out, result.notes});
}

// A URL's document that the server says is the stored one.
PutResult stored_result(const DocumentFile& file) {
    PutResult result;
    result.outcome = PutOutcome::unchanged;
    if (!file.stored) return result;
    result.operation_count = file.stored->operation_count;
    result.operations_left_out = file.stored->operations_left_out;
    result.notes = file.stored->notes;
    return result;
}

// Tells the store which URLs were asked. Where that fails, they are asked again sooner.
void note_checks(Engine& engine, std::span<const DocumentFile> files, const IndexerSettings& settings,
                 const std::vector<std::size_t>& unchanged) {
    std::vector<SpecRef> checked;
    for (const std::size_t i : unchanged) {
        if (files[i].kind == SourceKind::url) checked.push_back({settings.catalog_id, files[i].spec_name});
    }
    if (!checked.empty() && !settings.put) static_cast<void>(engine.checked(checked));
}

// Only what was named, or says that it is an API document, is refused. A store's fault is not the document's.
void count_refused(IndexReport& report, const DocumentFile& file, const SpecInput& input, const Error& error) {
    const bool is_document =
        file.named || error.kind != ErrorKind::invalid_argument || catalog::claims_to_be_document(input.content);
    (is_document ? report.refused : report.skipped)
        .push_back({file.path, to_string(error), file.spec_name, error.kind});
}

// A file that was found in a folder and is a part of a document is not skipped for not being one.
void count_parts(IndexReport& report, std::span<const DocumentFile> files, const std::set<std::string>& parts) {
    if (parts.empty()) return;
    std::set<std::string> found;  // those of the files that are parts
    for (const DocumentFile& file : files) {
        std::error_code error;
        const auto real = std::filesystem::canonical(file.path, error);
        if (!file.named && !error && parts.contains(real.string())) found.insert(file.path);
    }
    report.parts += std::erase_if(report.skipped, [&](const auto& skipped) { return found.contains(skipped.path); });
}

}  // namespace

Result<IndexReport> put_documents(Engine& engine, std::span<const DocumentFile> files, const IndexerSettings& settings,
                                  const IndexProgress& progress, std::stop_token stop) {
    IndexReport report;
    std::set<std::string> parts;
    ReadAhead reader(files, settings);
    if (Status started = reader.start(); !started) return std::unexpected(std::move(started.error()));
    const std::stop_callback on_stop(stop, [&reader] { reader.stop(); });
    while (true) {
        if (stop.stop_requested()) {
            report.stopped = true;
            break;
        }
        std::vector<ReadDocument> batch = reader.take_batch();
        if (batch.empty()) break;
        std::vector<SpecInput> inputs;
        std::vector<std::size_t> input_files;
        std::vector<std::size_t> unchanged;
        for (ReadDocument& document : batch) {
            const DocumentFile& file = files[document.file];
            if (!document.fetched && stop.stop_requested()) {
                report.stopped = true;
                continue;
            }
            if (!document.fetched) {
                const Error& error = document.fetched.error();
                report.refused.push_back({file.path, to_string(error), file.spec_name, error.kind});
                continue;
            }
            parts.insert(document.fetched->parts.begin(), document.fetched->parts.end());
            if (document.fetched->unchanged) {
                count_document(report, file, stored_result(file));
                unchanged.push_back(document.file);
                continue;
            }
            if (!is_wanted(engine, file, settings)) continue;
            inputs.push_back(input_of(file, std::move(*document.fetched), settings));
            input_files.push_back(document.file);
        }
        if (!inputs.empty()) {
            const auto results = put_batch(engine, inputs, settings);
            if (!results && stop.stop_requested()) {
                report.stopped = true;
                report.reason = to_string(results.error());
                break;
            }
            if (!results) return std::unexpected(results.error());
            for (std::size_t i = 0; i < results->size(); ++i) {
                const Result<PutResult>& result = (*results)[i];
                const DocumentFile& file = files[input_files[i]];
                if (!result && stop.stop_requested() && result.error().kind == ErrorKind::unavailable) {
                    report.stopped = true;
                    continue;
                }
                if (!result) {
                    count_refused(report, file, inputs[i], result.error());
                    continue;
                }
                count_document(report, file, *result);
                if (result->outcome == PutOutcome::unchanged) unchanged.push_back(input_files[i]);
                // A spec that another process wrote meanwhile keeps its name.
                if (!inputs[i].renamed_from.empty() && result->outcome != PutOutcome::created)
                    report.renamed.push_back({inputs[i].renamed_from, file.spec_name});
            }
        }
        note_checks(engine, files, settings, unchanged);
        if (progress) progress(report);
    }
    count_parts(report, files, parts);
    return report;
}

}  // namespace embedq::cli
