"""Several processes on one file, and processes that die."""

import json
import os
import signal
import unittest

from program import DEADLINE, World, document

SLOW = """version: 1
providers:
  slow: { plugin: simulated, options: { dimension: 16, latency: 80ms, max_inputs: 8 }, limits: { concurrency: 1 } }
embedding: { provider: slow }
scheduler: { lease: 2s, heartbeat: 500ms }
"""
SLOWER = SLOW.replace("80ms", "400ms")  # not done before the test has seen some progress
ROUNDS = 20 if os.environ.get("EMBEDQ_SOAK") else 1


class Case(unittest.TestCase):
    def setUp(self):
        self.world = World(SLOW)
        self.addCleanup(self.world.close)
        for i in range(12):
            self.world.write(f"s{i}.json", document(f"s{i}", 40))
        self.texts = 12 * 40


class Crashes(Case):
    def test_kill_and_go_on(self):
        for round_ in range(ROUNDS):
            catalog = f"c{round_}"
            for i in range(12):
                self.world.write(f"s{i}.json", document(f"s{i}", 40, salt=f"round {round_}"))
            run = self.world.start("index", self.world.specs, "--catalog", catalog)
            self.world.wait_for_status(lambda catalogs: catalogs.get(catalog, {}).get("embedding_count", 0) > 0)
            run.kill()
            run.wait()
            kept = {c["catalog_id"]: c for c in self.world.json("status")["catalogs"]}[catalog]["embedding_count"]
            self.assertGreater(kept, 0)
            report = self.world.json("index", self.world.specs, "--catalog", catalog)
            self.assertEqual((report["documents"], report["distinct_texts"]), (12, self.texts))
            # What was stored when it was killed is not embedded again.
            self.assertEqual(report["embedded"] + kept, self.texts)
            self.assertEqual(report["reused"], kept)
            health = self.world.json("status", catalog)["catalogs"][0]
            self.assertEqual((health["specs_indexed"], health["embedding_count"]), (12, self.texts))

    def test_interrupt_stops_cleanly_and_goes_on(self):
        self.world.config.write_text(SLOWER)
        run = self.world.start("index", self.world.specs, "--json")
        self.world.wait_for_status(lambda catalogs: catalogs.get("default", {}).get("embedding_count", 0) > 0)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=DEADLINE)
        self.assertEqual(run.returncode, 1, err)
        self.assertIn("run the same command again to continue", err)
        first = json.loads(out)
        self.assertGreater(first["embedded"], 0)
        # No job stays claimed: what was not done is released, without counting an attempt.
        self.assertEqual(self.world.json("jobs", "list", "--status", "running")["jobs"], [])
        self.world.config.write_text(SLOW)
        second = self.world.json("index", self.world.specs)
        self.assertEqual(first["embedded"] + second["embedded"], self.texts)


class Together(Case):
    def test_two_at_once(self):
        runs = [self.world.start("index", self.world.specs, "--json") for _ in range(2)]
        reports = []
        for run in runs:
            out, err = run.communicate(timeout=DEADLINE)
            self.assertEqual(run.returncode, 0, err)
            reports.append(json.loads(out))
        for report in reports:
            self.assertEqual((report["documents"], report["distinct_texts"]), (12, self.texts))
        health = self.world.json("status")["catalogs"][0]
        self.assertEqual((health["specs_indexed"], health["embedding_count"]), (12, self.texts))

    def test_a_worker_does_the_work_of_no_work(self):
        worker = self.world.start("worker")
        done = self.world.run("index", self.world.specs, "--no-work", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["embedded"], 0)
        self.assertEqual(self.world.json("status")["catalogs"][0]["embedding_count"], self.texts)
        worker.terminate()
        self.assertEqual(worker.wait(DEADLINE), 0, worker.stderr.read())

    def test_serve_ends_with_the_signal(self):
        for signal_ in (signal.SIGTERM, signal.SIGINT):
            serve = self.world.start("serve")
            self.world.run("index", self.world.specs, "--no-work")
            serve.send_signal(signal_)
            self.assertEqual(serve.wait(DEADLINE), 0, serve.stderr.read())


class Refusals(unittest.TestCase):
    def test_a_poisoned_text_is_named_and_the_rest_is_embedded(self):
        world = World("version: 1\nproviders:\n  sim: { plugin: simulated, options: { faults: [\"poison text=number 3 "
                      "of\"] } }\n"
                      "embedding: { provider: sim }\n")
        self.addCleanup(world.close)
        world.write("s.json", document("s", 8))
        done = world.run("index", world.specs, "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("embedq: s: 7 of 8 operations embedded", done.stderr)
        self.assertEqual(json.loads(done.stdout)["embedded"], 7)
        self.assertEqual(world.json("status", "default")["specs"][0]["badge"], "failed")
