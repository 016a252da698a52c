"""The plans: each call of the store touches a bounded number of buffers, however long the history is and whatever the
statistics are.

There are 1,000,000 finished jobs, 100,000 that are deferred and 100,000 of a provider that cools down; EMBEDQ_SOAK=1
makes it five times as many. The numbers are those of `EXPLAIN (ANALYZE, BUFFERS)` for a whole call: pages found in
memory and pages read, including those of the function's own statements. Every measured transaction is rolled back.
"""

import json
import os
import time
import unittest

import postgres
import stage
from stage import call, fingerprint

SCALE = 5 if os.environ.get("EMBEDQ_SOAK") else 1
SPECS = 200  # of the measured catalog
OPERATIONS = 50  # of each of them
HOT, COOLING = fingerprint("hot"), fingerprint("cooling")
TOKEN = "11111111-1111-1111-1111-111111111111"
LATEST = 2**63 - 1

# Catalogs, specs, operations, vectors: no jobs yet. In `shop` the last operation of each spec has no vector.
BASE = f"""
SET search_path = embedq, public;
{stage.profile("hot")};
{stage.profile("cooling")};
SELECT put_catalog(name, '', '', '', '') FROM unnest(ARRAY['shop', 'deferred', 'cooling']) name;
UPDATE catalogs SET target_profile = p.profile, serving_profile = p.profile
FROM profiles p WHERE p.model = CASE catalog_id WHEN 'cooling' THEN 'cooling' ELSE 'hot' END;
INSERT INTO spec_names (catalog_id, spec_name) SELECT 'shop', 'spec' || i FROM generate_series(1, {SPECS}) i;
INSERT INTO spec_names (catalog_id, spec_name)
SELECT c, 'spec' || i FROM unnest(ARRAY['deferred', 'cooling']) WITH ORDINALITY q(c, n), generate_series(1, :many) i
ORDER BY n, i;
INSERT INTO specs (ref, catalog, spec_name, source_kind, source, etag, base_path, title, description, content_hash,
                   text_version, operation_count, jobs_after, created_at, updated_at)
SELECT n.ref, c.catalog, n.spec_name, 0, '', '', '', '', '', sha256(''), 1,
CASE c.catalog_id WHEN 'shop' THEN {OPERATIONS} ELSE 1 END, 0,
       now(), now()
FROM spec_names n JOIN catalogs c USING (catalog_id) ORDER BY n.ref;
INSERT INTO texts (hash, content) SELECT sha256(i::text::bytea), 'text ' || i FROM
generate_series(1, {SPECS * OPERATIONS}) i;
INSERT INTO operations (spec, position, text, operation_id, method, path, summary, tags, cut_bytes)
SELECT s.spec, o - 1, (s.ref - 1) * {OPERATIONS} + o, 'op' || o, 'GET', '/' || o, '', '', 0
FROM specs s JOIN catalogs c USING (catalog), generate_series(1, {OPERATIONS}) o WHERE c.catalog_id = 'shop';
INSERT INTO vectors (text, profile, written_at, value)
SELECT o.text, 1, now() - interval '30 days', '\\x0000803f0000803f0000803f0000803f' FROM operations o
WHERE o.position < {OPERATIONS - 1};
INSERT INTO operations (spec, position, text, operation_id, method, path, summary, tags, cut_bytes)
SELECT s.spec, 0, 1, 'op', 'GET', '/', '', '', 0 FROM specs s JOIN catalogs c USING (catalog)
WHERE c.catalog_id <> 'shop';
"""

