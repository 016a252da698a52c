-- What people look at: badges, totals, history. Counts come from keys alone; no vector and no document is read.

CREATE TYPE embedq.job_view AS (
    id         bigint,
    ref        bigint,
    kind       smallint,
    status     smallint,
    attempts   integer,
    expiries   integer,
    last_error text,
    worker_id  text,
    embedded   bigint,
    due        timestamptz,
    expires_at timestamptz,
    created_at timestamptz,
    started_at timestamptz,
    completed_at timestamptz
);

-- The views have the numbers of states themselves, since who may read a view need not have the right to call functions.
CREATE VIEW embedq.jobs_pending AS
    SELECT r.id, r.ref, r.kind, 0::smallint AS status, r.attempts, r.expiries, r.last_error, ''::text AS worker_id,
           r.embedded, r.due, NULL::timestamptz AS expires_at, r.created_at, r.started_at,
           NULL::timestamptz AS completed_at
    FROM embedq.jobs_ready r;
CREATE VIEW embedq.jobs_running AS
    SELECT j.id, j.ref, j.kind, 1::smallint AS status, j.attempts, j.expiries,
           coalesce(g.last_error, j.last_error) AS last_error, l.worker_id,
           coalesce(g.embedded, j.embedded) AS embedded, NULL::timestamptz AS due, l.expires_at, j.created_at,
           j.started_at, NULL::timestamptz AS completed_at
    FROM embedq.job_leases l CROSS JOIN unnest(l.jobs) j LEFT JOIN embedq.job_progress g ON g.id = j.id
    WHERE NOT j.id = ANY (l.ended);
CREATE VIEW embedq.jobs_finished AS
    SELECT d.id, d.ref, d.kind, d.status, d.attempts, d.expiries, d.last_error, d.worker_id, d.embedded,
           NULL::timestamptz AS due, NULL::timestamptz AS expires_at, d.created_at, d.started_at, d.completed_at
    FROM embedq.jobs_done d;

-- For other programs: all jobs in one view, and the specs. A job that was claimed has no due time any more: it shows
-- when it was first claimed, or else when it was created.
CREATE VIEW embedq.api_catalog_embedding_jobs AS
    SELECT j.id, n.catalog_id::text, n.spec_name::text,
           (ARRAY['spec_write', 'reconciler', 'manual_retry', 'reembed'])[j.kind + 1] AS kind,
           (ARRAY['pending', 'running', 'succeeded', 'failed', 'cancelled'])[j.status + 1] AS status, j.attempts,
           j.last_error, coalesce(j.due, j.started_at, j.created_at) AS next_run_at, j.worker_id,
           j.expires_at AS lease_expires_at, j.created_at, j.started_at, j.completed_at
    FROM (SELECT * FROM embedq.jobs_pending UNION ALL SELECT * FROM embedq.jobs_running UNION ALL SELECT *
        FROM embedq.jobs_finished) j
    JOIN embedq.spec_names n ON n.ref = j.ref;
CREATE VIEW embedq.api_catalog_specs AS
    SELECT c.catalog_id::text, s.spec_name::text, s.operation_count, s.title, s.description, s.base_path,
           (ARRAY['inline', 'upload', 'file', 'url'])[s.source_kind + 1] AS source_kind, s.source, s.etag,
           s.generation, s.parked_until, s.created_at, s.updated_at
    FROM embedq.specs s JOIN embedq.catalogs c ON c.catalog = s.catalog;

-- Operations whose text has a vector, and those whose text has only a refusal. For named specs each operation is looked
-- up by key; for a whole catalog the keys are walked once.
CREATE FUNCTION embedq.settled_counts(p_catalog integer, p_profile integer, p_names text[])
RETURNS TABLE (spec bigint, vectors bigint, refusals bigint) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    IF p_names <> '{}' THEN
        RETURN QUERY
        SELECT q.spec, count(*) FILTER (WHERE q.has_vector), count(*) FILTER (WHERE q.has_refusal AND NOT q.has_vector)
        FROM (SELECT s.spec,
                     EXISTS (SELECT 1 FROM embedq.vectors v WHERE v.text = o.text AND v.profile = p_profile
                             AND (s.force_from IS NULL OR v.written_at >= s.force_from) OFFSET 0) AS has_vector,
                     EXISTS (SELECT 1 FROM embedq.refusals f WHERE f.text = o.text AND f.profile = p_profile
                             AND (s.force_from IS NULL OR f.written_at >= s.force_from) OFFSET 0) AS has_refusal
              FROM embedq.specs_named(p_catalog, p_names) s
              CROSS JOIN LATERAL (SELECT k.text FROM embedq.operations k WHERE k.spec = s.spec OFFSET 0) o) q
        GROUP BY q.spec;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT s.spec, count(v.text), count(f.text) FILTER (WHERE v.text IS NULL)
    FROM embedq.specs s JOIN embedq.operations o ON o.spec = s.spec
    LEFT JOIN embedq.vectors v ON v.text = o.text AND v.profile = p_profile
        AND (s.force_from IS NULL OR v.written_at >= s.force_from)
    LEFT JOIN embedq.refusals f ON f.text = o.text AND f.profile = p_profile
        AND (s.force_from IS NULL OR f.written_at >= s.force_from)
    WHERE s.catalog = p_catalog
    GROUP BY s.spec;
