-- Tables, their indexes and their storage settings.
--
-- The queue is stored in three parts (docs/adr/0021-receipts.md): a narrow row for each pending job; one row for each
-- claimed batch, a receipt that holds its jobs in an array; and history, which is only ever appended to. A claim
-- deletes pending rows and writes one receipt; a commit deletes the receipt and appends to history. No row is updated
-- on the way.
--
-- Every name of this schema is written with it, and `embedq` stands for whatever it is called (`in_schema` in
-- migrations.cpp). Functions run with pg_catalog alone in their path (plans.sql): somebody who may create functions or
-- operators here, of more specific types than the server's own, cannot make the store call them. For the same reason a
-- call of a function of this schema has arguments of exactly its types.
--
-- Rows store enumerations as numbers, in the contract's order. Names are compared byte by byte, as the contract orders
-- them.

-- The numbers of embedq::JobStatus and embedq::JobKind, for functions; the planner replaces each call by the number.
-- Views and the conditions of indexes have the numbers themselves.
CREATE FUNCTION embedq.status_pending() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 0';
CREATE FUNCTION embedq.status_running() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION embedq.status_succeeded() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2';
CREATE FUNCTION embedq.status_failed() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 3';
CREATE FUNCTION embedq.status_cancelled() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 4';
CREATE FUNCTION embedq.kind_spec_write() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 0';
CREATE FUNCTION embedq.kind_reconciler() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION embedq.kind_manual_retry() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2';
CREATE FUNCTION embedq.kind_reembed() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 3';

-- embedq::EnqueueOutcome, under the same names.
CREATE TYPE embedq.enqueue_outcome AS ENUM ('none', 'created', 'collapsed');

-- The SQLSTATEs that these functions raise. failure.h has the same codes under the same names, and failure.cpp what
-- each of them means for the caller.
CREATE FUNCTION embedq.no_such_catalog() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'EQ001' $$;
CREATE FUNCTION embedq.no_such_spec() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'EQ002' $$;
CREATE FUNCTION embedq.no_such_profile() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'EQ003' $$;
CREATE FUNCTION embedq.catalog_exists() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'EQ004' $$;
CREATE FUNCTION embedq.unknown_job_kind() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'EQ005' $$;

-- The store's clock: every time in this schema is read from here, and no worker's clock is ever compared with it.
CREATE FUNCTION embedq.store_now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT pg_catalog.now()';
-- The time at this moment, for use after a wait for a lock: by then the start of the transaction is in the past. Ends
-- of jobs and leases are dated by it: a job may have been claimed after the transaction that ends it began.
CREATE FUNCTION embedq.store_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT pg_catalog.clock_timestamp()';
-- Times go over the wire as microseconds since 1970.
CREATE FUNCTION embedq.from_us(bigint) RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT timestamptz 'epoch' + $1 * interval '1 microsecond' $$;
CREATE FUNCTION embedq.to_us(timestamptz) RETURNS bigint LANGUAGE sql STABLE
    AS $$ SELECT (extract(epoch FROM $1) * 1000000)::bigint $$;
CREATE FUNCTION embedq.span_us(bigint) RETURNS interval
LANGUAGE sql STABLE AS $$ SELECT $1 * interval '1 microsecond' $$;

CREATE TABLE embedq.profiles (
    profile         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id              bytea   NOT NULL UNIQUE CHECK (length(id) = 32),
    fingerprint     bytea   NOT NULL CHECK (length(fingerprint) = 32),
    epoch           bigint  NOT NULL,
    plugin          text    NOT NULL,
    model           text    NOT NULL,
    model_digest    text    NOT NULL,
    dimension       integer NOT NULL CHECK (dimension > 0),
    document_prefix text    NOT NULL,
    query_prefix    text    NOT NULL,
    text_version    bigint  NOT NULL,
    max_text_bytes  bigint  NOT NULL,
    semantic_weight float8  NOT NULL,
    option_names    text[]  NOT NULL,
    option_values   text[]  NOT NULL
);
CREATE INDEX profiles_by_fingerprint ON embedq.profiles (fingerprint);

