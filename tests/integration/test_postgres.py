"""The program on a PostgreSQL of its own: from an empty database to work that is done, and the errors where it lacks
permission."""

import itertools
import json
import unittest

from postgres import Cluster, Pooler

import test_reading
from program import World, document

SECRET = "hunter2"


def configuration(url, **options):
    more = ", ".join(f"{name}: {value}" for name, value in options.items())
    return (f"version: 1\nstore: {{ plugin: postgres, options: {{ url: '{url}'{', ' + more if more else ''} }} }}\n"
            "notifier: { plugin: poll, options: { interval: 200ms } }\n")


class Postgres(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Cluster(durable=False))
        cls.names = (f"d{number}" for number in itertools.count())

    def database(self):
        """A new database for this test, `name`, by a URL with a password that the server does not check."""
        self.name = next(self.names)
        return self.server.create_database(self.name).replace("embedq@", f"embedq:{SECRET}@")

    def world(self, url, **options):
        world = World(configuration(url, **options))
        self.addCleanup(world.close)
        return world

    def refuses(self, world, *words):
        done = world.run(*words)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertNotIn(SECRET, done.stdout + done.stderr)
        return done.stderr

    def findings(self, world):
        done = world.run("doctor", "--json")
        self.assertNotIn(SECRET, done.stdout + done.stderr)
        found = {}
        for finding in json.loads(done.stdout)["findings"]:
            found.setdefault(finding["subject"], []).append(finding)
        return found

    def test_from_an_empty_database_to_operations_that_are_found(self):
        world = self.world(self.database())
        world.write("pets.json", document("pets", 6))
        before = self.findings(world)
        self.assertIn("embedq migrate up", before["schema"][0]["hint"])
        world.json("index", world.specs)
        self.assertTrue(world.json("search", "operation number 3 of pets")["results"])
        after = self.findings(world)
        for subject in ("server", "pooler", "clock", "connections", "rights", "tables and indexes", "invalid indexes",
                        "schema", "size"):
            self.assertEqual([finding["level"] for finding in after[subject]], ["ok"], after[subject])
        self.assertEqual([finding["level"] for finding in after["settings"]], ["fault", "fault", "note"],
                         "it runs without fsync")

    def test_migrate_never_refuses_with_a_hint(self):
        url = self.database()
        careful = self.world(url, migrate="never")
        for words in (("worker",), ("status",), ("index", careful.write("pets.json", document("pets", 2)))):
            said = self.refuses(careful, *words)
            self.assertRegex(said, r"has no schema yet; it may not migrate by itself \(migrate: never\): "
                                   "run `embedq migrate up`")
        self.assertEqual(careful.run("migrate", "up").returncode, 0)
        careful.json("index", careful.specs)

    def test_reading_creates_no_schema_and_writes_no_row(self):
        world = self.world(self.database())
        world.write("pets.json", document("pets", 6))
        objects = "select relnamespace, relname from pg_class union all select oid, nspname from pg_namespace"
        before = self.server.sql(objects, database=self.name)
        for words in test_reading.READING:
            self.assertIn("the store 'postgres' has no schema yet; run `embedq migrate up`",
                          self.refuses(world, *words), words)
        self.assertEqual(self.server.sql(objects, database=self.name), before)
        world.json("index", world.specs)
        # The server itself refuses a write of these sessions, so that the commands show that they do without.
        self.server.sql("alter role embedq set default_transaction_read_only = on")
        self.addCleanup(self.server.sql, "alter role embedq reset default_transaction_read_only")
        job = world.json("jobs", "list")["jobs"][0]["id"]
        for words in test_reading.READING:
            done = world.run(*(job if word is test_reading.JOB else word for word in words))
            self.assertEqual(done.returncode, 0, f"{words}: {done.stdout}{done.stderr}")
        self.assertIn("session is read-only; embedq writes", world.run("jobs", "retry", "1").stderr)

    def test_a_newer_schema_is_refused(self):
        world = self.world(self.database())
        self.assertEqual(world.run("migrate", "up").returncode, 0)
        self.server.sql("insert into embedq.migrations (number, name) values (4, 'to come')", database=self.name)
        for words in (("worker",), ("migrate", "up"), ("status",)):
            self.assertIn("version 4, and this build needs 3; a newer embedq made it: use that one",
                          self.refuses(world, *words))
        self.assertIn("a newer one", self.findings(world)["schema"][0]["hint"])

    def test_through_a_pooler_everything_but_migrations_works(self):
        url = self.database()
        with Pooler(self.server) as pooler:
            pooled = self.world(url.replace(f":{self.server.port}/", f":{pooler.port}/"))
            pooled.write("pets.json", document("pets", 6))
            self.assertIn("run `embedq migrate up` once with a 'url' of the server itself",
                          self.refuses(pooled, "index", pooled.specs))
            self.assertEqual(self.world(url).run("migrate", "up").returncode, 0)
            pooled.json("index", pooled.specs)
            self.assertEqual(self.findings(pooled)["pooler"][0]["level"], "note")

    def test_a_restored_schema_is_read_from_the_start(self):
        world = self.world(self.database())
        world.write("pets.json", document("pets", 6))
        world.json("index", world.specs)
        # As in a cluster with fewer transactions: the transactions of the feed are in its future.
        self.server.sql("update embedq.changes set xact = xact + 1000000", database=self.name)
        self.assertIn("the change feed came from another cluster", world.run("migrate", "up").stderr)
        self.assertTrue(world.json("search", "operation number 3 of pets")["results"])
        self.assertEqual(self.server.sql("select count(*) from embedq.changes where xact > 1000000",
                                         database=self.name), [["0"]])


if __name__ == "__main__":
    unittest.main()
