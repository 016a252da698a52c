-- The second migration: what is recorded of a spec beside its document, how it is renamed, and when its source is asked
-- again.

ALTER TABLE embedq.specs
    ADD root       text        NOT NULL DEFAULT '',  -- the indexed folder, and the path under it
    ADD path       text        NOT NULL DEFAULT '',
    ADD notes      text        NOT NULL DEFAULT '',  -- two lines each, as the tags of operations
    ADD left_out   bigint      NOT NULL DEFAULT 0,   -- operations of the document
    ADD refresh    bigint      NOT NULL DEFAULT -1,  -- its own interval in milliseconds; 0: never; -1: it has none
    ADD checked_at timestamptz,
    ADD next_check timestamptz;
CREATE INDEX specs_to_check ON embedq.specs (next_check) WHERE next_check IS NOT NULL;
-- From URLs (source_kind 3), without an interval of their own; they have a next_check while a process asks them.
CREATE INDEX specs_by_default ON embedq.specs (coalesce(checked_at, updated_at))
    WHERE refresh < 0 AND next_check IS NULL AND source_kind = 3;

-- When a source that is asked now is due again by its own interval.
CREATE FUNCTION embedq.next_check(p_refresh bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_refresh > 0 THEN embedq.store_now() + embedq.span_us(p_refresh * 1000) END
$$;

-- Gives a spec another name, unless there is none of the old name or one of the new name. History follows its row in
-- spec_names. Where a deleted spec of the new name left a history, both become one; its jobs may be newer than those of
-- this spec, which then has none of its own until its next one.
CREATE FUNCTION embedq.rename_spec(p_catalog embedq.catalogs, p_from text, p_to text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_spec embedq.specs;
    v_left bigint;
BEGIN
    IF p_from = '' OR EXISTS (SELECT 1 FROM embedq.specs s WHERE s.catalog = p_catalog.catalog AND s.spec_name = p_to)
    THEN RETURN; END IF;
    SELECT * INTO v_spec FROM embedq.specs s WHERE s.catalog = p_catalog.catalog AND s.spec_name = p_from FOR UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    SELECT n.ref INTO v_left FROM embedq.spec_names n WHERE n.catalog_id = p_catalog.catalog_id AND n.spec_name = p_to;
    IF FOUND THEN
        UPDATE embedq.specs s SET jobs_after = greatest(s.jobs_after, (
            SELECT max(d.id) FROM embedq.jobs_done d WHERE d.ref = v_left)) WHERE s.spec = v_spec.spec;
        UPDATE embedq.jobs_done d SET ref = v_spec.ref WHERE d.ref = v_left;
        DELETE FROM embedq.spec_names n WHERE n.ref = v_left;
    END IF;
    UPDATE embedq.spec_names n SET spec_name = p_to WHERE n.ref = v_spec.ref;
    UPDATE embedq.specs s SET spec_name = p_to WHERE s.spec = v_spec.spec;
    PERFORM embedq.note_change(p_catalog.catalog, p_from);
END $$;

-- Specs whose source is due to be asked: those with an interval of their own and those that were held by
-- specs_to_check, the others by specs_by_default. Rows that another session takes at this moment are passed over.
CREATE FUNCTION embedq.due_refreshes(p_limit bigint, p_hold bigint, p_default bigint)
RETURNS TABLE (catalog_id text, spec_name text, source_kind smallint, source text, etag text, base_path text,
               title text, description text, content_hash bytea, text_version bigint, generation bigint,
               operation_count integer, created_at bigint, updated_at bigint, parked_until bigint, root text, path text,
               notes text, left_out bigint, refresh bigint, checked_at bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH planned AS MATERIALIZED (
        SELECT s.spec, s.next_check AS due_at FROM embedq.specs s
        WHERE s.next_check <= embedq.store_now()
          AND (s.refresh >= 0 OR (p_default > 0 AND coalesce(s.checked_at, s.updated_at)
                                                    <= embedq.store_now() - embedq.span_us(p_default)))
        ORDER BY s.next_check LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED),
    by_default AS MATERIALIZED (
        SELECT s.spec, coalesce(s.checked_at, s.updated_at) + embedq.span_us(p_default) AS due_at FROM embedq.specs s
        WHERE s.refresh < 0 AND s.next_check IS NULL AND s.source_kind = 3 AND p_default > 0
          AND coalesce(s.checked_at, s.updated_at) <= embedq.store_now() - embedq.span_us(p_default)
        ORDER BY coalesce(s.checked_at, s.updated_at) LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED),
    due AS MATERIALIZED (
        SELECT q.spec
        FROM (SELECT p.spec, p.due_at FROM planned p UNION ALL SELECT b.spec, b.due_at FROM by_default b) q
        ORDER BY q.due_at LIMIT p_limit),
    taken AS (
        UPDATE embedq.specs s SET next_check = embedq.store_now() + embedq.span_us(p_hold) FROM due d
        WHERE s.spec = d.spec RETURNING s AS row)
    SELECT c.catalog_id::text, i.* FROM taken t JOIN embedq.catalogs c ON c.catalog = (t.row).catalog,
                                        LATERAL embedq.spec_info(t.row) i;
END $$;

-- In the order of their keys, so that two sessions do not deadlock.
CREATE FUNCTION embedq.checked(p_catalogs text[], p_names text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM unnest(p_catalogs, p_names) q(catalog_id, name) JOIN embedq.catalogs c ON c.catalog_id = q.catalog_id
    JOIN embedq.specs s ON s.catalog = c.catalog AND s.spec_name = q.name ORDER BY s.spec FOR NO KEY UPDATE OF s;
    UPDATE embedq.specs s SET checked_at = embedq.store_now(), next_check = embedq.next_check(s.refresh)
    FROM unnest(p_catalogs, p_names) q(catalog_id, name) JOIN embedq.catalogs c ON c.catalog_id = q.catalog_id
    WHERE s.catalog = c.catalog AND s.spec_name = q.name;
END $$;

-- --- functions of the first migration that now have more columns or parameters

DROP FUNCTION embedq.same_documents;
DROP FUNCTION embedq.put_changed;
DROP FUNCTION embedq.list_specs;
DROP FUNCTION embedq.get_spec;
DROP FUNCTION embedq.spec_info;
DROP FUNCTION embedq.clone_catalog;
DROP FUNCTION embedq.catalog_health;

-- As before, and the same record.
CREATE FUNCTION embedq.same_documents(p_catalogs text[], p_names text[], p_hashes bytea[], p_versions bigint[],
                                      p_kinds smallint[], p_sources text[], p_etags text[], p_base_paths text[],
                                      p_titles text[], p_descriptions text[], p_roots text[], p_paths text[],
                                      p_notes text[], p_left_out bigint[], p_refreshes bigint[])
RETURNS TABLE (n bigint, same boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM embedq.catalog_named(q.catalog_id) FROM (SELECT DISTINCT catalog_id
        FROM unnest(p_catalogs) u(catalog_id)) q;
    RETURN QUERY
    SELECT q.n,
           s.spec IS NOT NULL
           AND (s.content_hash, s.text_version, s.source_kind, s.source, s.etag, s.base_path, s.title, s.description,
                s.root, s.path, s.notes, s.left_out, s.refresh)
               = (q.hash, q.version, q.kind, q.source, q.etag, q.base_path, q.title, q.description,
                  q.root, q.path, q.notes, q.left_out, q.refresh)
    FROM unnest(p_catalogs, p_names, p_hashes, p_versions, p_kinds, p_sources, p_etags, p_base_paths, p_titles,
                p_descriptions, p_roots, p_paths, p_notes, p_left_out, p_refreshes)
         WITH ORDINALITY q(catalog_id, name, hash, version, kind, source, etag, base_path, title, description, root,
                           path, notes, left_out, refresh, n)
    JOIN embedq.catalogs c ON c.catalog_id = q.catalog_id
    LEFT JOIN embedq.specs s ON s.catalog = c.catalog AND s.spec_name = q.name
    ORDER BY q.n;
END $$;

-- As before, with the record, after the spec is renamed.
CREATE FUNCTION embedq.put_changed(p_catalog text, p_name text, p_kind smallint, p_source text, p_etag text,
    p_base_path text,
                                   p_title text, p_description text, p_hash bytea, p_version bigint, p_size bigint,
                                   p_document bytea, p_ids text[], p_methods text[], p_paths text[], p_summaries text[],
                                   p_tags text[], p_cuts bigint[], p_hashes bytea[], p_root text, p_path text,
                                   p_notes text, p_left_out bigint, p_refresh bigint, p_renamed_from text,
                                   OUT created boolean,
                                   OUT enqueued embedq.enqueue_outcome, OUT generation bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_catalog embedq.catalogs := embedq.catalog_named(p_catalog);
    v_spec    embedq.specs;
    v_ref     bigint;
    v_count   bigint;
BEGIN
    PERFORM 1 FROM embedq.catalogs c WHERE c.catalog = v_catalog.catalog FOR KEY SHARE;
    PERFORM embedq.rename_spec(v_catalog, p_renamed_from, p_name);
    UPDATE embedq.specs s SET source_kind = p_kind, source = p_source, etag = p_etag, base_path = p_base_path,
                       title = p_title, description = p_description, content_hash = p_hash, text_version = p_version,
                       generation = s.generation + 1, operation_count = cardinality(p_ids), failures = 0,
                       parked_until = NULL, updated_at = embedq.store_now(), root = p_root, path = p_path,
                       notes = p_notes, left_out = p_left_out, refresh = p_refresh, checked_at = embedq.store_now(),
                       next_check = embedq.next_check(p_refresh)
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
                                       content_hash, text_version, operation_count, jobs_after, created_at, updated_at,
                                       root, path, notes, left_out, refresh, checked_at, next_check)
        VALUES (v_ref, v_catalog.catalog, p_name, p_kind, p_source, p_etag, p_base_path, p_title, p_description,
                p_hash, p_version, cardinality(p_ids), nextval('embedq.job_ids'), embedq.store_now(),
                embedq.store_now(), p_root, p_path, p_notes, p_left_out, p_refresh, embedq.store_now(),
                embedq.next_check(p_refresh))
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

CREATE FUNCTION embedq.spec_info(p_spec embedq.specs)
RETURNS TABLE (spec_name text, source_kind smallint, source text, etag text, base_path text, title text,
               description text, content_hash bytea, text_version bigint, generation bigint, operation_count integer,
               created_at bigint, updated_at bigint, parked_until bigint, root text, path text, notes text,
               left_out bigint, refresh bigint, checked_at bigint)
LANGUAGE sql STABLE AS $$
    SELECT p_spec.spec_name, p_spec.source_kind, p_spec.source, p_spec.etag, p_spec.base_path, p_spec.title,
           p_spec.description, p_spec.content_hash, p_spec.text_version, p_spec.generation, p_spec.operation_count,
           embedq.to_us(p_spec.created_at), embedq.to_us(p_spec.updated_at), embedq.to_us(p_spec.parked_until),
           p_spec.root, p_spec.path, p_spec.notes, p_spec.left_out, p_spec.refresh, embedq.to_us(p_spec.checked_at)
$$;

CREATE FUNCTION embedq.list_specs(p_catalog text, p_after text, p_limit bigint)
RETURNS TABLE (spec_name text, source_kind smallint, source text, etag text, base_path text, title text,
               description text, content_hash bytea, text_version bigint, generation bigint, operation_count integer,
               created_at bigint, updated_at bigint, parked_until bigint, root text, path text, notes text,
               left_out bigint, refresh bigint, checked_at bigint)
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
               created_at bigint, updated_at bigint, parked_until bigint, root text, path text, notes text,
               left_out bigint, refresh bigint, checked_at bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT i.* FROM embedq.spec_info(embedq.spec_named(embedq.catalog_named(p_catalog), p_name)) i;
END $$;

CREATE FUNCTION embedq.clone_catalog(p_source text, p_id text, p_name text, p_version text, p_display text,
                                     p_description text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_source embedq.catalogs := embedq.catalog_named(p_source);
    v_copy   integer;
    v_spec   embedq.specs;
BEGIN
    INSERT INTO embedq.catalogs AS c (catalog_id, name, version, display_name, description, provider, target_profile,
                                      serving_profile, created_at, updated_at)
    VALUES (p_id, p_name, p_version, p_display, p_description, v_source.provider, v_source.target_profile,
            v_source.serving_profile, embedq.store_now(), embedq.store_now())
    ON CONFLICT (catalog_id) DO NOTHING RETURNING c.catalog INTO v_copy;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is already a catalog ''%''', p_id
            USING ERRCODE = embedq.catalog_exists(), HINT = 'choose another id, or delete it first';
    END IF;
    PERFORM embedq.note_change(v_copy, ''::text);
    INSERT INTO embedq.spec_names (catalog_id, spec_name)
    SELECT p_id, s.spec_name FROM embedq.specs s WHERE s.catalog = v_source.catalog
    ON CONFLICT (catalog_id, spec_name) DO NOTHING;
    INSERT INTO embedq.specs (ref, catalog, spec_name, source_kind, source, etag, base_path, title, description,
                              content_hash, text_version, operation_count, jobs_after, created_at, updated_at, root,
                              path, notes, left_out, refresh, checked_at, next_check)
    SELECT n.ref, v_copy, s.spec_name, s.source_kind, s.source, s.etag, s.base_path, s.title, s.description,
           s.content_hash, s.text_version, s.operation_count, nextval('embedq.job_ids'), embedq.store_now(),
           embedq.store_now(), s.root, s.path, s.notes, s.left_out, s.refresh, embedq.store_now(),
           embedq.next_check(s.refresh)
    FROM embedq.specs s JOIN embedq.spec_names n ON n.catalog_id = p_id AND n.spec_name = s.spec_name
    WHERE s.catalog = v_source.catalog ORDER BY s.spec_name;
    INSERT INTO embedq.documents (spec, size, content)
    SELECT c.spec, d.size, d.content
    FROM embedq.specs s JOIN embedq.specs c ON c.catalog = v_copy AND c.spec_name = s.spec_name
    JOIN embedq.documents d ON d.spec = s.spec
    WHERE s.catalog = v_source.catalog;
    INSERT INTO embedq.operations (spec, position, text, operation_id, method, path, summary, tags, cut_bytes)
    SELECT c.spec, o.position, o.text, o.operation_id, o.method, o.path, o.summary, o.tags, o.cut_bytes
    FROM embedq.specs s JOIN embedq.specs c ON c.catalog = v_copy AND c.spec_name = s.spec_name
    JOIN embedq.operations o ON o.spec = s.spec
    WHERE s.catalog = v_source.catalog;
    IF v_source.target_profile IS NULL THEN RETURN; END IF;
    FOR v_spec IN SELECT * FROM embedq.specs s WHERE s.catalog = v_copy ORDER BY s.spec_name LOOP
        IF embedq.has_gap(v_spec.spec, v_source.target_profile, NULL::timestamptz) THEN
            PERFORM embedq.enqueue_job(v_spec, v_source.target_profile, embedq.kind_spec_write());
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION embedq.catalog_health(p_catalog text)
RETURNS TABLE (catalog_id text, specs_total bigint, specs_indexed bigint, specs_pending bigint, specs_running bigint,
               specs_failed bigint, operations bigint, embeddings bigint, left_out bigint) LANGUAGE plpgsql STABLE AS $$
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
               coalesce(sum(k.vectors), 0)::bigint, coalesce(sum(s.left_out), 0)::bigint
        FROM embedq.specs s
        LEFT JOIN embedq.settled_counts(v_catalog.catalog, v_catalog.target_profile, '{}'::text[]) k ON k.spec = s.spec
        LEFT JOIN embedq.newest_jobs(v_catalog.catalog, '{}'::text[]) j ON j.ref = s.ref
        WHERE s.catalog = v_catalog.catalog;
    END LOOP;
END $$;
