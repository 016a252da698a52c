// Every statement of the store, as a whole, with a comment on the index that it must use
// (tests/unit/sqlite/plans_test.cpp checks the plans).
//
// Writers hold the file's one write lock; readers see a snapshot and wait for nobody. In statements with
// SQLITE_STORE_UNSETTLED, ?2 is the profile, `s` the spec and `o` the operation.
#pragma once

namespace embedq::sqlite::sql {

// What counts for a spec: what was written under its target profile, and not before its force.
#define SQLITE_STORE_HAS(table)                   \
    "EXISTS (SELECT 1 FROM " table                \
    " w WHERE w.profile = ?2 AND w.text = o.text" \
    " AND (s.force_from IS NULL OR w.written_at >= s.force_from))"
#define SQLITE_STORE_UNSETTLED "NOT " SQLITE_STORE_HAS("vectors") " AND NOT " SQLITE_STORE_HAS("refusals")
// Whether a worker is to ask for the text at the time ?4: it is not settled, or its refusal is due.
#define SQLITE_STORE_TO_ASK \
    "NOT " SQLITE_STORE_HAS("vectors")              \
    " AND NOT EXISTS (SELECT 1 FROM refusals w"     \
    " WHERE w.profile = ?2 AND w.text = o.text"     \
    " AND (s.force_from IS NULL OR w.written_at >= s.force_from) AND w.ask_again_at > ?4)"

// Whether a catalog that is embedded for, or ranked by, the profile of `w` has an operation with its text.
#define SQLITE_STORE_REFERRED_TO                                                            \
    "EXISTS (SELECT 1 FROM operations o INDEXED BY operations_by_text"                      \
    " CROSS JOIN specs s ON s.spec = o.spec CROSS JOIN catalogs c ON c.catalog = s.catalog" \
    " WHERE o.text = w.text AND (c.target_profile = w.profile OR c.serving_profile = w.profile))"

// --- catalogs and profiles: by key

inline constexpr char catalog_row[] =
    "SELECT catalog, provider, target_profile, serving_profile, revision, feed_floor, name, version, display_name, "
    "description"
    " FROM catalogs WHERE catalog_id = ?1";
inline constexpr char catalog_list[] = R"sql(
SELECT c.catalog_id, c.name, c.version, c.display_name, c.description, c.provider, target.id, serving.id,
       (SELECT count(*) FROM specs s WHERE s.catalog = c.catalog), c.revision, c.created_at, c.updated_at
FROM catalogs c
LEFT JOIN profiles target ON target.profile = c.target_profile
LEFT JOIN profiles serving ON serving.profile = c.serving_profile
ORDER BY c.catalog_id)sql";
inline constexpr char catalog_keys[] =
    "SELECT catalog, catalog_id, target_profile, serving_profile FROM catalogs ORDER BY catalog_id";
inline constexpr char insert_catalog[] = R"sql(
INSERT INTO catalogs (catalog_id, name, version, display_name, description, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6))sql";
inline constexpr char describe_catalog[] =
    "UPDATE catalogs SET name = ?2, version = ?3, display_name = ?4, description = ?5, updated_at = ?6 WHERE catalog = "
    "?1";
inline constexpr char set_target[] =
    "UPDATE catalogs SET provider = ?2, target_profile = ?3, updated_at = ?4 WHERE catalog = ?1";
inline constexpr char set_serving[] = "UPDATE catalogs SET serving_profile = ?2, updated_at = ?3 WHERE catalog = ?1";
inline constexpr char catalog_version[] = "SELECT count(*), coalesce(max(updated_at), 0) FROM specs WHERE catalog = ?1";
inline constexpr char delete_catalog[] = "DELETE FROM catalogs WHERE catalog = ?1";

inline constexpr char fingerprint_of_hash[] = "SELECT fingerprint FROM fingerprints WHERE hash = ?1";
inline constexpr char insert_fingerprint[] = "INSERT INTO fingerprints (hash) VALUES (?1)";
inline constexpr char profile_of_id[] = "SELECT profile, dimension FROM profiles WHERE id = ?1";
inline constexpr char profile_id[] = "SELECT id FROM profiles WHERE profile = ?1";
inline constexpr char fingerprint_of_profile[] = "SELECT fingerprint FROM profiles WHERE profile = ?1";
inline constexpr char put_profile[] = R"sql(
INSERT INTO profiles (id, fingerprint, epoch, plugin, model, model_digest, dimension, document_prefix, query_prefix,
                      text_version, max_text_bytes, semantic_weight)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (id) DO UPDATE SET
    fingerprint = excluded.fingerprint, epoch = excluded.epoch, plugin = excluded.plugin, model = excluded.model,
    model_digest = excluded.model_digest, dimension = excluded.dimension, document_prefix = excluded.document_prefix,
    query_prefix = excluded.query_prefix, text_version = excluded.text_version,
    max_text_bytes = excluded.max_text_bytes, semantic_weight = excluded.semantic_weight)sql";
