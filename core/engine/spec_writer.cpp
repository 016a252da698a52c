#include "engine/spec_writer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "catalog/document.h"
#include "catalog/encoding.h"
#include "catalog/hash.h"
#include "catalog/names.h"
#include "embedq/support/ids.h"
#include "sync/mutex.h"

namespace embedq::engine {

namespace {

// Notes are for people: a long place or reason is cut.
constexpr std::size_t max_note_bytes = 300;

[[nodiscard]] std::string cut_note(std::string text) {
    if (text.size() <= max_note_bytes) return text;
    text.resize(catalog::utf8_floor(text, max_note_bytes));
    return text + "…";
}

// The notes that came with the document, then those of the parser that are not among them, as far as they are kept.
[[nodiscard]] std::vector<Note> kept_notes(std::span<const Note> given, std::span<const Note> parsed = {}) {
    std::vector<Note> notes;
    for (const Note& note : given.first(std::min(given.size(), most_notes)))
        notes.push_back({cut_note(note.where), cut_note(note.reason)});
    const std::vector<Note> came = notes;
    for (const Note& note : parsed) {
        if (notes.size() == most_notes) break;
        Note cut{cut_note(note.where), cut_note(note.reason)};
        if (std::ranges::find(came, cut) == came.end()) notes.push_back(std::move(cut));
    }
    return notes;
}

// Whether what is recorded of the spec would be the same. The notes of the parser are those of the same content.
[[nodiscard]] bool same_record(const SpecInput& input, const SpecRecord& record) {
    const std::vector<Note> given = kept_notes(input.notes);
    return record.root == input.root && record.path == input.path &&
           (!input.refresh || record.refresh == *input.refresh) && given.size() <= record.notes.size() &&
           std::equal(given.begin(), given.end(), record.notes.begin());
}

[[nodiscard]] Result<SpecWrite> parse(const SpecInput& input, const Sha256& content_hash, const std::stop_token& stop) {
    auto document = catalog::parse_document(input.content, {}, {.stop = stop});
    if (!document) return std::unexpected(document.error());
    SpecWrite write;
    write.catalog_id = input.catalog_id;
    write.spec_name = input.spec_name;
    write.source_kind = input.source_kind;
    write.source = input.source;
    write.etag = input.etag;
    write.base_path = input.base_path;
    write.title = input.title.empty() ? document->title : input.title;
    write.description = input.description.empty() ? document->description : input.description;
    write.content = input.content;
    write.content_hash = content_hash;
    write.text_version = catalog::text_version;
    write.operations = std::move(document->operations);
    write.renamed_from = input.renamed_from;
    write.renamed_version = input.renamed_version;
    write.record.root = input.root;
    write.record.path = input.path;
    write.record.notes = kept_notes(input.notes, document->notes);
    write.record.operations_left_out = document->operations_left_out;
    write.record.refresh = input.refresh.value_or(RefreshInterval());
    return write;
}

}  // namespace

bool SpecWriter::unchanged(const SpecInput& input, const Sha256& content_hash, const Result<SpecInfo>& known) {
    return known && known->content_hash == content_hash && known->text_version == catalog::text_version &&
           known->source_kind == input.source_kind && known->source == input.source && known->etag == input.etag &&
           known->base_path == input.base_path && (input.title.empty() || known->title == input.title) &&
           (input.description.empty() || known->description == input.description) && same_record(input, known->record);
}

Status SpecWriter::ensure_catalogs(std::span<const SpecInput> specs) {
    std::set<std::string> missing;
    {
        const sync::Lock lock(mutex_);
        for (const SpecInput& spec : specs) {
            if (!known_.contains(spec.catalog_id)) missing.insert(spec.catalog_id);
        }
    }
    if (missing.empty()) return {};
    const auto all = store_.catalogs();
    if (!all) return std::unexpected(all.error());
    for (const CatalogInfo& info : *all) missing.erase(info.catalog_id);
    for (const std::string& id : missing) {
        if (!check_catalog_id(id)) continue;  // `put` reports it for each of its documents
        if (const auto created = make_catalog_({.catalog_id = id}); !created) return std::unexpected(created.error());
    }
    const sync::Lock lock(mutex_);
    for (const CatalogInfo& info : *all) known_.insert(info.catalog_id);
    known_.insert(missing.begin(), missing.end());
    return {};
}

Result<std::vector<Result<PutResult>>> SpecWriter::put(std::span<const SpecInput> specs) {
    std::vector<Result<PutResult>> results(specs.size(), PutResult{});
    if (Status ready = ensure_catalogs(specs); !ready) return std::unexpected(ready.error());

    std::vector<SpecWrite> writes;
    std::vector<std::size_t> write_places;
    std::vector<std::size_t> unchanged_places;
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        const SpecInput& input = specs[i];
        Status valid = check_catalog_id(input.catalog_id);
        if (valid) valid = check_spec_name(input.spec_name);
        if (!valid) {
            results[i] = std::unexpected(valid.error());
            continue;
        }
        const Sha256 content_hash = catalog::sha256(input.content);
        // A second document of the same name in one call must be compared with the first, which only the store's
        // transaction can do.
        const auto known = store_.spec(input.catalog_id, input.spec_name);
        if (seen.emplace(input.catalog_id, input.spec_name).second && unchanged(input, content_hash, known)) {
            unchanged_places.push_back(i);
            continue;
        }
        auto write = parse(input, content_hash, stop_);
        if (!write) {
            results[i] = std::unexpected(write.error());
            continue;
        }
        if (!input.refresh && known) write->record.refresh = known->record.refresh;
        writes.push_back(std::move(*write));
        write_places.push_back(i);
    }
    bool enqueued = false;
    if (!writes.empty()) {
        auto put = store_.put_specs(writes);
        if (!put && put.error().kind == ErrorKind::not_found) {
            // A known catalog has been deleted since: create it again, once.
            {
                const sync::Lock lock(mutex_);
                known_.clear();
            }
            if (Status ready = ensure_catalogs(specs); !ready) return std::unexpected(ready.error());
            put = store_.put_specs(writes);
        }
        if (!put) return std::unexpected(put.error());
        for (std::size_t i = 0; i < write_places.size(); ++i) {
            enqueued = enqueued || (*put)[i].enqueued != EnqueueOutcome::none;
            PutResult& result = *(results[write_places[i]] = (*put)[i]);
            result.operations_left_out = writes[i].record.operations_left_out;
            result.notes = std::move(writes[i].record.notes);
        }
    }
    if (enqueued) notifier_.publish();
    if (Status closed = close_gaps(specs, results, unchanged_places); !closed) return std::unexpected(closed.error());
    return results;
}

