-- How the functions find names, and how they are planned. Applied after each migration, since a function that is
-- replaced loses its settings: to those that this transaction made, since a schema may have functions of others.
--
-- Nothing but the server's own names is found without a schema, and temporary tables come last.
--
-- A session plans a statement once and keeps the plan, and statistics may be old or missing: a worker that started on
-- an empty queue would still read whole tables after a million jobs have come. So a function that reads a few rows at a
-- time goes by key, whatever the statistics say. Each function has its own settings, since one that another function
-- calls may have been planned before, under the settings of another caller.
DO $$
DECLARE
    v_function regprocedure;
    v_name     text;
    v_keyed    constant text := 'SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off '
                                'SET enable_material = off SET plan_cache_mode = force_generic_plan SET jit = off';
BEGIN
    FOR v_function, v_name IN
        SELECT p.oid::regprocedure, p.proname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
        WHERE l.lanname = 'plpgsql' AND p.xmin = pg_current_xact_id()::xid
          AND p.pronamespace = (SELECT c.relnamespace FROM pg_class c WHERE c.oid = 'embedq.migrations'::regclass)
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp', v_function);
        IF v_name IN ('open_jobs', 'count_fresh') THEN
            -- They join lists, not tables, and have their own join settings.
            EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan SET jit = off', v_function);
        ELSIF v_name IN ('list_jobs', 'newest_jobs') THEN
            -- They read one row or thousands, depending on their parameters, and are planned again for each call.
            EXECUTE format('ALTER FUNCTION %s %s SET enable_bitmapscan = off SET plan_cache_mode = force_custom_plan',
                           v_function, v_keyed);
        ELSIF v_name IN ('spec_statuses', 'catalog_health', 'settled_counts', 'settlement', 'operations_of', 'prune',
                         'reconcile', 'specs_with_gap', 'set_target', 'clone_catalog', 'delete_catalog') THEN
            -- They read most of a table, so whole tables are read where that is best for their present size.
            EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_custom_plan SET jit = off', v_function);
        ELSE
            EXECUTE format('ALTER FUNCTION %s %s', v_function, v_keyed);
        END IF;
    END LOOP;
END $$;