CREATE TABLE embedq.catalogs (
    catalog         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    catalog_id      text COLLATE "C" NOT NULL UNIQUE,
    name            text NOT NULL,
    version         text NOT NULL,
    display_name    text NOT NULL,
    description     text NOT NULL,
    provider        text NOT NULL DEFAULT '',
    target_profile  integer REFERENCES embedq.profiles,
    serving_profile integer REFERENCES embedq.profiles,
    feed_floor      bigint NOT NULL DEFAULT 0,  -- a reader from before this transaction must read everything again
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);

-- A spec's name, once, for everything that outlives the spec: history refers to it by a small number.
CREATE TABLE embedq.spec_names (
    ref        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    catalog_id text COLLATE "C" NOT NULL,
    spec_name  text COLLATE "C" NOT NULL,
    UNIQUE (catalog_id, spec_name)
);

CREATE TABLE embedq.specs (
    spec            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ref             bigint  NOT NULL UNIQUE REFERENCES embedq.spec_names,
    catalog         integer NOT NULL REFERENCES embedq.catalogs,
    spec_name       text COLLATE "C" NOT NULL,
    source_kind     smallint NOT NULL,
    source          text    NOT NULL,
    etag            text    NOT NULL,
    base_path       text    NOT NULL,
    title           text    NOT NULL,
    description     text    NOT NULL,
    content_hash    bytea   NOT NULL CHECK (length(content_hash) = 32),
    text_version    bigint  NOT NULL,
    generation      bigint  NOT NULL DEFAULT 1,
    operation_count integer NOT NULL DEFAULT 0,
    force_from      timestamptz,                 -- what was written before does not count for this spec
    failures        integer NOT NULL DEFAULT 0,  -- failed jobs since the last success, changed write or manual retry
    parked_until    timestamptz,
    jobs_after      bigint  NOT NULL,            -- jobs up to this id belong to a deleted spec of the same name
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    UNIQUE (catalog, spec_name)
) WITH (fillfactor = 80);

-- The few specs whose failures a success resets.
CREATE INDEX specs_failing ON embedq.specs (spec) WHERE failures > 0;

-- Apart from the specs, so that reading those never touches a document. Compressed by zstd, so TOAST need not try.
CREATE TABLE embedq.documents (
    spec    bigint PRIMARY KEY,
    size    bigint NOT NULL,  -- of the document before compression
    content bytea  NOT NULL
);
ALTER TABLE embedq.documents ALTER content SET STORAGE EXTERNAL;

-- A canonical text, once for all operations that have it. Without content if only its hash is known: its vector came
-- after its last operation was deleted.
CREATE TABLE embedq.texts (
    text    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash    bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    content text
);

-- The foreign key to `texts` keeps pruning from deleting a text to which an operation is just being added.
CREATE TABLE embedq.operations (
    spec         bigint  NOT NULL,
    position     integer NOT NULL,
    text         bigint  NOT NULL REFERENCES embedq.texts,
    operation_id text    NOT NULL,
    method       text    NOT NULL,
    path         text    NOT NULL,
    summary      text    NOT NULL,
    tags         text    NOT NULL,  -- one per line; '\' and line feeds are escaped by '\'
    cut_bytes    bigint  NOT NULL,
    PRIMARY KEY (spec, position)
);
-- Checks of what is settled read this index alone.
CREATE INDEX operations_by_spec ON embedq.operations (spec, text);
-- Which specs have a text: for the change feed, and for pruning unused texts.
CREATE INDEX operations_by_text ON embedq.operations (text, spec);

-- The foreign keys to `texts` of vectors and refusals keep pruning from deleting a text that is just being settled.

-- float32, little-endian, always out of line: counting vectors walks narrow rows and never reads a value.
CREATE TABLE embedq.vectors (
    text       bigint      NOT NULL REFERENCES embedq.texts,
    profile    integer     NOT NULL,
    cut_to     integer     NOT NULL DEFAULT 0,  -- how many bytes of the text were embedded, if it was cut; 0: all
    written_at timestamptz NOT NULL,
    value      bytea       NOT NULL,
    PRIMARY KEY (text, profile)
) WITH (toast_tuple_target = 128);
ALTER TABLE embedq.vectors ALTER value SET STORAGE EXTERNAL;

