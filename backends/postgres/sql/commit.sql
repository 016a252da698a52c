-- The commit: vectors, refusals, progress and outcomes of many jobs, in one call and one transaction.

CREATE TYPE given_vector AS (
    vector     integer,      -- which of the caller's, from 1
    text       bigint,
    profile    integer,
    as_of      timestamptz,
    place      bigint,       -- of its first float among all
    dimension  integer,
    cut_to     integer,
    before     timestamptz,  -- of the vector that lies there
    newer      boolean       -- than all that lies there: it is stored
);

-- How many vectors of each job are stored and did not count for its spec before. Joins lists alone, so it hashes them.
CREATE FUNCTION count_fresh(p_held held_job[], p_given given_vector[], p_job integer[], p_vector integer[])
RETURNS TABLE (n integer, fresh bigint) LANGUAGE plpgsql SET enable_nestloop = off SET enable_hashjoin = on AS $$
BEGIN
    RETURN QUERY
    SELECT e.job, count(*)
    FROM unnest(p_job, p_vector) e(job, vector)
    JOIN (SELECT g.vector, g.before FROM unnest(p_given) g WHERE g.newer) g ON g.vector = e.vector
    JOIN (SELECT h.n, h.force_from FROM unnest(p_held) h) h ON h.n = e.job
    WHERE g.before IS NULL OR g.before < h.force_from
    GROUP BY e.job;
END $$;

-- Vectors of held jobs. What is stored is named by a job that still holds its lease, and newer than what lies there.
-- Returns for each of the caller's jobs how many of its vectors did not count for its spec before. Keys are written in
-- order, so that two commits that share texts wait for each other and do not lock up. Each look at a table goes by key:
-- a subquery or OFFSET 0 keeps it so, whatever the planner believes of tables that were empty when it last looked.
CREATE FUNCTION store_vectors(p_held held_job[], p_profiles bytea[], p_which integer[], p_hashes bytea[],
                              p_as_of bigint[], p_cuts integer[], p_values bytea, p_job integer[], p_vector integer[])
