"""Checks an embedq database from the outside.

Nothing here calls a function of the store's schema or of the program: the statements read the tables only, the texts
are made again from the documents, and the vectors of the provider `simulated` are computed again. The rows are checked
by the contract's invariants (docs/architecture.md); an assertion names every invariant that is broken, with the rows.

    oracle = Oracle(ask)          # ask(sql) returns rows as lists of strings
    oracle.look()                 # what holds at any moment; remembers which jobs it saw
    oracle.check(expected)        # what holds when all is done; expected[catalog][spec] is the document written last
"""

import hashlib
import re
import struct

SUCCEEDED, FAILED, CANCELLED = "2", "3", "4"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MASK = (1 << 64) - 1


# --- the provider `simulated`, implemented again (providers/simulated/text_vector.cpp)

def mix(value):
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def rounded(value):
    """To float32."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def simulated_vector(text, dimension):
    """The bytes that the provider `simulated` must return for the text."""
    state = 0xCBF29CE484222325
    for byte in text.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    seed = mix(state ^ mix(dimension))
    values = [2 * ((mix((seed + i) & MASK) >> 11) * 2.0**-53) - 1 + 2.0**-54 for i in range(dimension)]
    length = sum(value * value for value in values) ** 0.5
    return struct.pack(f"<{dimension}f", *(rounded(value) / length for value in values))


# --- the documents of these tests, parsed again

def words(name):
    return " ".join(re.findall(r"[A-Za-z]+[0-9]*|[0-9]+", name))


def operations_of(document):
    """(operationId, METHOD, path, text) of each operation of a document that `program.document` made: plain names, and
    a summary each."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                text = f"{operation['summary']}\n{method} {words(path)}\n{words(operation['operationId'])}"
                yield operation["operationId"], method.upper(), path, text


# --- statements

EVERY_JOB = """
    SELECT id, ref, attempts, expiries, created_at, started_at, NULL::timestamptz AS ended_at, 'pending' AS place
    FROM embedq.jobs_ready
    UNION ALL
    SELECT j.id, j.ref, j.attempts, j.expiries, j.created_at, j.started_at, NULL, 'running' FROM embedq.job_leases l
    CROSS JOIN unnest(l.jobs) j
    WHERE j.id <> ALL (l.ended)
    UNION ALL
    SELECT id, ref, attempts, expiries, created_at, started_at, completed_at, 'ended' FROM embedq.jobs_done
"""

