#!/usr/bin/env python3
"""Tests of the test runner: it reports the result of each test, and a test without a result is a failure."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest
from xml.etree import ElementTree

sys.dont_write_bytecode = True  # a test leaves nothing in the sources

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from owned import wait_until

DEADLINE = 120
RUN = f"""
import pathlib, sys
sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).parent), {str(HERE)!r}]
import side_by_side
if __name__ == "__main__":
    side_by_side.main(pathlib.Path(__file__).parent)
"""
PASSING = """
import unittest
class Passing(unittest.TestCase):
    def test_one(self): print("a figure")
    def test_two(self): pass
    def test_three(self): self.skipTest("there is no such thing here")
"""
FAILING = """
import os, signal, subprocess, sys, unittest
class Fails(unittest.TestCase):
    def test_fails(self):
        subprocess.run(["sh", "-c", "echo a process said this >&2"])
        self.assertEqual(1, 2, "as it must")
    def test_in_a_part(self):
        with self.subTest("the second part"):
            raise LookupError("in a part")
    def test_passes(self): print("a process did not say this", file=sys.stderr)
class Dies(unittest.TestCase):
    def test_dies(self): os.kill(os.getpid(), signal.SIGKILL)
class Whole(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise LookupError("nothing to set up")
    def test_one(self): pass
    def test_two(self): pass
class WholeIsSkipped(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise unittest.SkipTest("not on this machine")
    def test_one(self): pass
    def test_two(self): pass
class DiesInTheMiddle(unittest.TestCase):
    @classmethod
    def setUpClass(cls): pass
    def test_1(self): pass
    def test_2(self): os._exit(0)
    def test_3(self): pass
class FailsAtTheEnd(unittest.TestCase):
    @classmethod
    def tearDownClass(cls): raise LookupError("nothing to tear down")
    def test_one(self): pass
"""
# Writes its pids and its folder to a file, and waits forever.
WAITS = """
import os, pathlib, subprocess, sys, unittest
sys.path.insert(0, SUPPORT)
from owned import OWNED
class Waits(unittest.TestCase):
    def test_waits(self):
        folder = pathlib.Path(OWNED.folder("embedq-side-"))
        self.addCleanup(lambda: pathlib.Path(TOLD, "cleaned").touch())
        mine = subprocess.Popen(["sleep", "1000"])
        owned = OWNED.start(["sleep", "1000"])
        pathlib.Path(TOLD, "partial").write_text(f"{os.getpid()} {mine.pid} {owned.pid} {folder}")
        pathlib.Path(TOLD, "partial").rename(pathlib.Path(TOLD, "ready"))
        mine.wait()
"""


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class SideBySide(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="embedq-side-by-side-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "run.py").write_text(RUN)

    def write(self, **files):
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(text)

    def command(self, *words):
        return [sys.executable, str(self.folder / "run.py"), *words]

    def run_it(self, *words):
        return subprocess.run(self.command(*words), capture_output=True, text=True, timeout=DEADLINE)

    def test_passing_tests(self):
        self.write(test_passing=PASSING)
        done = self.run_it("--jobs", "2", "--junit", str(self.folder / "to" / "results.xml"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines()[-1], "2 passed, 0 failed, 1 skipped")
        self.assertRegex(done.stdout, r"(?m)^ +\d\.\d s  passed   test_passing\.Passing\.test_one\n +a figure$")
        self.assertIn("skipped test_passing.Passing.test_three: there is no such thing here\n", done.stdout)
        suite = ElementTree.parse(self.folder / "to" / "results.xml").getroot()
        self.assertEqual((suite.get("tests"), suite.get("failures"), suite.get("skipped")), ("3", "0", "1"))
        self.assertEqual({case.get("name"): case.get("classname") for case in suite},
                         {name: "test_passing.Passing" for name in ("test_one", "test_two", "test_three")})

    def test_selected_tests_and_repetitions(self):
        self.write(test_passing=PASSING, test_failing=FAILING)
        for name, count in (("test_passing.Passing.test_one", 1), ("test_passing.Passing", 2)):
            self.assertEqual(self.run_it(name).stdout.splitlines()[-1].split(",")[0], f"{count} passed")
        done = self.run_it("test_passing.Passing.test_one", "test_failing.FailsAtTheEnd", "--repeat", "3", "--jobs",
                           "1")
        self.assertIn("6 passed, 1 failed", done.stdout)

    def test_each_kind_of_failure(self):
        self.write(test_failing=FAILING, test_passing=PASSING)
        done = self.run_it("--jobs", "3", "--junit", str(self.folder / "results.xml"))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.splitlines()[-1], "5 passed, 8 failed, 3 skipped")
        self.assertIn("FAILED   test_failing.Fails.test_fails: AssertionError: 1 != 2 : as it must\n", done.stdout)
        for text in ("as it must\n--- its standard error and that of its processes:\na process said this\n",
                     "LookupError: in a part",
                     "the process ended while test_failing.Dies.test_dies ran; its status is -9",
                     "LookupError: nothing to set up",
                     "the process ended while test_failing.DiesInTheMiddle.test_2 ran; its status is 0",
                     "FAILED test_failing.DiesInTheMiddle.test_3", "FAILED test_failing.FailsAtTheEnd.tearDownClass",
                     "LookupError: nothing to tear down",
                     "skipped test_failing.WholeIsSkipped.test_two: not on this machine"):
            self.assertIn(text, done.stdout)
        self.assertNotIn("a process did not say this", done.stdout)
        suite = ElementTree.parse(self.folder / "results.xml").getroot()
        self.assertEqual((suite.get("tests"), suite.get("failures"), suite.get("skipped")), ("16", "8", "3"))
        self.assertIn("as it must",
                      next(case for case in suite if case.get("name") == "test_fails").find("failure").text)

    def test_a_run_without_tests_is_a_failure(self):
        self.write(test_nothing="")
        self.assertEqual(self.run_it().returncode, 1)
        self.write(test_nothing="import of_something_that_is_not_there")
        done = self.run_it()
        self.assertEqual(done.returncode, 1)
        self.assertIn("of_something_that_is_not_there", done.stderr)
        self.assertNotEqual(self.run_it("test_absent.Absent").returncode, 0)

    def begin(self):
        """Runs a test that waits; returns the runner, the pids of its processes, and their folder."""
        self.write(test_waits=WAITS.replace("SUPPORT", repr(str(HERE))).replace("TOLD", repr(str(self.folder))))
        runner = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(runner.stdout.close)
        self.addCleanup(runner.kill)
        wait_until((self.folder / "ready").exists, "the test waits")
        *pids, owned_folder = (self.folder / "ready").read_text().split()
        self.assertTrue(all(map(alive, pids)))
        return runner, pids, owned_folder

    def ended(self, pids, owned_folder):
        wait_until(lambda: not any(map(alive, pids)), "the processes end")
        wait_until(lambda: not os.path.exists(owned_folder), "the folder is removed")
        self.assertTrue((self.folder / "cleaned").exists(), "the test cleaned up")

    def test_it_ends_what_it_started(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                runner, *there = self.begin()
                runner.send_signal(number)
                output = runner.communicate(timeout=DEADLINE)[0]
                self.assertEqual(runner.returncode, 128 + number, output)
                self.assertIn("FAILED test_waits.Waits.test_waits", output)
                self.ended(*there)
                for name in ("ready", "cleaned"):
                    (self.folder / name).unlink()

    def test_its_processes_end_when_it_is_killed(self):
        runner, *there = self.begin()
        runner.kill()
        # The test started this `sleep` itself, so nothing else ends it.
        pids, owned_folder = there
        wait_until(lambda: not alive(pids[0]), "the process that runs tests ends")
        os.kill(int(pids.pop(1)), signal.SIGKILL)
        self.ended(pids, owned_folder)


if __name__ == "__main__":
    unittest.main()