inline constexpr char profile_row[] = R"sql(
SELECT p.profile, p.id, f.hash, p.epoch, p.plugin, p.model, p.model_digest, p.dimension, p.document_prefix,
       p.query_prefix, p.text_version, p.max_text_bytes, p.semantic_weight
FROM profiles p JOIN fingerprints f ON f.fingerprint = p.fingerprint
WHERE p.id = ?1)sql";
inline constexpr char profile_options[] =
    "SELECT name, value FROM profile_options WHERE profile = ?1 ORDER BY position";
inline constexpr char clear_profile_options[] = "DELETE FROM profile_options WHERE profile = ?1";
inline constexpr char insert_profile_option[] =
    "INSERT INTO profile_options (profile, position, name, value) VALUES (?1, ?2, ?3, ?4)";

// How much text a catalog has, and how much of it is settled under a profile: operations_by_spec, then each text once
// by key. Profiles are numbered from 1.
inline constexpr char workload[] = R"sql(
SELECT count(*), coalesce(sum(k.bytes), 0), coalesce(sum(k.settled), 0), coalesce(sum(k.settled * k.bytes), 0)
FROM (SELECT length(CAST(x.content AS BLOB)) AS bytes,
             EXISTS (SELECT 1 FROM vectors w WHERE w.profile = ?2 AND w.text = n.text
                     AND (n.force_from IS NULL OR w.written_at >= n.force_from))
             OR EXISTS (SELECT 1 FROM refusals w WHERE w.profile = ?2 AND w.text = n.text
                        AND (n.force_from IS NULL OR w.written_at >= n.force_from)) AS settled
      FROM (SELECT o.text, max(s.force_from) AS force_from
            FROM specs s CROSS JOIN operations o INDEXED BY operations_by_spec ON o.spec = s.spec
            WHERE s.catalog = ?1 GROUP BY o.text) n
      CROSS JOIN texts x ON x.text = n.text) k)sql";

// --- the change feed. Inserting takes the next revision and replaces the spec's older row (unique key).

inline constexpr char insert_change[] = "INSERT OR REPLACE INTO changes (catalog, spec_name, at) VALUES (?1, ?2, ?3)";
inline constexpr char clear_changes[] = "DELETE FROM changes WHERE catalog = ?1";
inline constexpr char set_revision[] = "UPDATE catalogs SET revision = ?2 WHERE catalog = ?1";
inline constexpr char set_revision_and_floor[] =
    "UPDATE catalogs SET revision = ?2, feed_floor = ?2 WHERE catalog = ?1";
// changes_since.
inline constexpr char changes_since[] =
    "SELECT spec_name FROM changes INDEXED BY changes_since WHERE catalog = ?1 AND revision > ?2 ORDER BY revision";
// The oldest rows come first in the table itself.
inline constexpr char oldest_changes[] = "SELECT revision, catalog, at FROM changes ORDER BY revision LIMIT ?1";
inline constexpr char delete_change[] = "DELETE FROM changes WHERE revision = ?1";
inline constexpr char raise_floor[] = "UPDATE catalogs SET feed_floor = max(feed_floor, ?2) WHERE catalog = ?1";

// --- specs: by (catalog, spec_name)

#define SQLITE_STORE_SPEC_COLUMNS                                                                                  \
    "spec_name, source_kind, source, etag, base_path, title, description, content_hash, text_version, generation," \
    " operation_count, created_at, updated_at, parked_until, root, path, notes, left_out, refresh, checked_at"
inline constexpr char spec_info[] =
    "SELECT " SQLITE_STORE_SPEC_COLUMNS " FROM specs WHERE catalog = ?1 AND spec_name = ?2";
inline constexpr char spec_page[] =
    "SELECT " SQLITE_STORE_SPEC_COLUMNS " FROM specs WHERE catalog = ?1 AND spec_name > ?2 ORDER BY spec_name LIMIT ?3";
inline constexpr char spec_keys[] =
    "SELECT spec, spec_name, operation_count, force_from, jobs_after, left_out FROM specs WHERE catalog = ?1 ORDER BY "
    "spec_name";
inline constexpr char spec_key[] =
    "SELECT spec, spec_name, operation_count, force_from, jobs_after, left_out FROM specs WHERE catalog = ?1 AND "
    "spec_name = ?2";
inline constexpr char insert_spec[] = R"sql(
INSERT INTO specs (catalog, spec_name, source_kind, source, etag, base_path, title, description, content_hash,
                   text_version, generation, operation_count, jobs_after, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, ?11,
        coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'jobs'), 0), ?12, ?12))sql";
