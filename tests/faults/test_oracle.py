"""The oracle itself: it agrees with another store, and it finds each fault that is planted."""

import json
import sqlite3
import subprocess

import program
from case import Case, documents
from oracle import operations_of, simulated_vector

SPECS, OPERATIONS = 3, 5
PLANTED = {
    "an operation has no vector that counts": "DELETE FROM embedq.vectors WHERE text = (SELECT min(text) "
                                              "FROM embedq.vectors)",
    "a vector is not that of its text":
        "UPDATE embedq.vectors SET value = (SELECT value FROM embedq.vectors ORDER BY text LIMIT 1) "
        "WHERE text = (SELECT max(text) FROM embedq.vectors)",
    "a vector of a wrong size": "UPDATE embedq.vectors SET value = value || '\\x00000000' "
                                "WHERE text = (SELECT min(text) FROM embedq.vectors)",
    "a vector from the future": "UPDATE embedq.vectors SET written_at = now() + interval '1 hour'",
    "a vector for nothing": "INSERT INTO embedq.vectors (text, profile, written_at, value) "
                            "SELECT 999999, profile, written_at, value FROM embedq.vectors LIMIT 1",
    "a text has a vector and a refusal": """INSERT INTO embedq.refusals (text, profile, written_at, reason, times,
                                                                     ask_again_at)
                                            SELECT text, profile, written_at, 'no', 1, now()
                                            FROM embedq.vectors LIMIT 1""",
    "a job is gone from history": "DELETE FROM embedq.jobs_done WHERE id = (SELECT min(id) FROM embedq.jobs_done)",
    "a job is in several places at once": "INSERT INTO embedq.jobs_done SELECT * FROM embedq.jobs_done LIMIT 1",
    "a job failed": "UPDATE embedq.jobs_done SET status = 3 WHERE id = (SELECT min(id) FROM embedq.jobs_done)",
    "more attempts than allowed": "UPDATE embedq.jobs_done SET attempts = 6",
    "a spec's last word is a cancelled job": "UPDATE embedq.jobs_done SET status = 4 WHERE id = (SELECT max(id) "
                                             "FROM embedq.jobs_done)",
    "a job ended neither well, badly nor cancelled": "UPDATE embedq.jobs_done SET status = 1",
    "times in the wrong order, or not by the server's clock": "UPDATE embedq.jobs_done SET started_at = started_at + "
                                                              "interval '1 hour'",
    "history counts other vectors than there are": "UPDATE embedq.jobs_done SET embedded = embedded + 1",
    "a job is still pending": """INSERT INTO embedq.jobs_ready (ref, profile, kind, operations, due, created_at)
                                 SELECT min(ref), 1, 0, 5, now(), now() FROM embedq.specs""",
    "a receipt is left": """INSERT INTO embedq.job_leases (token, worker_id, claimed_at, expires_at, size, jobs)
                            SELECT gen_random_uuid(), 'w', now(),
                            now(), 1, ARRAY[ROW (888888, min(ref), 1, 0, 0, 0, 0, now(), now(), '')::embedq.job_row]
                            FROM embedq.specs""",
    "progress is left": "INSERT INTO embedq.job_progress VALUES (777777, 0, 0, '')",
    "serves another profile than its target": "UPDATE embedq.catalogs SET serving_profile = NULL",
    "a spec is held back": "UPDATE embedq.specs SET parked_until = now()",
    "an operation that was written last is missing": "DELETE FROM embedq.operations WHERE spec = 1 AND position = 0",
    "operations are miscounted": "UPDATE embedq.specs SET operation_count = operation_count + 1",
    "an operation that was not written last": "UPDATE embedq.operations SET path = '/other' WHERE spec = 1 "
                                              "AND position = 0",
    "an operation without its text": "UPDATE embedq.texts SET content = content || '!' WHERE text = 1",
}


SQLITE = """SELECT o.operation_id, t.content, v.value FROM operations o JOIN texts t ON t.text = o.text
            JOIN vectors v ON v.text = o.text"""


class TheOracle(Case):
    def test_it_finds_each_planted_fault(self):
        d = self.deployment()
        worker = d.worker()
        d.put(documents(SPECS, OPERATIONS), stay=True)
        d.finish(worker, heir=False)
        seen = set(d.oracle.seen)
        for what, statement in PLANTED.items():
            with self.subTest(what):
                d.ask(f"BEGIN; SET LOCAL session_replication_role = replica; {statement}")  # foreign keys let it pass
                with self.assertRaises(AssertionError) as raised:
                    d.check()
                d.ask("ROLLBACK")
                d.oracle.seen = set(seen)
                self.assertIn(f"  {what} (", str(raised.exception))
        d.check()

    def test_another_store_gives_the_same_texts_and_vectors(self):
        """After the same documents, SQLite has the texts and vectors that the oracle computes itself."""
        written = documents(SPECS, OPERATIONS)
        world = program.World()
        self.addCleanup(world.close)
        file = world.folder / "embedq.db"
        world.config.write_text(json.dumps({
            "version": 1, "store": {"plugin": "sqlite", "options": {"path": str(file)}},
            "providers": {"sim": {"plugin": "simulated", "options": {"dimension": 16}}},
            "embedding": {"provider": "sim"}}))
        for name, content in written.items():
            world.write(f"{name}.json", content)
        done = world.run("index", world.specs)
        self.assertEqual(done.returncode, 0, done.stderr)
        with sqlite3.connect(file) as database:
            rows = database.execute(SQLITE).fetchall()
        made = {(operation, text): simulated_vector(text, 16) for content in written.values()
                for operation, _, _, text in operations_of(content)}
        self.assertEqual({(operation, text): value for operation, text, value in rows}, made)
