-- Specs: documents with their operations, written together with their jobs.

-- Which of the documents are stored already as they are: same content, text version and fields.
-- `specs` by (catalog, spec_name).
CREATE FUNCTION embedq.same_documents(p_catalogs text[], p_names text[], p_hashes bytea[], p_versions bigint[],
                                      p_kinds smallint[], p_sources text[], p_etags text[], p_base_paths text[],
                                      p_titles text[], p_descriptions text[])
RETURNS TABLE (n bigint, same boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM embedq.catalog_named(q.catalog_id) FROM (SELECT DISTINCT catalog_id
        FROM unnest(p_catalogs) u(catalog_id)) q;
    RETURN QUERY
    SELECT q.n,
           s.spec IS NOT NULL
           AND (s.content_hash, s.text_version, s.source_kind, s.source, s.etag, s.base_path, s.title, s.description)
               = (q.hash, q.version, q.kind, q.source, q.etag, q.base_path, q.title, q.description)
    FROM unnest(p_catalogs, p_names, p_hashes, p_versions, p_kinds, p_sources, p_etags, p_base_paths, p_titles,
                p_descriptions)
         WITH ORDINALITY q(catalog_id, name, hash, version, kind, source, etag, base_path, title, description, n)
    JOIN embedq.catalogs c ON c.catalog_id = q.catalog_id
    LEFT JOIN embedq.specs s ON s.catalog = c.catalog AND s.spec_name = q.name
    ORDER BY q.n;
END $$;

-- Putting an unchanged document only enqueues a job, and only if there is a gap and no open job.
CREATE FUNCTION embedq.put_unchanged(p_catalogs text[], p_names text[])
RETURNS TABLE (n bigint, enqueued embedq.enqueue_outcome, generation bigint, operation_count integer)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_spec record;
BEGIN
    FOR v_spec IN
        SELECT q.n, s AS row, c.target_profile AS profile
        FROM unnest(p_catalogs, p_names) WITH ORDINALITY q(catalog_id, name, n)
        JOIN embedq.catalogs c ON c.catalog_id = q.catalog_id
        JOIN embedq.specs s ON s.catalog = c.catalog AND s.spec_name = q.name
        ORDER BY q.n
    LOOP
        n := v_spec.n;
        enqueued := 'none'::embedq.enqueue_outcome;
        generation := (v_spec.row).generation;
        operation_count := (v_spec.row).operation_count;
        IF v_spec.profile IS NOT NULL AND embedq.has_gap((v_spec.row).spec, v_spec.profile,
            (v_spec.row).force_from) THEN
            -- An open job is left as it is, with its backoff: a running job is about this document, or a pending one
            -- behind it is.
            IF embedq.has_open_job((v_spec.row).ref) THEN
                enqueued := 'collapsed'::embedq.enqueue_outcome;
            ELSE
                enqueued := embedq.enqueue_job(v_spec.row, v_spec.profile, embedq.kind_spec_write());
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;

-- The texts of several documents, in the order of their hashes, so that two writers do not deadlock.
CREATE FUNCTION embedq.put_texts(p_hashes bytea[], p_contents text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO embedq.texts AS t (hash, content)
    SELECT q.hash, q.content FROM unnest(p_hashes, p_contents) q(hash, content)
    WHERE NOT EXISTS (SELECT 1 FROM embedq.texts k WHERE k.hash = q.hash AND k.content IS NOT NULL)
    ORDER BY q.hash
    ON CONFLICT (hash) DO UPDATE SET content = excluded.content WHERE t.content IS NULL;
END $$;

-- A new or changed document, whose texts are stored already. The catalog is locked shared until the end, so that its
-- serving profile does not change meanwhile.
CREATE FUNCTION embedq.put_changed(p_catalog text, p_name text, p_kind smallint, p_source text, p_etag text,
    p_base_path text,
                                   p_title text, p_description text, p_hash bytea, p_version bigint, p_size bigint,
                                   p_document bytea, p_ids text[], p_methods text[], p_paths text[], p_summaries text[],
                                   p_tags text[], p_cuts bigint[], p_hashes bytea[], OUT created boolean,
                                   OUT enqueued embedq.enqueue_outcome, OUT generation bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_catalog embedq.catalogs := embedq.catalog_named(p_catalog);
    v_spec    embedq.specs;
    v_ref     bigint;
    v_count   bigint;
BEGIN
    PERFORM 1 FROM embedq.catalogs c WHERE c.catalog = v_catalog.catalog FOR KEY SHARE;
    UPDATE embedq.specs s SET source_kind = p_kind, source = p_source, etag = p_etag, base_path = p_base_path,
                       title = p_title, description = p_description, content_hash = p_hash, text_version = p_version,
                       generation = s.generation + 1, operation_count = cardinality(p_ids), failures = 0,
                       parked_until = NULL, updated_at = embedq.store_now()
    WHERE s.catalog = v_catalog.catalog AND s.spec_name = p_name RETURNING s.* INTO v_spec;
    created := NOT FOUND;
    IF created THEN
        INSERT INTO embedq.spec_names AS k (catalog_id, spec_name) VALUES (p_catalog, p_name)
        ON CONFLICT (catalog_id, spec_name) DO NOTHING RETURNING k.ref INTO v_ref;
        IF v_ref IS NULL THEN
            SELECT k.ref INTO v_ref FROM embedq.spec_names k WHERE k.catalog_id = p_catalog AND k.spec_name = p_name;
        END IF;
        INSERT INTO embedq.specs AS s (ref, catalog, spec_name, source_kind, source, etag, base_path, title,
                                       description,
                                       content_hash, text_version, operation_count, jobs_after, created_at, updated_at)
        VALUES (v_ref, v_catalog.catalog, p_name, p_kind, p_source, p_etag, p_base_path, p_title, p_description,
                p_hash, p_version, cardinality(p_ids), nextval('embedq.job_ids'), embedq.store_now(),
                    embedq.store_now())
        RETURNING s.* INTO v_spec;
    ELSE
        DELETE FROM embedq.operations o WHERE o.spec = v_spec.spec;
    END IF;
    INSERT INTO embedq.documents (spec, size, content) VALUES (v_spec.spec, p_size, p_document)
    ON CONFLICT (spec) DO UPDATE SET size = excluded.size, content = excluded.content;
    INSERT INTO embedq.operations (spec, position, text, operation_id, method, path, summary, tags, cut_bytes)
    SELECT v_spec.spec, q.n - 1, t.text, q.id, q.method, q.path, q.summary, q.tags, q.cut
    FROM unnest(p_ids, p_methods, p_paths, p_summaries, p_tags, p_cuts, p_hashes)
         WITH ORDINALITY q(id, method, path, summary, tags, cut, hash, n)
    JOIN embedq.texts t ON t.hash = q.hash;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    -- A text that existed may have been pruned since, as long as no operation had it; the caller starts again.
    IF v_count <> cardinality(p_ids) THEN
        RAISE EXCEPTION 'a text was pruned while its operation was being stored'
            USING ERRCODE = 'serialization_failure';
    END IF;
    -- A pending job shows claimers its size, whether or not anything is left to do.
    UPDATE embedq.jobs_ready r SET operations = v_spec.operation_count WHERE r.ref = v_spec.ref;
    PERFORM embedq.note_change(v_catalog.catalog, p_name);
    generation := v_spec.generation;
    enqueued := 'none'::embedq.enqueue_outcome;
    IF v_catalog.target_profile IS NOT NULL
        AND embedq.has_gap(v_spec.spec, v_catalog.target_profile, v_spec.force_from) THEN
        enqueued := embedq.enqueue_job(v_spec, v_catalog.target_profile, embedq.kind_spec_write());
    END IF;
END $$;

-- Leases are locked before the spec, in the order in which workers lock them; then follow jobs that were enqueued in
-- between.
CREATE FUNCTION embedq.delete_spec(p_catalog text, p_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_catalog embedq.catalogs := embedq.catalog_named(p_catalog);
    v_spec    embedq.specs := embedq.spec_named(v_catalog, p_name);
BEGIN
    PERFORM embedq.cancel_jobs_of(ARRAY[v_spec.ref], 'its spec was deleted'::text);
    DELETE FROM embedq.specs s WHERE s.spec = v_spec.spec;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'catalog ''%'' has no spec ''%''', p_catalog, p_name
            USING ERRCODE = embedq.no_such_spec(), HINT = 'put it first, or check the name';
    END IF;
    PERFORM embedq.cancel_jobs_of(ARRAY[v_spec.ref], 'its spec was deleted'::text);
    DELETE FROM embedq.operations o WHERE o.spec = v_spec.spec;
    DELETE FROM embedq.documents d WHERE d.spec = v_spec.spec;
    PERFORM embedq.note_change(v_catalog.catalog, p_name);
END $$;

CREATE FUNCTION embedq.spec_info(p_spec embedq.specs)
RETURNS TABLE (spec_name text, source_kind smallint, source text, etag text, base_path text, title text,
               description text, content_hash bytea, text_version bigint, generation bigint, operation_count integer,
               created_at bigint, updated_at bigint, parked_until bigint)
LANGUAGE sql STABLE AS $$
    SELECT p_spec.spec_name, p_spec.source_kind, p_spec.source, p_spec.etag, p_spec.base_path, p_spec.title,
           p_spec.description, p_spec.content_hash, p_spec.text_version, p_spec.generation, p_spec.operation_count,
           embedq.to_us(p_spec.created_at), embedq.to_us(p_spec.updated_at), embedq.to_us(p_spec.parked_until)
$$;

-- Pages of `specs` by (catalog, spec_name).
CREATE FUNCTION embedq.list_specs(p_catalog text, p_after text, p_limit bigint)
RETURNS TABLE (spec_name text, source_kind smallint, source text, etag text, base_path text, title text,
               description text, content_hash bytea, text_version bigint, generation bigint, operation_count integer,
               created_at bigint, updated_at bigint, parked_until bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_catalog embedq.catalogs := embedq.catalog_named(p_catalog);
BEGIN
    RETURN QUERY
    SELECT i.* FROM (SELECT s FROM embedq.specs s WHERE s.catalog = v_catalog.catalog AND s.spec_name > p_after
                     ORDER BY s.spec_name LIMIT p_limit) q,
                    LATERAL embedq.spec_info(q.s) i;
END $$;

CREATE FUNCTION embedq.get_spec(p_catalog text, p_name text)
RETURNS TABLE (spec_name text, source_kind smallint, source text, etag text, base_path text, title text,
               description text, content_hash bytea, text_version bigint, generation bigint, operation_count integer,
               created_at bigint, updated_at bigint, parked_until bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT i.* FROM embedq.spec_info(embedq.spec_named(embedq.catalog_named(p_catalog), p_name)) i;
END $$;

CREATE FUNCTION embedq.spec_content(p_catalog text, p_name text) RETURNS TABLE (size bigint, content bytea)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_spec embedq.specs := embedq.spec_named(embedq.catalog_named(p_catalog), p_name);
BEGIN
    RETURN QUERY SELECT d.size, d.content FROM embedq.documents d WHERE d.spec = v_spec.spec;
END $$;

-- --- what ranking reads

-- By spec name and position. Read through a cursor, so that neither side has more than a page of it in memory.
CREATE FUNCTION embedq.operations_of(p_catalog text, p_names text[])
RETURNS TABLE (spec_name text, operation_id text, method text, path text, summary text, tags text, cut_bytes bigint,
               hash bytea, content text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_catalog embedq.catalogs := embedq.catalog_named(p_catalog);
BEGIN
    RETURN QUERY
    SELECT s.spec_name, o.operation_id, o.method, o.path, o.summary, o.tags, o.cut_bytes, t.hash, t.content
    FROM embedq.specs_named(v_catalog.catalog, p_names) s JOIN embedq.operations o ON o.spec = s.spec
    JOIN embedq.texts t ON t.text = o.text
    ORDER BY s.spec_name, o.position;
END $$;

-- `texts` by hash, `vectors` by its key.
CREATE FUNCTION embedq.vectors_of(p_profile bytea, p_hashes bytea[]) RETURNS TABLE (n bigint, value bytea)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_profile embedq.profiles := embedq.get_profile(p_profile);
BEGIN
    RETURN QUERY
    SELECT q.n - 1, v.value FROM unnest(p_hashes) WITH ORDINALITY q(hash, n)
    JOIN embedq.texts t ON t.hash = q.hash JOIN embedq.vectors v ON v.text = t.text AND v.profile = v_profile.profile;
END $$;
