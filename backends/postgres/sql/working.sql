-- The queue's workers: claiming, holding, what a holder asks, and the ways out of `running` (docs/job-states.md).

-- Claims due jobs by due time, then id, and writes their receipt, in one statement. For each profile it walks jobs_due
-- from `p_from` on and locks what it takes; rows that another claimer has locked are skipped, and none is waited for.
-- `p_from` is where the previous claim began: while an old snapshot is open, rows that were deleted long ago remain in
-- the index before it. MATERIALIZED and the array keep a plan with stale statistics from locking or deleting more than
-- the limit.
CREATE FUNCTION embedq.claim(p_worker text, p_fingerprints bytea[], p_max_jobs bigint, p_max_texts bigint,
                             p_lease bigint, p_allow_suspect boolean, p_token uuid, p_from bigint)
RETURNS TABLE (id bigint, catalog_id text, spec_name text, kind smallint, fingerprint integer, attempts integer,
               expiries integer, operation_count integer, earliest_due bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_now      timestamptz := embedq.store_now();
    v_from     timestamptz := coalesce(embedq.from_us(p_from), '-infinity');
    v_profiles integer[];
    v_places   integer[];  -- of their fingerprints in p_fingerprints
    v_suspect  bigint;
    v_due      timestamptz;
BEGIN
    SELECT array_agg(p.profile), array_agg(array_position(p_fingerprints, p.fingerprint)) INTO v_profiles, v_places
    FROM embedq.profiles p WHERE p.fingerprint = ANY (p_fingerprints);
    IF v_profiles IS NULL OR p_max_jobs < 1 THEN RETURN; END IF;
    -- If a crash of the server undoes a claim, its jobs are pending again, and their token is never used again: no need
    -- to wait for the disk.
    PERFORM set_config('synchronous_commit', 'off', true);
    -- The call is repeated, since its answer was lost: it returns what was claimed then. Otherwise those jobs would
    -- wait until their lease expires and be charged for it. By the receipts' key.
    UPDATE embedq.job_leases l SET expires_at = v_now + embedq.span_us(p_lease) WHERE l.token = p_token;
    IF FOUND THEN
        RETURN QUERY
        SELECT j.id, k.catalog_id, k.spec_name, j.kind, v_places[array_position(v_profiles, j.profile)], j.attempts,
               j.expiries, s.operation_count, p_from
        FROM embedq.job_leases l CROSS JOIN unnest(l.jobs) j JOIN embedq.spec_names k ON k.ref = j.ref
        JOIN embedq.specs s ON s.ref = j.ref
        WHERE l.token = p_token AND NOT j.id = ANY (l.ended)
        ORDER BY j.created_at, j.id;
        RETURN;
    END IF;
    -- A suspect is claimed alone, and in its turn.
    IF p_allow_suspect THEN
        SELECT r.id, r.due INTO v_suspect, v_due FROM embedq.jobs_ready r
        WHERE r.profile = ANY (v_profiles) AND r.expiries >= 2 AND r.due <= v_now ORDER BY r.due, r.id LIMIT 1
        FOR UPDATE SKIP LOCKED;
        IF FOUND AND EXISTS (SELECT 1 FROM embedq.jobs_ready r WHERE r.profile = ANY (v_profiles) AND r.expiries < 2
                             AND r.due <= v_now AND (r.due, r.id) < (v_due, v_suspect)) THEN
            v_suspect := NULL;
        END IF;
    END IF;
    RETURN QUERY
    WITH candidate AS MATERIALIZED (
        SELECT q.id, q.due, q.operations
        FROM unnest(v_profiles) p(profile)
        CROSS JOIN LATERAL (
            SELECT r.id, r.due, r.operations FROM embedq.jobs_ready r
            WHERE r.profile = p.profile AND r.expiries < 2 AND r.due <= v_now AND r.due >= v_from
            ORDER BY r.due, r.id LIMIT p_max_jobs FOR UPDATE SKIP LOCKED) q
        WHERE v_suspect IS NULL
        ORDER BY q.due, q.id LIMIT p_max_jobs),
    fitting AS (
        SELECT c.id, c.operations, sum(c.operations) OVER by_turn AS texts, row_number() OVER by_turn AS place
        FROM candidate c WINDOW by_turn AS (ORDER BY c.due, c.id)),
    taken AS (
        DELETE FROM embedq.jobs_ready r
        WHERE r.id = ANY (ARRAY (SELECT f.id FROM fitting f
                                 WHERE f.place = 1 OR (f.texts <= p_max_texts AND f.texts - f.operations < p_max_texts)
                                 UNION ALL
                                 SELECT v_suspect WHERE v_suspect IS NOT NULL))
        RETURNING r.*),
    receipt AS (
        INSERT INTO embedq.job_leases (token, worker_id, claimed_at, expires_at, size, jobs)
        SELECT p_token, p_worker, v_now, v_now + embedq.span_us(p_lease), count(*),
               array_agg(ROW (t.id, t.ref, t.profile, t.kind, t.attempts, t.expiries, t.embedded, t.created_at,
                              coalesce(t.started_at, greatest(v_now, t.created_at)), t.last_error)::embedq.job_row)
        FROM taken t HAVING count(*) > 0)
    SELECT t.id, k.catalog_id, k.spec_name, t.kind, v_places[array_position(v_profiles, t.profile)], t.attempts,
           t.expiries, t.operations, (SELECT embedq.to_us(min(m.due)) FROM taken m)
    FROM taken t JOIN embedq.spec_names k ON k.ref = t.ref
    ORDER BY t.due, t.id;
END $$;

CREATE TYPE embedq.held_job AS (
    n            bigint,  -- which of the caller's jobs, from 1
    id           bigint,
    token        uuid,
    part         integer,
    ref          bigint,
    spec         bigint,
    catalog      integer,
    profile      integer,
    kind         smallint,
    attempts     integer,
    expiries     integer,
    embedded     bigint,
    new_vectors  integer,
    created_at   timestamptz,
    started_at   timestamptz,
    last_error   text,
    force_from   timestamptz,
    worker_id    text
);

-- The jobs that these receipts still hold, in the caller's order. Each receipt's array is read once and hashed: a
-- nested loop over the caller's list, which the planner may estimate as cheap, would be quadratic.
CREATE FUNCTION embedq.open_jobs(p_ids bigint[], p_tokens uuid[]) RETURNS SETOF embedq.held_job LANGUAGE plpgsql ROWS 50
SET enable_nestloop = off SET enable_hashjoin = on AS $$
BEGIN
    RETURN QUERY
    WITH there AS MATERIALIZED (
        SELECT l.token, l.part, l.worker_id, j.* FROM embedq.job_leases l CROSS JOIN unnest(l.jobs) j
        WHERE l.token = ANY (p_tokens) AND (l.ended = '{}' OR NOT j.id = ANY (l.ended))),
    asked AS MATERIALIZED (SELECT * FROM unnest(p_ids, p_tokens) WITH ORDINALITY q(id, token, n))
    SELECT q.n, t.id, t.token, t.part, t.ref, NULL::bigint, NULL::integer, t.profile, t.kind, t.attempts, t.expiries,
           t.embedded, 0, t.created_at, t.started_at, t.last_error, NULL::timestamptz, t.worker_id
    FROM asked q JOIN there t ON t.id = q.id AND t.token = q.token;
END $$;

-- The same, with their specs and their progress: `specs` by ref, one lookup each.
CREATE FUNCTION embedq.held_jobs(p_ids bigint[], p_tokens uuid[]) RETURNS SETOF embedq.held_job
LANGUAGE plpgsql ROWS 50 AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM embedq.job_progress) THEN
        RETURN QUERY
        SELECT h.n, h.id, h.token, h.part, h.ref, s.spec, s.catalog, h.profile, h.kind, h.attempts, h.expiries,
               coalesce(g.embedded, h.embedded), coalesce(g.new_vectors, 0), h.created_at, h.started_at,
               coalesce(g.last_error, h.last_error), s.force_from, h.worker_id
        FROM embedq.open_jobs(p_ids, p_tokens) h CROSS JOIN LATERAL (SELECT * FROM embedq.specs k
            WHERE k.ref = h.ref OFFSET 0) s
        LEFT JOIN LATERAL (SELECT * FROM embedq.job_progress k WHERE k.id = h.id OFFSET 0) g ON true ORDER BY h.n;
    ELSE
        RETURN QUERY
        SELECT h.n, h.id, h.token, h.part, h.ref, s.spec, s.catalog, h.profile, h.kind, h.attempts, h.expiries,
               h.embedded, 0, h.created_at, h.started_at, h.last_error, s.force_from, h.worker_id
        FROM embedq.open_jobs(p_ids, p_tokens) h CROSS JOIN LATERAL (SELECT * FROM embedq.specs k
            WHERE k.ref = h.ref OFFSET 0) s
        ORDER BY h.n;
    END IF;