# One statement, so that all rows are of one moment. A row is a fault, or with 'seen' a job that must not disappear.
AT_ANY_MOMENT = """
WITH job AS MATERIALIZED ({every_job}), fault(what, which) AS (
    SELECT 'a job is in several places at once', id || ': ' || string_agg(place, ', ') FROM job
    GROUP BY id HAVING count(*) > 1
    UNION ALL
    SELECT 'two pending jobs of one spec', ref::text FROM job WHERE place = 'pending' GROUP BY ref HAVING count(*) > 1
    UNION ALL
    SELECT 'more attempts than allowed', id || ': ' || attempts FROM job WHERE attempts > {max_attempts}
    UNION ALL
    SELECT 'open, though its attempts are used up', id || ': ' || attempts FROM job WHERE place <> 'ended'
    AND attempts >= {max_attempts}
    UNION ALL
    SELECT 'a job of a spec that was never there', id::text FROM job
    WHERE NOT EXISTS (SELECT 1 FROM embedq.spec_names n WHERE n.ref = job.ref)
    UNION ALL
    SELECT 'times in the wrong order, or not by the server''s clock',
           id || ': ' || concat_ws(', ', created_at, started_at, ended_at)
    FROM job WHERE created_at > started_at OR started_at > ended_at
    OR greatest(created_at, started_at, ended_at) > clock_timestamp()
    UNION ALL
    SELECT 'a receipt counts its jobs wrongly', token::text FROM embedq.job_leases WHERE size <> cardinality(jobs)
    OR cardinality(ended) >= size
    UNION ALL
    SELECT 'progress of a job that does not run', g.id::text FROM embedq.job_progress g
    WHERE NOT EXISTS (SELECT 1 FROM job WHERE job.id = g.id AND place = 'running')
    UNION ALL
    SELECT 'a vector of a wrong size', v.text || ': ' || length(v.value) FROM embedq.vectors v
    JOIN embedq.profiles p USING (profile)
    WHERE length(v.value) <> 4 * p.dimension
    UNION ALL
    SELECT 'a vector for nothing', v.text || ', ' || v.profile FROM embedq.vectors v
    WHERE NOT EXISTS (SELECT 1 FROM embedq.texts t WHERE t.text = v.text)
       OR NOT EXISTS (SELECT 1 FROM embedq.profiles p WHERE p.profile = v.profile)
    UNION ALL
    SELECT 'a vector from the future', v.text || ': ' || v.written_at FROM embedq.vectors v
    WHERE v.written_at > clock_timestamp()
    UNION ALL
    SELECT 'a text has a vector and a refusal', v.text::text FROM embedq.vectors v
    JOIN embedq.refusals USING (text, profile)
    UNION ALL
    SELECT 'operations are miscounted', s.spec_name FROM embedq.specs s
    WHERE s.operation_count <> (SELECT count(*) FROM embedq.operations o WHERE o.spec = s.spec)
    UNION ALL
    SELECT 'an operation without its text', o.operation_id FROM embedq.operations o
    WHERE NOT EXISTS (SELECT 1 FROM embedq.texts t WHERE t.text = o.text AND t.content IS NOT NULL
                      AND t.hash = sha256(convert_to(t.content, 'UTF8'))))
SELECT what, which FROM fault UNION ALL SELECT 'seen', id::text FROM job
"""

# What must not be left when all is done, and the history as a whole.
AT_THE_END = """
WITH fault(what, which) AS (
    SELECT 'a job is still pending', id || ': ' || last_error FROM embedq.jobs_ready
    UNION ALL
    SELECT 'a receipt is left', token || ' of ' || worker_id FROM embedq.job_leases
    UNION ALL
    SELECT 'progress is left', id::text FROM embedq.job_progress
    UNION ALL
    SELECT 'a job ended neither well, badly nor cancelled', id || ': ' || status FROM embedq.jobs_done
    WHERE status NOT IN (2, 3, 4)
    UNION ALL
    SELECT 'a spec''s last word is a cancelled job', d.id || ': ' || d.last_error FROM embedq.jobs_done d
    JOIN embedq.specs s USING (ref)
    WHERE d.status = 4
    AND NOT EXISTS (SELECT 1 FROM embedq.jobs_done o WHERE o.ref = d.ref AND o.status <> 4
    AND o.completed_at >= d.completed_at)
    UNION ALL
    SELECT 'serves another profile than its target', c.catalog_id FROM embedq.catalogs c
    WHERE c.target_profile IS NULL OR c.serving_profile IS DISTINCT FROM c.target_profile
    UNION ALL
    SELECT 'an operation has no vector that counts', c.catalog_id || '/' || s.spec_name || ' ' || o.operation_id
    FROM embedq.operations o JOIN embedq.specs s USING (spec) JOIN embedq.catalogs c USING (catalog)
    LEFT JOIN embedq.vectors v ON v.text = o.text AND v.profile = c.target_profile
    WHERE v.text IS NULL OR v.written_at < s.force_from
    UNION ALL
    SELECT 'a spec is held back', spec_name FROM embedq.specs WHERE parked_until IS NOT NULL OR failures > 0
    UNION ALL
    SELECT 'operations without a spec', spec::text FROM embedq.operations o
    WHERE NOT EXISTS (SELECT 1 FROM embedq.specs s WHERE s.spec = o.spec))
SELECT what, which FROM fault
"""

