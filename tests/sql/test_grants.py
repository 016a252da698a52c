"""Roles with the page's grants, by the program itself, on a schema that the owner created: one for workers may do
everything but migrate. The kit also runs as such a role (tests/conformance/postgres)."""

import json
import pathlib
import tempfile

import postgres
import stage


class ReaderGrants(stage.Stage):
    """A role with the page's grants for people who look may read everything and change nothing."""

    role = "embedq_reader"

    def test_reading(self):
        self.owner(stage.catalog() + "; " + stage.put("pets", ["a pet"]))
        with tempfile.TemporaryDirectory(prefix="embedq-grants-") as folder:
            for words in (("status",), ("search", "pet"), ("jobs", "list"), ("specs", "show", "pets", "--catalog",
                          "shop"), ("catalogs", "show", "shop"), ("workers", "list")):
                done = stage.program(folder, self.server.url(self.name, self.role), words)
                self.assertEqual(done.returncode, 0, f"{words}: {done.stdout}{done.stderr}")
            done = stage.program(folder, self.server.url(self.name, self.role), ("catalogs", "delete", "shop", "--yes"))
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn("permission denied", done.stderr)
        for statement in ["SELECT embedq.enqueue('shop', 'pets')", "DELETE FROM embedq.specs",
                          "SELECT embedq.delete_catalog('shop')"]:
            with self.subTest(statement), self.assertRaisesRegex(postgres.SqlError, "permission denied"):
                self.as_role(statement)


class Grants(stage.Stage):
    role = "embedq_worker"
    migrated = False

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="embedq-grants-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def program(self, *words, options=""):
        return stage.program(self.folder, self.server.url(self.name, self.role), words, options)

    def must(self, *words, options=""):
        done = self.program(*words, options=options)
        self.assertEqual(done.returncode, 0, f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def test_indexing_searching_and_retrying(self):
        self.migrate()
        document = {"openapi": "3.0.3", "info": {"title": "pets", "version": "1"}, "paths": {"/pets": {"get": {
            "operationId": "listPets", "summary": "List all pets", "responses": {"200": {"description": "good"}}}}}}
        (self.folder / "pets.json").write_text(json.dumps(document))
        self.must("index", self.folder / "pets.json", "--catalog", "shop")
        self.assertIn("GET /pets", self.must("search", "pets", "--catalog", "shop"))
        jobs = json.loads(self.must("jobs", "list", "--json"))["jobs"]
        self.assertEqual([job["status"] for job in jobs], ["succeeded"])
        self.must("jobs", "retry", jobs[0]["id"])
        self.must("status")
        self.assertEqual(self.as_role("SELECT status FROM embedq.api_catalog_embedding_jobs ORDER BY id DESC LIMIT 1"),
                         [["pending"]])

    def test_no_ddl_and_no_change_of_the_migrations(self):
        self.migrate()
        for statement in ["CREATE TABLE embedq.mine (i int)", "DELETE FROM embedq.migrations", "CREATE SCHEMA mine",
                          "INSERT INTO embedq.migrations (number, name) VALUES (99, 'x')", "TRUNCATE embedq.jobs_done"]:
            with self.subTest(statement), self.assertRaisesRegex(postgres.SqlError, "permission denied"):
                self.as_role(statement)
        for statement in ["DROP TABLE embedq.jobs_done", "ALTER TABLE embedq.specs ADD COLUMN mine int",
                          "CREATE OR REPLACE FUNCTION embedq.store_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT "
                          "now()'"]:
            with self.subTest(statement), self.assertRaisesRegex(postgres.SqlError, "must be owner|permission denied"):
                self.as_role(statement)

    def test_objects_of_later_migrations_are_granted(self):
        self.migrate()
        self.owner("CREATE TABLE embedq.later (i bigserial); CREATE FUNCTION embedq.later() RETURNS int LANGUAGE sql "
                   "AS 'SELECT 1'; "
                   "REVOKE ALL ON FUNCTION embedq.later() FROM PUBLIC")
        self.as_role("INSERT INTO embedq.later DEFAULT VALUES; UPDATE embedq.later SET i = 7; DELETE FROM embedq.later")
        self.assertEqual(self.as_role("SELECT embedq.later()"), [["1"]])

    def test_without_a_schema_the_worker_reports_the_missing_grant(self):
        done = self.program("worker")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("permission denied for database", done.stderr)
        self.assertIn("grant it; docs/deploying.md has the list of grants", done.stderr)
