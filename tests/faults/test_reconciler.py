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
            sweep, producer = [self.enterContext(self.server.session(d.database)) for _ in range(2)]
            for session, statement in ((sweep, "SELECT enqueued FROM embedq.reconcile('')"),
                                       (producer, "SELECT embedq.enqueue('default', spec_name) FROM embedq.specs")):
                session.ask(statement)
                d.until(f"SELECT count(*) > 0 FROM pg_locks WHERE pid = {session.pid} AND NOT granted",
                        "the sweep waits, and the producer for the sweep")
        self.assertEqual(sweep.answer(), [[str(SPECS)]])
        self.assertEqual(producer.answer(), [["collapsed"]] * SPECS)
        self.assertEqual(d.finish(), SPECS * OPERATIONS)
        self.assertEqual(d.number("SELECT count(*) FROM embedq.jobs_done"), SPECS)