inline constexpr char set_record[] = R"sql(
UPDATE specs SET root = ?2, path = ?3, notes = ?4, left_out = ?5, refresh = ?6, checked_at = ?7, next_check = ?8
WHERE spec = ?1)sql";
// A deleted spec of the new name may have jobs that are newer than those of this spec, which then has none of its own,
// unless one of them is open.
inline constexpr char rename_spec[] = R"sql(
UPDATE specs SET spec_name = ?4, jobs_after = CASE WHEN ?5 THEN jobs_after ELSE max(jobs_after, coalesce(
    (SELECT max(id) FROM jobs INDEXED BY jobs_history WHERE catalog_id = ?2 AND spec_name = ?4), 0)) END
WHERE catalog = ?1 AND spec_name = ?3)sql";
inline constexpr char rename_jobs[] =
    "UPDATE jobs INDEXED BY jobs_history SET spec_name = ?3 WHERE catalog_id = ?1 AND spec_name = ?2";
// Those with an interval of their own, and those that were held; specs_to_check. ?3: the default interval, or 0.
inline constexpr char specs_to_check[] = R"sql(
SELECT spec, catalog_id, next_check FROM specs INDEXED BY specs_to_check JOIN catalogs USING (catalog)
WHERE next_check <= ?1 AND (refresh >= 0 OR (?3 > 0 AND coalesce(checked_at, specs.updated_at) <= ?1 - ?3))
ORDER BY next_check LIMIT ?2)sql";
// Those without one that were asked last at ?1 or before; specs_by_default.
inline constexpr char specs_by_default[] = R"sql(
SELECT spec, catalog_id, coalesce(checked_at, specs.updated_at) + ?3
FROM specs INDEXED BY specs_by_default JOIN catalogs USING (catalog)
WHERE refresh < 0 AND next_check IS NULL AND source_kind = 3 AND coalesce(checked_at, specs.updated_at) <= ?1
ORDER BY coalesce(checked_at, specs.updated_at) LIMIT ?2)sql";
inline constexpr char spec_of_key[] = "SELECT " SQLITE_STORE_SPEC_COLUMNS " FROM specs WHERE spec = ?1";
inline constexpr char put_off_check[] = "UPDATE specs SET next_check = ?2 WHERE spec = ?1";
inline constexpr char set_checked[] =
    "UPDATE specs SET checked_at = ?2, next_check = CASE WHEN refresh > 0 THEN ?2 + refresh * 1000 END WHERE spec = ?1";
inline constexpr char update_spec[] = R"sql(
UPDATE specs SET source_kind = ?2, source = ?3, etag = ?4, base_path = ?5, title = ?6, description = ?7,
                 content_hash = ?8, text_version = ?9, generation = generation + 1, operation_count = ?10,
                 failures = 0, parked_until = NULL, updated_at = ?11
WHERE spec = ?1)sql";
inline constexpr char delete_spec[] = "DELETE FROM specs WHERE spec = ?1";
inline constexpr char put_document[] = "INSERT OR REPLACE INTO documents (spec, size, content) VALUES (?1, ?2, ?3)";
inline constexpr char document[] = "SELECT size, content FROM documents WHERE spec = ?1";

inline constexpr char text_of_hash[] = "SELECT text FROM texts WHERE hash = ?1";
inline constexpr char text_with_content[] = "SELECT text, content IS NULL FROM texts WHERE hash = ?1";
inline constexpr char insert_text[] = "INSERT INTO texts (hash, content) VALUES (?1, ?2)";
inline constexpr char fill_in_text[] = "UPDATE texts SET content = ?2 WHERE text = ?1";
inline constexpr char delete_operations[] = "DELETE FROM operations WHERE spec = ?1";
inline constexpr char insert_operation[] = R"sql(
INSERT INTO operations (spec, position, text, operation_id, method, path, summary, tags, cut_bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9))sql";
inline constexpr char operations_of_spec[] = R"sql(
SELECT o.operation_id, o.method, o.path, o.summary, o.tags, o.cut_bytes, t.hash, t.content
FROM operations o CROSS JOIN texts t ON t.text = o.text
WHERE o.spec = ?1 ORDER BY o.position)sql";

// Rows are copied inside the file; the texts and vectors are shared.
inline constexpr char clone_specs[] = R"sql(
INSERT INTO specs (catalog, spec_name, source_kind, source, etag, base_path, title, description, content_hash,
                   text_version, generation, operation_count, jobs_after, created_at, updated_at,
                   root, path, notes, left_out, refresh, checked_at, next_check)
SELECT ?2, spec_name, source_kind, source, etag, base_path, title, description, content_hash, text_version,
       1, operation_count, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'jobs'), 0), ?3, ?3,
       root, path, notes, left_out, refresh, ?3, CASE WHEN refresh > 0 THEN ?3 + refresh * 1000 END
