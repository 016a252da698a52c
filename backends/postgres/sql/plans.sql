-- How the verbs are planned; applied again after each migration, since a function that is replaced loses it.
--
-- A session plans a statement once and keeps the plan, and statistics may be old or missing: a worker that started on an empty queue would
-- go on reading whole tables after a million jobs came. So what is asked for a few rows at a time goes by key, whatever the planner
-- believes of the tables. The functions that these call are planned under the same.
DO $$
DECLARE
    v_verb  text;
    v_keyed constant text := 'SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off '
                             'SET jit = off';
BEGIN
    FOREACH v_verb IN ARRAY ARRAY['claim', 'extend_leases', 'missing_texts', 'next_due', 'commit_jobs', 'reap', 'cancel_jobs', 'enqueue_jobs',
                                  'same_documents', 'put_unchanged', 'put_texts', 'put_changed', 'delete_spec', 'vectors_of'] LOOP
        EXECUTE format('ALTER FUNCTION %I %s', v_verb, v_keyed);
    END LOOP;
    -- What reads one row or thousands, depending on what it is asked, is also planned each time, for tables as large as they are.
    FOREACH v_verb IN ARRAY ARRAY['list_jobs', 'spec_statuses', 'catalog_health'] LOOP
        EXECUTE format('ALTER FUNCTION %I %s SET enable_bitmapscan = off SET plan_cache_mode = force_custom_plan', v_verb, v_keyed);
    END LOOP;
    -- What reads everything there is does best with whole tables.
    FOREACH v_verb IN ARRAY ARRAY['settlement', 'operations_of', 'prune', 'reconcile', 'set_target', 'clone_catalog', 'delete_catalog'] LOOP
        EXECUTE format('ALTER FUNCTION %I SET plan_cache_mode = force_custom_plan SET jit = off', v_verb);
    END LOOP;
END $$;
