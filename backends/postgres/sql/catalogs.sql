-- Catalogs, their targets and profiles, the change feed, and when a target begins to serve.

CREATE FUNCTION embedq.catalog_named(p_catalog text) RETURNS embedq.catalogs LANGUAGE plpgsql AS $$
DECLARE
    v_row embedq.catalogs;
BEGIN
    SELECT * INTO v_row FROM embedq.catalogs c WHERE c.catalog_id = p_catalog;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no catalog ''%''', p_catalog
            USING ERRCODE = embedq.no_such_catalog(), HINT = 'create it first, or check the id';
    END IF;
    RETURN v_row;
END $$;

CREATE FUNCTION embedq.spec_named(p_catalog embedq.catalogs, p_name text) RETURNS embedq.specs LANGUAGE plpgsql AS $$
DECLARE
    v_row embedq.specs;
BEGIN
    SELECT * INTO v_row FROM embedq.specs s WHERE s.catalog = p_catalog.catalog AND s.spec_name = p_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'catalog ''%'' has no spec ''%''', p_catalog.catalog_id, p_name
            USING ERRCODE = embedq.no_such_spec(), HINT = 'put it first, or check the name';
    END IF;
    RETURN v_row;
END $$;

-- The specs of a catalog that are named, or all of them when `p_names` is empty, by name.
-- `specs` by (catalog, spec_name).
CREATE FUNCTION embedq.specs_named(p_catalog integer, p_names text[]) RETURNS SETOF embedq.specs
LANGUAGE sql STABLE AS $$
    SELECT s.* FROM embedq.specs s WHERE s.catalog = p_catalog AND (p_names = '{}' OR s.spec_name = ANY (p_names))
$$;

-- --- the change feed
--
-- A catalog's revision is the newest transaction in its feed that is older than every transaction still running, and
-- the number of changes seen since that one: (xact << 20) + count. The first part is where the next reader continues,
-- so a transaction that began early and ended late is never skipped; the second part makes the number grow with each
-- commit meanwhile. Changes in between may be reported twice.

