"""Commands that read change nothing: no schema, no file, no row, and they work where nothing may be changed."""

import os
import pathlib
import subprocess
import unittest

import program
from program import World, document

NOBODY = 65534
# Those that need a schema, by their words.
JOB = "1"  # stands for a job that there is
READING = [("status",), ("status", "default", "--json"), ("search", "operation number 3"), ("jobs", "list"),
           ("jobs", "show", JOB), ("catalogs", "list"), ("catalogs", "show", "default"),
           ("catalogs", "reembed", "default", "--dry-run"), ("specs", "list"), ("specs", "show", "pets"),
           ("workers", "list", "--json")]
# Those that work without one.
LOOKING = [("doctor",), ("migrate", "status"), ("config", "check"), ("config", "show"), ("plugins", "list")]


def contents_of(folder):
    """Each file below the folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class Case(unittest.TestCase):
    config = None

    def setUp(self):
        self.world = World(self.config)
        self.addCleanup(self.world.close)
        self.world.write("pets.json", document("pets", 6))

    def index(self):
        self.world.json("index", self.world.specs)
        self.assertEqual(self.world.json("jobs", "list")["jobs"][0]["id"], 1)

    @property
    def data(self):
        return self.world.folder / "data"


class Sqlite(Case):
    def test_before_there_is_a_schema_they_say_so_and_create_nothing(self):
        for words in READING:
            done = self.world.run(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertRegex(done.stderr, r"^embedq: the store 'sqlite' has no schema yet; run `embedq migrate up`; "
                                          r"index, serve and worker do it when they start\n$", words)
        for words in (*LOOKING, ("jobs", "retry", "1"), ("specs", "delete", "pets"), ("config", "apply", "--yes")):
            self.world.run(*words)
        self.assertFalse(self.data.exists(), list(self.data.rglob("*")))

    def test_they_change_no_byte(self):
        self.index()
        before = contents_of(self.data)
        for words in (*READING, *LOOKING):
            done = self.world.run(*words)
            self.assertEqual(done.returncode, 0, f"{words}: {done.stdout}{done.stderr}")
            self.assertEqual(contents_of(self.data).keys(), before.keys(), words)
            self.assertEqual(contents_of(self.data), before, words)

    def test_they_work_on_a_file_and_in_a_folder_that_may_not_be_written(self):
        self.index()
        user = None
        if os.geteuid() == 0:
            # Root may write everything; so they run as another user, who can read the files.
            user = NOBODY
            for parent in pathlib.Path(program.PROGRAM).parents:
                if not parent.stat().st_mode & 0o001:
                    self.skipTest(f"the program is in '{parent}', where an unprivileged user cannot go")
        file = next(self.data.rglob("*.db"))
        (file.parent / (file.name + "-workers")).unlink()
        file.chmod(0o444)
        for folder in (self.world.folder, self.data, file.parent):
            folder.chmod(0o555)
            self.addCleanup(folder.chmod, 0o755)
        before = contents_of(self.data)
        for words in READING:
            done = subprocess.run(self.world.command(*words), env=self.world.environment(), cwd="/",
                                  capture_output=True, text=True, timeout=program.DEADLINE, user=user,
                                  extra_groups=[] if user else None)
            self.assertEqual(done.returncode, 0, f"{words}: {done.stdout}{done.stderr}")
        self.assertEqual(contents_of(self.data), before)

    def test_migrate_up_makes_the_schema_and_no_target(self):
        self.index()
        self.world.config.write_text("version: 1\nproviders: { other: { plugin: simulated } }\n"
                                     "embedding: { provider: other, model_change: apply }\n")
        before = self.world.json("catalogs", "show", "default")
        self.assertEqual(self.world.run("migrate", "up").returncode, 0)
        self.assertEqual(self.world.json("catalogs", "show", "default"), before)


if __name__ == "__main__":
    unittest.main()
