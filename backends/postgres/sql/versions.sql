-- The third migration: what is deleted or renamed is what somebody saw, an expired job is named, and the
-- attempts of an ended one are those that it took.

-- Its version is not the one that was seen.
CREATE FUNCTION embedq.written_since() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'EQ006' $$;

DROP FUNCTION embedq.delete_spec;
DROP FUNCTION embedq.delete_catalog;
DROP FUNCTION embedq.reap;

-- Whether the spec has this version. It keeps it until the end of the transaction.
CREATE FUNCTION embedq.lock_version(p_catalog text, p_name text, p_created_at bigint, p_generation bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_catalog embedq.catalogs := embedq.catalog_named(p_catalog);
BEGIN
    PERFORM 1 FROM embedq.catalogs c WHERE c.catalog = v_catalog.catalog FOR KEY SHARE;
    PERFORM 1 FROM embedq.specs s WHERE s.catalog = v_catalog.catalog AND s.spec_name = p_name
        AND embedq.to_us(s.created_at) = p_created_at AND s.generation = p_generation FOR UPDATE;
    RETURN FOUND;
END $$;

-- Leases are locked before the spec, in the order in which workers lock them; then follow jobs that were enqueued in
-- between. With a version, only the spec of that version is deleted: the deletion waits for a write under way, and
-- compares what that left.
CREATE FUNCTION embedq.delete_spec(p_catalog text, p_name text, p_created_at bigint DEFAULT NULL,
                                   p_generation bigint DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_catalog embedq.catalogs := embedq.catalog_named(p_catalog);
    v_spec    embedq.specs := embedq.spec_named(v_catalog, p_name);
BEGIN
    PERFORM embedq.cancel_jobs_of(ARRAY[v_spec.ref], 'its spec was deleted'::text);
    DELETE FROM embedq.specs s WHERE s.spec = v_spec.spec
        AND (p_generation IS NULL
             OR (embedq.to_us(s.created_at) = p_created_at AND s.generation = p_generation));
    IF NOT FOUND THEN
        IF EXISTS (SELECT 1 FROM embedq.specs s WHERE s.spec = v_spec.spec) THEN
            RAISE EXCEPTION 'the spec ''%'' of catalog ''%'' was written since it was looked at, and is not deleted',
                p_name, p_catalog
                USING ERRCODE = embedq.written_since(), HINT = 'look at it again, then repeat the command';
        END IF;
        RAISE EXCEPTION 'catalog ''%'' has no spec ''%''', p_catalog, p_name
            USING ERRCODE = embedq.no_such_spec(), HINT = 'put it first, or check the name';
    END IF;
    PERFORM embedq.cancel_jobs_of(ARRAY[v_spec.ref], 'its spec was deleted'::text);
    DELETE FROM embedq.operations o WHERE o.spec = v_spec.spec;
    DELETE FROM embedq.documents d WHERE d.spec = v_spec.spec;
    PERFORM embedq.note_change(v_catalog.catalog, p_name);
END $$;

-- The jobs end first. Leases are locked before specs, in the order in which workers lock them. Writes hold the catalog
-- until they end, so its version is final when it is locked.
CREATE FUNCTION embedq.delete_catalog(p_catalog text, p_specs bigint DEFAULT NULL, p_written_at bigint DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_catalog embedq.catalogs := embedq.catalog_named(p_catalog);
BEGIN
    PERFORM embedq.cancel_jobs_of(ARRAY (SELECT s.ref FROM embedq.specs s WHERE s.catalog = v_catalog.catalog),
                           'its catalog was deleted'::text);
    PERFORM 1 FROM embedq.catalogs c WHERE c.catalog = v_catalog.catalog FOR UPDATE;
    IF p_specs IS NOT NULL AND (p_specs, p_written_at) <> (
        SELECT count(*), coalesce(embedq.to_us(max(s.updated_at)), 0)
        FROM embedq.specs s WHERE s.catalog = v_catalog.catalog) THEN
        RAISE EXCEPTION
            'specs of catalog ''%'' were written or deleted since it was looked at, and it is not deleted', p_catalog
            USING ERRCODE = embedq.written_since(), HINT = 'look at it again, then repeat the command';
    END IF;
    -- The jobs of specs that were put meanwhile.
    PERFORM embedq.cancel_jobs_of(ARRAY (SELECT s.ref FROM embedq.specs s WHERE s.catalog = v_catalog.catalog),
                           'its catalog was deleted'::text);
    DELETE FROM embedq.operations o USING embedq.specs s WHERE s.catalog = v_catalog.catalog AND o.spec = s.spec;
    DELETE FROM embedq.documents d USING embedq.specs s WHERE s.catalog = v_catalog.catalog AND d.spec = s.spec;
    DELETE FROM embedq.specs s WHERE s.catalog = v_catalog.catalog;
    DELETE FROM embedq.changes c WHERE c.catalog = v_catalog.catalog;
    DELETE FROM embedq.catalogs c WHERE c.catalog = v_catalog.catalog;
END $$;

-- A receipt that is being extended or committed at this moment is skipped; the next call looks at it again. Returns a
-- row for each job.
CREATE FUNCTION embedq.reap(p_max_attempts integer)
RETURNS TABLE (id bigint, catalog_id text, spec_name text, worker_id text, has_failed boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_now   timestamptz := embedq.store_now();
    v_lease record;
    v_job   embedq.held_job;
BEGIN
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
            id := v_job.id;
            worker_id := v_lease.worker_id;
            has_failed := v_job.attempts >= p_max_attempts;
            SELECT n.catalog_id, n.spec_name INTO catalog_id, spec_name
            FROM embedq.spec_names n WHERE n.ref = v_job.ref;
            IF has_failed THEN
                PERFORM embedq.fail_job(v_job);
            ELSE
                PERFORM embedq.requeue_job(v_job, v_now);
            END IF;
            RETURN NEXT;
            DELETE FROM embedq.job_progress g WHERE g.id = v_job.id;
        END LOOP;
        DELETE FROM embedq.job_leases l WHERE l.token = v_lease.token AND l.part = v_lease.part;
    END LOOP;
END $$;

-- Attempts: those that failed without a new vector, and the one that ended the job (2: succeeded, 3: failed). Who reads
-- the view need not have the right to call the schema's functions.
CREATE OR REPLACE VIEW embedq.api_catalog_embedding_jobs AS
    SELECT j.id, n.catalog_id::text, n.spec_name::text,
           (ARRAY['spec_write', 'reconciler', 'manual_retry', 'reembed'])[j.kind + 1] AS kind,
           (ARRAY['pending', 'running', 'succeeded', 'failed', 'cancelled'])[j.status + 1] AS status,
           CASE j.status WHEN 2 THEN j.attempts + 1
                         WHEN 3 THEN greatest(j.attempts, 1)
                         ELSE j.attempts END AS attempts,
           j.last_error, coalesce(j.due, j.started_at, j.created_at) AS next_run_at, j.worker_id,
           j.expires_at AS lease_expires_at, j.created_at, j.started_at, j.completed_at
    FROM (SELECT * FROM embedq.jobs_pending UNION ALL SELECT * FROM embedq.jobs_running UNION ALL SELECT *
        FROM embedq.jobs_finished) j
    JOIN embedq.spec_names n ON n.ref = j.ref;