Status SpecWriter::close_gaps(std::span<const SpecInput> specs, std::vector<Result<PutResult>>& results,
                              std::span<const std::size_t> unchanged_places) {
    std::map<std::string, std::vector<std::string>> names;
    for (const std::size_t i : unchanged_places) names[specs[i].catalog_id].push_back(specs[i].spec_name);
    std::vector<EnqueueRequest> requests;
    std::map<std::pair<std::string, std::string>, EnqueueOutcome> outcomes;
    for (const auto& [catalog_id, spec_names] : names) {
        const auto statuses = store_.statuses(catalog_id, spec_names);
        // Deleted meanwhile, as a spec may be below: only its documents fail, at the end.
        if (!statuses && statuses.error().kind == ErrorKind::not_found) continue;
        if (!statuses) return std::unexpected(statuses.error());
        for (const SpecStatus& status : *statuses) {
            if (status.embedding_count + status.refused_count >= status.operation_count) continue;
            // An open job is for this document: a job that runs for an earlier one has a pending job behind it.
            const bool open =
                status.job && (status.job->status == JobStatus::pending || status.job->status == JobStatus::running);
            if (open)
                outcomes[{catalog_id, status.spec_name}] = EnqueueOutcome::collapsed;
            else
                requests.push_back({catalog_id, status.spec_name, JobKind::spec_write});
        }
    }
    if (!requests.empty()) {
        // In one call, or one by one if a spec is gone.
        const std::span<const EnqueueRequest> all(requests);
        auto enqueued = store_.enqueue(all);
        const bool each = !enqueued && enqueued.error().kind == ErrorKind::not_found;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            if (each) enqueued = store_.enqueue(all.subspan(i, 1));
            if (!enqueued && each && enqueued.error().kind == ErrorKind::not_found) continue;
            if (!enqueued) return std::unexpected(enqueued.error());
            outcomes[{requests[i].catalog_id, requests[i].spec_name}] = (*enqueued)[each ? 0 : i];
        }
        notifier_.publish();
    }
    for (const std::size_t i : unchanged_places) {
        const auto info = store_.spec(specs[i].catalog_id, specs[i].spec_name);
        if (!info) {
            results[i] = std::unexpected(info.error());
            continue;
        }
        PutResult result{.outcome = PutOutcome::unchanged,
                         .generation = info->generation,
                         .operation_count = info->operation_count,
                         .operations_left_out = info->record.operations_left_out,
                         .notes = info->record.notes};
        const auto outcome = outcomes.find({specs[i].catalog_id, specs[i].spec_name});
        if (outcome != outcomes.end()) result.enqueued = outcome->second;
        results[i] = result;
    }
    return {};
}

}  // namespace embedq::engine