RETURNS TABLE (n integer, fresh bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_jobs   bigint[] := ARRAY (SELECT h.n FROM unnest(p_held) h);
    v_wanted integer[] := ARRAY (SELECT DISTINCT e.vector FROM unnest(p_job, p_vector) e(job, vector)
                                 WHERE e.job = ANY (v_jobs));
    v_given  given_vector[];
BEGIN
    -- A text may have lost its last operation, and been swept, while it was embedded.
    INSERT INTO texts AS k (hash)
    SELECT DISTINCT q.hash FROM unnest(p_hashes) q(hash)
    WHERE NOT EXISTS (SELECT 1 FROM texts t WHERE t.hash = q.hash OFFSET 0)
    ORDER BY q.hash
    ON CONFLICT (hash) DO NOTHING;
    v_given := ARRAY (
        SELECT ROW (g.vector, g.text, g.profile, g.as_of, g.place, g.dimension, p_cuts[g.vector], g.before,
                    (g.before IS NULL OR g.before < g.as_of)
                    AND (g.refused IS NULL OR g.refused <= g.as_of))::given_vector
        FROM (
            SELECT DISTINCT ON (i.text, i.profile) i.*,
                   (SELECT v.written_at FROM vectors v WHERE v.text = i.text AND v.profile = i.profile) AS before,
                   (SELECT r.written_at FROM refusals r WHERE r.text = i.text AND r.profile = i.profile) AS refused
            FROM (
                SELECT q.vector::integer, (SELECT t.text FROM texts t WHERE t.hash = p_hashes[q.vector]) AS text,
                       d.profile, from_us(p_as_of[q.vector]) AS as_of, d.dimension,
                       sum(d.dimension) OVER (ORDER BY q.vector) - d.dimension AS place
                FROM unnest(p_which) WITH ORDINALITY q(which, vector)
                CROSS JOIN LATERAL (SELECT p.profile, p.dimension FROM profiles p
                                    WHERE p.id = p_profiles[q.which] OFFSET 0) d) i
            WHERE i.vector = ANY (v_wanted)
            ORDER BY i.text, i.profile, i.as_of DESC, i.vector) g);
    -- One that was there may have been swept since; the caller begins again.
    IF EXISTS (SELECT 1 FROM unnest(v_given) g WHERE g.text IS NULL) THEN
        RAISE EXCEPTION 'a text was swept while its vector came' USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO vectors AS v (text, profile, cut_to, written_at, value)
    SELECT g.text, g.profile, g.cut_to, g.as_of, substring(p_values FROM (g.place * 4 + 1)::integer FOR g.dimension * 4)
    FROM unnest(v_given) g WHERE g.newer ORDER BY g.text, g.profile
    ON CONFLICT (text, profile) DO UPDATE SET cut_to = excluded.cut_to, written_at = excluded.written_at,
                                              value = excluded.value
    WHERE v.written_at < excluded.written_at;
    IF EXISTS (SELECT 1 FROM refusals) THEN
        DELETE FROM refusals r USING unnest(v_given) g WHERE g.newer AND r.text = g.text AND r.profile = g.profile;
    END IF;
    -- The feed names every spec that ranks differently now, not only the job's own: another may have waited for this
    -- text.
    INSERT INTO changes (catalog, spec_name, at)
    SELECT DISTINCT s.catalog, s.spec_name, store_now()
    FROM unnest(v_given) g
    CROSS JOIN LATERAL (SELECT o.spec FROM operations o WHERE o.text = g.text OFFSET 0) o
    CROSS JOIN LATERAL (SELECT k.catalog, k.spec_name FROM specs k WHERE k.spec = o.spec OFFSET 0) s
    CROSS JOIN LATERAL (SELECT 1 FROM catalogs c WHERE c.catalog = s.catalog
                        AND (c.target_profile = g.profile OR c.serving_profile = g.profile) OFFSET 0) c
    WHERE g.newer;
    RETURN QUERY SELECT * FROM count_fresh(p_held, v_given, p_job, p_vector);
END $$;

-- Refusals are rare: one after another. A refusal replaces an older vector, and the feed says so.
CREATE FUNCTION store_refusals(p_held held_job[], p_profiles bytea[], p_which integer[], p_hashes bytea[],
                               p_as_of bigint[], p_reasons text[], p_job integer[], p_refusal integer[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_item record;
    v_text bigint;
BEGIN
    FOR v_item IN
        SELECT DISTINCT ON (p_hashes[e.refusal], p.profile, e.refusal)
               e.refusal, p.profile, p_hashes[e.refusal] AS hash, from_us(p_as_of[e.refusal]) AS as_of,
               p_reasons[e.refusal] AS reason
        FROM unnest(p_job, p_refusal) e(job, refusal) JOIN unnest(p_held) h ON h.n = e.job
        JOIN profiles p ON p.id = p_profiles[p_which[e.refusal]]
        ORDER BY p_hashes[e.refusal], p.profile, e.refusal
    LOOP
        INSERT INTO texts AS k (hash) VALUES (v_item.hash) ON CONFLICT (hash) DO NOTHING;
        SELECT k.text INTO v_text FROM texts k WHERE k.hash = v_item.hash;
        IF v_text IS NULL THEN
            RAISE EXCEPTION 'a text was swept while its refusal came' USING ERRCODE = 'serialization_failure';
        END IF;
        CONTINUE WHEN EXISTS (SELECT 1 FROM settled w WHERE w.text = v_text AND w.profile = v_item.profile
                              AND w.written_at >= v_item.as_of);
        INSERT INTO refusals (text, profile, written_at, reason)
        VALUES (v_text, v_item.profile, v_item.as_of, v_item.reason)
        ON CONFLICT (text, profile) DO UPDATE SET written_at = excluded.written_at, reason = excluded.reason;
        DELETE FROM vectors v WHERE v.text = v_text AND v.profile = v_item.profile;
        IF FOUND THEN
            INSERT INTO changes (catalog, spec_name, at)
            SELECT DISTINCT c.catalog, s.spec_name, store_now()
            FROM operations o JOIN specs s ON s.spec = o.spec JOIN catalogs c ON c.catalog = s.catalog
            WHERE o.text = v_text AND (c.target_profile = v_item.profile OR c.serving_profile = v_item.profile);
        END IF;
    END LOOP;
END $$;

-- The short way for receipts whose jobs all succeeded with nothing to store, as most do: a receipt turns into history
-- whole, without a look at its jobs one by one. A receipt's first part that nothing has left yet has the claim's jobs,
-- all of them: the caller's are the same where they are as many. Returns the tokens that went this way; whatever needs
-- a closer look is left to the long one.
CREATE FUNCTION complete_leases(p_ids bigint[], p_tokens uuid[]) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
    v_tokens uuid[];
BEGIN
    IF EXISTS (SELECT 1 FROM refusals) OR EXISTS (SELECT 1 FROM specs WHERE failures > 0)
       OR EXISTS (SELECT 1 FROM job_progress)
       OR EXISTS (SELECT 1 FROM catalogs WHERE serving_profile IS DISTINCT FROM target_profile) THEN
        RETURN '{}';
    END IF;
    WITH asked AS MATERIALIZED (
        SELECT q.token, count(DISTINCT q.id) AS size FROM unnest(p_ids, p_tokens) q(id, token) GROUP BY q.token),
    gone AS (
        DELETE FROM job_leases l USING asked a
        WHERE l.token = a.token AND l.part = 0 AND l.ended = '{}' AND l.size = a.size
        RETURNING l.token, l.worker_id, l.jobs),
    kept AS (
        INSERT INTO jobs_done (id, ref, kind, status, attempts, expiries, embedded, created_at, started_at,
                               completed_at, worker_id, last_error)
        SELECT j.id, j.ref, j.kind, 2, j.attempts, j.expiries, j.embedded, j.created_at, j.started_at, store_now(),
               g.worker_id, ''
        FROM gone g CROSS JOIN unnest(g.jobs) j)
    SELECT array_agg(g.token) INTO v_tokens FROM gone g;
    RETURN coalesce(v_tokens, '{}');
END $$;

-- Outcomes as the contract orders them: 0 progress, 1 succeeded, 2 failed, 3 retry, 4 release. `p_profiles` are the
-- profiles that vectors and refusals name by place; `p_values` has the vectors' floats one after another. Returns which
-- of the jobs were still held.
CREATE FUNCTION commit_jobs(p_ids bigint[], p_tokens uuid[], p_outcomes smallint[], p_errors text[], p_delays bigint[],
                            p_max_attempts integer, p_profiles bytea[],
                            p_vector_profiles integer[], p_vector_hashes bytea[], p_vector_as_of bigint[],
                            p_cuts integer[], p_values bytea, p_vector_jobs integer[], p_vectors integer[],
                            p_refusal_profiles integer[], p_refusal_hashes bytea[], p_refusal_as_of bigint[],
                            p_reasons text[], p_refusal_jobs integer[], p_refusals integer[]) RETURNS TABLE (n bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_now     timestamptz := store_now();
    v_held    held_job[];
    v_fresh   bigint[] := array_fill(0::bigint, ARRAY[greatest(cardinality(p_ids), 1)]);
    v_job     held_job;
    v_item    record;
    v_refused text;
    v_catalog integer;
    v_whole   uuid[] := '{}';
BEGIN
    IF 1 = ALL (p_outcomes) AND p_vectors = '{}' AND p_refusals = '{}' THEN
        v_whole := complete_leases(p_ids, p_tokens);
        IF v_whole <> '{}' THEN
            RETURN QUERY SELECT q.n FROM unnest(p_tokens) WITH ORDINALITY q(token, n) WHERE q.token = ANY (v_whole);
            IF p_tokens <@ v_whole THEN RETURN; END IF;
        END IF;
    END IF;
    PERFORM 1 FROM job_leases l WHERE l.token = ANY (p_tokens) ORDER BY l.token, l.part FOR UPDATE;
    v_held := ARRAY (SELECT h FROM held_jobs(p_ids, p_tokens) h);
    IF v_held = '{}' THEN RETURN; END IF;

    IF cardinality(p_vectors) > 0 THEN
        FOR v_item IN SELECT * FROM store_vectors(v_held, p_profiles, p_vector_profiles, p_vector_hashes,
                                                  p_vector_as_of, p_cuts, p_values, p_vector_jobs, p_vectors) LOOP
            v_fresh[v_item.n] := v_item.fresh;
        END LOOP;
    END IF;
    IF cardinality(p_refusals) > 0 THEN
        PERFORM store_refusals(v_held, p_profiles, p_refusal_profiles, p_refusal_hashes, p_refusal_as_of, p_reasons,
                               p_refusal_jobs, p_refusals);
    END IF;

    FOREACH v_job IN ARRAY v_held LOOP
        v_job.new_vectors := v_job.new_vectors + v_fresh[v_job.n];
        v_job.embedded := v_job.embedded + v_fresh[v_job.n];
        v_job.last_error := coalesce(nullif(p_errors[v_job.n], ''), v_job.last_error);
        CASE p_outcomes[v_job.n]
            WHEN 0 THEN
                IF v_fresh[v_job.n] > 0 OR p_errors[v_job.n] <> '' THEN
                    INSERT INTO job_progress AS g (id, new_vectors, embedded, last_error)
                    VALUES (v_job.id, v_job.new_vectors, v_job.embedded, v_job.last_error)
                    ON CONFLICT (id) DO UPDATE SET new_vectors = excluded.new_vectors, embedded = excluded.embedded,
                                                   last_error = excluded.last_error;
                END IF;
            WHEN 1 THEN
                v_refused := current_refusal(v_job.spec, v_job.profile, v_job.force_from);
                IF v_refused IS NOT NULL THEN
                    v_job.last_error := v_refused;
                    PERFORM fail_job(v_job);
                ELSE
                    -- What earlier attempts met is over.
                    PERFORM append_done(v_job, 2::smallint, '');
                    UPDATE specs s SET failures = 0, parked_until = NULL WHERE s.spec = v_job.spec AND s.failures > 0;
                END IF;
            WHEN 2 THEN
                PERFORM fail_job(v_job);
            WHEN 3 THEN
                IF v_job.new_vectors = 0 THEN v_job.attempts := v_job.attempts + 1; END IF;
                IF v_job.attempts >= p_max_attempts THEN
                    PERFORM fail_job(v_job);
                ELSE
                    PERFORM requeue_job(v_job, v_now + span_us(p_delays[v_job.n]));
                END IF;
            WHEN 4 THEN
                PERFORM requeue_job(v_job, v_now + span_us(p_delays[v_job.n]));
        END CASE;
    END LOOP;

    SELECT array_agg(h.token) AS tokens, array_agg(h.part) AS parts, array_agg(h.id) AS ids INTO v_item
    FROM unnest(v_held) h WHERE p_outcomes[h.n] <> 0;
    IF v_item.ids IS NOT NULL THEN PERFORM leave_leases(v_item.tokens, v_item.parts, v_item.ids); END IF;

    -- A catalog whose last text was settled by this turns to its target profile. While it has another pending job under
    -- that profile, not yet.
    FOR v_catalog IN
        SELECT DISTINCT c.catalog FROM unnest(v_held) h JOIN catalogs c ON c.catalog = h.catalog
        WHERE p_outcomes[h.n] IN (1, 2) AND c.serving_profile IS DISTINCT FROM c.target_profile ORDER BY c.catalog
    LOOP
        PERFORM flip_if_settled(v_catalog);
    END LOOP;
    RETURN QUERY SELECT h.n FROM unnest(v_held) h;
END $$;