CREATE FUNCTION embedq.feed_revision(p_catalog integer, p_floor bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_horizon bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    v_settled bigint;
    v_since   bigint;
BEGIN
    -- changes_by_xact, one entry from its end.
    SELECT c.xact INTO v_settled FROM embedq.changes c WHERE c.catalog = p_catalog AND c.xact < v_horizon
    ORDER BY c.xact DESC LIMIT 1;
    SELECT count(*) INTO v_since FROM embedq.changes c WHERE c.catalog = p_catalog AND c.xact >= v_horizon;
    RETURN (greatest(coalesce(v_settled, 0), p_floor) << 20) + least(v_since, (1 << 20) - 1);
END $$;

CREATE FUNCTION embedq.revision(p_catalog text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_catalog embedq.catalogs := embedq.catalog_named(p_catalog);
BEGIN
    RETURN embedq.feed_revision(v_catalog.catalog, v_catalog.feed_floor);
END $$;

-- A row for each changed spec; the first row, whose name is null, has the revision and whether everything must be read
-- again.
CREATE FUNCTION embedq.changes_since(p_catalog text, p_since bigint)
RETURNS TABLE (spec_name text, revision bigint, everything boolean) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_catalog embedq.catalogs := embedq.catalog_named(p_catalog);
    v_from    bigint := p_since >> 20;
    v_now     bigint := embedq.feed_revision(v_catalog.catalog, v_catalog.feed_floor);
    v_all     boolean;
BEGIN
    v_all := v_from < v_catalog.feed_floor
             OR EXISTS (SELECT 1 FROM embedq.changes c WHERE c.catalog = v_catalog.catalog AND c.xact > v_from
                        AND c.spec_name = '');
    RETURN QUERY SELECT NULL::text, v_now, v_all;
    IF v_all OR v_now = p_since THEN RETURN; END IF;
    RETURN QUERY SELECT DISTINCT c.spec_name, v_now, false FROM embedq.changes c
                 WHERE c.catalog = v_catalog.catalog AND c.xact > v_from;
END $$;

CREATE FUNCTION embedq.note_change(p_catalog integer, p_spec_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO embedq.changes (catalog, spec_name, at) VALUES (p_catalog, p_spec_name, embedq.store_now());
END $$;

-- A feed that was restored from a dump of another cluster may name transactions that have not happened here yet. It is
-- then started again; returns whether it was.
CREATE FUNCTION embedq.repair_feed() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_next bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM embedq.catalogs c WHERE c.feed_floor > v_next OR EXISTS (
                       SELECT 1 FROM embedq.changes x WHERE x.catalog = c.catalog AND x.xact > v_next)) THEN
        RETURN false;
    END IF;
    DELETE FROM embedq.changes x WHERE x.xact > v_next;
    UPDATE embedq.catalogs c SET feed_floor = 0 WHERE c.feed_floor > 0;
    PERFORM embedq.note_change(c.catalog, ''::text) FROM embedq.catalogs c;
    RETURN true;
END $$;

-- --- what is settled

-- operations_by_spec, then the keys of vectors and refusals; ends at the first text that is not settled. OFFSET 0 keeps
-- the planner from turning these lookups into a join over whole tables, which it does when a table was small or empty
-- when it was last analyzed.
CREATE FUNCTION embedq.has_gap(p_spec bigint, p_profile integer, p_force timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (
        SELECT 1 FROM embedq.operations o
        WHERE o.spec = p_spec
          AND NOT EXISTS (SELECT 1 FROM embedq.vectors w WHERE w.text = o.text AND w.profile = p_profile
                          AND (p_force IS NULL OR w.written_at >= p_force) OFFSET 0)
          AND NOT EXISTS (SELECT 1 FROM embedq.refusals w WHERE w.text = o.text AND w.profile = p_profile
                          AND (p_force IS NULL OR w.written_at >= p_force) OFFSET 0));
END $$;

CREATE FUNCTION embedq.catalog_has_gap(p_catalog integer, p_profile integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (
        SELECT 1 FROM embedq.specs s JOIN embedq.operations o ON o.spec = s.spec
        WHERE s.catalog = p_catalog
          AND NOT EXISTS (SELECT 1 FROM embedq.vectors w WHERE w.text = o.text AND w.profile = p_profile
                          AND (s.force_from IS NULL OR w.written_at >= s.force_from) OFFSET 0)
          AND NOT EXISTS (SELECT 1 FROM embedq.refusals w WHERE w.text = o.text AND w.profile = p_profile
                          AND (s.force_from IS NULL OR w.written_at >= s.force_from) OFFSET 0));
END $$;

CREATE FUNCTION embedq.set_serving(p_catalog integer, p_profile integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE embedq.catalogs SET serving_profile = p_profile, updated_at = embedq.store_now() WHERE catalog = p_catalog;
    PERFORM embedq.note_change(p_catalog, ''::text);
END $$;

-- The target profile begins to serve when every text of the catalog is settled under it. The catalog's row is locked
-- before the second check, and writers of specs hold it shared, so nobody adds a text in between.
CREATE FUNCTION embedq.flip_if_settled(p_catalog integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_row embedq.catalogs;
BEGIN
    SELECT * INTO v_row FROM embedq.catalogs WHERE catalog = p_catalog;
    IF NOT FOUND OR v_row.target_profile IS NULL OR v_row.serving_profile IS NOT DISTINCT FROM v_row.target_profile THEN
        RETURN false;
    END IF;
    IF embedq.catalog_has_gap(p_catalog, v_row.target_profile) THEN RETURN false; END IF;
    SELECT * INTO v_row FROM embedq.catalogs WHERE catalog = p_catalog FOR UPDATE;
    IF NOT FOUND OR v_row.target_profile IS NULL OR v_row.serving_profile IS NOT DISTINCT FROM v_row.target_profile
       OR embedq.catalog_has_gap(p_catalog, v_row.target_profile) THEN RETURN false; END IF;
    PERFORM embedq.set_serving(p_catalog, v_row.target_profile);
    RETURN true;
END $$;

-- --- verbs

CREATE FUNCTION embedq.put_catalog(p_id text, p_name text, p_version text, p_display text, p_description text)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_catalog integer;
BEGIN
    INSERT INTO embedq.catalogs AS c (catalog_id, name, version, display_name, description, created_at, updated_at)
    VALUES (p_id, p_name, p_version, p_display, p_description, embedq.store_now(), embedq.store_now())
    ON CONFLICT (catalog_id) DO NOTHING RETURNING c.catalog INTO v_catalog;
    IF FOUND THEN
        PERFORM embedq.note_change(v_catalog, ''::text);
        RETURN true;
    END IF;
    UPDATE embedq.catalogs c SET name = p_name, version = p_version, display_name = p_display,
                          description = p_description, updated_at = embedq.store_now()
    WHERE c.catalog_id = p_id
      AND (c.name, c.version, c.display_name, c.description)
          IS DISTINCT FROM (p_name, p_version, p_display, p_description);
    RETURN false;
END $$;

CREATE FUNCTION embedq.list_catalogs()
RETURNS TABLE (catalog_id text, name text, version text, display_name text, description text, provider text,
               target bytea, serving bytea, spec_count bigint, revision bigint, created_at bigint, updated_at bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.catalog_id, c.name, c.version, c.display_name, c.description, c.provider, t.id, v.id,
           (SELECT count(*) FROM embedq.specs s
               WHERE s.catalog = c.catalog), embedq.feed_revision(c.catalog, c.feed_floor),
           embedq.to_us(c.created_at), embedq.to_us(c.updated_at)
    FROM embedq.catalogs c LEFT JOIN embedq.profiles t ON t.profile = c.target_profile
    LEFT JOIN embedq.profiles v ON v.profile = c.serving_profile
    ORDER BY c.catalog_id;
END $$;

CREATE FUNCTION embedq.get_profile(p_id bytea) RETURNS SETOF embedq.profiles LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT * FROM embedq.profiles p WHERE p.id = p_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no catalog was ever embedded under this profile' USING ERRCODE = embedq.no_such_profile();
    END IF;
END $$;

CREATE FUNCTION embedq.put_profile(p_id bytea, p_fingerprint bytea, p_epoch bigint, p_plugin text, p_model text,
                                   p_digest text, p_dimension integer, p_document_prefix text, p_query_prefix text,
                                   p_text_version bigint, p_max_text_bytes bigint, p_weight float8,
                                       p_option_names text[],
                                   p_option_values text[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_profile integer;
BEGIN
    INSERT INTO embedq.profiles AS p (id, fingerprint, epoch, plugin, model, model_digest, dimension, document_prefix,
                                      query_prefix, text_version, max_text_bytes, semantic_weight, option_names,
                                      option_values)
    VALUES (p_id, p_fingerprint, p_epoch, p_plugin, p_model, p_digest, p_dimension, p_document_prefix, p_query_prefix,
            p_text_version, p_max_text_bytes, p_weight, p_option_names, p_option_values)
    ON CONFLICT (id) DO UPDATE SET
        fingerprint = excluded.fingerprint, epoch = excluded.epoch, plugin = excluded.plugin, model = excluded.model,
        model_digest = excluded.model_digest, dimension = excluded.dimension,
        document_prefix = excluded.document_prefix, query_prefix = excluded.query_prefix,
        text_version = excluded.text_version, max_text_bytes = excluded.max_text_bytes,
        semantic_weight = excluded.semantic_weight, option_names = excluded.option_names,
        option_values = excluded.option_values
    RETURNING p.profile INTO v_profile;
    RETURN v_profile;
END $$;

-- Pending jobs of the catalog follow its target. They are locked in order of ref, as elsewhere. A job enqueued at the
-- same moment may keep the old target: reconcile moves it.
CREATE FUNCTION embedq.move_pending(p_catalog integer, p_profile integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM embedq.specs s JOIN embedq.jobs_ready r ON r.ref = s.ref WHERE s.catalog = p_catalog
    ORDER BY r.ref FOR UPDATE OF r;
    UPDATE embedq.jobs_ready r SET profile = p_profile FROM embedq.specs s
    WHERE s.catalog = p_catalog AND r.ref = s.ref AND r.profile IS DISTINCT FROM p_profile;
END $$;

-- Returns whether the catalog's provider or target changed.
CREATE FUNCTION embedq.set_target(p_catalog text, p_provider text, p_profile integer) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_row embedq.catalogs := embedq.catalog_named(p_catalog);
BEGIN
    SELECT * INTO v_row FROM embedq.catalogs c WHERE c.catalog = v_row.catalog FOR UPDATE;
    IF v_row.provider = p_provider AND v_row.target_profile IS NOT DISTINCT FROM p_profile THEN RETURN false; END IF;
    UPDATE embedq.catalogs c SET provider = p_provider, target_profile = p_profile, updated_at = embedq.store_now()
    WHERE c.catalog = v_row.catalog;
    PERFORM embedq.move_pending(v_row.catalog, p_profile);
    IF p_profile IS NOT NULL AND v_row.serving_profile IS NULL THEN
        PERFORM embedq.set_serving(v_row.catalog, p_profile);
    END IF;
    PERFORM embedq.flip_if_settled(v_row.catalog);
    RETURN true;
END $$;

-- The jobs end first. Leases are locked before specs, in the order in which workers lock them.
CREATE FUNCTION embedq.delete_catalog(p_catalog text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_catalog embedq.catalogs := embedq.catalog_named(p_catalog);
BEGIN
    PERFORM embedq.cancel_jobs_of(ARRAY (SELECT s.ref FROM embedq.specs s WHERE s.catalog = v_catalog.catalog),
                           'its catalog was deleted'::text);
    PERFORM 1 FROM embedq.catalogs c WHERE c.catalog = v_catalog.catalog FOR UPDATE;
    -- The jobs of specs that were put meanwhile.
    PERFORM embedq.cancel_jobs_of(ARRAY (SELECT s.ref FROM embedq.specs s WHERE s.catalog = v_catalog.catalog),
                           'its catalog was deleted'::text);
    DELETE FROM embedq.operations o USING embedq.specs s WHERE s.catalog = v_catalog.catalog AND o.spec = s.spec;
    DELETE FROM embedq.documents d USING embedq.specs s WHERE s.catalog = v_catalog.catalog AND d.spec = s.spec;
    DELETE FROM embedq.specs s WHERE s.catalog = v_catalog.catalog;
    DELETE FROM embedq.changes c WHERE c.catalog = v_catalog.catalog;
    DELETE FROM embedq.catalogs c WHERE c.catalog = v_catalog.catalog;
END $$;

-- Rows are copied inside the server; texts and vectors are shared.
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
                              content_hash, text_version, operation_count, jobs_after, created_at, updated_at)
    SELECT n.ref, v_copy, s.spec_name, s.source_kind, s.source, s.etag, s.base_path, s.title, s.description,
           s.content_hash, s.text_version, s.operation_count, nextval('embedq.job_ids'), embedq.store_now(),
               embedq.store_now()
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
