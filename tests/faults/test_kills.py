"""Workers that are killed at each point of a job, and workers that are stopped for longer than their lease.

A worker really gets to each point: a lock of the test's session keeps one of its statements waiting inside the server;
a rate limit or a script of the provider keeps it before its next call or in it. The database shows where it waits.
"""

import unittest

from case import Case, documents
from deployment import KEEPING
from owned import wait_until

SPECS, OPERATIONS = 5, 16
HELD = "SELECT count(*) FROM embedq.job_leases l CROSS JOIN unnest(l.jobs) j WHERE j.id <> ALL (l.ended)"
VECTORS = "SELECT count(*) FROM embedq.vectors"
# A worker's planning reads the progress of its jobs first, and so does a commit before it writes anything; producers
# never do.
BEFORE_PLANNING = "LOCK TABLE embedq.job_progress IN ACCESS EXCLUSIVE MODE"
# The first table that a commit writes.
BEFORE_VECTORS = "LOCK TABLE embedq.vectors IN SHARE MODE"


class Killed(Case):
    def setUp(self):
        self.d = self.deployment()
        self.d.put(documents(SPECS, OPERATIONS))

    def finish(self, expiries):
        """Another worker takes over. Each job that the dead one held expired once, and no other was charged."""
        self.d.oracle.look()
        checked = self.d.finish()
        self.assertEqual(checked, SPECS * OPERATIONS)
        self.assertEqual(self.d.number("SELECT sum(expiries) FROM embedq.jobs_done"), expiries)
        self.assertEqual(self.d.number("SELECT count(*) FROM embedq.jobs_done WHERE expiries > 1 OR attempts > 1"), 0)

    def held(self):
        """How many jobs the dead worker held: at least one, but not all, as it claims only what it can do soon."""
        held = self.d.number(HELD)
        self.assertGreater(held, 0)
        return held

    def test_after_claim(self):
        with self.d.lock(BEFORE_PLANNING):
            doomed = self.d.worker("doomed")
            self.d.waits_in(doomed, "missing_texts")
            doomed.kill()
        self.d.gone(doomed)
        self.assertEqual(self.d.number(VECTORS), 0)
        self.finish(expiries=self.held())

    def test_before_the_call(self):
        # The rate limit permits one call, and the next in a minute.
        doomed = self.d.worker("doomed", concurrency=1, batch=8, per_minute=1)
        self.d.until("SELECT count(*) = 8 FROM embedq.vectors", "the first call's vectors")
        self.d.kill(doomed)
        self.assertEqual(self.d.number(VECTORS), 8)
        self.finish(expiries=self.held())

    def test_during_the_call(self):
        doomed = self.d.worker("doomed", concurrency=1, batch=8, faults=["hang calls=2.."])
        self.d.until("SELECT count(*) = 8 FROM embedq.vectors", "the first call's vectors, so the second has begun")
        # no_transaction_during_a_call: heartbeats have transactions, but at some moment there is none.
        self.d.until("SELECT count(*) > 0 AND bool_and(xact_start IS NULL) FROM pg_stat_activity "
                     "WHERE application_name = 'doomed'",
                     "no transaction is open")
        self.d.kill(doomed)
        self.assertEqual(self.d.number(VECTORS), 8)
        self.finish(expiries=self.held())

    def test_before_commit(self):
        with self.d.lock(BEFORE_VECTORS):
            doomed = self.d.worker("doomed")
            self.d.waits_in(doomed, "commit_jobs")
            doomed.kill()
            # Its session would continue once the lock is released: it is ended, as if the connection had broken.
            self.d.cut_off(doomed)
        self.assertEqual(self.d.number(VECTORS), 0)
        self.finish(expiries=self.held())

    def test_while_the_commit_goes_through(self):
        with self.d.lock(BEFORE_VECTORS):
            doomed = self.d.worker("doomed", concurrency=1, batch=8, latency="50ms")
            self.d.waits_in(doomed, "commit_jobs")
            doomed.kill()
        # Nobody receives the answer, but it is committed.
        self.d.gone(doomed)
        self.assertGreater(self.d.number(VECTORS), 0)
        self.finish(expiries=self.d.number(HELD))

    def test_after_commit(self):
        # The second call does not end, so the second job does not.
        doomed = self.d.worker("doomed", concurrency=1, batch=OPERATIONS, faults=["hang calls=2.."])
        self.d.until("SELECT count(*) > 0 FROM embedq.jobs_done", "the first job's end")
        self.d.until(f"SELECT ({HELD}) > 0", "it holds the next one")
        self.d.kill(doomed)
        self.assertEqual(self.d.number("SELECT count(*) FROM embedq.jobs_done"), 1)
        self.finish(expiries=self.held())

    def test_at_every_attempt(self):
        """attempts_are_bounded: a job that kills its worker each time ends, and no other job fails with it."""
        for turn in range(5):
            with self.d.lock(BEFORE_PLANNING):
                doomed = self.d.worker(f"doomed{turn}", scheduler={"lease": "1s", "heartbeat": "300ms"})
                # The first workers claim several jobs, later ones one suspect each.
                self.d.waits_in(doomed, "missing_texts")
                doomed.kill()
            self.d.gone(doomed)
            self.d.oracle.look()
            self.d.until("SELECT bool_and(expires_at < now()) FROM embedq.job_leases", "the lease runs out")
            # The next worker would have to look for it behind the lock.
            self.d.ask("SELECT embedq.reap(5)")
        heir = self.d.worker("heir", scheduler=KEEPING)
        self.d.settled()
        heir.stop()
        self.d.oracle.look()
        # Turns 3 to 5 met suspects, which are claimed alone: of the five jobs at most one reached its fifth attempt.
        failed = [row[0] for row in self.d.ask("SELECT id FROM embedq.jobs_done WHERE status = 3")]
        self.assertLessEqual(len(failed), 1)
        if not failed:
            self.d.check()