CREATE TABLE embedq.refusals (
    text         bigint      NOT NULL REFERENCES embedq.texts,
    profile      integer     NOT NULL,
    written_at   timestamptz NOT NULL,
    times        integer     NOT NULL,  -- refused in a row
    ask_again_at timestamptz NOT NULL,  -- when it is due
    reason       text        NOT NULL,
    PRIMARY KEY (text, profile)
);
-- The reconciler reads those that are due, and no others.
CREATE INDEX refusals_due ON embedq.refusals (profile, ask_again_at);

-- What settles a text under a profile: a vector or a refusal.
CREATE VIEW embedq.settled AS
    SELECT text, profile, written_at FROM embedq.vectors
    UNION ALL
    SELECT text, profile, written_at FROM embedq.refusals;

CREATE SEQUENCE embedq.job_ids;

-- Pending jobs, and no others. Every claim deletes rows here, so vacuum runs often and without delay.
CREATE TABLE embedq.jobs_ready (
    id         bigint      NOT NULL DEFAULT nextval('embedq.job_ids') PRIMARY KEY,
    ref        bigint      NOT NULL UNIQUE,        -- one_open_job
    profile    integer,                            -- the catalog's target; none while there is none
    kind       smallint    NOT NULL,
    attempts   integer     NOT NULL DEFAULT 0,
    expiries   integer     NOT NULL DEFAULT 0,
    operations integer     NOT NULL,
    embedded   bigint      NOT NULL DEFAULT 0,
    due        timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    last_error text        NOT NULL DEFAULT ''
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0.1);
-- Claims walk these in due order, one profile at a time, so a profile whose provider cools down is not touched.
-- Suspects (suspect_expiries in embedq/support/store_rules.h) are in an index of their own.
CREATE INDEX jobs_due     ON embedq.jobs_ready (profile, due, id) WHERE expiries < 2;
CREATE INDEX jobs_suspect ON embedq.jobs_ready (profile, due, id) WHERE expiries >= 2;
-- The jobs of the background (kind_reconciler, kind_reembed), before which a write goes.
CREATE INDEX jobs_bulk    ON embedq.jobs_ready (profile, due) WHERE kind IN (1, 3);

CREATE TYPE embedq.job_row AS (
    id         bigint,
    ref        bigint,
    profile    integer,
    kind       smallint,
    attempts   integer,
    expiries   integer,
    embedded   bigint,
    created_at timestamptz,
    started_at timestamptz,
    last_error text
);

-- One receipt for each claimed batch. Jobs that end before the others are noted in `ended`; the array itself is never
-- rewritten, and an extended lease or an ended job is a small update on the same page. If only some jobs of a batch are
-- extended, it is split in parts.
CREATE TABLE embedq.job_leases (
    token      uuid        NOT NULL,  -- a job's own token is this one, its last half combined with the job's id by XOR
    part       integer     NOT NULL DEFAULT 0,
    worker_id  text        NOT NULL,
    claimed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    size       integer     NOT NULL,
    ended      bigint[]    NOT NULL DEFAULT '{}',
    jobs       embedq.job_row[]   NOT NULL,
    PRIMARY KEY (token, part)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0, toast.autovacuum_vacuum_scale_factor = 0.05,
        toast.autovacuum_vacuum_threshold = 1000, toast.autovacuum_vacuum_cost_delay = 0);

-- What a running job has done so far, for jobs that report progress before they end.
CREATE TABLE embedq.job_progress (
    id          bigint  PRIMARY KEY,
    new_vectors integer NOT NULL,  -- since the claim
    embedded    bigint  NOT NULL,  -- by this job in total
    last_error  text    NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0);

