// The statements of a diagnosis. All but the feed's read only system catalogs and statistics. None needs the schema's
// functions, since the schema may be missing. They run in a read-only transaction of bounded time.
#pragma once

namespace embedq::postgres::statements {

inline constexpr const char* server = R"(
SELECT current_setting('server_version'), current_user, current_database(), current_setting('server_encoding'),
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)";

// What a new session gets, even if this one has other settings by now.
inline constexpr const char* settings = R"(
SELECT name, reset_val FROM pg_settings WHERE name = ANY ($1::text[]))";

// Sessions that count against max_connections. A role that may not see other sessions' details still sees them here.
inline constexpr const char* connections = R"(
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
       (SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid IS NOT NULL AND a.datid <> 0),
       (SELECT count(*) FROM pg_stat_activity a WHERE a.usename = current_user),
       (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user),
       (SELECT datconnlimit FROM pg_database WHERE datname = current_database()))";

// Without the right to see other sessions, all columns but the name are null.
inline constexpr const char* standbys = R"(
SELECT application_name, state, sync_state, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint
FROM pg_stat_replication ORDER BY application_name)";

inline constexpr const char* idle_slots = R"(
SELECT slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint FROM pg_replication_slots
WHERE NOT active AND restart_lsn IS NOT NULL ORDER BY 2 DESC)";

// $1: the schema's name, in all of the following.
inline constexpr const char* schema_rights = R"(
SELECT has_schema_privilege(oid, 'USAGE'), pg_has_role(nspowner, 'USAGE'),
       has_database_privilege(current_database(), 'CREATE')
FROM pg_namespace WHERE nspname = $1)";

// Who but the owner may create objects in the schema.
inline constexpr const char* creators = R"(
SELECT string_agg(DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END, ', ')
FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname = $1 AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner)";

inline constexpr const char* may_make_schemas = "SELECT has_database_privilege(current_database(), 'CREATE')";

// The tables, sequences and functions on which the role lacks rights, a row for each kind. `migrations` is only read.
inline constexpr const char* missing_rights = R"(
SELECT 'table', string_agg(c.relname, ', ' ORDER BY c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind IN ('r', 'v') AND NOT (has_table_privilege(c.oid, 'SELECT') AND
      (c.relkind = 'v' OR c.relname = 'migrations'
       OR (has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
           AND has_table_privilege(c.oid, 'DELETE'))))
HAVING count(*) > 0
UNION ALL
SELECT 'sequence', string_agg(c.relname, ', ' ORDER BY c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND CASE c.relkind WHEN 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE') ELSE false END
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                      AND d.deptype = 'i')
HAVING count(*) > 0
UNION ALL
SELECT 'function', string_agg(DISTINCT p.proname::text, ', ')
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = $1 AND NOT has_function_privilege(p.oid, 'EXECUTE')
HAVING count(*) > 0)";

// The names under which schema_objects.h has them. Sequences that belong to an identity column are left out.
inline constexpr const char* objects = R"(
SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'type'
                      ELSE 'index' END || ' ' || c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'S', 'c', 'i')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                      AND d.deptype = 'i' AND c.relkind = 'S')
UNION ALL
SELECT 'type ' || t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname = $1 AND t.typtype = 'e'
UNION ALL
SELECT 'constraint ' || k.conname FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
WHERE n.nspname = $1 AND k.contype = 'f'
UNION ALL
SELECT DISTINCT 'function ' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = $1)";

inline constexpr const char* version = R"(
SELECT c.oid IS NOT NULL AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'migrations')";

// An index that is being built is not valid either. A role that may not see the builder's session does not see which
// table it is about, and takes each for its own.
inline constexpr const char* invalid_indexes = R"(
SELECT c.relname, EXISTS (SELECT FROM pg_stat_progress_create_index g
                          WHERE g.datname = current_database() AND coalesce(g.relid, i.indrelid) = i.indrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND NOT (i.indisvalid AND i.indisready AND i.indislive) ORDER BY c.relname)";

// Name, live and dead rows, seconds since the last vacuum, bytes with indexes and TOAST, estimated rows, whether
// autovacuum is off.
inline constexpr const char* tables = R"(
SELECT c.relname, coalesce(pg_stat_get_live_tuples(c.oid), 0), coalesce(pg_stat_get_dead_tuples(c.oid), 0),
       extract(epoch FROM clock_timestamp() - greatest(pg_stat_get_last_vacuum_time(c.oid),
                                                       pg_stat_get_last_autovacuum_time(c.oid)))::bigint,
       pg_total_relation_size(c.oid), greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0)::bigint,
       coalesce(array_to_string(c.reloptions, ',') ~* 'autovacuum_enabled=(f|of|n|0)', false)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind = 'r' ORDER BY 5 DESC)";

// What keeps vacuum from removing dead rows of this database: kind, name, user, program, state, transactions that began
// since, seconds, query. String literals in a query may be secrets, so they are removed before it is cut.
inline constexpr const char* horizon = R"(
SELECT * FROM (
    SELECT CASE a.backend_type WHEN 'walsender' THEN 'standby' ELSE 'session' END, a.pid::text, a.usename,
           a.application_name, a.state, greatest(age(a.backend_xmin), age(a.backend_xid))::bigint AS xids,
           extract(epoch FROM clock_timestamp() - a.xact_start)::bigint AS seconds,
           left(regexp_replace(regexp_replace(regexp_replace(left(a.query, 10000), '\$(\w*?)\$.*?(\$\1\$|$)', '…', 'g'),
                                              '''([^''\\]|''''|\\.)*(''|$)', '''…''', 'g'), '\s+', ' ', 'g'), 100)
    FROM pg_stat_activity a
    WHERE a.pid <> pg_backend_pid() AND (a.datname = current_database() OR coalesce(a.datid, 0) = 0)
          AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL) AND a.backend_type <> 'autovacuum worker'
    UNION ALL
    SELECT 'prepared', p.gid, p.owner, p.database, NULL, age(p.transaction),
           extract(epoch FROM clock_timestamp() - p.prepared)::bigint, NULL
    FROM pg_prepared_xacts p WHERE p.database = current_database()
    UNION ALL
    SELECT 'slot', s.slot_name, NULL, NULL, CASE WHEN s.active THEN 'active' ELSE 'inactive' END, age(s.xmin), NULL,
           NULL
    FROM pg_replication_slots s WHERE s.xmin IS NOT NULL) holder
ORDER BY holder.seconds DESC NULLS LAST, holder.xids DESC)";

inline constexpr const char* hidden_sessions = R"(
SELECT count(*) FROM pg_stat_activity a WHERE a.datname = current_database() AND a.query = '<insufficient privilege>')";

// The most changes of one catalog that its readers count again each time, since a transaction that began before them is
// still open: changes_by_xact. %s: the quoted schema.
inline constexpr const char* unsettled_feed = R"(
SELECT coalesce(max(q.n), 0)
FROM %s.catalogs c CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM (SELECT FROM %s.changes x
                               WHERE x.catalog = c.catalog
                                 AND x.xact >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                               LIMIT 1000000) bounded) q)";

}  // namespace embedq::postgres::statements