class Paused(Case):
    """A worker that is stopped for longer than its lease finds its jobs done by another: it gets `lost`, changes
    nothing, and continues to work."""

    STATE = """SELECT md5(string_agg(row, ',' ORDER BY row)) FROM (
                   SELECT d::text AS row FROM embedq.jobs_done d UNION ALL SELECT r::text FROM embedq.jobs_ready r
                   UNION ALL SELECT s::text FROM embedq.specs s UNION ALL SELECT n::text FROM embedq.refusals n
                   UNION ALL SELECT concat_ws(' ', v.xmin, v.text, v.profile, v.written_at, md5(v.value))
                   FROM embedq.vectors v) all_of_it"""

    def setUp(self):
        self.d = self.deployment()
        self.d.put(documents(SPECS, OPERATIONS))

    def wakes(self, sleeper, heir, comes_back):
        """It was stopped and the other did the work; now it continues."""
        heir.stop()
        self.d.check()
        its_own = f"SELECT count(*) FROM embedq.jobs_done WHERE worker_id LIKE '%-{sleeper.pid}-%'"
        before, done_before = self.d.value(self.STATE), self.d.number(its_own)
        sleeper.go_on()
        comes_back()
        self.assertEqual(self.d.value(self.STATE), before)
        # It is the only worker now.
        self.d.put(documents(2, OPERATIONS, "again"), stay=True)
        self.assertEqual(self.d.number(its_own), done_before + 2)
        sleeper.stop()
        self.d.check()

    def beats(self, sleeper):
        """Waits until it has written a heartbeat from now on."""
        since = self.d.value("SELECT now()")
        self.d.until(f"SELECT bool_or(seen_at > '{since}') FROM embedq.workers WHERE pid = {sleeper.pid}",
                     "its heartbeat")

    def test_during_the_call(self):
        sleeper = self.d.worker("sleeper", concurrency=1, batch=8, latency="700ms")
        self.d.until("SELECT count(*) >= 8 FROM embedq.vectors",
                     "the first call's vectors, so another one is in progress")
        self.d.freeze(sleeper)
        self.assertLess(self.d.number(VECTORS), SPECS * OPERATIONS)
        heir = self.d.worker("heir", scheduler=KEEPING)
        self.d.settled()
        self.wakes(sleeper, heir, lambda: self.beats(sleeper))

    def test_before_commit(self):
        with self.d.lock(BEFORE_VECTORS):
            sleeper = self.d.worker("sleeper")
            self.d.waits_in(sleeper, "commit_jobs")
            sleeper.pause()
            self.d.cut_off(sleeper)
        heir = self.d.worker("heir", scheduler=KEEPING)
        self.d.settled()
        self.server.set(log_statement="all")
        self.addCleanup(lambda: self.server.set(log_statement=None))
        wait_until(lambda: self.d.value("SHOW log_statement") == "all", "statements are logged")
        length = len(self.server.log())

        def came_back():
            def committed():
                lines = self.server.log()[length:].splitlines()
                return any("sleeper" in line and "commit_jobs" in line for line in lines)
            wait_until(committed, "it tries to commit what it had")
            self.beats(sleeper)
        self.wakes(sleeper, heir, came_back)
