"""Fifty processes migrate an empty database at the same time."""

from case import Case, documents
from deployment import Deployment, empty_database

PROCESSES = 50


class Migrations(Case):
    def test_fifty_in_parallel(self):
        database = empty_database(self.server)
        d = Deployment(self.server, database)
        self.addCleanup(d.close)
        for process in [d.launch(f"migrate{i}", "migrate", "up") for i in range(PROCESSES)]:
            process.done()
            self.assertIn("up to date", process.said())
        self.assertEqual(d.number("SELECT count(*) - count(DISTINCT number) FROM embedq.migrations"), 0)
        # One of them did it, and logged that; the schema is complete.
        self.assertEqual(sum("migrating the schema: first schema" in process.said() for process in d.started), 1)
        d.until("SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory'", "nobody holds a lock")
        worker = d.worker()
        d.put(documents(2, 8), stay=True)
        self.assertEqual(d.finish(worker, heir=False), 16)
