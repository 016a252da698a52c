-- The commit: vectors, refusals, progress and outcomes of many jobs, in one call and one transaction.

CREATE TYPE embedq.given_vector AS (
    vector     integer,      -- which of the caller's, from 1
    text       bigint,
    profile    integer,
    as_of      timestamptz,
    place      bigint,       -- of its first float among those of all vectors
    dimension  integer,
    cut_to     integer,
    before     timestamptz,  -- when the vector that is stored already was written
    newer      boolean       -- newer than what is stored already, so it replaces that
);

-- How many vectors of each job are stored and did not count for its spec before. Joins only lists, so it uses hash
-- joins.
CREATE FUNCTION embedq.count_fresh(p_held embedq.held_job[], p_given embedq.given_vector[], p_job integer[],
                                   p_vector integer[])
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

-- Stores the vectors of held jobs: those that a job with its lease still held names, and that are newer than what is
-- stored. Returns for each of the caller's jobs how many of its vectors did not count for its spec before. Keys are
-- written in order, so that two commits that share texts wait for each other and do not deadlock. Each lookup in a
-- table goes by key: a subquery or OFFSET 0 keeps it so, whatever the statistics say of tables that were empty when
-- they were last analyzed.
CREATE FUNCTION embedq.store_vectors(p_held embedq.held_job[], p_profiles bytea[], p_which integer[], p_hashes bytea[],
                                     p_as_of bigint[], p_cuts integer[], p_values bytea, p_job integer[],
                                     p_vector integer[])
