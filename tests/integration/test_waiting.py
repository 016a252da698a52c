"""What waits says why, goes on by itself when that is over, and ends where only people can help."""

import contextlib
import json
import sqlite3
import time

from owned import wait_until
from program import DEADLINE, World, document
from served import MODEL, Case

NEEDS_PEOPLE, TIMED_OUT = 3, 4
SCHEDULER = {"poll": "200ms", "heartbeat": "200ms", "lease": "2s", "backoff": {"base": "50ms", "max": "200ms"}}


class NewCatalogs(Case):
    def simulated(self, state):
        """With a simulated server in the given state."""
        world = World()
        self.addCleanup(world.close)
        world.state = world.folder / "server.state"
        world.state.write_text(state)
        self.configure(world, [])
        world.write("pets.json", document("pets", 6))
        return world

    def configure(self, world, faults):
        options = {"dimension": 8, "state_file": str(world.state), "faults": faults}
        world.config.write_text(json.dumps({
            "version": 1, "providers": {"sim": {"plugin": "simulated", "options": options}},
            "embedding": {"provider": "sim"}, "scheduler": SCHEDULER}))

    def ends(self, process, status):
        """Its end. Returns what it wrote to stderr, without the lines of the log."""
        _, err = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, status, err)
        return [line for line in err.splitlines() if line.startswith("embedq: ")]

    def said(self, process):
        """The first line on stderr that is not of the log."""
        for line in process.stderr:
            if line.startswith("embedq: "):
                return line
        raise AssertionError("it ended")

    def test_index_waits_for_a_provider_that_does_not_answer_yet(self):
        world = self.simulated("down\n")
        index = world.start("index", world.specs)
        self.assertIn("waiting: provider 'sim' makes no vectors yet: the simulated server is down", self.said(index))
        status = world.json("status")["catalogs"][0]
        self.assertEqual((status["waits_for_provider"], status["operation_count"]), ("sim", 6))
        world.state.write_text("")
        self.assertRegex(self.ends(index, 0)[0], "^embedq: continuing after ")
        self.assertEqual(world.json("status")["catalogs"][0]["embedding_count"], 6)

    def test_a_worker_gives_a_catalog_its_target_that_it_did_not_create(self):
        world = self.simulated("down\n")
        worker = world.start("worker")
        index = world.start("index", world.specs, "--no-work")
        self.assertIn("waiting: ", self.said(index))
        index.kill()
        index.wait()
        world.state.write_text("")
        world.wait_for_status(lambda catalogs: catalogs["default"]["embedding_count"] == 6)
        # The worker knows its provider by now.
        world.state.write_text("down\n")
        index = world.start("index", world.specs, "--no-work", "--catalog", "second")
        self.assertIn("new catalog 'second'", self.said(index))
        self.assertIn("waiting: ", self.said(index))
        world.state.write_text("")
        self.ends(index, 0)
        worker.terminate()
        self.assertEqual(worker.wait(DEADLINE), 0)

    def test_the_timeout_bounds_the_wait(self):
        world = self.simulated("down\n")
        lines = self.ends(world.start("index", world.specs, "--timeout", "1s"), TIMED_OUT)
        self.assertIn("not everything is embedded after 1.0 s: the simulated server is down", lines[-1])
        self.assertEqual(world.run("index", world.specs, "--timeout", "soon").returncode, 2)
        world.state.write_text("")
        self.assertEqual(world.json("index", world.specs, "--timeout", "10m")["embedded"], 6)

    def test_a_replaced_model_waits_for_config_apply_and_says_so(self):
        world = self.simulated("digest=one\n")
        world.json("index", world.specs)
        worker = world.start("worker")
        world.state.write_text("digest=two\n")
        world.write("pets.json", document("pets", 7))
        index = world.start("index", world.specs, "--no-work")

        def pauses():
            return world.json("status").get("pauses", [])

        wait_until(pauses, "status says why the job waits")
        self.assertEqual(pauses()[0]["kind"], "misconfigured")
        self.assertRegex(pauses()[0]["reason"], "digest two.*digest one.*config apply")
        (job,) = world.json("jobs", "list", "--status", "pending")["jobs"]
        self.assertRegex(world.run("jobs", "show", job["id"]).stdout, "waits_for +provider 'sim' is paused for ")
        done = world.run("config", "apply", "--json")
        self.assertEqual(done.returncode, 2)
        (change,) = json.loads(done.stdout)["changes"]
        self.assertEqual((change["estimate"]["to_embed"], change["estimate"]["profile"]["model_digest"]), (7, "two"))
        self.assertIsNone(index.poll(), "nothing was changed")
        self.assertTrue(world.json("config", "apply", "--yes")["applied"])
        self.ends(index, 0)
        wait_until(lambda: not pauses(), "the reason ends with the wait")
        self.assertEqual(world.json("config", "apply")["changes"], [])
        worker.terminate()
        self.assertEqual(worker.wait(DEADLINE), 0)

    def test_index_alone_ends_where_a_replaced_model_needs_a_decision(self):
        world = self.simulated("digest=one\n")
        world.json("index", world.specs)
        # The process that just ended would be taken for a worker for another 20 s.
        with contextlib.closing(sqlite3.connect(world.folder / "data" / "embedq" / "embedq.db")) as database:
            database.execute("DELETE FROM workers")
            database.commit()
        world.state.write_text("digest=two\n")
        world.write("pets.json", document("pets", 7))
        lines = self.ends(world.start("index", world.specs), NEEDS_PEOPLE)
        self.assertRegex(lines[-1], "needs vectors of .*digest one.* but .*digest two.*config apply.*are stored")

    def test_a_provider_that_refuses_every_call_ends_index_of_a_known_catalog(self):
        world = self.simulated("")
        world.json("index", world.specs)
        self.configure(world, ["misconfigured"])
        world.write("pets.json", document("pets", 7))
        lines = self.ends(world.start("index", world.specs), NEEDS_PEOPLE)
        self.assertRegex(lines[-1], "provider 'sim' is paused for another .*: misconfigured: .*documents are stored")
        self.configure(world, [])
        self.assertEqual(world.json("index", world.specs)["embedded"], 1)


class Keys(Case):
    def test_a_wrong_key_ends_index_for_a_new_and_for_a_known_catalog(self):
        world = self.served("openai", script={"authorization": "right"}, options={"api_key": "wrong"})
        world.put(specs=1, operations=8)
        began = time.monotonic()
        done = world.run("index", world.specs)
        self.assertEqual(done.returncode, NEEDS_PEOPLE, done.stderr)
        self.assertIn("api_key", done.stderr)
        self.assertLess(time.monotonic() - began, 60)
        world.server.change({"authorization": "wrong"})
        world.index()
        world.server.change({"authorization": "right"})
        world.put(specs=2, operations=9)
        done = world.run("index", world.specs)
        self.assertEqual(done.returncode, NEEDS_PEOPLE, done.stderr)
        self.assertIn("api_key", done.stderr)
        world.server.change({"authorization": "wrong"})
        world.index()
        self.assertEqual(world.rows(f"SELECT count(*) FROM profiles WHERE model = '{MODEL}'"), [(1,)])
