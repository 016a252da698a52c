-- The queue's producers: enqueuing and cancelling (docs/job-states.md).

-- --- producers


-- A spec has one pending job: a second one collapses onto it, and it becomes due immediately. A manual retry stays one,
-- and a write takes over one of the background. If the row is just being claimed, this waits for the claimer and then
-- inserts a new one: `jobs_ready` by ref. A write or a manual retry goes before what is queued in the background: it
-- becomes due a moment before the first of those jobs, by jobs_bulk. So claims need only one order, and writes keep the
-- order of their ids.
CREATE FUNCTION embedq.enqueue_job(p_spec embedq.specs, p_profile integer, p_kind integer)
RETURNS embedq.enqueue_outcome
LANGUAGE plpgsql AS $$
DECLARE
    v_created boolean;
    v_due     timestamptz := embedq.store_now();
BEGIN
    IF p_kind NOT IN (embedq.kind_reconciler(), embedq.kind_reembed()) THEN
        v_due := least(v_due, (SELECT r.due - interval '1 microsecond' FROM embedq.jobs_ready r
                               WHERE r.profile = p_profile
                                 AND r.kind IN (embedq.kind_reconciler(), embedq.kind_reembed())
                               ORDER BY r.due LIMIT 1));
    END IF;
    INSERT INTO embedq.jobs_ready AS r (ref, profile, kind, operations, due, created_at)
    VALUES (p_spec.ref, p_profile, p_kind, p_spec.operation_count, v_due, embedq.store_now())
    ON CONFLICT (ref) DO UPDATE SET kind = CASE WHEN excluded.kind IN (embedq.kind_reconciler(), embedq.kind_reembed())
                                                     OR r.kind = embedq.kind_manual_retry()
                                                THEN r.kind ELSE excluded.kind END,
                                    due = least(r.due, excluded.due),
                                    operations = excluded.operations, profile = excluded.profile
    RETURNING r.xmax = 0 INTO v_created;
    RETURN CASE WHEN v_created THEN 'created'::embedq.enqueue_outcome ELSE 'collapsed' END;
END $$;

-- There are few receipts, so their arrays are read one after another.
CREATE FUNCTION embedq.running_jobs(p_refs bigint[])
RETURNS TABLE (token uuid, part integer, id bigint, ref bigint) LANGUAGE sql STABLE AS $$
    SELECT l.token, l.part, j.id, j.ref FROM embedq.job_leases l, unnest(l.jobs) j
    WHERE (p_refs IS NULL OR j.ref = ANY (p_refs)) AND NOT j.id = ANY (l.ended)
$$;

CREATE FUNCTION embedq.has_open_job(p_ref bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM embedq.jobs_ready r WHERE r.ref = p_ref) OR EXISTS (SELECT 1
        FROM embedq.running_jobs(ARRAY[p_ref]));
END $$;

-- Later than everything that counts for the spec, so that the force also works where the clock stands still or goes
-- back.
CREATE FUNCTION embedq.force_spec(p_spec bigint, p_profile integer) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    v_force timestamptz;
BEGIN
    UPDATE embedq.specs s SET failures = 0, parked_until = NULL,
        force_from = greatest(embedq.store_now(), s.force_from + interval '1 microsecond',
            (SELECT max(w.written_at) + interval '1 microsecond' FROM embedq.operations o
                JOIN embedq.settled w ON w.text = o.text
             WHERE o.spec = s.spec AND w.profile = p_profile))
    WHERE s.spec = p_spec RETURNING s.force_from INTO v_force;
    RETURN v_force;
END $$;

-- In order of ref, as reconcile does, so that two writers of the same jobs wait for each other and do not deadlock.
CREATE FUNCTION embedq.enqueue_jobs(p_catalogs text[], p_names text[], p_kinds smallint[])
RETURNS TABLE (n bigint, outcome embedq.enqueue_outcome) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_item record;
    v_spec embedq.specs;
BEGIN
    FOR v_item IN
        SELECT q.n, q.name, q.kind::integer AS kind, q.catalog, (q.catalog).target_profile AS profile
        FROM (SELECT u.n, u.name, u.kind, embedq.catalog_named(u.catalog_id) AS catalog
              FROM unnest(p_catalogs, p_names, p_kinds) WITH ORDINALITY u(catalog_id, name, kind, n) OFFSET 0) q
        ORDER BY (embedq.spec_named(q.catalog, q.name)).ref, q.n
    LOOP
        v_spec := embedq.spec_named(v_item.catalog, v_item.name);  -- as an earlier request of this call left it
        n := v_item.n;
        outcome := 'none'::embedq.enqueue_outcome;
        IF v_item.profile IS NOT NULL THEN
            IF v_item.kind = embedq.kind_manual_retry() AND EXISTS (SELECT 1 FROM embedq.operations o
                WHERE o.spec = v_spec.spec) THEN
                v_spec.force_from := embedq.force_spec(v_spec.spec, v_item.profile);
            END IF;
            IF embedq.has_gap(v_spec.spec, v_item.profile, v_spec.force_from) THEN
                outcome := embedq.enqueue_job(v_spec, v_item.profile, v_item.kind);
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;