FROM specs WHERE catalog = ?1 ORDER BY spec_name)sql";
inline constexpr char clone_documents[] = R"sql(
INSERT INTO documents (spec, size, content)
SELECT copy.spec, d.size, d.content
FROM specs source CROSS JOIN specs copy ON copy.catalog = ?2 AND copy.spec_name = source.spec_name
CROSS JOIN documents d ON d.spec = source.spec
WHERE source.catalog = ?1)sql";
inline constexpr char clone_operations[] = R"sql(
INSERT INTO operations (spec, position, text, operation_id, method, path, summary, tags, cut_bytes)
SELECT copy.spec, o.position, o.text, o.operation_id, o.method, o.path, o.summary, o.tags, o.cut_bytes
FROM specs source CROSS JOIN specs copy ON copy.catalog = ?2 AND copy.spec_name = source.spec_name
CROSS JOIN operations o ON o.spec = source.spec
WHERE source.catalog = ?1)sql";
inline constexpr char clone_target[] = R"sql(
UPDATE catalogs SET (provider, target_profile, serving_profile) =
    (SELECT provider, target_profile, serving_profile FROM catalogs WHERE catalog = ?1)
WHERE catalog = ?2)sql";

// --- what is settled: operations_by_spec (covering), then a look-up by (profile, text) that never reads a value

inline constexpr char has_gap[] =
    "SELECT 1 FROM specs s CROSS JOIN operations o INDEXED BY operations_by_spec ON o.spec = s.spec"
    " WHERE s.spec = ?1 AND " SQLITE_STORE_UNSETTLED " LIMIT 1";
// The first spec at or after a name that has a gap: the search continues where the last one found a gap.
inline constexpr char first_gap[] =
    "SELECT s.spec_name FROM specs s CROSS JOIN operations o INDEXED BY operations_by_spec ON o.spec = s.spec"
    " WHERE s.catalog = ?1 AND s.spec_name >= ?3 AND " SQLITE_STORE_UNSETTLED " ORDER BY s.spec_name LIMIT 1";
// A spec's name is ?3's: whether it has an open job.
#define SQLITE_STORE_HAS_OPEN_JOB                                                                                  \
    "(EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_pending WHERE status = 0 AND catalog_id = ?3 AND spec_name = "    \
    "s.spec_name)"                                                                                                 \
    " OR EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_running WHERE status = 1 AND catalog_id = ?3 AND spec_name = " \
    "s.spec_name))"
inline constexpr char specs_with_gap[] =
    "SELECT s.spec, s.spec_name, s.parked_until, " SQLITE_STORE_HAS_OPEN_JOB
    " FROM specs s WHERE s.catalog = ?1 AND EXISTS"
    " (SELECT 1 FROM operations o INDEXED BY operations_by_spec WHERE o.spec = s.spec AND " SQLITE_STORE_UNSETTLED
    ")"
    " ORDER BY s.spec_name";
// Specs with a refusal that is due: refusals_due, then operations_by_text.
inline constexpr char specs_to_ask_again[] =
    "SELECT s.spec, s.spec_name, s.parked_until, " SQLITE_STORE_HAS_OPEN_JOB
    " FROM specs s WHERE s.catalog = ?1 AND s.spec IN"
    " (SELECT k.spec FROM refusals w INDEXED BY refusals_due"
    " CROSS JOIN operations o INDEXED BY operations_by_text ON o.text = w.text CROSS JOIN specs k ON k.spec = o.spec"
    " WHERE w.profile = ?2 AND w.ask_again_at <= ?4 AND k.catalog = ?1"
    " AND (k.force_from IS NULL OR w.written_at >= k.force_from))"
    " ORDER BY s.spec_name";
inline constexpr char count_settled[] =
    "SELECT coalesce(sum(" SQLITE_STORE_HAS("vectors") "), 0), coalesce(sum(" SQLITE_STORE_HAS("refusals") "), 0)"
    " FROM specs s CROSS JOIN operations o INDEXED BY operations_by_spec ON o.spec = s.spec WHERE s.spec = ?1";
inline constexpr char texts_of_spec[] = "SELECT text FROM operations INDEXED BY operations_by_spec WHERE spec = ?1";
inline constexpr char vector_counts[] =
    "SELECT 1 FROM vectors WHERE profile = ?1 AND text = ?2 AND (?3 IS NULL OR written_at >= ?3)";
// vectors_cut, which has few rows or none.
inline constexpr char vector_is_cut[] =
    "SELECT 1 FROM vectors INDEXED BY vectors_cut WHERE profile = ?1 AND text = ?2 AND cut_to > 0";