# A thousand jobs a minute: every second one of the shop, the others of many specs; one of a thousand failed, and one
# was cancelled. One spec in ten never had a job.
HISTORY = f"""
SET search_path = embedq, public;
INSERT INTO jobs_done (id, ref, kind, status, attempts, expiries, embedded, created_at, started_at, completed_at,
                       worker_id, last_error)
SELECT i, CASE i % 2 WHEN 0 THEN 1 + (i / 2) % {SPECS * 9 // 10} ELSE {SPECS} + 1 + (i / 2) % (:many * 9 / 10) END, 0,
       CASE i % 1000 WHEN 0 THEN 3 WHEN 1 THEN 4 ELSE 2 END, 0, 0, {OPERATIONS}, at, at, at, 'worker', ''
FROM generate_series(1, :finished) i,
     LATERAL (SELECT now() - interval '60 ms' * (:finished - i) - interval '1 minute') t(at);
SELECT setval('job_ids', :finished);
"""
# Deferred; of the cooling provider; due; and ten receipts of a hundred jobs, two of them expired.
OPEN = f"""
SET search_path = embedq, public;
INSERT INTO jobs_ready (ref, profile, kind, operations, due, created_at)
SELECT {SPECS} + i, 1, 0, 1, now() + interval '1 hour' + interval '1 ms' * i, now() FROM
generate_series(1, :many - 1000) i;
INSERT INTO jobs_ready (ref, profile, kind, operations, due, created_at)
SELECT {SPECS} + :many + i, 2, 0, 1, now() - interval '1 hour', now() FROM generate_series(1, :many) i;
INSERT INTO jobs_ready (ref, profile, kind, operations, due, created_at)
SELECT i, 1, 0, {OPERATIONS}, now() - interval '1 minute', now() FROM generate_series(1, {SPECS}) i;
INSERT INTO job_leases (token, worker_id, claimed_at, expires_at, size, jobs)
SELECT gen_random_uuid(), 'worker', now(), now() + CASE WHEN b < 2 THEN interval '-1 s' ELSE interval '1 hour' END, 100,
       array_agg(ROW (nextval('job_ids'), {SPECS} + :many - b * 100 - j, 1, 0, 0, 0, 0, now(), now(), '')::job_row)
FROM generate_series(0, 9) b, generate_series(0, 99) j GROUP BY b;
"""
# What a queue looks like in its first minutes: the same few rows again and again.
FEW = """
SET search_path = embedq, public;
INSERT INTO jobs_done (id, ref, kind, status, attempts, expiries, embedded, created_at, started_at, completed_at,
                       worker_id, last_error)
SELECT -i, 1, 0, 2, 0, 0, 1, now(), now(), now(), 'worker', '' FROM generate_series(1, 200) i;
INSERT INTO jobs_ready (ref, profile, kind, operations, due, created_at) VALUES (1, 1, 0, 1, now(), now());
ANALYZE;
DELETE FROM jobs_ready;
"""


class Verb:
    """One call: how many buffers it may touch, and why so many. `before` runs first, in the same transaction."""

    def __init__(self, name, sql, bound, reason, before=None, warm=True):
        self.name, self.sql, self.bound, self.reason, self.before, self.warm = name, sql, bound, reason, before, warm

    def run(self, session, prefix=""):
        session.sql("BEGIN")
        try:
            session.sql("SET LOCAL statement_timeout = '20s'")
            if self.before:
                session.sql(self.before)
            read = {name: int(rows) for name, rows in session.sql(SCANNED)}
            answer = session.sql(prefix + self.sql)
            scanned = {name: int(rows) - read.get(name, 0) for name, rows in session.sql(SCANNED)}
            return answer, {name: rows for name, rows in scanned.items() if rows > 1000}
        finally:
            session.sql("ROLLBACK")

    def measure(self, session):
        answer, scanned = self.run(session, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ")
        plan = json.loads("".join(line[0] for line in answer))[0]["Plan"]
        return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], scanned


SCANNED = "SELECT relname, seq_tup_read FROM pg_stat_xact_user_tables WHERE schemaname = 'embedq' AND seq_tup_read > 0"


def claim(jobs, fingerprints=(HOT,)):
    return call("claim", "me", ("bytea[]", list(fingerprints)), jobs, LATEST, 20_000_000, True, ("uuid", TOKEN), None)


