"""A folder and its catalog: what is refused, skipped, left out, renamed and removed, and the exit status."""

import json
import os
import unittest

from postgres import Cluster

from program import DEADLINE, World, document


class Folders(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)
        for name in ("pets", "shop", "cars"):
            self.world.write(f"{name}.json", document(name, 2))

    def index(self, status, *words):
        done = self.world.run("index", self.world.specs, "--json", *words)
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout)

    def names(self):
        return [spec["spec_name"] for spec in self.world.json("specs", "list")["specs"]]

    def test_it_is_kept_in_step(self):
        self.index(0)
        jobs = self.world.json("jobs", "list")["jobs"]
        (self.world.specs / "pets.json").rename(self.world.specs / "animals.json")
        (self.world.specs / "cars.json").unlink()
        check = self.index(1, "--check")
        self.assertEqual((check["new"], check["renamed"], check["unchanged"]),
                         ([], [{"from": "pets", "to": "animals"}], 1))
        self.assertEqual([gone["spec_name"] for gone in check["removed"]], ["cars"])
        self.assertEqual(self.names(), ["cars", "pets", "shop"], "a check changes nothing")
        report = self.index(0)
        self.assertEqual((report["renamed"], report["embedded"]), ([{"from": "pets", "to": "animals"}], 0))
        self.assertEqual(self.names(), ["animals", "shop"])
        after = self.world.json("jobs", "list")["jobs"]
        self.assertEqual([job["id"] for job in after], [job["id"] for job in jobs], "no new job, and none is lost")
        self.assertEqual(self.world.json("jobs", "list", "--spec", "animals")["jobs"][0]["status"], "succeeded")
        self.assertTrue(self.index(0, "--check")["in_step"])

    def test_nothing_is_left_out_silently(self):
        pets = document("pets", 2)
        pets["paths"]["/empty"] = {"get": None}
        pets["webhooks"] = {"sold": {"post": {"responses": {}}}}
        self.world.write("pets.json", pets)
        self.world.write("package.json", {"name": "x"})
        self.world.write("broken.yaml", "openapi: 3.0.0\npaths: {")
        os.symlink("nowhere", self.world.specs / "link.yaml")
        report = self.index(1, self.world.folder / "missing")
        self.assertEqual(report["documents"], 3)
        self.assertEqual(sorted(os.path.basename(each["path"]) for each in report["refused"]),
                         ["broken.yaml", "link.yaml", "missing"])
        self.assertEqual([os.path.basename(each["path"]) for each in report["skipped"]], ["package.json"])
        self.assertEqual(len(report["notes"]), 1)
        self.assertGreaterEqual(report["notes"][0]["operations_left_out"], 1)
        shown = self.world.run("specs", "show", "pets").stdout
        self.assertRegex(shown, r"left out +[1-9]")
        self.assertIn("paths./empty.get", shown)
        self.assertIn("left out", self.world.run("status").stdout)
        self.assertTrue(self.world.json("specs", "show", "pets")["notes"])

    def test_an_empty_folder_and_a_new_catalog(self):
        self.index(0)
        done = self.world.run("index", self.world.specs, "--catalog", "defualt")
        self.assertIn("new catalog 'defualt'; there is one that is called 'default'", done.stderr)
        for path in self.world.specs.iterdir():
            path.unlink()
        self.assertEqual(len(self.index(1)["missing"]), 3)
        self.assertEqual(len(self.names()), 3)
        self.assertEqual(len(self.index(0, "--yes")["removed"]), 3)


class Watched(unittest.TestCase):
    def test_a_folder_is_followed(self):
        world = World()
        self.addCleanup(world.close)
        world.write("pets.json", document("pets", 2))
        later = world.folder / "later"
        watch = world.start("index", world.specs, later, "--watch", "--json")

        def next_pass():
            return json.loads(watch.stdout.readline())
        self.assertEqual(next_pass()["changed"], 1)
        world.write("sub/shop.json", document("shop", 2))
        while next_pass()["documents"] != 2:  # the new folder may be seen before its file
            pass
        (world.specs / "pets.json").rename(world.specs / "animals.json")
        while not (seen := next_pass())["renamed"]:
            pass
        self.assertEqual(seen["renamed"], [{"from": "pets", "to": "animals"}])
        (world.specs / "animals.json").unlink()
        while not (seen := next_pass())["removed"]:
            pass
        self.assertEqual([each["spec_name"] for each in seen["removed"]], ["animals"])
        new = world.folder / "new"
        new.mkdir()
        (new / "cars.json").write_text(json.dumps(document("cars", 2)))
        new.rename(later)
        while next_pass()["documents"] != 2:
            pass
        watch.terminate()
        self.assertEqual(watch.wait(DEADLINE), 0, watch.stderr.read())
        self.assertEqual([spec["spec_name"] for spec in world.json("specs", "list")["specs"]], ["cars", "sub.shop"])


class SharedStore(unittest.TestCase):
    """On a server that machines share, files that are gone from one machine are only reported."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Cluster(durable=False))

    def test_it_only_reports_and_workers_get_their_due(self):
        world = World("version: 1\nstore: { plugin: postgres, options: { url: '" + self.server.create_database("d") +
                      "' } }\nnotifier: { plugin: poll, options: { interval: 200ms } }\n")
        self.addCleanup(world.close)
        for name in ("pets", "shop"):
            world.write(f"{name}.json", document(name, 2))
        world.start("worker")
        report = world.json("index", world.specs, "--no-work")
        self.assertEqual(report["embedded"], 0)
        self.assertEqual(report["embedded_by_workers"] + report["reused"], 4)
        (world.specs / "pets.json").rename(world.specs / "animals.json")
        done = world.run("index", world.specs, "--no-work")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1 of 2 specs of ", done.stderr)
        self.assertIn("--remove-missing", done.stderr)
        names = [spec["spec_name"] for spec in world.json("specs", "list")["specs"]]
        self.assertEqual(names, ["animals", "pets", "shop"])
        removed = world.json("index", world.specs, "--no-work", "--remove-missing")["removed"]
        self.assertEqual([each["spec_name"] for each in removed], ["pets"])
        self.assertEqual(world.run("catalogs", "delete", "default").returncode, 2)
        self.assertEqual(len(world.json("specs", "list")["specs"]), 2)