inline constexpr char refusal_counts[] =
    "SELECT 1 FROM refusals WHERE profile = ?1 AND text = ?2 AND (?3 IS NULL OR written_at >= ?3)";
// By position (the table's key); only the content of unsettled texts is read. A text is returned for the first
// operation that has it.
inline constexpr char missing_texts[] =
    "SELECT o.position, o.operation_id, t.hash, t.content"
    " FROM specs s CROSS JOIN operations o ON o.spec = s.spec CROSS JOIN texts t ON t.text = o.text"
    " WHERE s.spec = ?1 AND o.position > ?3 AND " SQLITE_STORE_TO_ASK
    " AND NOT EXISTS (SELECT 1 FROM operations e INDEXED BY operations_by_spec"
    " WHERE e.spec = o.spec AND e.text = o.text AND e.position < o.position)"
    " ORDER BY o.position";

// --- vectors and refusals: by (profile, text)

inline constexpr char vector_written_at[] = "SELECT written_at FROM vectors WHERE profile = ?1 AND text = ?2";
inline constexpr char refusal_written_at[] = "SELECT written_at FROM refusals WHERE profile = ?1 AND text = ?2";
inline constexpr char put_vector[] = R"sql(
INSERT INTO vectors (profile, text, written_at, cut_to, value) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (profile, text) DO UPDATE SET written_at = excluded.written_at, cut_to = excluded.cut_to,
                                          value = excluded.value)sql";
inline constexpr char put_refusal[] = R"sql(
INSERT INTO refusals (profile, text, written_at, reason, times, ask_again_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (profile, text) DO UPDATE SET written_at = excluded.written_at, reason = excluded.reason,
                                          times = excluded.times, ask_again_at = excluded.ask_again_at)sql";
inline constexpr char times_refused[] = "SELECT times FROM refusals WHERE profile = ?1 AND text = ?2";
inline constexpr char delete_vector[] = "DELETE FROM vectors WHERE profile = ?1 AND text = ?2";
// By the spec's operations; refusals are looked up by key and are few.
inline constexpr char current_refusal[] = R"sql(
SELECT o.operation_id, r.reason
FROM operations o CROSS JOIN refusals r ON r.profile = ?2 AND r.text = o.text
WHERE o.spec = ?1 AND (?3 IS NULL OR r.written_at >= ?3)
ORDER BY o.position LIMIT 1)sql";
inline constexpr char delete_refusal[] = "DELETE FROM refusals WHERE profile = ?1 AND text = ?2";
// Whose ranking a new vector changes. operations_by_text.
inline constexpr char users_of_text[] = R"sql(
SELECT DISTINCT s.catalog, s.spec_name
FROM operations o INDEXED BY operations_by_text CROSS JOIN specs s ON s.spec = o.spec
CROSS JOIN catalogs c ON c.catalog = s.catalog
WHERE o.text = ?2 AND (c.target_profile = ?1 OR c.serving_profile = ?1))sql";
// The unique key covers this; the values are read later, in their order in the file.
inline constexpr char vector_of_hash[] = R"sql(
SELECT v.vector FROM texts t CROSS JOIN vectors v ON v.profile = ?1 AND v.text = t.text WHERE t.hash = ?2)sql";
inline constexpr char vector_value[] = "SELECT value FROM vectors WHERE vector = ?1";

// --- jobs: their transitions

inline constexpr char pending_job[] =
    "SELECT id, next_run_at FROM jobs INDEXED BY jobs_pending WHERE status = 0 AND catalog_id = ?1 AND spec_name = ?2";
inline constexpr char running_job[] =
    "SELECT id FROM jobs INDEXED BY jobs_running WHERE status = 1 AND catalog_id = ?1 AND spec_name = ?2";
inline constexpr char insert_job[] = R"sql(
INSERT INTO jobs (status, kind, fingerprint, next_run_at, created_at, catalog_id, spec_name)
VALUES (0, ?1, ?2, ?6, ?3, ?4, ?5))sql";
// A manual retry stays one (kind 2), and a write takes over a job of the background (kinds 1 and 3).
inline constexpr char collapse_job[] =
    "UPDATE jobs SET kind = CASE WHEN ?2 IN (1, 3) OR kind = 2 THEN kind ELSE ?2 END, "
    "next_run_at = min(next_run_at, ?3) WHERE id = ?1";
// jobs_bulk.
inline constexpr char first_bulk_job[] =
    "SELECT next_run_at FROM jobs INDEXED BY jobs_bulk WHERE status = 0 AND kind IN (1, 3) AND fingerprint = ?1 "
    "ORDER BY next_run_at LIMIT 1";