END $$;

-- The newest job of each spec: the pending one, which is the newest where there is one, or a running one, or the last
-- one in jobs_done_of_spec. A spec's part of that index is read as a range of (ref, id): for `ref = … ORDER BY id` the
-- planner may walk over the history of all specs, newest first, to its very end where a spec never had a job.
CREATE FUNCTION embedq.newest_jobs(p_catalog integer, p_names text[]) RETURNS SETOF embedq.job_view
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    WITH wanted AS MATERIALIZED (SELECT s.ref, s.jobs_after FROM embedq.specs_named(p_catalog, p_names) s),
    running AS MATERIALIZED (SELECT r.* FROM embedq.jobs_running r WHERE r.ref IN (SELECT w.ref FROM wanted w))
    SELECT DISTINCT ON (j.ref) j.*
    FROM wanted w CROSS JOIN LATERAL (
        (SELECT p.* FROM embedq.jobs_pending p WHERE p.ref = w.ref)
        UNION ALL
        (SELECT r.* FROM running r WHERE r.ref = w.ref)
        UNION ALL
        (SELECT f.* FROM embedq.jobs_finished f WHERE f.ref <= w.ref AND (f.ref, f.id) > (w.ref, w.jobs_after)
         ORDER BY f.ref DESC, f.id DESC LIMIT 1)) j
    ORDER BY j.ref, j.id DESC;
END $$;