-- History, in the order in which jobs ended. It refers to names, not to specs: a deleted spec's jobs stay.
CREATE TABLE embedq.jobs_done (
    id           bigint      NOT NULL,
    ref          bigint      NOT NULL,
    kind         smallint    NOT NULL,
    status       smallint    NOT NULL,
    attempts     integer     NOT NULL,
    expiries     integer     NOT NULL,
    embedded     bigint      NOT NULL,
    created_at   timestamptz NOT NULL,
    started_at   timestamptz,
    completed_at timestamptz NOT NULL,
    worker_id    text        NOT NULL,
    last_error   text        NOT NULL
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
CREATE INDEX jobs_done_id ON embedq.jobs_done (id);
CREATE INDEX jobs_done_of_spec ON embedq.jobs_done (ref, id);
CREATE INDEX jobs_done_completed ON embedq.jobs_done (completed_at);
-- Failed and cancelled jobs, for lists of what went wrong: they are rare.
CREATE INDEX jobs_unsuccessful ON embedq.jobs_done (status, id) WHERE status > 2;
CREATE INDEX jobs_unsuccessful_of_spec ON embedq.jobs_done (ref, id) WHERE status > 2;

CREATE TABLE embedq.workers (
    worker_id  text        PRIMARY KEY,
    host       text        NOT NULL,
    pid        bigint      NOT NULL,
    version    text        NOT NULL,
    jobs_held  bigint      NOT NULL,
    providers  text[]      NOT NULL,  -- their names
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

CREATE TABLE embedq.endpoint_states (
    fingerprint bytea       NOT NULL CHECK (length(fingerprint) = 32),
    endpoint    text COLLATE "C" NOT NULL,
    kind        smallint    NOT NULL,  -- embedq::PauseKind: 0 throttled, 1 unavailable, 2 misconfigured
    until       timestamptz NOT NULL,
    reason      text        NOT NULL,
    PRIMARY KEY (fingerprint, endpoint)
) WITH (fillfactor = 50);

-- What endpoints were found to take; 0: not known.
CREATE TABLE embedq.endpoint_limits (
    fingerprint        bytea       NOT NULL CHECK (length(fingerprint) = 32),
    endpoint           text COLLATE "C" NOT NULL,
    request_interval   bigint      NOT NULL,  -- microseconds
    max_inputs         bigint      NOT NULL,
    max_request_tokens bigint      NOT NULL,
    max_text_tokens    bigint      NOT NULL,
    inputs_bound       bigint      NOT NULL,
    learned_at         timestamptz NOT NULL,
    PRIMARY KEY (fingerprint, endpoint)
) WITH (fillfactor = 50);

-- The rate limits per minute that all processes with one provider share. The time up to `free_at` is reserved.
CREATE TABLE embedq.rate_limits (
    fingerprint bytea       NOT NULL CHECK (length(fingerprint) = 32),
    unit        text COLLATE "C" NOT NULL CHECK (unit IN ('requests', 'tokens')),
    free_at     timestamptz NOT NULL,
    PRIMARY KEY (fingerprint, unit)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE embedq.rate_limits IS 'Rate limits in requests and tokens per minute that all processes with one '
    'provider share: until when each is reserved. If that is in the future, callers are waiting for it. Rows that '
    'ended an hour ago are deleted.';
COMMENT ON COLUMN embedq.rate_limits.fingerprint IS 'of the provider''s profile; profiles.fingerprint';
COMMENT ON COLUMN embedq.rate_limits.free_at IS 'when the next reservation begins, or now if that is later';

-- The change feed: which spec of which catalog changed in which transaction; an empty name stands for the whole
-- catalog. Only appended to, so that no row is contended. Transactions may end in another order than they begin:
-- readers use `feed_revision`.
CREATE TABLE embedq.changes (
    catalog   integer     NOT NULL,
    xact      bigint      NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    spec_name text COLLATE "C" NOT NULL,
    at        timestamptz NOT NULL
);
CREATE INDEX changes_by_xact ON embedq.changes (catalog, xact);
CREATE INDEX changes_by_time ON embedq.changes (at);