// Now, but later than everything that counts for the spec, so that the force also works if the clock stands still or
// goes back.
inline constexpr char force_spec[] = R"sql(
UPDATE specs AS s SET failures = 0, parked_until = NULL, force_from = max(?3, coalesce(s.force_from + 1, 0),
    coalesce((SELECT max(w.written_at) + 1 FROM operations o CROSS JOIN vectors w ON w.profile = ?2 AND w.text = o.text
              WHERE o.spec = s.spec), 0),
    coalesce((SELECT max(w.written_at) + 1 FROM operations o CROSS JOIN refusals w ON w.profile = ?2 AND w.text = o.text
              WHERE o.spec = s.spec), 0))
WHERE s.spec = ?1)sql";
// jobs_due; jobs_suspect. Both give the order of due time, then id, without sorting.
inline constexpr char due_jobs[] = R"sql(
SELECT id, next_run_at FROM jobs INDEXED BY jobs_due
WHERE status = 0 AND expiries < 2 AND fingerprint = ?1 AND next_run_at <= ?2 ORDER BY next_run_at, id LIMIT ?3)sql";
inline constexpr char due_suspects[] = R"sql(
SELECT id, next_run_at FROM jobs INDEXED BY jobs_suspect
WHERE status = 0 AND expiries >= 2 AND fingerprint = ?1 AND next_run_at <= ?2 ORDER BY next_run_at, id LIMIT ?3)sql";
inline constexpr char job_to_claim[] = R"sql(
SELECT j.catalog_id, j.spec_name, j.kind, f.hash, j.attempts, j.expiries, s.operation_count, c.target_profile
FROM jobs j
CROSS JOIN catalogs c ON c.catalog_id = j.catalog_id
CROSS JOIN specs s ON s.catalog = c.catalog AND s.spec_name = j.spec_name
CROSS JOIN fingerprints f ON f.fingerprint = j.fingerprint
WHERE j.id = ?1)sql";
inline constexpr char claim_job[] = R"sql(
UPDATE jobs SET status = 1, token = ?2, worker_id = ?3, profile = ?4, new_vectors = 0, next_run_at = NULL,
                lease_expires_at = ?6, started_at = coalesce(started_at, ?5)
WHERE id = ?1 AND status = 0)sql";
inline constexpr char extend_lease[] =
    "UPDATE jobs SET lease_expires_at = ?3 WHERE id = ?1 AND status = 1 AND token = ?2";
inline constexpr char held_job[] = R"sql(
SELECT c.catalog, s.spec, s.force_from, j.catalog_id, j.spec_name, j.profile, j.attempts, j.expiries, j.new_vectors,
       j.last_error
FROM jobs j
CROSS JOIN catalogs c ON c.catalog_id = j.catalog_id
CROSS JOIN specs s ON s.catalog = c.catalog AND s.spec_name = j.spec_name
WHERE j.id = ?1 AND j.status = 1 AND j.token = ?2)sql";
inline constexpr char leased_jobs[] =
    "SELECT id, token, worker_id, lease_expires_at FROM jobs INDEXED BY jobs_lease WHERE status = 1 ORDER BY "
    "lease_expires_at, id";
inline constexpr char count_vectors[] =
    "UPDATE jobs SET new_vectors = new_vectors + ?2, embedded_so_far = embedded_so_far + ?2 WHERE id = ?1";
inline constexpr char set_attempts[] = "UPDATE jobs SET attempts = ?2, expiries = ?3 WHERE id = ?1";
inline constexpr char set_last_error[] = "UPDATE jobs SET last_error = ?2 WHERE id = ?1";
inline constexpr char requeue_job[] = R"sql(
UPDATE jobs SET status = 0, token = NULL, lease_expires_at = NULL, worker_id = '', next_run_at = ?2,
                fingerprint = (SELECT p.fingerprint FROM catalogs c JOIN profiles p ON p.profile = c.target_profile
                               WHERE c.catalog = ?3)
WHERE id = ?1)sql";
inline constexpr char take_over_counts[] = R"sql(
UPDATE jobs SET attempts = max(attempts, ?2), expiries = max(expiries, ?3),
                last_error = CASE WHEN last_error = '' THEN ?4 ELSE last_error END
WHERE id = ?1)sql";
inline constexpr char finish_job[] =
    "UPDATE jobs SET status = ?2, token = NULL, lease_expires_at = NULL, next_run_at = NULL, completed_at = ?3 WHERE "
    "id = ?1 AND status < "
    "2";
inline constexpr char open_jobs_of_spec[] = R"sql(
SELECT id FROM jobs INDEXED BY jobs_pending WHERE status = 0 AND catalog_id = ?1 AND spec_name = ?2
UNION ALL
SELECT id FROM jobs INDEXED BY jobs_running WHERE status = 1 AND catalog_id = ?1 AND spec_name = ?2)sql";
inline constexpr char open_jobs_of_catalog[] = R"sql(
SELECT id FROM jobs INDEXED BY jobs_pending WHERE status = 0 AND catalog_id = ?1
UNION ALL
SELECT id FROM jobs INDEXED BY jobs_running WHERE status = 1 AND catalog_id = ?1)sql";
inline constexpr char move_pending[] =
    "UPDATE jobs INDEXED BY jobs_pending SET fingerprint = ?2 WHERE status = 0 AND catalog_id = ?1";