def jobs(id=None, catalog=None, name=None, status=None, before=LATEST):
    return call("list_jobs", ("bigint", id), ("text", catalog), ("text", name), ("smallint", status), before, 50)


def held(function, *arguments):
    """A call about all jobs that a claim took in this transaction; each argument stands for an array with one such
    value per job."""
    of_each = [f"ARRAY(SELECT {value} FROM embedq.job_leases l, unnest(l.jobs) j WHERE l.token = '{TOKEN}' "
               "ORDER BY j.id)"
               if isinstance(value, str) and value[0] != "=" else str(value).lstrip("=") for value in arguments]
    return f"SELECT * FROM embedq.{function}({', '.join(of_each)})"


CLAIMED = claim(100)
NOTHING = ["='{}'"] * 5 + ["=''"] + ["='{}'"] * 8
VERBS = [
    Verb("claim of 100", CLAIMED, 2_500,
         "each job's row is found, locked, deleted, and its spec's name looked up: 25 a job"),
    Verb("claim of 1", claim(1), 100, "one job, and the tables that a new session looks up"),
    Verb("claim with nothing due", claim(100, [fingerprint("nobody")]), 20, "one lookup in the profiles"),
    Verb("missing_texts of 100 jobs",
         held("missing_texts", "j.id", "l.token", "-1::bigint", "1000::bigint", "100000000::bigint"),
         100 * OPERATIONS * 12, "each of 5,000 operations: itself, its text, its vector, its refusal", CLAIMED),
    Verb("extend_leases of 100 jobs",
         held("extend_leases", "='me'", "='host'", 1, "='1'", 100, "='{}'", "=false", "j.id", "l.token",
              20_000_000), 500,
         "one receipt", CLAIMED),
    Verb("commit_jobs of 100 jobs",
         held("commit_jobs", "j.id", "l.token", "'succeeded'::embedq.job_outcome", "''::text", "0::bigint", 5,
              *NOTHING), 3_000,
         "each job: its spec, and a row of history in five indexes", CLAIMED),
    Verb("enqueue_jobs of one", call("enqueue_jobs", ["deferred"], ["spec50"], ("smallint[]", [0])), 400,
         "one spec, one row"),
    Verb("next_due", call("next_due", ("bytea[]", [HOT])), 100, "one entry of each index, and ten receipts"),
    Verb("spec_statuses of one spec", call("spec_statuses", "shop", ["spec7"]), 1_000,
         "50 operations, each with vector and refusal"),
    Verb("spec_statuses of 200 specs", call("spec_statuses", "shop", ("text[]", [])), 80_000,
         "10,000 operations, each with vector and refusal"),
    Verb("catalog_health of 200 specs", call("catalog_health", "shop"), 80_000,
         "10,000 operations, each with vector and refusal"),
    Verb("list_jobs by id", jobs(id=77_777), 200, "one row"),
]
for when, before in (("", LATEST), (", a page in the middle", 50_000)):
    VERBS.append(Verb("list_jobs of everything" + when, jobs(before=before), 4_000,
                      "three pages of 50, and each of 1,000 running jobs"))
    VERBS.append(Verb("list_jobs of a catalog" + when, jobs(catalog="shop", before=before), 5_000,
                      "a lookup for each of 200 specs, then a page; the pending jobs by spec"))
VERBS.append(Verb("list_jobs of a spec", jobs(catalog="shop", name="spec7"), 800, "a page of one spec"))
for status, word in enumerate(("pending", "running", "succeeded", "failed", "cancelled")):
    VERBS.append(Verb(f"list_jobs {word}", jobs(status=status), 3_000 if status == 1 else 600,
                      "each of 1,000 running jobs" if status == 1 else "a page"))
    VERBS.append(Verb(f"list_jobs {word}, of a catalog", jobs(catalog="shop", status=status), 3_000,
                      "a lookup for each of 200 specs, then a page"))
    VERBS.append(Verb(f"list_jobs {word}, of a spec", jobs(catalog="shop", name="spec7", status=status), 800,
                      "a page of one spec"))
