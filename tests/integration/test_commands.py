"""The shapes that scripts rely on, exit statuses, and messages."""

import json
import os
import pty
import signal
import subprocess
import unittest

from program import DEADLINE, World, document


class Case(unittest.TestCase):
    config = None

    def setUp(self):
        self.world = World(self.config)
        self.addCleanup(self.world.close)


class Shapes(Case):
    def setUp(self):
        super().setUp()
        self.world.write("pets.json", document("pets", 6))
        self.world.write("deep/shop.yaml", json.dumps(document("shop", 3)))  # JSON is YAML
        self.world.write("package.json", {"name": "no document"})
        self.world.write("readme.md", "not looked at")

    def test_index_status_search_and_jobs(self):
        done = self.world.run("index", self.world.specs, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("\n"), 1)
        report = json.loads(done.stdout)
        self.assertEqual(list(report), ["documents", "parts", "refused", "skipped", "notes", "renamed",
                                        "removed", "missing", "operations", "distinct_texts", "embedded",
                                        "embedded_by_workers", "reused", "cut", "seconds"])
        self.assertEqual((report["documents"], report["operations"]), (2, 9))
        self.assertEqual((report["distinct_texts"], report["embedded"], report["reused"]), (9, 9, 0))
        self.assertEqual(report["refused"], [])
        self.assertEqual(len(report["skipped"]), 1)
        self.assertTrue(report["skipped"][0]["path"].endswith("package.json"))
        self.assertTrue(report["skipped"][0]["reason"])

        status = self.world.json("status")
        self.assertEqual(status, {"catalogs": [{"catalog_id": "default", "specs_total": 2, "specs_indexed": 2,
                                                "specs_pending": 0,
                                                "specs_running": 0, "specs_failed": 0, "specs_not_indexed": 0,
                                                "operation_count": 9, "embedding_count": 9,
                                                "operations_left_out": 0}]})
        named = self.world.json("status", "default")
        self.assertEqual([spec["badge"] for spec in named["specs"]], ["3/3 indexed", "6/6 indexed"])
        self.assertEqual(set(named["specs"][0]),
                         {"spec_name", "state", "operation_count", "embedding_count", "job_status", "job_attempts",
                          "job_updated_at", "badge"})
        self.assertIn("All 2 specs indexed", self.world.run("status").stdout)

        found = self.world.json("search", "Operation number 4 of pets", "--limit", 3)
        self.assertEqual(list(found), ["ranking", "fallback_reason", "results"])
        self.assertEqual((found["ranking"], found["fallback_reason"]), ("hybrid", ""))
        self.assertEqual(found["results"][0]["operation_id"], "pets_4")
        self.assertEqual(list(found["results"][0]),
                         ["catalog_id", "spec_name", "operation_id", "method", "path", "summary", "score"])

        jobs = self.world.json("jobs", "list")
        self.assertEqual(set(jobs), {"jobs", "next_cursor"})
        self.assertEqual([job["status"] for job in jobs["jobs"]], ["succeeded", "succeeded"])
        self.assertEqual(jobs["jobs"][0]["kind"], "spec_write")
        self.assertRegex(jobs["jobs"][0]["completed_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        first = self.world.json("jobs", "list", "--limit", 1)
        second = self.world.json("jobs", "list", "--limit", 1, "--cursor", first["next_cursor"])
        self.assertEqual([first["jobs"][0]["id"], second["jobs"][0]["id"]], [job["id"] for job in jobs["jobs"]])
        self.assertIsNone(second["next_cursor"])

    def test_again_embeds_nothing(self):
        self.world.json("index", self.world.specs)
        again = self.world.json("index", self.world.specs)
        self.assertEqual((again["documents"], again["embedded"], again["reused"]), (2, 0, 9))
        self.world.write("pets.json", document("pets", 7))
        changed = self.world.json("index", self.world.specs)
        self.assertEqual((changed["embedded"], changed["reused"]), (1, 9))

    def test_specs_and_catalogs(self):
        self.world.json("index", self.world.specs)
        specs = self.world.json("specs", "list")["specs"]
        self.assertEqual(len(specs), 2)
        name = specs[1]["spec_name"]
        self.assertEqual(len(self.world.json("specs", "show", name)["operations"]), 6)
        self.assertEqual(json.loads(self.world.run("specs", "show", name, "--content").stdout)["info"]["title"], "pets")
        self.assertEqual(self.world.run("catalogs", "clone", "default", "copy").returncode, 0)
        self.assertEqual(self.world.json("status", "copy")["catalogs"][0]["embedding_count"], 9)
        self.assertEqual(self.world.run("specs", "delete", "--yes", name).returncode, 0)
        self.assertEqual(self.world.json("status", "default")["catalogs"][0]["operation_count"], 3)
        self.assertEqual(self.world.run("catalogs", "delete", "copy").returncode, 2)
        self.assertEqual(self.world.run("catalogs", "delete", "copy", "--yes").returncode, 0)
        self.assertEqual([c["catalog_id"] for c in self.world.json("catalogs", "list")["catalogs"]], ["default"])

    def test_reembed_and_work_it_off(self):
        self.world.json("index", self.world.specs)
        name = self.world.json("specs", "list")["specs"][0]["spec_name"]
        self.assertEqual(self.world.run("specs", "reembed", name).returncode, 0)
        self.assertEqual(self.world.json("jobs", "list", "--status", "pending")["jobs"][0]["kind"], "manual_retry")
        worker = self.world.start("worker")
        self.world.wait_for_status(lambda catalogs: catalogs["default"]["specs_pending"] +
                                   catalogs["default"]["specs_running"] == 0)
        worker.terminate()
        self.assertEqual(worker.wait(DEADLINE), 0, worker.stderr.read())
        self.assertEqual(self.world.json("jobs", "list", "--limit", 1)["jobs"][0]["status"], "succeeded")


class Terminal(Case):
    """On a terminal of its own."""

    def on_terminal(self, *words):
        controller, terminal = pty.openpty()
        self.addCleanup(os.close, controller)
        process = subprocess.Popen(self.world.command(*words), env=self.world.environment(), cwd=self.world.folder,
                                   stdin=terminal, stdout=terminal, stderr=terminal)
        os.close(terminal)
        self.world.processes.append(process)
        return process, controller

    def read(self, controller, until=None):
        """What the process writes, up to the text or to its end."""
        written = b""
        while until is None or until not in written:
            try:
                part = os.read(controller, 65536)
            except OSError:  # the terminal has no other end any more
                part = b""
            if not part:
                break
            written += part
        return written

    def test_watch_leaves_the_terminal_as_it_was(self):
        self.world.write("pets.json", document("pets", 2))
        self.world.json("index", self.world.specs)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process, controller = self.on_terminal("status", "--watch")
            begin = self.read(controller, b"embedded")
            self.assertTrue(begin.startswith(b"\x1b[?1049h\x1b[?25l"), begin)
            self.assertIn(b"default: All 1 specs indexed, 2/2 operations embedded", begin)
            process.send_signal(number)
            self.assertTrue(self.read(controller).endswith(b"\x1b[?25h\x1b[?1049l"), number)
            self.assertEqual(process.wait(DEADLINE), 0)

    def test_a_deletion_asks(self):
        self.world.write("pets.json", document("pets", 2))
        self.world.json("index", self.world.specs)
        for answer, status, left in ((b"n\n", 1, 1), (b"y\n", 0, 0)):
            process, controller = self.on_terminal("catalogs", "delete", "default")
            self.assertIn(b"Delete the catalog 'default' with 1 spec and 2 operations? [y/N]",
                          self.read(controller, b"[y/N]"))
            os.write(controller, answer)
            self.read(controller)
            self.assertEqual(process.wait(DEADLINE), status)
            self.assertEqual(len(self.world.json("catalogs", "list")["catalogs"]), left)


class Failures(Case):
    def test_nothing_indexed_is_a_failure(self):
        self.world.write("package.json", {"name": "x"})
        done = self.world.run("index", self.world.specs, "--json")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)["documents"], 0)
        done = self.world.run("index", self.world.folder / "nowhere")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nowhere: does not exist", done.stderr)
        self.assertIn("embedq: nothing was indexed: what was named is refused, for the reasons above", done.stderr)

    def test_unknown_things(self):
        self.assertEqual(self.world.run("migrate", "up").returncode, 0)
        for words in (("status", "cats"), ("search", "x", "--catalog", "cats"), ("jobs", "show", "7"),
                      ("specs", "list"), ("catalogs", "show", "cats"), ("jobs", "list", "--spec", "nope"),
                      ("search", "x", "--spec", "nope"), ("specs", "list", "--status", "failed")):
            done = self.world.run(*words, "--json")
            self.assertEqual(done.returncode, 1, words)
            self.assertEqual(done.stdout, "", words)
            self.assertRegex(done.stderr, r"^embedq: .+\n$", words)

    def test_usage(self):
        for words in ((), ("serch", "x"), ("index",), ("jobs",), ("search", "x", "--limit", "0"),
                      ("status", "--nonsense")):
            done = self.world.run(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertEqual(done.stdout, "", words)
        self.assertIn("did you mean 'search'", self.world.run("serch", "x").stderr)
        for words in (("--help",), ("index", "--help"), ("jobs", "--help"), ("jobs", "list", "--help")):
            done = self.world.run(*words)
            self.assertEqual(done.returncode, 0, words)
            self.assertIn("--help", done.stdout)

    def test_an_empty_store_answers(self):
        self.assertEqual(self.world.run("migrate", "up").returncode, 0)
        self.assertEqual(self.world.json("status"), {"catalogs": []})
        self.assertEqual(self.world.json("search", "anything")["results"], [])
        self.assertEqual(self.world.json("jobs", "list"), {"jobs": [], "next_cursor": None})


class Configuration(Case):
    config = """version: 1
store:
  plugin: sqlit
providers:
  slow: { plugin: simulated, options: { dimension: many } }
scheduler: { leese: 20s }
"""

    def test_every_fault_is_reported_with_its_place(self):
        for words in (("config", "check"), ("status",), ("index", ".")):
            done = self.world.run(*words)
            self.assertEqual(done.returncode, 2, done.stderr)
            for part in ("embedq.yaml:3:", "sqlite", "embedq.yaml:5:", "embedq.yaml:6:", "lease"):
                self.assertIn(part, done.stderr, words)

    def test_a_missing_file(self):
        self.world.config.unlink()
        done = self.world.run("status", "--config", "nowhere.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("nowhere.yaml", done.stderr)

    def test_show_and_schema(self):
        self.world.config.unlink()
        self.assertEqual(self.world.run("config", "check").returncode, 0)
        self.assertIn("lexical", self.world.run("config", "show").stdout)
        self.assertIn("$schema", json.loads(self.world.run("config", "schema").stdout))
        self.assertIn("store", {plugin["kind"] for plugin in self.world.json("plugins", "list")["plugins"]})
        self.assertEqual(self.world.run("plugins", "show", "sqlite").returncode, 0)


class EmbeddingOff(Case):
    config = "version: 1\nembedding: { provider: none }\n"

    def test_documents_are_stored_and_found_by_words(self):
        self.world.write("pets.json", document("pets", 6))
        done = self.world.run("index", self.world.specs, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["embedded"], 0)
        found = self.world.json("search", "number 4 pets")
        self.assertEqual((found["ranking"], found["fallback_reason"]), ("lexical", "embeddings_not_indexed"))
        self.assertEqual(found["results"][0]["operation_id"], "pets_4")
