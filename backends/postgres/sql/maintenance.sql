-- Maintenance: expired leases, gaps, old rows, endpoint states, rate limits. Safe from any process at any time.

-- A receipt that is being extended or committed at this moment is skipped; the next call looks at it again.
CREATE FUNCTION embedq.reap(p_max_attempts integer) RETURNS TABLE (requeued bigint, failed bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_now   timestamptz := embedq.store_now();
    v_lease record;
    v_job   embedq.held_job;
BEGIN
    requeued := 0;
    failed := 0;
    FOR v_lease IN
        SELECT l.token, l.part, l.worker_id FROM embedq.job_leases l WHERE l.expires_at <= v_now
        ORDER BY l.expires_at, l.token, l.part FOR UPDATE SKIP LOCKED
    LOOP
        FOR v_job IN
            SELECT h.* FROM embedq.held_jobs(ARRAY (SELECT j.id FROM embedq.job_leases l, unnest(l.jobs) j
                                             WHERE l.token = v_lease.token AND l.part = v_lease.part ORDER BY j.id),
                                      ARRAY (SELECT l.token FROM embedq.job_leases l, unnest(l.jobs) j
                                             WHERE l.token = v_lease.token AND l.part = v_lease.part)) h
            WHERE h.part = v_lease.part ORDER BY h.id
        LOOP
            v_job.expiries := v_job.expiries + 1;
            IF v_job.new_vectors = 0 THEN v_job.attempts := v_job.attempts + 1; END IF;
            v_job.last_error := format('its lease expired %s %s: the workers that held it died or hung, last ''%s''',
                                       v_job.expiries, CASE v_job.expiries WHEN 1 THEN 'time' ELSE 'times' END,
                                       v_lease.worker_id);
            IF v_job.attempts >= p_max_attempts THEN
                PERFORM embedq.fail_job(v_job);
                failed := failed + 1;
            ELSE
                PERFORM embedq.requeue_job(v_job, v_now);
                requeued := requeued + 1;
            END IF;
            DELETE FROM embedq.job_progress g WHERE g.id = v_job.id;
        END LOOP;
        DELETE FROM embedq.job_leases l WHERE l.token = v_lease.token AND l.part = v_lease.part;
    END LOOP;
    RETURN NEXT;
END $$;

-- Specs of a catalog with a gap under a profile.
CREATE FUNCTION embedq.specs_with_gap(p_catalog integer, p_profile integer) RETURNS SETOF embedq.specs
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT s.* FROM embedq.specs s
    WHERE s.catalog = p_catalog
      AND EXISTS (SELECT 1 FROM embedq.operations o WHERE o.spec = s.spec
                  AND NOT EXISTS (SELECT 1 FROM embedq.vectors w WHERE w.text = o.text AND w.profile = p_profile
                                  AND (s.force_from IS NULL OR w.written_at >= s.force_from) OFFSET 0)
                  AND NOT EXISTS (SELECT 1 FROM embedq.refusals w WHERE w.text = o.text AND w.profile = p_profile
                                  AND (s.force_from IS NULL OR w.written_at >= s.force_from) OFFSET 0));
END $$;

-- Specs of a catalog with a text whose refusal is due: refusals_due, then operations_by_text.
CREATE FUNCTION embedq.specs_to_ask_again(p_catalog integer, p_profile integer) RETURNS SETOF embedq.specs
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT s.* FROM embedq.refusals w
    CROSS JOIN LATERAL (SELECT o.spec FROM embedq.operations o WHERE o.text = w.text OFFSET 0) o
    CROSS JOIN LATERAL (SELECT k.* FROM embedq.specs k WHERE k.spec = o.spec OFFSET 0) s
    WHERE w.profile = p_profile AND w.ask_again_at <= embedq.store_now() AND s.catalog = p_catalog
      AND (s.force_from IS NULL OR w.written_at >= s.force_from);
END $$;

-- Reads the operations and vectors themselves, not what was noted about them: a gap is an operation of an embedded
-- catalog whose text has neither a vector nor a refusal that counts. Also fixes what other programs may leave: pending
-- jobs of another profile than the target, and wrong operation counts.
CREATE FUNCTION embedq.reconcile(p_catalog text)
RETURNS TABLE (enqueued bigint, gaps bigint, flipped bigint, asked_again bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_now     timestamptz := embedq.store_now();
    v_catalog integer;
    v_whole   integer[];
BEGIN
    IF p_catalog <> '' THEN PERFORM embedq.catalog_named(p_catalog); END IF;
    -- One statement reads running and pending jobs: a job that was claimed between two statements would be seen in
    -- neither place. It comes first, and for all catalogs at once: it waits for other writers of the same jobs in order
    -- of ref, as they do (enqueue_jobs), and holds nothing else meanwhile, so that nobody deadlocks.
    WITH wanted AS MATERIALIZED (
        SELECT c.catalog, c.target_profile FROM embedq.catalogs c
        WHERE p_catalog IN ('', c.catalog_id) AND c.target_profile IS NOT NULL),
    running AS MATERIALIZED (SELECT q.ref FROM embedq.running_jobs(NULL::bigint[]) q),
    gap AS MATERIALIZED (
        SELECT g.spec, g.ref, g.parked_until, c.catalog, c.target_profile
        FROM wanted c CROSS JOIN LATERAL embedq.specs_with_gap(c.catalog, c.target_profile) g),
    again AS MATERIALIZED (
        SELECT g.spec, g.ref, g.parked_until, c.catalog, c.target_profile
        FROM wanted c CROSS JOIN LATERAL embedq.specs_to_ask_again(c.catalog, c.target_profile) g
        WHERE NOT EXISTS (SELECT 1 FROM gap k WHERE k.ref = g.ref)),
    made AS (
        INSERT INTO embedq.jobs_ready (ref, profile, kind, operations, due, created_at)
        SELECT g.ref, g.target_profile, embedq.kind_reconciler(),
               (SELECT count(*) FROM embedq.operations o WHERE o.spec = g.spec), v_now, v_now
        FROM (SELECT * FROM gap UNION ALL SELECT * FROM again) g
        WHERE (g.parked_until IS NULL OR g.parked_until <= v_now)
          AND NOT EXISTS (SELECT 1 FROM running q WHERE q.ref = g.ref)
          AND NOT EXISTS (SELECT 1 FROM embedq.jobs_ready r WHERE r.ref = g.ref)
        ORDER BY g.ref
        ON CONFLICT (ref) DO NOTHING RETURNING ref)
    SELECT (SELECT count(*) FROM made), (SELECT count(*) FROM gap),
           (SELECT count(*) FROM made m WHERE EXISTS (SELECT 1 FROM again a WHERE a.ref = m.ref)),
           ARRAY (SELECT c.catalog FROM wanted c WHERE NOT EXISTS (SELECT 1 FROM gap g WHERE g.catalog = c.catalog)
                  ORDER BY c.catalog)
    INTO enqueued, gaps, asked_again, v_whole;

    -- What somebody else has locked is left to the next call.
    UPDATE embedq.jobs_ready r SET profile = m.target_profile
    FROM (SELECT q.id, c.target_profile
          FROM embedq.catalogs c JOIN embedq.specs s ON s.catalog = c.catalog JOIN embedq.jobs_ready q ON q.ref = s.ref
          WHERE p_catalog IN ('', c.catalog_id) AND q.profile IS DISTINCT FROM c.target_profile
          FOR UPDATE OF q SKIP LOCKED) m
    WHERE r.id = m.id;
    UPDATE embedq.specs s SET operation_count = m.n
    FROM (SELECT k.spec, q.n
          FROM (SELECT o.spec, count(*) AS n
                FROM embedq.catalogs c JOIN embedq.specs s ON s.catalog = c.catalog
                JOIN embedq.operations o ON o.spec = s.spec
                WHERE p_catalog IN ('', c.catalog_id) AND c.target_profile IS NOT NULL GROUP BY o.spec) q
          JOIN embedq.specs k ON k.spec = q.spec WHERE k.operation_count <> q.n FOR UPDATE OF k SKIP LOCKED) m
    WHERE s.spec = m.spec;

    flipped := 0;
    FOREACH v_catalog IN ARRAY v_whole LOOP
        IF embedq.flip_if_settled(v_catalog) THEN flipped := flipped + 1; END IF;
    END LOOP;
    RETURN NEXT;
END $$;

-- Small batches, each through an index: jobs_done_completed, changes_by_time. Claims touch none of these rows. Vectors
-- and texts that nothing refers to are found by a walk over their keys, which only the call with the last batch of
-- history does.
CREATE FUNCTION embedq.prune(p_older_than bigint, p_limit bigint)
RETURNS TABLE (jobs bigint, vectors bigint, changes bigint, more boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_before  timestamptz := embedq.store_now() - embedq.span_us(p_older_than);
    v_horizon bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    v_count   bigint;
    v_texts   bigint[];
BEGIN
    DELETE FROM embedq.jobs_done d WHERE d.ctid = ANY (ARRAY (
        SELECT o.ctid FROM embedq.jobs_done o WHERE o.completed_at < v_before ORDER BY o.completed_at LIMIT p_limit
        FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS jobs = ROW_COUNT;
    more := jobs >= p_limit;

    -- Old entries of the feed are deleted; readers that are further behind read everything again.
    WITH gone AS (
        DELETE FROM embedq.changes c WHERE c.ctid = ANY (ARRAY (
            SELECT o.ctid FROM embedq.changes o WHERE o.at < v_before AND o.xact < v_horizon ORDER BY o.at LIMIT p_limit
            FOR UPDATE SKIP LOCKED))
        RETURNING c.catalog, c.xact),
    floors AS (
        UPDATE embedq.catalogs c SET feed_floor = greatest(c.feed_floor, g.xact)
        FROM (SELECT q.catalog, max(q.xact) AS xact FROM gone q GROUP BY q.catalog) g WHERE c.catalog = g.catalog)
    SELECT count(*) INTO changes FROM gone;
    more := more OR changes >= p_limit;

    DELETE FROM embedq.workers w WHERE w.seen_at < greatest(v_before, embedq.store_now() - embedq.longest_silence());
    DELETE FROM embedq.rate_limits l WHERE (l.fingerprint, l.unit) IN (
        SELECT q.fingerprint, q.unit FROM embedq.rate_limits q WHERE q.free_at < embedq.store_now() - interval '1 hour'
        FOR UPDATE SKIP LOCKED);

    vectors := 0;
    IF jobs >= p_limit THEN
        RETURN NEXT;
        RETURN;
    END IF;
    DELETE FROM embedq.vectors v WHERE (v.text, v.profile) IN (
        SELECT w.text, w.profile FROM embedq.vectors w
        WHERE w.written_at < v_before
          AND NOT EXISTS (SELECT 1 FROM embedq.operations o JOIN embedq.specs s ON s.spec = o.spec
                          JOIN embedq.catalogs c ON c.catalog = s.catalog
                          WHERE o.text = w.text AND (c.target_profile = w.profile OR c.serving_profile = w.profile))
        LIMIT p_limit FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS vectors = ROW_COUNT;
    more := more OR vectors >= p_limit;

    DELETE FROM embedq.refusals r WHERE (r.text, r.profile) IN (
        SELECT w.text, w.profile FROM embedq.refusals w
        WHERE w.written_at < v_before
          AND NOT EXISTS (SELECT 1 FROM embedq.operations o JOIN embedq.specs s ON s.spec = o.spec
                          JOIN embedq.catalogs c ON c.catalog = s.catalog
                          WHERE o.text = w.text AND (c.target_profile = w.profile OR c.serving_profile = w.profile))
        LIMIT p_limit FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    more := more OR v_count >= p_limit;

    -- Locked first, then looked at again: what a transaction that ended meanwhile has settled is seen by the second
    -- statement only.
    v_texts := ARRAY (
        SELECT k.text FROM embedq.texts k
        WHERE NOT EXISTS (SELECT 1 FROM embedq.operations o WHERE o.text = k.text)
          AND NOT EXISTS (SELECT 1 FROM embedq.settled w WHERE w.text = k.text)
        LIMIT p_limit FOR UPDATE SKIP LOCKED);
    DELETE FROM embedq.texts t WHERE t.text = ANY (v_texts)
        AND NOT EXISTS (SELECT 1 FROM embedq.operations o WHERE o.text = t.text)
        AND NOT EXISTS (SELECT 1 FROM embedq.settled w WHERE w.text = t.text);
    DELETE FROM embedq.spec_names n WHERE n.ref = ANY (ARRAY (
        SELECT k.ref FROM embedq.spec_names k
        WHERE NOT EXISTS (SELECT 1 FROM embedq.specs s WHERE s.ref = k.ref)
          AND NOT EXISTS (SELECT 1 FROM embedq.jobs_done d WHERE d.ref = k.ref)
          AND NOT EXISTS (SELECT 1 FROM embedq.jobs_ready r WHERE r.ref = k.ref)
          AND NOT EXISTS (SELECT 1 FROM embedq.running_jobs(NULL::bigint[]) q WHERE q.ref = k.ref)
        LIMIT p_limit));
    RETURN NEXT;
END $$;

-- A cool-down of 0 ends the pause of an endpoint, a negative one leaves it. Of several states for one endpoint the last
-- one counts. The limits are of the endpoints in `p_limited…`; they replace former ones, and limits that are all 0 are
-- deleted, as are those that are older than `p_lifetime`. Rows are locked in order of their key.
CREATE FUNCTION embedq.put_endpoint_states(p_fingerprints bytea[], p_endpoints text[], p_kinds smallint[],
                                           p_cool_downs bigint[], p_reasons text[],
                                           p_limited bytea[], p_limited_endpoints text[], p_request_intervals bigint[],
                                           p_max_inputs bigint[], p_max_request_tokens bigint[],
                                           p_max_text_tokens bigint[], p_inputs_bounds bigint[], p_lifetime bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM embedq.endpoint_states s WHERE s.until <= embedq.store_now();
    DELETE FROM embedq.endpoint_states s
    USING unnest(p_fingerprints, p_endpoints, p_cool_downs) q(fingerprint, endpoint, cool_down)
    WHERE s.fingerprint = q.fingerprint AND s.endpoint = q.endpoint AND q.cool_down = 0;
    INSERT INTO embedq.endpoint_states (fingerprint, endpoint, kind, until, reason)
    SELECT DISTINCT ON (q.fingerprint, q.endpoint)
           q.fingerprint, q.endpoint, q.kind, embedq.store_now() + embedq.span_us(q.cool_down), q.reason
    FROM unnest(p_fingerprints, p_endpoints, p_kinds, p_cool_downs, p_reasons)
         WITH ORDINALITY q(fingerprint, endpoint, kind, cool_down, reason, n)
    WHERE q.cool_down > 0 ORDER BY q.fingerprint, q.endpoint, q.n DESC
    ON CONFLICT (fingerprint, endpoint)
    DO UPDATE SET kind = excluded.kind, until = excluded.until, reason = excluded.reason;

    DELETE FROM embedq.endpoint_limits l WHERE l.learned_at <= embedq.store_now() - embedq.span_us(p_lifetime);
    INSERT INTO embedq.endpoint_limits (fingerprint, endpoint, request_interval, max_inputs, max_request_tokens,
                                        max_text_tokens, inputs_bound, learned_at)
    SELECT DISTINCT ON (q.fingerprint, q.endpoint)
           q.fingerprint, q.endpoint, q.request_interval, q.max_inputs, q.max_request_tokens, q.max_text_tokens,
           q.inputs_bound, embedq.store_now()
    FROM unnest(p_limited, p_limited_endpoints, p_request_intervals, p_max_inputs, p_max_request_tokens,
                p_max_text_tokens, p_inputs_bounds)
         WITH ORDINALITY q(fingerprint, endpoint, request_interval, max_inputs, max_request_tokens, max_text_tokens,
                           inputs_bound, n)
    ORDER BY q.fingerprint, q.endpoint, q.n DESC
    ON CONFLICT (fingerprint, endpoint)
    DO UPDATE SET request_interval = excluded.request_interval, max_inputs = excluded.max_inputs,
                  max_request_tokens = excluded.max_request_tokens, max_text_tokens = excluded.max_text_tokens,
                  inputs_bound = excluded.inputs_bound, learned_at = excluded.learned_at;
    DELETE FROM embedq.endpoint_limits l
    USING unnest(p_limited, p_limited_endpoints) q(fingerprint, endpoint)
    WHERE l.fingerprint = q.fingerprint AND l.endpoint = q.endpoint
      AND l.request_interval = 0 AND l.max_inputs = 0 AND l.max_request_tokens = 0 AND l.max_text_tokens = 0
      AND l.inputs_bound = 0;
END $$;

-- The endpoints that cool down, and those with limits that are no older than `p_lifetime`; the limits are null for the
-- others.
CREATE FUNCTION embedq.list_endpoint_states(p_lifetime bigint)
RETURNS TABLE (fingerprint bytea, endpoint text, kind smallint, cool_down bigint, reason text, request_interval bigint,
               max_inputs bigint, max_request_tokens bigint, max_text_tokens bigint, inputs_bound bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT fingerprint, endpoint, coalesce(s.kind, 0::smallint),
           coalesce(embedq.to_us(s.until) - embedq.to_us(embedq.store_now()), 0), coalesce(s.reason, ''),
           l.request_interval, l.max_inputs, l.max_request_tokens, l.max_text_tokens, l.inputs_bound
    FROM (SELECT * FROM embedq.endpoint_states c WHERE c.until > embedq.store_now()) s
    FULL JOIN (SELECT * FROM embedq.endpoint_limits k
               WHERE k.learned_at > embedq.store_now() - embedq.span_us(p_lifetime)) l USING (fingerprint, endpoint)
    ORDER BY fingerprint, endpoint;
END $$;

-- Reserves the next free stretch of each rate limit, in order of the requests, and returns in how many microseconds
-- each begins. `p_stretches` has their lengths, in microseconds. A row is locked from its update to the commit, which
-- does not wait for the disk: a server that crashes, or is stopped with `immediate`, may forget what it reserved in its
-- last moments (three times `wal_writer_delay`), and may reserve those stretches again. Rows are locked in order of
-- their key, so that two callers wait for each other and do not deadlock. The clock is read once the row is locked.
CREATE FUNCTION embedq.reserve_rates(p_fingerprints bytea[], p_units text[], p_stretches bigint[])
RETURNS TABLE (n bigint, starts_in bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_starts timestamptz[] := array_fill(NULL::timestamptz, ARRAY[cardinality(p_stretches)]);
    v_free   timestamptz;
    v_item   record;
    v_now    timestamptz;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    FOR v_item IN
        SELECT q.fingerprint, q.unit, embedq.span_us(q.stretch) AS stretch, q.n
        FROM unnest(p_fingerprints, p_units, p_stretches) WITH ORDINALITY q(fingerprint, unit, stretch, n)
        ORDER BY q.fingerprint, q.unit COLLATE "C", q.n
    LOOP
        INSERT INTO embedq.rate_limits AS l (fingerprint, unit, free_at)
        VALUES (v_item.fingerprint, v_item.unit, embedq.store_clock() + v_item.stretch)
        ON CONFLICT (fingerprint, unit) DO UPDATE SET free_at = greatest(l.free_at,
            embedq.store_clock()) + v_item.stretch
        RETURNING l.free_at INTO v_free;
        v_starts[v_item.n] := v_free - v_item.stretch;
    END LOOP;
    v_now := embedq.store_clock();
    RETURN QUERY SELECT q.n, greatest(embedq.to_us(q.starts) - embedq.to_us(v_now), 0)
                 FROM unnest(v_starts) WITH ORDINALITY q(starts, n) ORDER BY q.n;
END $$;

CREATE FUNCTION embedq.list_workers()
RETURNS TABLE (worker_id text, host text, pid bigint, version text, jobs_held bigint, started_at bigint, seen_at bigint,
               providers text[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT w.worker_id, w.host, w.pid, w.version, w.jobs_held, embedq.to_us(w.started_at),
                        embedq.to_us(w.seen_at), w.providers
                 FROM embedq.workers w ORDER BY w.worker_id COLLATE "C";
END $$;