-- For other programs: enqueues a job for a spec, wakes idle workers, and returns 'created', 'collapsed' or 'none'
-- (nothing to embed). It runs with the owner's rights, so its callers need no rights on the tables.
CREATE FUNCTION embedq.enqueue(catalog text, spec text, kind text DEFAULT 'spec_write') RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_kind smallint := array_position(ARRAY['spec_write', 'reconciler', 'manual_retry', 'reembed'], kind) - 1;
    v_outcome embedq.enqueue_outcome;
BEGIN
    IF v_kind IS NULL THEN
        RAISE EXCEPTION '''%'' is not a kind of job: expected spec_write, reconciler, manual_retry or reembed', kind
            USING ERRCODE = embedq.unknown_job_kind();
    END IF;
    SELECT q.outcome INTO v_outcome FROM embedq.enqueue_jobs(ARRAY[catalog], ARRAY[spec], ARRAY[v_kind]) q;
    IF v_outcome <> 'none' THEN PERFORM pg_notify('api_catalog_embedding_jobs', ''); END IF;
    RETURN v_outcome::text;
END $$;
REVOKE EXECUTE ON FUNCTION embedq.enqueue FROM PUBLIC;

-- --- ends

-- Takes jobs out of the receipts that hold them. A receipt whose last job ended is deleted; its holder gets `lost`,
-- since the token is gone.
CREATE FUNCTION embedq.leave_leases(p_tokens uuid[], p_parts integer[], p_ids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM embedq.job_leases l USING (SELECT q.token, q.part, count(*) AS n
                                    FROM unnest(p_tokens, p_parts, p_ids) q(token, part, id) GROUP BY 1, 2) e
    WHERE l.token = e.token AND l.part = e.part AND cardinality(l.ended) + e.n >= l.size;
    UPDATE embedq.job_leases l SET ended = l.ended || e.ids
    FROM (SELECT q.token, q.part, array_agg(q.id) AS ids FROM unnest(p_tokens, p_parts, p_ids) q(token, part, id)
          GROUP BY 1, 2) e
    WHERE l.token = e.token AND l.part = e.part;
    DELETE FROM embedq.job_progress g WHERE g.id = ANY (p_ids);
END $$;

CREATE FUNCTION embedq.cancel_pending(p_ids bigint[], p_refs bigint[], p_reason text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_count bigint;
BEGIN
    WITH gone AS (
        DELETE FROM embedq.jobs_ready r WHERE r.id = ANY (p_ids) OR r.ref = ANY (p_refs) RETURNING r.*)
    INSERT INTO embedq.jobs_done (id, ref, kind, status, attempts, expiries, embedded, created_at, started_at,
                                  completed_at, worker_id, last_error)
    SELECT g.id, g.ref, g.kind, embedq.status_cancelled(), g.attempts, g.expiries, g.embedded, g.created_at,
           g.started_at, embedq.store_clock(), '', coalesce(nullif(p_reason, ''), g.last_error)
    FROM gone g;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

CREATE FUNCTION embedq.cancel_running(p_ids bigint[], p_refs bigint[], p_reason text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_tokens uuid[];
    v_parts  integer[];
    v_ids    bigint[];
BEGIN
    PERFORM 1 FROM embedq.job_leases l
    WHERE EXISTS (SELECT 1 FROM unnest(l.jobs) j WHERE j.id = ANY (p_ids) OR j.ref = ANY (p_refs))
    ORDER BY l.token, l.part FOR UPDATE;
    WITH gone AS (
        SELECT l.token, l.part, l.worker_id, j.*, g.embedded AS embedded_since, g.last_error AS error_since
        FROM embedq.job_leases l CROSS JOIN unnest(l.jobs) j LEFT JOIN embedq.job_progress g ON g.id = j.id
        WHERE (j.id = ANY (p_ids) OR j.ref = ANY (p_refs)) AND NOT j.id = ANY (l.ended)),
    kept AS (
        INSERT INTO embedq.jobs_done (id, ref, kind, status, attempts, expiries, embedded, created_at, started_at,
                                      completed_at, worker_id, last_error)
        SELECT g.id, g.ref, g.kind, embedq.status_cancelled(), g.attempts, g.expiries,
               coalesce(g.embedded_since, g.embedded), g.created_at, g.started_at, embedq.store_clock(), g.worker_id,
               coalesce(nullif(p_reason, ''), g.error_since, g.last_error)
        FROM gone g)
    SELECT array_agg(g.token), array_agg(g.part), array_agg(g.id) INTO v_tokens, v_parts, v_ids FROM gone g;
    IF v_ids IS NULL THEN RETURN 0; END IF;
    PERFORM embedq.leave_leases(v_tokens, v_parts, v_ids);
    RETURN cardinality(v_ids);
END $$;

-- Jobs end as `cancelled`, wherever they are: a job that a worker gives back meanwhile is then found among the pending
-- ones, and one that is claimed meanwhile among the running ones.
CREATE FUNCTION embedq.cancel_where(p_ids bigint[], p_refs bigint[], p_reason text) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    RETURN embedq.cancel_running(p_ids, p_refs, p_reason) + embedq.cancel_pending(p_ids, p_refs, p_reason)
           + embedq.cancel_running(p_ids, p_refs, p_reason);
END $$;

CREATE FUNCTION embedq.cancel_jobs(p_ids bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN embedq.cancel_where(p_ids, '{}'::bigint[], ''::text);
END $$;
CREATE FUNCTION embedq.cancel_jobs_of(p_refs bigint[], p_reason text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN embedq.cancel_where('{}'::bigint[], p_refs, p_reason);
END $$;
