"""The reconciler's sweep while jobs change their state."""

from case import Case, documents

SPECS, OPERATIONS = 5, 8


class Sweep(Case):
    def test_a_job_enqueued_during_the_sweep_is_not_enqueued_twice(self):
        """reconciler_reads_the_truth: a job for each spec with missing vectors and no open job, and for no other."""
        d = self.deployment()
        d.put(documents(SPECS, OPERATIONS))
        d.ask("DELETE FROM embedq.jobs_ready")  # as if they had been lost
        d.oracle.seen.clear()
        with d.lock("LOCK TABLE embedq.specs IN SHARE MODE"):
            # One call for each job, and none of them ends.
            worker = d.worker(faults=["hang"], batch=OPERATIONS, concurrency=SPECS)
            d.waits_in(worker, "reconcile")
            producer = self.enterContext(self.server.session(d.database))
            producer.ask("SELECT embedq.enqueue('default', spec_name) FROM embedq.specs ORDER BY ref")
            d.until(f"SELECT count(*) > 0 FROM pg_locks WHERE pid = {producer.pid} AND NOT granted",
                    "the producer waits for the sweep")
        self.assertEqual(producer.answer(), [["collapsed"]] * SPECS)
        d.until(f"SELECT sum(size) = {SPECS} FROM embedq.job_leases", "the worker claims them")
        d.until("SELECT count(*) = 0 FROM pg_stat_activity WHERE state = 'active' AND application_name = 'worker' "
                "AND query LIKE '%reconcile%'", "the sweep is over")
        self.assertEqual(d.number("SELECT count(*) FROM embedq.jobs_ready"), 0)
        d.kill(worker)
        self.assertEqual(d.finish(), SPECS * OPERATIONS)
        self.assertEqual(d.number("SELECT count(*) FROM embedq.jobs_done"), SPECS)
