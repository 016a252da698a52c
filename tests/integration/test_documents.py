"""Documents that take long to read: a stop ends the reading, and their neighbours are stored."""

import contextlib
import json
import signal
import sqlite3
import time

import program
from owned import wait_until
from program import document
from test_commands import Case

STOP = 5  # seconds, of which most are for a busy machine
FEW = {"version": 1, "store": {"plugin": "sqlite", "options": {"path": "documents.db"}},
       "embedding": {"provider": "none"}}


class Long(Case):
    config = json.dumps(FEW)

    def stored(self):
        path = self.world.folder / "documents.db"
        if not path.exists():
            return set()
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as database:
            with contextlib.suppress(sqlite3.OperationalError):  # the schema is being made
                return {name for name, in database.execute("SELECT spec_name FROM specs")}
        return set()

    def test_a_stop_reaches_into_a_document_and_its_neighbours_are_stored(self):
        self.world.write("a.json", document("a", 2))
        self.world.write("b.json", "{}")
        # Read to its end, it would take a minute.
        self.world.write("c.yaml", "openapi: 3.0.0\npaths: {}\nx:\n" + "- [1, 2, 3, 4, 5, 6, 7, 8]\n" * 2_200_000)
        self.world.write("d.json", document("d", 2))
        index = self.world.start("index", self.world.specs)
        wait_until(lambda: "a" in self.stored(), "the document before it to be stored", program.DEADLINE)
        begin = time.monotonic()
        index.send_signal(signal.SIGTERM)
        _, errors = index.communicate(timeout=program.DEADLINE)
        self.assertLess(time.monotonic() - begin, STOP)
        self.assertEqual(index.returncode, 1)
        self.assertIn("b.json: the document is not an OpenAPI document", errors)
        self.assertIn("stopped", errors)
        self.assertNotIn("c.yaml", errors)
        self.assertEqual(self.stored(), {"a"})
