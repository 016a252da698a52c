// The text of each migration, oldest first. A released one is never edited: later changes are new migrations.
//
// Times are microseconds since 1970. Enumerations are stored as numbers, in the contract's order: jobs.status 0
// pending, 1 running, 2 succeeded, 3 failed, 4 cancelled; jobs.kind 0 spec_write, 1 reconciler, 2 manual_retry, 3
// reembed. A hash of 32 bytes is stored once for each text and profile, and everything else refers to it by a small
// number: so the indexes that sweeps walk have only a few bytes per row.
#pragma once

namespace embedq::sqlite {

struct Migration {
    const char* name;
    const char* sql;
};

inline constexpr Migration migrations[] = {
    {"first schema", R"sql(
CREATE TABLE migrations (
    number     INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;

-- The fingerprints of profiles, by which workers claim jobs.
CREATE TABLE fingerprints (
    fingerprint INTEGER PRIMARY KEY,
    hash        BLOB NOT NULL UNIQUE CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE profiles (
    profile         INTEGER PRIMARY KEY,
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) = 32),
    fingerprint     INTEGER NOT NULL REFERENCES fingerprints,
    epoch           INTEGER NOT NULL,
    plugin          TEXT    NOT NULL,
    model           TEXT    NOT NULL,
    model_digest    TEXT    NOT NULL,
    dimension       INTEGER NOT NULL CHECK (dimension > 0),
    document_prefix TEXT    NOT NULL,
    query_prefix    TEXT    NOT NULL,
    text_version    INTEGER NOT NULL,
    max_text_bytes  INTEGER NOT NULL,
    semantic_weight REAL    NOT NULL
) STRICT;

CREATE TABLE profile_options (
    profile  INTEGER NOT NULL REFERENCES profiles ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    value    TEXT    NOT NULL,
    PRIMARY KEY (profile, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE catalogs (
    catalog         INTEGER PRIMARY KEY AUTOINCREMENT,
    catalog_id      TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    version         TEXT    NOT NULL,
    display_name    TEXT    NOT NULL,
    description     TEXT    NOT NULL,
    provider        TEXT    NOT NULL DEFAULT '',
    target_profile  INTEGER REFERENCES profiles,
    serving_profile INTEGER REFERENCES profiles,
    revision        INTEGER NOT NULL DEFAULT 0,  -- of the newest change
    feed_floor      INTEGER NOT NULL DEFAULT 0,  -- a reader with an older revision must read everything again
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE specs (
    spec            INTEGER PRIMARY KEY AUTOINCREMENT,
    catalog         INTEGER NOT NULL REFERENCES catalogs ON DELETE CASCADE,
    spec_name       TEXT    NOT NULL,
    source_kind     INTEGER NOT NULL,
    source          TEXT    NOT NULL,
    etag            TEXT    NOT NULL,
    base_path       TEXT    NOT NULL,
    title           TEXT    NOT NULL,
    description     TEXT    NOT NULL,
    content_hash    BLOB    NOT NULL CHECK (length(content_hash) = 32),
    text_version    INTEGER NOT NULL,
    generation      INTEGER NOT NULL,
    operation_count INTEGER NOT NULL,
    force_from      INTEGER,                     -- what was written before does not count for this spec
    failures        INTEGER NOT NULL DEFAULT 0,  -- failed jobs since the last success, changed write or manual retry
    parked_until    INTEGER,
    jobs_after      INTEGER NOT NULL,            -- jobs up to this id belong to a deleted spec of the same name
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    UNIQUE (catalog, spec_name)
) STRICT;

-- Apart from the specs, so that reading those never touches a document.
CREATE TABLE documents (
    spec    INTEGER PRIMARY KEY REFERENCES specs ON DELETE CASCADE,
    size    INTEGER NOT NULL,  -- of the document before compression
    content BLOB    NOT NULL   -- zstd
) STRICT;

-- A canonical text, once for all operations that have it. Without content if only its hash is known: its vector came
-- after its last operation was deleted.
CREATE TABLE texts (
    text    INTEGER PRIMARY KEY AUTOINCREMENT,
    hash    BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    content TEXT
) STRICT;

CREATE TABLE operations (
    spec         INTEGER NOT NULL REFERENCES specs ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    text         INTEGER NOT NULL REFERENCES texts,
    operation_id TEXT    NOT NULL,
    method       TEXT    NOT NULL,
    path         TEXT    NOT NULL,
    summary      TEXT    NOT NULL,
    tags         TEXT    NOT NULL,  -- one per line; '\' and line feeds are escaped by '\'
    cut_bytes    INTEGER NOT NULL,
    PRIMARY KEY (spec, position)
) STRICT, WITHOUT ROWID;
-- Sweeps over texts walk this: about 10 bytes per operation.
CREATE INDEX operations_by_spec ON operations (spec, text);
-- Which specs have a text: for pruning, and for the change feed of the other specs that a new vector completes.
CREATE INDEX operations_by_text ON operations (text, spec);

-- float32, little-endian. `written_at` comes before the value, so that reading it never reads the value's overflow
-- pages. cut_to: how many bytes of the text were embedded if it had to be cut; 0: all.
CREATE TABLE vectors (
    vector     INTEGER PRIMARY KEY,
    profile    INTEGER NOT NULL REFERENCES profiles,
    text       INTEGER NOT NULL REFERENCES texts,
    written_at INTEGER NOT NULL,
    cut_to     INTEGER NOT NULL,
    value      BLOB    NOT NULL,
    UNIQUE (profile, text)
) STRICT;
CREATE INDEX vectors_by_text ON vectors (text);
-- The few vectors of cut texts, so that counting them reads no other row.
CREATE INDEX vectors_cut ON vectors (profile, text) WHERE cut_to > 0;

CREATE TABLE refusals (
    profile      INTEGER NOT NULL REFERENCES profiles,
    text         INTEGER NOT NULL REFERENCES texts,
    written_at   INTEGER NOT NULL,
    times        INTEGER NOT NULL,  -- refused in a row
    ask_again_at INTEGER NOT NULL,  -- when it is due
    reason       TEXT    NOT NULL,
    PRIMARY KEY (profile, text)
) STRICT, WITHOUT ROWID;
CREATE INDEX refusals_by_text ON refusals (text);
-- The reconciler reads those that are due, and no others.
CREATE INDEX refusals_due ON refusals (profile, ask_again_at);

-- History outlives catalogs and specs, so it refers to them by name and has no foreign key to them.
CREATE TABLE jobs (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    status           INTEGER NOT NULL,
    kind             INTEGER NOT NULL,
    fingerprint      INTEGER REFERENCES fingerprints,  -- of the target profile; none while there is none
    profile          INTEGER REFERENCES profiles,      -- the target profile when it was claimed
    attempts         INTEGER NOT NULL DEFAULT 0,
    expiries         INTEGER NOT NULL DEFAULT 0,
    new_vectors      INTEGER NOT NULL DEFAULT 0,  -- stored since the claim
    embedded_so_far  INTEGER NOT NULL DEFAULT 0,
    next_run_at      INTEGER,
    lease_expires_at INTEGER,
    token            BLOB,
    created_at       INTEGER NOT NULL,
    started_at       INTEGER,
    completed_at     INTEGER,
    catalog_id       TEXT    NOT NULL,
    spec_name        TEXT    NOT NULL,
    worker_id        TEXT    NOT NULL DEFAULT '',
    last_error       TEXT    NOT NULL DEFAULT '',
    CHECK ((status = 0) = (next_run_at IS NOT NULL)),
    CHECK ((status = 1) = (lease_expires_at IS NOT NULL AND token IS NOT NULL)),
    CHECK ((status > 1) = (completed_at IS NOT NULL))
) STRICT;
-- one_open_job.
CREATE UNIQUE INDEX jobs_pending ON jobs (catalog_id, spec_name) WHERE status = 0;
-- Claims walk these in due order. Suspects (suspect_expiries in embedq/support/store_rules.h) are in an index of their
-- own, so that skipping them costs nothing. Finished jobs are in neither.
CREATE INDEX jobs_due     ON jobs (fingerprint, next_run_at, id) WHERE status = 0 AND expiries < 2;
CREATE INDEX jobs_suspect ON jobs (fingerprint, next_run_at, id) WHERE status = 0 AND expiries >= 2;
-- The reconciler's jobs, before which a write goes.
CREATE INDEX jobs_bulk    ON jobs (fingerprint, next_run_at) WHERE status = 0 AND kind IN (1, 3);
CREATE INDEX jobs_lease   ON jobs (lease_expires_at) WHERE status = 1;
CREATE INDEX jobs_running ON jobs (catalog_id, spec_name) WHERE status = 1;
CREATE INDEX jobs_history ON jobs (catalog_id, spec_name, id);
CREATE INDEX jobs_of_catalog ON jobs (catalog_id, id);
CREATE INDEX jobs_finished ON jobs (completed_at) WHERE status > 1;
-- Failed and cancelled jobs, for lists of what went wrong: they are rare.
CREATE INDEX jobs_unsuccessful ON jobs (status, id) WHERE status > 2;

CREATE TABLE workers (
    worker_id  TEXT    PRIMARY KEY,
    host       TEXT    NOT NULL,
    pid        INTEGER NOT NULL,
    version    TEXT    NOT NULL,
    jobs_held  INTEGER NOT NULL,
    providers  TEXT    NOT NULL,  -- their names, with commas between them
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE endpoint_states (
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    endpoint    TEXT    NOT NULL,
    kind        INTEGER NOT NULL,  -- embedq::PauseKind: 0 throttled, 1 unavailable, 2 misconfigured
    until       INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    PRIMARY KEY (fingerprint, endpoint)
) STRICT, WITHOUT ROWID;

-- What endpoints were found to take; 0: not known. request_interval is in microseconds.
CREATE TABLE endpoint_limits (
    fingerprint        BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    endpoint           TEXT    NOT NULL,
    request_interval   INTEGER NOT NULL,
    max_inputs         INTEGER NOT NULL,
    max_request_tokens INTEGER NOT NULL,
    max_text_tokens    INTEGER NOT NULL,
    inputs_bound       INTEGER NOT NULL,
    learned_at         INTEGER NOT NULL,
    PRIMARY KEY (fingerprint, endpoint)
) STRICT, WITHOUT ROWID;

-- Until when each rate limit is reserved. unit: 0 requests, 1 tokens.
CREATE TABLE rate_limits (
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    unit        INTEGER NOT NULL,
    free_at     INTEGER NOT NULL,
    PRIMARY KEY (fingerprint, unit)
) STRICT, WITHOUT ROWID;

-- The change feed: a spec's newest change replaces its older ones, which no reader needs. AUTOINCREMENT never uses a
-- revision twice.
CREATE TABLE changes (
    revision  INTEGER PRIMARY KEY AUTOINCREMENT,
    catalog   INTEGER NOT NULL REFERENCES catalogs ON DELETE CASCADE,
    spec_name TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    UNIQUE (catalog, spec_name)
) STRICT;
CREATE INDEX changes_since ON changes (catalog, revision);
)sql"},
    {"folders, notes and refreshes", R"sql(
ALTER TABLE specs ADD COLUMN root     TEXT    NOT NULL DEFAULT '';  -- the indexed folder, and the path under it
ALTER TABLE specs ADD COLUMN path     TEXT    NOT NULL DEFAULT '';
ALTER TABLE specs ADD COLUMN notes    TEXT    NOT NULL DEFAULT '';  -- two lines each, as the tags of operations
ALTER TABLE specs ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;   -- operations of the document
ALTER TABLE specs ADD COLUMN refresh  INTEGER NOT NULL DEFAULT -1;  -- its own interval in ms; 0: never; -1: none
ALTER TABLE specs ADD COLUMN checked_at INTEGER;
ALTER TABLE specs ADD COLUMN next_check INTEGER;
CREATE INDEX specs_to_check ON specs (next_check) WHERE next_check IS NOT NULL;
-- From URLs (source_kind 3), without an interval of their own; they have a next_check while a process asks them.
CREATE INDEX specs_by_default ON specs (coalesce(checked_at, updated_at))
    WHERE refresh < 0 AND next_check IS NULL AND source_kind = 3;
)sql"},
};

}  // namespace embedq::sqlite