inline constexpr char spec_succeeded[] =
    "UPDATE specs SET failures = 0, parked_until = NULL WHERE spec = ?1 AND failures > 0";
inline constexpr char spec_failures[] = "SELECT failures FROM specs WHERE spec = ?1";
inline constexpr char park_spec[] = "UPDATE specs SET failures = ?2, parked_until = ?3 WHERE spec = ?1";

// jobs_due, jobs_suspect, jobs_lease: the first entry.
inline constexpr char next_due_job[] = R"sql(
SELECT next_run_at FROM jobs INDEXED BY jobs_due
WHERE status = 0 AND expiries < 2 AND fingerprint = ?1 ORDER BY next_run_at LIMIT 1)sql";
inline constexpr char next_due_suspect[] = R"sql(
SELECT next_run_at FROM jobs INDEXED BY jobs_suspect
WHERE status = 0 AND expiries >= 2 AND fingerprint = ?1 ORDER BY next_run_at LIMIT 1)sql";
inline constexpr char next_lease_expiry[] =
    "SELECT lease_expires_at FROM jobs INDEXED BY jobs_lease WHERE status = 1 ORDER BY lease_expires_at LIMIT 1";

// --- jobs: reading

#define SQLITE_STORE_JOB_COLUMNS                                                                            \
    "id, catalog_id, spec_name, kind, status, attempts, expiries, last_error, worker_id, embedded_so_far, " \
    "next_run_at,"                                                                                          \
    " lease_expires_at, created_at, started_at, completed_at"
inline constexpr char newest_job[] =
    "SELECT " SQLITE_STORE_JOB_COLUMNS
    " FROM jobs INDEXED BY jobs_history WHERE catalog_id = ?1 AND spec_name = ?2 AND id > ?3"
    " ORDER BY id DESC LIMIT 1";
inline constexpr char newest_job_status[] =
    "SELECT status FROM jobs INDEXED BY jobs_history WHERE catalog_id = ?1 AND spec_name = ?2 AND id > ?3 ORDER BY id "
    "DESC LIMIT 1";
inline constexpr char job_columns[] = SQLITE_STORE_JOB_COLUMNS;

// --- maintenance

// jobs_finished, from its old end.
inline constexpr char old_jobs[] =
    "SELECT id FROM jobs INDEXED BY jobs_finished WHERE status > 1 AND completed_at < ?1 ORDER BY completed_at LIMIT "
    "?2";
inline constexpr char delete_job[] = "DELETE FROM jobs WHERE id = ?1";
// Walks the unique key, which covers it, on a snapshot: the write lock is taken only for what is found.
inline constexpr char unreferred_vectors[] = "SELECT w.vector FROM vectors w WHERE NOT " SQLITE_STORE_REFERRED_TO;
inline constexpr char vector_is_old[] = "SELECT 1 FROM vectors WHERE vector = ?1 AND written_at < ?2";
inline constexpr char delete_unreferred_vector[] =
    "DELETE FROM vectors AS w WHERE w.vector = ?1 AND w.written_at < ?2 AND NOT " SQLITE_STORE_REFERRED_TO;
inline constexpr char unreferred_refusals[] =
    "SELECT w.profile, w.text FROM refusals w WHERE w.written_at < ?1 AND NOT " SQLITE_STORE_REFERRED_TO;
inline constexpr char delete_unreferred_refusal[] =
    "DELETE FROM refusals AS w WHERE w.profile = ?1 AND w.text = ?2 AND w.written_at < ?3 AND "
    "NOT " SQLITE_STORE_REFERRED_TO;
#define SQLITE_STORE_TEXT_UNUSED                                                                  \
    "NOT EXISTS (SELECT 1 FROM operations o INDEXED BY operations_by_text WHERE o.text = t.text)" \
    " AND NOT EXISTS (SELECT 1 FROM vectors v INDEXED BY vectors_by_text WHERE v.text = t.text)"  \
    " AND NOT EXISTS (SELECT 1 FROM refusals r INDEXED BY refusals_by_text WHERE r.text = t.text)"
inline constexpr char unused_texts[] = "SELECT t.text FROM texts t WHERE " SQLITE_STORE_TEXT_UNUSED " LIMIT ?1";
inline constexpr char delete_unused_text[] = "DELETE FROM texts AS t WHERE t.text = ?1 AND " SQLITE_STORE_TEXT_UNUSED;