RETURNS TABLE (n integer, fresh bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_jobs   bigint[] := ARRAY (SELECT h.n FROM unnest(p_held) h);
    v_wanted integer[] := ARRAY (SELECT DISTINCT e.vector FROM unnest(p_job, p_vector) e(job, vector)
                                 WHERE e.job = ANY (v_jobs));
    v_given  embedq.given_vector[];
BEGIN
    -- A text may have lost its last operation, and been pruned, while it was embedded.
    INSERT INTO embedq.texts AS k (hash)
    SELECT DISTINCT q.hash FROM unnest(p_hashes) q(hash)
    WHERE NOT EXISTS (SELECT 1 FROM embedq.texts t WHERE t.hash = q.hash OFFSET 0)
    ORDER BY q.hash
    ON CONFLICT (hash) DO NOTHING;
    v_given := ARRAY (
        SELECT ROW (g.vector, g.text, g.profile, g.as_of, g.place, g.dimension, p_cuts[g.vector], g.before,
                    (g.before IS NULL OR g.before < g.as_of)
                    AND (g.refused IS NULL OR g.refused <= g.as_of))::embedq.given_vector
        FROM (
            SELECT DISTINCT ON (i.text, i.profile) i.*,
                   (SELECT v.written_at FROM embedq.vectors v WHERE v.text = i.text
                       AND v.profile = i.profile) AS before,
                   (SELECT r.written_at FROM embedq.refusals r WHERE r.text = i.text
                       AND r.profile = i.profile) AS refused
            FROM (
                SELECT q.vector::integer, (SELECT t.text FROM embedq.texts t WHERE t.hash = p_hashes[q.vector]) AS text,
                       d.profile, embedq.from_us(p_as_of[q.vector]) AS as_of, d.dimension,
                       sum(d.dimension) OVER (ORDER BY q.vector) - d.dimension AS place
                FROM unnest(p_which) WITH ORDINALITY q(which, vector)
                CROSS JOIN LATERAL (SELECT p.profile, p.dimension FROM embedq.profiles p
                                    WHERE p.id = p_profiles[q.which] OFFSET 0) d) i
            WHERE i.vector = ANY (v_wanted)
            ORDER BY i.text, i.profile, i.as_of DESC, i.vector) g);
    -- A text that existed may have been pruned since; the caller starts again.
    IF EXISTS (SELECT 1 FROM unnest(v_given) g WHERE g.text IS NULL) THEN
        RAISE EXCEPTION 'a text was pruned while its vector was being stored' USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO embedq.vectors AS v (text, profile, cut_to, written_at, value)
    SELECT g.text, g.profile, g.cut_to, g.as_of, substring(p_values FROM (g.place * 4 + 1)::integer FOR g.dimension * 4)
    FROM unnest(v_given) g WHERE g.newer ORDER BY g.text, g.profile
    ON CONFLICT (text, profile) DO UPDATE SET cut_to = excluded.cut_to, written_at = excluded.written_at,
                                              value = excluded.value
    WHERE v.written_at < excluded.written_at;
    IF EXISTS (SELECT 1 FROM embedq.refusals) THEN
        DELETE FROM embedq.refusals r USING unnest(v_given) g WHERE g.newer AND r.text = g.text
            AND r.profile = g.profile;
    END IF;
    -- The feed names every spec that ranks differently now, not only the job's own: another may have waited for this
    -- text.
    INSERT INTO embedq.changes (catalog, spec_name, at)
    SELECT DISTINCT s.catalog, s.spec_name, embedq.store_now()
    FROM unnest(v_given) g
    CROSS JOIN LATERAL (SELECT o.spec FROM embedq.operations o WHERE o.text = g.text OFFSET 0) o
    CROSS JOIN LATERAL (SELECT k.catalog, k.spec_name FROM embedq.specs k WHERE k.spec = o.spec OFFSET 0) s
    CROSS JOIN LATERAL (SELECT 1 FROM embedq.catalogs c WHERE c.catalog = s.catalog
                        AND (c.target_profile = g.profile OR c.serving_profile = g.profile) OFFSET 0) c
    WHERE g.newer;
    RETURN QUERY SELECT * FROM embedq.count_fresh(p_held, v_given, p_job, p_vector);
END $$;

-- Refusals are rare, so they are stored one by one. A refusal replaces an older vector, which the feed records.
CREATE FUNCTION embedq.store_refusals(p_held embedq.held_job[], p_profiles bytea[], p_which integer[], p_hashes bytea[],
                                      p_as_of bigint[], p_reasons text[], p_job integer[], p_refusal integer[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_item record;
    v_text bigint;
BEGIN
    FOR v_item IN
        SELECT DISTINCT ON (p_hashes[e.refusal], p.profile, e.refusal)
               e.refusal, p.profile, p_hashes[e.refusal] AS hash, embedq.from_us(p_as_of[e.refusal]) AS as_of,
               p_reasons[e.refusal] AS reason
        FROM unnest(p_job, p_refusal) e(job, refusal) JOIN unnest(p_held) h ON h.n = e.job
        JOIN embedq.profiles p ON p.id = p_profiles[p_which[e.refusal]]
        ORDER BY p_hashes[e.refusal], p.profile, e.refusal
    LOOP
        INSERT INTO embedq.texts AS k (hash) VALUES (v_item.hash) ON CONFLICT (hash) DO NOTHING;
        SELECT k.text INTO v_text FROM embedq.texts k WHERE k.hash = v_item.hash;
        IF v_text IS NULL THEN
            RAISE EXCEPTION 'a text was pruned while its refusal was being stored'
                USING ERRCODE = 'serialization_failure';
        END IF;
        CONTINUE WHEN EXISTS (SELECT 1 FROM embedq.settled w WHERE w.text = v_text AND w.profile = v_item.profile
                              AND w.written_at >= v_item.as_of);
        INSERT INTO embedq.refusals AS r (text, profile, written_at, times, ask_again_at, reason)
        VALUES (v_text, v_item.profile, v_item.as_of, 1, embedq.store_clock() + embedq.refusal_time(1), v_item.reason)
        ON CONFLICT (text, profile) DO UPDATE SET
            written_at = excluded.written_at, reason = excluded.reason, times = r.times + 1,
            ask_again_at = embedq.store_clock() + embedq.refusal_time(r.times + 1);
        DELETE FROM embedq.vectors v WHERE v.text = v_text AND v.profile = v_item.profile;
        IF FOUND THEN
            INSERT INTO embedq.changes (catalog, spec_name, at)
            SELECT DISTINCT c.catalog, s.spec_name, embedq.store_now()
            FROM embedq.operations o JOIN embedq.specs s ON s.spec = o.spec
            JOIN embedq.catalogs c ON c.catalog = s.catalog
            WHERE o.text = v_text AND (c.target_profile = v_item.profile OR c.serving_profile = v_item.profile);
        END IF;
    END LOOP;
END $$;

-- The fast path for receipts whose jobs all succeeded with nothing to store, as most do: a whole receipt moves to
-- history, and its jobs are not looked at one by one. The first part of a receipt, as long as no job has left it, holds
-- all jobs of the claim: if the caller names as many, they are the same. Returns the tokens that were handled here;
-- everything else is left to the general path.
CREATE FUNCTION embedq.complete_leases(p_ids bigint[], p_tokens uuid[]) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
    v_tokens uuid[];
BEGIN
    IF EXISTS (SELECT 1 FROM embedq.refusals) OR EXISTS (SELECT 1 FROM embedq.specs WHERE failures > 0)
       OR EXISTS (SELECT 1 FROM embedq.job_progress)
       OR EXISTS (SELECT 1 FROM embedq.catalogs WHERE serving_profile IS DISTINCT FROM target_profile) THEN
        RETURN '{}';
    END IF;
    WITH asked AS MATERIALIZED (
        SELECT q.token, count(DISTINCT q.id) AS size FROM unnest(p_ids, p_tokens) q(id, token) GROUP BY q.token),
    gone AS (
        DELETE FROM embedq.job_leases l USING asked a
        WHERE l.token = a.token AND l.part = 0 AND l.ended = '{}' AND l.size = a.size
        RETURNING l.token, l.worker_id, l.jobs),
    kept AS (
        INSERT INTO embedq.jobs_done (id, ref, kind, status, attempts, expiries, embedded, created_at, started_at,
                                      completed_at, worker_id, last_error)
        SELECT j.id, j.ref, j.kind, embedq.status_succeeded(), j.attempts, j.expiries, j.embedded, j.created_at,
               j.started_at, embedq.store_clock(), g.worker_id, ''
        FROM gone g CROSS JOIN unnest(g.jobs) j)
    SELECT array_agg(g.token) INTO v_tokens FROM gone g;
    RETURN coalesce(v_tokens, '{}');
END $$;

-- How a holder ends or continues a job: embedq::JobOutcome, under the same names.
CREATE TYPE embedq.job_outcome AS ENUM ('progress', 'succeeded', 'failed', 'retry', 'release');

-- Stores vectors and refusals, and applies the outcome of each job. Returns which of the jobs were still held. The
-- arrays of one group belong together, element by element. Numbers that refer to another group count from 1. Times and
-- delays are microseconds. commit.cpp fills in the parameters in this order.
CREATE FUNCTION embedq.commit_jobs(
    -- The jobs: id, token of the claim, outcome, error ('' for none), and for retry and release the delay.
    p_ids bigint[], p_tokens uuid[], p_outcomes embedq.job_outcome[], p_errors text[], p_delays bigint[],
    -- A job that is to be retried fails when it has had so many attempts.
    p_max_attempts integer,
    -- The ids of the profiles to which vectors and refusals refer.
    p_profiles bytea[],
    -- The vectors: profile (number), hash of the text, as_of, and how many bytes of the text were embedded if it was
    -- cut (0: all of it); then the floats of all vectors, one after another.
    p_vector_profiles integer[], p_vector_hashes bytea[], p_vector_as_of bigint[], p_cuts integer[], p_values bytea,
    -- Which job (number) reports which vector (number).
    p_vector_jobs integer[], p_vectors integer[],
    -- The refusals: profile (number), hash of the text, as_of, reason.
    p_refusal_profiles integer[], p_refusal_hashes bytea[], p_refusal_as_of bigint[], p_reasons text[],
    -- Which job (number) reports which refusal (number).
    p_refusal_jobs integer[], p_refusals integer[]
) RETURNS TABLE (n bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_now     timestamptz;
    v_held    embedq.held_job[];
    v_fresh   bigint[] := array_fill(0::bigint, ARRAY[greatest(cardinality(p_ids), 1)]);
    v_job     embedq.held_job;
    v_item    record;
    v_refused text;
    v_catalog integer;
    v_whole   uuid[] := '{}';
BEGIN
    IF 'succeeded' = ALL (p_outcomes) AND p_vectors = '{}' AND p_refusals = '{}' THEN
        v_whole := embedq.complete_leases(p_ids, p_tokens);
        IF v_whole <> '{}' THEN
            RETURN QUERY SELECT q.n FROM unnest(p_tokens) WITH ORDINALITY q(token, n) WHERE q.token = ANY (v_whole);
            IF p_tokens <@ v_whole THEN RETURN; END IF;
        END IF;
    END IF;
    PERFORM 1 FROM embedq.job_leases l WHERE l.token = ANY (p_tokens) ORDER BY l.token, l.part FOR UPDATE;
    v_now := embedq.store_clock();
    v_held := ARRAY (SELECT h FROM embedq.held_jobs(p_ids, p_tokens) h);
    IF v_held = '{}' THEN RETURN; END IF;

    IF cardinality(p_vectors) > 0 THEN
        FOR v_item IN SELECT * FROM embedq.store_vectors(v_held, p_profiles, p_vector_profiles, p_vector_hashes,
                                                  p_vector_as_of, p_cuts, p_values, p_vector_jobs, p_vectors) LOOP
            v_fresh[v_item.n] := v_item.fresh;
        END LOOP;
    END IF;
    IF cardinality(p_refusals) > 0 THEN
        PERFORM embedq.store_refusals(v_held, p_profiles, p_refusal_profiles, p_refusal_hashes, p_refusal_as_of,
                               p_reasons, p_refusal_jobs, p_refusals);
    END IF;

    FOREACH v_job IN ARRAY v_held LOOP
        v_job.new_vectors := v_job.new_vectors + v_fresh[v_job.n];
        v_job.embedded := v_job.embedded + v_fresh[v_job.n];
        v_job.last_error := coalesce(nullif(p_errors[v_job.n], ''), v_job.last_error);
        CASE p_outcomes[v_job.n]
            WHEN 'progress' THEN
                IF v_fresh[v_job.n] > 0 OR p_errors[v_job.n] <> '' THEN
                    INSERT INTO embedq.job_progress AS g (id, new_vectors, embedded, last_error)
                    VALUES (v_job.id, v_job.new_vectors, v_job.embedded, v_job.last_error)
                    ON CONFLICT (id) DO UPDATE SET new_vectors = excluded.new_vectors, embedded = excluded.embedded,
                                                   last_error = excluded.last_error;
                END IF;
            WHEN 'succeeded' THEN
                v_refused := embedq.current_refusal(v_job.spec, v_job.profile, v_job.force_from);
                IF v_refused IS NOT NULL THEN
                    v_job.last_error := v_refused;
                    PERFORM embedq.fail_job(v_job);
                ELSE
                    -- The errors of earlier attempts no longer matter.
                    PERFORM embedq.append_done(v_job, embedq.status_succeeded(), ''::text, embedq.store_clock());
                    UPDATE embedq.specs s SET failures = 0, parked_until = NULL
                    WHERE s.spec = v_job.spec AND s.failures > 0;
                END IF;
            WHEN 'failed' THEN
                PERFORM embedq.fail_job(v_job);
            WHEN 'retry' THEN
                IF v_job.new_vectors = 0 THEN v_job.attempts := v_job.attempts + 1; END IF;
                IF v_job.attempts >= p_max_attempts THEN
                    PERFORM embedq.fail_job(v_job);
                ELSE
                    PERFORM embedq.requeue_job(v_job, v_now + embedq.span_us(p_delays[v_job.n]));
                END IF;
            WHEN 'release' THEN
                PERFORM embedq.requeue_job(v_job, v_now + embedq.span_us(p_delays[v_job.n]));
        END CASE;
    END LOOP;

    SELECT array_agg(h.token) AS tokens, array_agg(h.part) AS parts, array_agg(h.id) AS ids INTO v_item
    FROM unnest(v_held) h WHERE p_outcomes[h.n] <> 'progress';
    IF v_item.ids IS NOT NULL THEN PERFORM embedq.leave_leases(v_item.tokens, v_item.parts, v_item.ids); END IF;

    -- A catalog whose last text was settled by this commit is served by its target profile from now on.
    FOR v_catalog IN
        SELECT DISTINCT c.catalog FROM unnest(v_held) h JOIN embedq.catalogs c ON c.catalog = h.catalog
        WHERE p_outcomes[h.n] IN ('succeeded', 'failed') AND c.serving_profile IS DISTINCT FROM c.target_profile
        ORDER BY c.catalog
    LOOP
        PERFORM embedq.flip_if_settled(v_catalog);
    END LOOP;
    RETURN QUERY SELECT h.n FROM unnest(v_held) h;
END $$;
