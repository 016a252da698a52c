"""What wakes a worker, and whose clock counts: all notifications lost, workers' clocks an hour off."""

import datetime
import glob
import os
import re
import shutil
import unittest

from case import Case, documents
from deployment import SCHEDULER, plugins
from owned import wait_until

SPECS, OPERATIONS = 4, 10
LISTEN = ("notifier", "postgres_listen")


class NotificationsLost(Case):
    """notifications_are_hints: with every one lost, all work is still done by polling."""

    def works(self, deployment, **settings):
        workers = [deployment.worker(f"worker{i}", **settings) for i in range(2)]
        deployment.put(documents(SPECS, OPERATIONS), stay=True)
        # Idle now. What other programs enqueue is found as well; in one transaction, so that no sweep comes between.
        self.assertEqual(deployment.value("BEGIN; UPDATE embedq.specs SET force_from = now() WHERE spec_name = 's1'; "
                                          "SELECT embedq.enqueue('default', 's1', 'manual_retry'); COMMIT"), "created")
        deployment.settled()
        self.assertEqual(deployment.finish(*workers, heir=False), SPECS * OPERATIONS)

    def test_each_process_notifies_only_itself(self):
        """The notifier `local` reaches no other process: the scheduler finds other jobs when it polls."""
        self.works(self.deployment(), notifier={"plugin": "local"})

    def test_polling(self):
        self.works(self.deployment(), notifier={"plugin": "poll", "options": {"interval": "300ms"}})

    # These need the plugin postgres_listen, and are skipped without it.

    def listen(self, channel):
        if LISTEN not in plugins():
            self.skipTest("this build has no notifier postgres_listen")
        return {"plugin": "postgres_listen", "options": {"channel": channel}}

    def test_listening_on_a_channel_without_notifications(self):
        self.works(self.deployment(), notifier=self.listen("nobody_notifies_here"))

    def test_the_listening_session_is_ended_again_and_again(self):
        d = self.deployment()
        worker = d.worker(notifier=self.listen("api_catalog_embedding_jobs"))
        for turn in range(5):
            d.until("""SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity
                       WHERE datname = current_database()
                       AND pid <> pg_backend_pid() AND query ILIKE 'listen%'""", "its listening session is ended")
            d.put(documents(1, OPERATIONS, f"turn {turn}", first=turn), stay=True)
        self.assertEqual(d.finish(worker, heir=False), 5 * OPERATIONS)


class Clocks(Case):
    """lease_by_database_clock: a worker's clock an hour off changes nothing."""

    FIRST = True

    def test_an_hour_ahead_and_an_hour_behind(self):
        library = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
        if library is None:
            self.skipTest("there is no libfaketime; install faketime (make setup does)")
        d = self.deployment()
        # Only the wall clock is wrong, as on a machine whose clock was never set.
        off = {"LD_PRELOAD": library, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        slow = {"latency": "300ms", "concurrency": 1, "batch": 4, "scheduler": {"lease": "3s", "heartbeat": "300ms"}}
        workers = [d.worker("ahead", environment={**off, "FAKETIME": "+1h"}, **slow),
                   d.worker("behind", environment={**off, "FAKETIME": "-1h"}, **slow), d.worker("right", **slow)]
        # Each in turn has work for longer than a lease, while the others are idle and would reap the leases that they
        # took for expired.
        for turn, worker in enumerate(workers):
            d.until("SELECT count(*) = 0 FROM embedq.jobs_ready", "the queue is empty")
            others = [other for other in workers if other is not worker]
            for other in others:
                d.freeze(other)
            d.put(documents(3, 16, first=3 * turn))
            d.came_to_work(worker)
            for other in others:
                other.go_on()
            d.settled()
        self.assertEqual(d.number("SELECT sum(expiries) FROM embedq.jobs_done"), 0)
        for worker in workers:
            done = d.number(f"SELECT count(*) FROM embedq.jobs_done WHERE worker_id LIKE '%-{worker.pid}-%'")
            self.assertGreater(done, 0, worker.name)
        # One dies: its jobs come back in time whatever the others' clocks say.
        doomed = d.worker("doomed", environment={**off, "FAKETIME": "+1h"}, **{**slow, "faults": ["hang"]})
        for worker in workers:
            d.freeze(worker)
        d.put(documents(2, 8, "second"))
        d.until("SELECT count(*) > 0 FROM embedq.job_leases", "it claims")
        doomed.kill()
        for worker in workers:
            worker.go_on()
        self.assertEqual(d.finish(*workers, heir=False), 7 * 16 + 2 * 8)
        # Their clocks were really different.
        for worker, hours in zip(workers, (1, -1)):
            said = re.search(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)", worker.said())
            if said:
                its_time = datetime.datetime.fromisoformat(said[1] + "+00:00")
                off_by = its_time - datetime.datetime.now(datetime.timezone.utc)
                self.assertAlmostEqual(off_by.total_seconds(), hours * 3600, delta=300)