# Every new vector was counted for one job; for several only where specs share texts, had several jobs, or were
# reembedded.
COUNTED = """
SELECT (SELECT sum(embedded) FROM embedq.jobs_done), (SELECT count(*) FROM embedq.vectors),
       (SELECT count(*) FROM embedq.specs WHERE force_from IS NOT NULL)
       + (SELECT count(*)
       FROM (SELECT text FROM embedq.operations GROUP BY text HAVING count(DISTINCT spec) > 1) shared)
       + (SELECT count(*) FROM (SELECT ref FROM embedq.jobs_done GROUP BY ref HAVING count(*) > 1) several)
"""

OPERATIONS = """
SELECT c.catalog_id, s.spec_name, o.operation_id, o.method, o.path, t.content, encode(v.value, 'hex'), p.dimension
FROM embedq.operations o JOIN embedq.specs s USING (spec) JOIN embedq.catalogs c USING (catalog) JOIN embedq.texts t
ON t.text = o.text
LEFT JOIN embedq.vectors v ON v.text = o.text AND v.profile = c.target_profile LEFT JOIN embedq.profiles p
ON p.profile = v.profile
"""


class Oracle:
    def __init__(self, ask, max_attempts=5):
        self.ask = ask
        self.max_attempts = max_attempts
        self.seen = set()  # ids of jobs; history keeps every one

    def look(self):
        """Checks what holds at any moment, also during a fault."""
        self._judge(self._moment())

    def check(self, expected=None, failed=()):
        """Checks what holds when all is done. `failed` are the ids of jobs that had to fail; without `expected`, the
        stored texts are not checked."""
        earlier = set(self.seen)
        faults = self._moment() + [tuple(row) for row in self.ask(AT_THE_END)]
        ended = {row[0]: row for row in self.ask("SELECT id, status, attempts, last_error FROM embedq.jobs_done")}
        faults += [("a job is gone from history", job) for job in sorted(earlier - set(ended))]
        faults += [("a job failed", ", ".join(row)) for job, row in ended.items() if row[1] == FAILED
                   and job not in failed]
        faults += [("a job should have failed", job) for job in failed if ended.get(job, [None, None])[1] != FAILED]
        embedded, vectors, repeated = (int(value or 0) for value in self.ask(COUNTED)[0])
        if embedded < vectors or (embedded > vectors and repeated == 0):
            faults.append(("history counts other vectors than there are", f"{embedded} for {vectors}"))
        rows = self.ask(OPERATIONS)
        for row in rows:
            if row[6] is not None and bytes.fromhex(row[6]) != simulated_vector(row[5], int(row[7])):
                faults.append(("a vector is not that of its text", f"{row[0]}/{row[1]} {row[2]}"))
        if expected is not None:
            there = {tuple(row[:6]) for row in rows}
            wanted = {(catalog, spec, *operation) for catalog, specs in expected.items()
                      for spec, document in specs.items()
                      for operation in operations_of(document)}
            faults += [("an operation that was not written last", " | ".join(row)) for row in sorted(there - wanted)]
            faults += [("an operation that was written last is missing", " | ".join(row))
                       for row in sorted(wanted - there)]
        self._judge(faults)
        return len(rows)

    def _moment(self):
        rows = self.ask(AT_ANY_MOMENT.format(every_job=EVERY_JOB, max_attempts=self.max_attempts))
        self.seen.update(which for what, which in rows if what == "seen")
        return [(what, which) for what, which in rows if what != "seen"]

    @staticmethod
    def _judge(faults):
        if not faults:
            return
        by_kind = {}
        for what, which in faults:
            by_kind.setdefault(what, []).append(which)
        lines = [f"{what} ({len(which)}): {'; '.join(str(one) for one in which[:5])}"
                 for what, which in by_kind.items()]
        raise AssertionError("the oracle found:\n  " + "\n  ".join(lines))