VERBS += [
    Verb("list_jobs of a huge catalog", jobs(catalog="deferred"), 6 * 100_000 * SCALE,
         "a lookup for each of its specs, however many jobs they had",
         warm=False),
    Verb("reap of 200 jobs", call("reap", 5), 15_000, "each job: its receipt, its spec, a pending row in four indexes",
         warm=False),
    Verb("prune of 1,000", call("prune", 60_000_000, 1_000), 6_000,
         "each row is found and deleted; its index entries go with vacuum",
         warm=False),
]


class Plans(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Nothing may update the statistics during the test.
        cls.server = postgres.Cluster(durable=False,
                                      settings={"autovacuum": "off", "shared_buffers": "512MB", "max_wal_size": "8GB",
                                                               "checkpoint_timeout": "1h"})
        cls.addClassCleanup(cls.server.close)

    def database(self, name, scale):
        url = self.server.create_database(name)
        stage.migrate(url)
        sizes = {"many": int(100_000 * scale), "finished": int(1_000_000 * scale)}
        return lambda text: self.server.sql(text, database=name, variables=sizes, timeout=1200)

    def expect_bounded(self, session, state, worst):
        """Measures each verb after ten calls, when a session has settled on its plans."""
        for verb in VERBS:
            for _ in range(10 if verb.warm else 0):
                verb.run(session)
        self.measure(session, state, worst)

    def measure(self, session, state, worst):
        for verb in VERBS:
            with self.subTest(verb=verb.name, state=state):
                touched, scanned = verb.measure(session)
                worst[verb.name] = max(worst.get(verb.name, (0, "")), (touched, state))
                self.assertLessEqual(touched, verb.bound,
                                     f"{verb.name}, {state}: {verb.reason}; read from end to end: {scanned}")

    def print_worst(self, worst):
        print(f"\n{'buffers':>9} {'at most':>9}")
        for verb in VERBS:
            print(f"{worst[verb.name][0]:>9,} {verb.bound:>9,}  {verb.name} ({worst[verb.name][1]}): {verb.reason}")

    def test_with_a_million_jobs_and_no_statistics_of_them(self):
        began, worst = time.monotonic(), {}
        sql = self.database("million", SCALE)
        sql(BASE)
        sql("VACUUM ANALYZE embedq.jobs_done, embedq.jobs_ready, embedq.job_leases, embedq.job_progress")
        with self.server.session(database="million") as early, self.server.session(database="million") as late:
            for verb in VERBS:
                for _ in range(10):
                    verb.run(early)
            sql(HISTORY)
            sql(OPEN)
            print(f"filled in {time.monotonic() - began:.0f} s", flush=True)
            self.measure(early, "planned when all was empty", worst)
            self.expect_bounded(late, "analysed when empty", worst)
        sql("UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relnamespace = 'embedq'::regnamespace "
            "AND relkind = 'r'; "
            "DELETE FROM pg_statistic s USING pg_class c WHERE c.oid = s.starelid "
            "AND c.relnamespace = 'embedq'::regnamespace")
        with self.server.session(database="million") as session:
            self.expect_bounded(session, "never analysed", worst)
        sql("ANALYZE")
        with self.server.session(database="million") as session:
            self.expect_bounded(session, "analysed now", worst)
        self.print_worst(worst)

    def test_with_statistics_of_the_first_few_jobs(self):
        worst = {}
        sql = self.database("few", SCALE / 10)
        sql(BASE)
        sql(FEW)
        sql(HISTORY)
        sql(OPEN)
        with self.server.session(database="few") as session:
            self.expect_bounded(session, "analysed when few", worst)
        self.print_worst(worst)