END $$;

-- By how much the newest time that heartbeats, writes and commits left behind is ahead of the clock.
CREATE FUNCTION embedq.clock_behind() RETURNS interval LANGUAGE plpgsql AS $$
DECLARE
    v_latest timestamptz := greatest((SELECT max(w.seen_at) FROM embedq.workers w),
                                     (SELECT max(c.at) FROM embedq.changes c));
BEGIN
    RETURN v_latest - embedq.store_clock();
END $$;

-- After the server's clock was set back, or another server with an earlier clock took over: no wait becomes longer than
-- it was to be. Waits are moved by as much as the clock was; a lease ends no later than one that is extended now, since
-- a holder that lives extends its own before that. Each heartbeat looks; the lock lets one of several do it.
CREATE FUNCTION embedq.correct_times(p_lease interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    c_noise constant interval := interval '1 second';
    v_by    interval := embedq.clock_behind();
    v_now   timestamptz;
BEGIN
    IF v_by IS NULL OR v_by < c_noise THEN RETURN; END IF;
    LOCK TABLE embedq.workers IN SHARE ROW EXCLUSIVE MODE;
    v_by := embedq.clock_behind();
    IF v_by < c_noise THEN RETURN; END IF;
    v_now := embedq.store_clock();
    UPDATE embedq.workers w SET seen_at = v_now WHERE w.seen_at > v_now;
    UPDATE embedq.changes c SET at = v_now WHERE c.at > v_now;
    UPDATE embedq.jobs_ready r SET due = r.due - v_by WHERE r.due > v_now;
    UPDATE embedq.job_leases l SET expires_at = v_now + p_lease WHERE l.expires_at > v_now + p_lease;
    UPDATE embedq.specs s SET parked_until = s.parked_until - v_by WHERE s.parked_until > v_now;
    UPDATE embedq.refusals w SET written_at = least(w.written_at, v_now), ask_again_at = w.ask_again_at - v_by
    WHERE w.ask_again_at > v_now;
    UPDATE embedq.endpoint_states s SET until = s.until - v_by WHERE s.until > v_now;
    UPDATE embedq.endpoint_limits l SET learned_at = v_now WHERE l.learned_at > v_now;
    UPDATE embedq.rate_limits l SET free_at = l.free_at - v_by WHERE l.free_at > v_now;
END $$;

-- Extends the leases that are still held, with one small write per receipt. If only some jobs of a receipt are
-- extended, the others move to a part of their own, which keeps its expiry.
CREATE FUNCTION embedq.extend_leases(p_worker text, p_host text, p_pid bigint, p_version text, p_jobs_held bigint,
                                     p_providers text[], p_stopped boolean, p_ids bigint[], p_tokens uuid[],
                                     p_lease bigint) RETURNS TABLE (n bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_now   timestamptz;  -- once the leases are locked: an extended lease is never shorter than asked for
    v_lease record;
    v_held  bigint[];
    v_open  embedq.held_job[];
BEGIN
    -- A heartbeat that a crash of the server undoes is soon repeated: no need to wait for the disk.
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM embedq.correct_times(embedq.span_us(p_lease));
    IF p_stopped THEN
        DELETE FROM embedq.workers w WHERE w.worker_id = p_worker;
    ELSE
        INSERT INTO embedq.workers AS w (worker_id, host, pid, version, jobs_held, providers, started_at, seen_at)
        VALUES (p_worker, p_host, p_pid, p_version, p_jobs_held, p_providers, embedq.store_now(), embedq.store_now())
        ON CONFLICT (worker_id) DO UPDATE SET host = excluded.host, pid = excluded.pid, version = excluded.version,
                                              jobs_held = excluded.jobs_held, providers = excluded.providers,
                                              seen_at = embedq.store_clock();
    END IF;
    PERFORM 1 FROM embedq.job_leases l WHERE l.token = ANY (p_tokens) ORDER BY l.token, l.part FOR UPDATE;
    v_now := embedq.store_clock();
    v_open := ARRAY (SELECT h FROM embedq.open_jobs(p_ids, p_tokens) h);
    FOR v_lease IN
        SELECT l.token, l.part, l.size, l.ended FROM embedq.job_leases l WHERE l.token = ANY (p_tokens)
        ORDER BY l.token, l.part
    LOOP
        v_held := ARRAY (SELECT DISTINCT h.id FROM unnest(v_open) h
                         WHERE h.token = v_lease.token AND h.part = v_lease.part);
        CONTINUE WHEN v_held = '{}';
        IF cardinality(v_held) < v_lease.size - cardinality(v_lease.ended) THEN
            INSERT INTO embedq.job_leases (token, part, worker_id, claimed_at, expires_at, size, jobs)
            SELECT l.token, (SELECT max(o.part) + 1 FROM embedq.job_leases o WHERE o.token = l.token), l.worker_id,
                   l.claimed_at, l.expires_at, cardinality(rest.jobs), rest.jobs
            FROM embedq.job_leases l,
                 LATERAL (SELECT array_agg(j) AS jobs FROM unnest(l.jobs) j
                          WHERE NOT j.id = ANY (l.ended) AND NOT j.id = ANY (v_held)) rest
            WHERE l.token = v_lease.token AND l.part = v_lease.part;
            -- For this part they count as ended. Its size stays that of the claim, so that complete_leases does not
            -- take the rest for the whole claim.
            UPDATE embedq.job_leases l SET ended = l.ended || rest.ids
            FROM (SELECT array_agg(j.id) AS ids FROM embedq.job_leases o, unnest(o.jobs) j
                  WHERE o.token = v_lease.token AND o.part = v_lease.part AND NOT j.id = ANY (o.ended)
                    AND NOT j.id = ANY (v_held)) rest
            WHERE l.token = v_lease.token AND l.part = v_lease.part;
        END IF;
        UPDATE embedq.job_leases l SET expires_at = v_now + embedq.span_us(p_lease)
        WHERE l.token = v_lease.token AND l.part = v_lease.part;
    END LOOP;
    RETURN QUERY SELECT h.n FROM unnest(v_open) h;
END $$;

-- What held jobs still need, one page per query: its texts by position, then a row about the page itself, whose
-- position is null. There is no row for a query whose lease is lost. Reads operations by their key, and contents only
-- of what is not settled or is to be asked for again. A text is returned for the first operation that has it.
CREATE FUNCTION embedq.missing_texts(p_ids bigint[], p_tokens uuid[], p_after bigint[], p_max_texts bigint[],
                                     p_max_bytes bigint[])
RETURNS TABLE (n bigint, "position" integer, operation_id text, hash bytea, content text, as_of bigint,
               force_from bigint, more boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_now   timestamptz := embedq.store_now();
    v_job   embedq.held_job;
    v_text  record;
    v_texts bigint;
    v_bytes bigint;
    v_more  boolean;
BEGIN
    FOR v_job IN SELECT * FROM embedq.held_jobs(p_ids, p_tokens) LOOP
        v_texts := 0;
        v_bytes := 0;
        v_more := false;
        n := v_job.n;
        FOR v_text IN
            SELECT o.position, o.operation_id, t.hash, t.content
            FROM embedq.operations o
            CROSS JOIN LATERAL (SELECT k.hash, k.content FROM embedq.texts k WHERE k.text = o.text OFFSET 0) t
            WHERE o.spec = v_job.spec AND o.position > p_after[v_job.n]
              AND NOT EXISTS (SELECT 1 FROM embedq.vectors w WHERE w.text = o.text AND w.profile = v_job.profile
                              AND (v_job.force_from IS NULL OR w.written_at >= v_job.force_from) OFFSET 0)
              AND NOT EXISTS (SELECT 1 FROM embedq.refusals w WHERE w.text = o.text AND w.profile = v_job.profile
                              AND (v_job.force_from IS NULL OR w.written_at >= v_job.force_from)
                              AND w.ask_again_at > v_now OFFSET 0)
              AND NOT EXISTS (SELECT 1 FROM embedq.operations e WHERE e.spec = o.spec AND e.text = o.text
                              AND e.position < o.position OFFSET 0)
            ORDER BY o.position
        LOOP
            v_more := v_texts > 0 AND (v_texts >= p_max_texts[v_job.n]
                                       OR v_bytes + octet_length(v_text.content) > p_max_bytes[v_job.n]);
            EXIT WHEN v_more;
            v_texts := v_texts + 1;
            v_bytes := v_bytes + octet_length(v_text.content);
            position := v_text.position;
            operation_id := v_text.operation_id;
            hash := v_text.hash;
            content := v_text.content;
            RETURN NEXT;
        END LOOP;
        position := NULL;
        operation_id := NULL;
        SELECT p.id INTO hash FROM embedq.profiles p WHERE p.profile = v_job.profile;
        content := NULL;
        -- Never older than the force, so that vectors made from this page count even if the clock went back.
        as_of := embedq.to_us(greatest(v_now, v_job.force_from));
        force_from := embedq.to_us(v_job.force_from);
        more := v_more;
        RETURN NEXT;
        as_of := NULL;
        force_from := NULL;
        more := NULL;
    END LOOP;
END $$;

-- Reads one entry each of jobs_due and jobs_suspect; there are few receipts. In microseconds from now.
CREATE FUNCTION embedq.next_due(p_fingerprints bytea[])
RETURNS TABLE (pending bigint, lease_expiry bigint, suspect bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := embedq.store_now();
BEGIN
    SELECT embedq.to_us(min(least(d.due, u.due))) - embedq.to_us(v_now),
        embedq.to_us(min(u.due)) - embedq.to_us(v_now) INTO pending, suspect
    FROM embedq.profiles p
    LEFT JOIN LATERAL (SELECT r.due FROM embedq.jobs_ready r WHERE r.profile = p.profile AND r.expiries < 2
                       ORDER BY r.due LIMIT 1) d ON true
    LEFT JOIN LATERAL (SELECT r.due FROM embedq.jobs_ready r WHERE r.profile = p.profile AND r.expiries >= 2
                       ORDER BY r.due LIMIT 1) u ON true
    WHERE p.fingerprint = ANY (p_fingerprints);
    SELECT embedq.to_us(min(l.expires_at)) - embedq.to_us(v_now) INTO lease_expiry FROM embedq.job_leases l;
    RETURN NEXT;
END $$;

-- --- the ways out of `running`

CREATE FUNCTION embedq.append_done(p_job embedq.held_job, p_status integer, p_error text, p_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO embedq.jobs_done (id, ref, kind, status, attempts, expiries, embedded, created_at, started_at,
                                  completed_at, worker_id, last_error)
    VALUES (p_job.id, p_job.ref, p_job.kind, p_status, p_job.attempts, p_job.expiries, p_job.embedded,
            p_job.created_at, p_job.started_at, p_at, p_job.worker_id, p_error);
END $$;

-- A spec whose job failed is parked. migrations.cpp makes `parking_time` from the rule that all stores share.
CREATE FUNCTION embedq.fail_job(p_job embedq.held_job) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_now timestamptz := embedq.store_clock();
BEGIN
    PERFORM embedq.append_done(p_job, embedq.status_failed(), p_job.last_error, v_now);
    UPDATE embedq.specs s SET failures = s.failures + 1, parked_until = v_now + embedq.parking_time(s.failures + 1)
    WHERE s.spec = p_job.spec;
END $$;

-- Back to pending under the catalog's present target. If another job of the spec is pending already, that one takes its
-- place with the larger counts, and this one ends `cancelled`. Without the counts, a spec that is enqueued often could
-- kill workers forever.
CREATE FUNCTION embedq.requeue_job(p_job embedq.held_job, p_due timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
BEGIN
    INSERT INTO embedq.jobs_ready AS r (id, ref, profile, kind, attempts, expiries, operations, embedded, due,
                                        created_at, started_at, last_error)
    SELECT p_job.id, p_job.ref, c.target_profile, p_job.kind, p_job.attempts, p_job.expiries, s.operation_count,
           p_job.embedded, p_due, p_job.created_at, p_job.started_at, p_job.last_error
    FROM embedq.specs s JOIN embedq.catalogs c ON c.catalog = s.catalog WHERE s.spec = p_job.spec
    ON CONFLICT (ref) DO UPDATE SET attempts = greatest(r.attempts, excluded.attempts),
                                    expiries = greatest(r.expiries, excluded.expiries),
                                    last_error = coalesce(nullif(r.last_error, ''), excluded.last_error)
    RETURNING r.id INTO v_id;
    IF v_id IS DISTINCT FROM p_job.id THEN
        PERFORM embedq.append_done(p_job, embedq.status_cancelled(), p_job.last_error, embedq.store_clock());
    END IF;
END $$;

-- The first text of a spec that is refused under the job's profile, as the error of its job.
CREATE FUNCTION embedq.current_refusal(p_spec bigint, p_profile integer, p_force timestamptz) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT format('operation ''%s'' was refused: %s', o.operation_id, f.reason)
            FROM embedq.operations o JOIN embedq.refusals f ON f.text = o.text AND f.profile = p_profile
            WHERE o.spec = p_spec AND (p_force IS NULL OR f.written_at >= p_force)
            ORDER BY o.position LIMIT 1);
END $$;