inline constexpr char put_worker[] = R"sql(
INSERT INTO workers (worker_id, host, pid, version, jobs_held, providers, started_at, seen_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
ON CONFLICT (worker_id) DO UPDATE SET host = excluded.host, pid = excluded.pid, version = excluded.version,
    jobs_held = excluded.jobs_held, providers = excluded.providers, seen_at = excluded.seen_at)sql";
inline constexpr char forget_worker[] = "DELETE FROM workers WHERE worker_id = ?1";
inline constexpr char workers[] =
    "SELECT worker_id, host, pid, version, jobs_held, started_at, seen_at, providers FROM workers ORDER BY worker_id";
// --- a clock that was set back (clock.h). ?1 is now, ?2 by how much.

// The newest time that every heartbeat, write and commit leaves behind.
inline constexpr char latest_time[] =
    "SELECT max(coalesce((SELECT max(seen_at) FROM workers), 0),"
    " coalesce((SELECT at FROM changes ORDER BY revision DESC LIMIT 1), 0))";
inline constexpr char correct_workers[] = "UPDATE workers SET seen_at = ?1 WHERE seen_at > ?1";
inline constexpr char correct_changes[] = "UPDATE changes SET at = ?1 WHERE at > ?1";
inline constexpr char correct_due_times[] =
    "UPDATE jobs INDEXED BY jobs_pending SET next_run_at = next_run_at - ?2 WHERE status = 0 AND next_run_at > ?1";
// ?1: the end of a lease that is extended now. A holder that lives extends its own before that.
inline constexpr char correct_leases[] =
    "UPDATE jobs INDEXED BY jobs_lease SET lease_expires_at = ?1 WHERE status = 1 AND lease_expires_at > ?1";
inline constexpr char correct_parking[] = "UPDATE specs SET parked_until = parked_until - ?2 WHERE parked_until > ?1";
inline constexpr char correct_refusals[] =
    "UPDATE refusals SET written_at = min(written_at, ?1), ask_again_at = ask_again_at - ?2 WHERE ask_again_at > ?1";
inline constexpr char correct_endpoint_states[] = "UPDATE endpoint_states SET until = until - ?2 WHERE until > ?1";
inline constexpr char correct_endpoint_limits[] = "UPDATE endpoint_limits SET learned_at = ?1 WHERE learned_at > ?1";
inline constexpr char correct_rate_limits[] = "UPDATE rate_limits SET free_at = free_at - ?2 WHERE free_at > ?1";

// --- maintenance of workers and endpoints

inline constexpr char forget_workers[] = "DELETE FROM workers WHERE seen_at < ?1";
inline constexpr char put_endpoint_state[] =
    "INSERT OR REPLACE INTO endpoint_states (fingerprint, endpoint, kind, until, reason) VALUES (?1, ?2, ?3, ?4, ?5)";
inline constexpr char delete_endpoint_state[] = "DELETE FROM endpoint_states WHERE fingerprint = ?1 AND endpoint = ?2";
inline constexpr char put_endpoint_limits[] = R"sql(
INSERT OR REPLACE INTO endpoint_limits (fingerprint, endpoint, request_interval, max_inputs, max_request_tokens,
    max_text_tokens, inputs_bound, learned_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8))sql";
inline constexpr char delete_endpoint_limits[] = "DELETE FROM endpoint_limits WHERE fingerprint = ?1 AND endpoint = ?2";
inline constexpr char forget_endpoint_limits[] = "DELETE FROM endpoint_limits WHERE learned_at <= ?1";
// Those that cool down, and those with limits that were learned after a time.
inline constexpr char endpoint_states[] = R"sql(
SELECT fingerprint, endpoint, coalesce(s.kind, 0), coalesce(s.until, 0), coalesce(s.reason, ''),
       l.request_interval, l.max_inputs, l.max_request_tokens, l.max_text_tokens,
       l.inputs_bound
FROM (SELECT * FROM endpoint_states WHERE until > ?1) s
FULL JOIN (SELECT * FROM endpoint_limits WHERE learned_at > ?2) l USING (fingerprint, endpoint)
ORDER BY fingerprint, endpoint)sql";
inline constexpr char forget_endpoint_states[] = "DELETE FROM endpoint_states WHERE until <= ?1";
// Returns where the stretch begins: where the previous one ended, or now. By key.
inline constexpr char reserve[] = R"sql(
INSERT INTO rate_limits AS l (fingerprint, unit, free_at) VALUES (?1, ?2, ?3 + ?4)
ON CONFLICT (fingerprint, unit) DO UPDATE SET free_at = max(l.free_at, ?3) + ?4
RETURNING free_at - ?4)sql";
inline constexpr char forget_rate_limits[] = "DELETE FROM rate_limits WHERE free_at < ?1";

}  // namespace embedq::sqlite::sql