CREATE FUNCTION embedq.spec_statuses(p_catalog text, p_names text[])
RETURNS TABLE (spec_name text, operation_count integer, vectors bigint, refusals bigint, id bigint, kind smallint,
               status smallint, attempts integer, expiries integer, last_error text, worker_id text, embedded bigint,
               due bigint, expires_at bigint, created_at bigint, started_at bigint, completed_at bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_catalog embedq.catalogs := embedq.catalog_named(p_catalog);
BEGIN
    RETURN QUERY
    SELECT s.spec_name, s.operation_count, coalesce(k.vectors, 0), coalesce(k.refusals, 0), j.id, j.kind, j.status,
           j.attempts, j.expiries, j.last_error, j.worker_id, j.embedded, embedq.to_us(j.due),
               embedq.to_us(j.expires_at),
           embedq.to_us(j.created_at), embedq.to_us(j.started_at), embedq.to_us(j.completed_at)
    FROM embedq.specs_named(v_catalog.catalog, p_names) s
    LEFT JOIN embedq.settled_counts(v_catalog.catalog, v_catalog.target_profile, p_names) k ON k.spec = s.spec
    LEFT JOIN embedq.newest_jobs(v_catalog.catalog, p_names) j ON j.ref = s.ref
    ORDER BY s.spec_name;
END $$;

CREATE FUNCTION embedq.catalog_health(p_catalog text)
RETURNS TABLE (catalog_id text, specs_total bigint, specs_indexed bigint, specs_pending bigint, specs_running bigint,
               specs_failed bigint, operations bigint, embeddings bigint) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_catalog embedq.catalogs;
BEGIN
    IF p_catalog <> '' THEN PERFORM embedq.catalog_named(p_catalog); END IF;
    FOR v_catalog IN SELECT * FROM embedq.catalogs c WHERE p_catalog IN ('', c.catalog_id) ORDER BY c.catalog_id LOOP
        RETURN QUERY
        SELECT v_catalog.catalog_id::text, count(*),
               count(*) FILTER (WHERE coalesce(k.vectors + k.refusals, 0) = s.operation_count
                                AND (j.status IS NULL OR j.status NOT IN (embedq.status_pending(),
                                     embedq.status_running(), embedq.status_failed()))),
               count(*) FILTER (WHERE j.status = embedq.status_pending()),
               count(*) FILTER (WHERE j.status = embedq.status_running()),
               count(*) FILTER (WHERE j.status = embedq.status_failed()), coalesce(sum(s.operation_count), 0),
               coalesce(sum(k.vectors), 0)::bigint
        FROM embedq.specs s
        LEFT JOIN embedq.settled_counts(v_catalog.catalog, v_catalog.target_profile, '{}'::text[]) k ON k.spec = s.spec
        LEFT JOIN embedq.newest_jobs(v_catalog.catalog, '{}'::text[]) j ON j.ref = s.ref
        WHERE s.catalog = v_catalog.catalog;
    END LOOP;
END $$;

-- Distinct texts. A text that a forced spec still waits for is missing, though it may count for another spec: the
-- newest force decides.
CREATE FUNCTION embedq.settlement(p_catalog text, p_names text[])
RETURNS TABLE (specs bigint, operations bigint, texts bigint, vectors bigint, refusals bigint, cut bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_catalog embedq.catalogs := embedq.catalog_named(p_catalog);
BEGIN
    SELECT count(*) INTO specs FROM embedq.specs_named(v_catalog.catalog, p_names) s;
    SELECT coalesce(sum(q.n), 0), count(*), count(q.cut_to), count(*) FILTER (WHERE q.has_refusal AND q.cut_to IS NULL),
           count(*) FILTER (WHERE q.cut_to > 0)
    INTO operations, texts, vectors, refusals, cut
    FROM (SELECT t.n,
                 (SELECT v.cut_to FROM embedq.vectors v WHERE v.text = t.text AND v.profile = v_catalog.target_profile
                  AND (t.force IS NULL OR v.written_at >= t.force)) AS cut_to,  -- none: no vector
                 EXISTS (SELECT 1 FROM embedq.refusals f WHERE f.text = t.text AND f.profile = v_catalog.target_profile
                         AND (t.force IS NULL OR f.written_at >= t.force)) AS has_refusal
          FROM (SELECT o.text, count(*) AS n, max(s.force_from) AS force
                FROM embedq.specs_named(v_catalog.catalog, p_names) s JOIN embedq.operations o ON o.spec = s.spec
                GROUP BY o.text) t) q;
    RETURN NEXT;
END $$;

-- How much text a catalog has, and how much of it is settled under a profile. Counts as `settlement` does. The size of
-- a text that is stored out of line is in its row, so no text is read.
CREATE FUNCTION embedq.workload(p_catalog text, p_profile bytea)
RETURNS TABLE (texts bigint, bytes bigint, settled_texts bigint, settled_bytes bigint) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_catalog embedq.catalogs := embedq.catalog_named(p_catalog);
    v_profile integer := (SELECT p.profile FROM embedq.profiles p WHERE p.id = p_profile);
BEGIN
    SELECT count(*), coalesce(sum(q.bytes), 0), count(*) FILTER (WHERE q.settled),
           coalesce(sum(q.bytes) FILTER (WHERE q.settled), 0)
    INTO texts, bytes, settled_texts, settled_bytes
    FROM (SELECT octet_length(x.content)::bigint AS bytes,
                 EXISTS (SELECT 1 FROM embedq.settled w WHERE w.text = t.text AND w.profile = v_profile
                         AND (t.force IS NULL OR w.written_at >= t.force)) AS settled
          FROM (SELECT o.text, max(s.force_from) AS force
                FROM embedq.specs s JOIN embedq.operations o ON o.spec = s.spec
                WHERE s.catalog = v_catalog.catalog GROUP BY o.text) t
          JOIN embedq.texts x ON x.text = t.text) q;
    RETURN NEXT;
END $$;

-- Newest first. Open jobs are few. History is walked by the index for each filter, and never past the limit: for a
-- catalog, spec by spec, so that the jobs of other catalogs cost nothing. Of many specs, only those with the newest
-- jobs can be on the page: the newest job of each spec is looked up, and as many specs as fit the page are read, back
-- to the oldest of these jobs. Ranges of (ref, id) as above; `status + 0` keeps the planner from using the index of
-- unsuccessful jobs of all specs.
CREATE FUNCTION embedq.list_jobs(p_id bigint, p_catalog text, p_name text, p_status smallint, p_before bigint,
    p_limit bigint)
RETURNS TABLE (id bigint, catalog_id text, spec_name text, kind smallint, status smallint, attempts integer,
               expiries integer, last_error text, worker_id text, embedded bigint, due bigint, expires_at bigint,
               created_at bigint, started_at bigint, completed_at bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_refs bigint[];
    v_jobs embedq.job_view[];
    v_part embedq.job_view[];
BEGIN
    IF p_catalog IS NOT NULL OR p_name IS NOT NULL THEN
        v_refs := ARRAY (SELECT n.ref FROM embedq.spec_names n
                         WHERE (p_catalog IS NULL OR n.catalog_id = p_catalog)
                           AND (p_name IS NULL OR n.spec_name = p_name));
    END IF;
    IF p_status IS NULL OR p_status = embedq.status_pending() THEN
        v_jobs := ARRAY (SELECT ROW (j.*)::embedq.job_view FROM embedq.jobs_pending j
                         WHERE (p_id IS NULL OR j.id = p_id) AND (v_refs IS NULL OR j.ref = ANY (v_refs))
                           AND j.id < p_before
                         ORDER BY j.id DESC LIMIT p_limit);
    END IF;
    IF p_status IS NULL OR p_status = embedq.status_running() THEN
        v_jobs := v_jobs || ARRAY (SELECT ROW (j.*)::embedq.job_view FROM embedq.jobs_running j
                                   WHERE (p_id IS NULL OR j.id = p_id) AND (v_refs IS NULL OR j.ref = ANY (v_refs))
                                     AND j.id < p_before
                                   ORDER BY j.id DESC LIMIT p_limit);
    END IF;
    IF p_id IS NOT NULL THEN
        v_part := ARRAY (SELECT ROW (j.*)::embedq.job_view FROM embedq.jobs_finished j
                         WHERE j.id = p_id AND j.id < p_before AND (v_refs IS NULL OR j.ref = ANY (v_refs))
                           AND (p_status IS NULL OR j.status = p_status) LIMIT p_limit);
    ELSIF p_status IN (embedq.status_pending(), embedq.status_running()) THEN
        v_part := '{}';
    ELSIF v_refs IS NOT NULL AND p_status > embedq.status_succeeded() THEN
        WITH newest AS MATERIALIZED (
            SELECT r.ref, f.id FROM unnest(v_refs) r(ref) CROSS JOIN LATERAL (
                SELECT d.id FROM embedq.jobs_done d
                WHERE d.ref >= r.ref AND (d.ref, d.id) < (r.ref, p_before) AND d.status > 2 AND d.status + 0 = p_status
                ORDER BY d.ref DESC, d.id DESC LIMIT 1) f
            ORDER BY f.id DESC LIMIT p_limit),
        page AS (
            SELECT q.* FROM newest n CROSS JOIN LATERAL (
                SELECT j.* FROM embedq.jobs_finished j
                WHERE (j.ref, j.id) >= (n.ref, (SELECT CASE WHEN count(*) < p_limit THEN 0 ELSE min(k.id) END
                                                FROM newest k))
                  AND (j.ref, j.id) < (n.ref, p_before) AND j.status > 2 AND j.status + 0 = p_status
                ORDER BY j.ref DESC, j.id DESC LIMIT p_limit) q
            ORDER BY q.id DESC LIMIT p_limit)
        SELECT array_agg(ROW (p.*)::embedq.job_view) INTO v_part FROM page p;
    ELSIF v_refs IS NOT NULL THEN
        WITH newest AS MATERIALIZED (
            SELECT r.ref, f.id FROM unnest(v_refs) r(ref) CROSS JOIN LATERAL (
                SELECT d.id FROM embedq.jobs_done d
                WHERE d.ref >= r.ref AND (d.ref, d.id) < (r.ref, p_before) AND (p_status IS NULL OR d.status = p_status)
                ORDER BY d.ref DESC, d.id DESC LIMIT 1) f
            ORDER BY f.id DESC LIMIT p_limit),
        page AS (
            SELECT q.* FROM newest n CROSS JOIN LATERAL (
                SELECT j.* FROM embedq.jobs_finished j
                WHERE (j.ref, j.id) >= (n.ref, (SELECT CASE WHEN count(*) < p_limit THEN 0 ELSE min(k.id) END
                                                FROM newest k))
                  AND (j.ref, j.id) < (n.ref, p_before) AND (p_status IS NULL OR j.status = p_status)
                ORDER BY j.ref DESC, j.id DESC LIMIT p_limit) q
            ORDER BY q.id DESC LIMIT p_limit)
        SELECT array_agg(ROW (p.*)::embedq.job_view) INTO v_part FROM page p;
    ELSIF p_status > embedq.status_succeeded() THEN
        v_part := ARRAY (SELECT ROW (j.*)::embedq.job_view FROM embedq.jobs_finished j
                         WHERE j.status > 2 AND j.status = p_status AND j.id < p_before
                         ORDER BY j.id DESC LIMIT p_limit);
    ELSE
        v_part := ARRAY (SELECT ROW (j.*)::embedq.job_view FROM embedq.jobs_finished j
                         WHERE (p_status IS NULL OR j.status = p_status) AND j.id < p_before
                         ORDER BY j.id DESC LIMIT p_limit);
    END IF;
    RETURN QUERY
    SELECT j.id, n.catalog_id, n.spec_name, j.kind, j.status, j.attempts, j.expiries, j.last_error, j.worker_id,
           j.embedded, embedq.to_us(j.due), embedq.to_us(j.expires_at), embedq.to_us(j.created_at),
               embedq.to_us(j.started_at),
           embedq.to_us(j.completed_at)
    FROM unnest(v_jobs || v_part) j JOIN embedq.spec_names n ON n.ref = j.ref ORDER BY j.id DESC LIMIT p_limit;
END $$;
