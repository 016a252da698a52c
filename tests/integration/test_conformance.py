"""The conformance kit as a program: its output, and what it refuses."""

import json
import os
import pathlib
import subprocess
import unittest

import program
from program import DEADLINE, World

MEMORY = "version: 1\nstore: { plugin: memory }\n"
FEW = "*/one_open_job.*"


class Kit(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)
        self.kit = pathlib.Path(program.PROGRAM).parent / "embedq-conformance"
        self.plugins = self.kit.parent.parent / "lib" / "embedq" / "plugins"

    def run_kit(self, *words):
        return subprocess.run([str(self.kit), *map(str, words)], env=self.world.environment(), cwd=self.world.folder,
                              capture_output=True,
                              text=True, timeout=DEADLINE)

    def configured(self, text, *words):
        self.world.config.write_text(text)
        return self.run_kit("--config", self.world.config, *words)

    def test_cases_are_counted_by_invariant(self):
        done = self.configured(MEMORY, "--only", "store", "--cases", FEW, "--json", "kit.json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^store=memory +passed +failed +skipped\n  one_open_job +\d+ +0 +0$")
        self.assertIn("the store lives in one process", done.stdout)
        self.assertRegex(done.stdout, r"conformance: \d+ passed, 0 failed, 1 skipped\n$")
        written = json.loads((self.world.folder / "kit.json").read_text())
        self.assertEqual((written["failures"], written["tests"] > 5), (0, True))

    def test_a_store_without_a_path_per_case_is_refused(self):
        shared = f"version: 1\nstore: {{ plugin: sqlite, options: {{ path: {self.world.folder}/mine.db }} }}\n"
        done = self.configured(shared, "--only", "store", "--cases", FEW)
        self.assertEqual(done.returncode, 1)
        self.assertIn("each case must begin with an empty one; use ${EMBEDQ_CASE_FOLDER}", done.stdout)

    def test_the_users_own_data_is_never_opened(self):
        """The default path is in the case's folder."""
        done = self.configured("version: 1\n", "--only", "store", "--cases", FEW)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(os.listdir(self.world.folder), ["embedq.yaml"])

    def test_one_plugin_file(self):
        file = self.plugins / "libembedq_store_sqlite.so"
        done = self.run_kit("--plugin", file, "--options", "path=${EMBEDQ_CASE_FOLDER}/a.db", "--cases", FEW)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("store=sqlite", done.stdout)

    def test_refusals(self):
        memory = self.plugins / "libembedq_store_memory.so"
        self.world.write("no.so", "no plugin at all, only a text that is long enough to hold the header of an ELF file")
        self.world.config.write_text(MEMORY)
        variant = "version: 1\nproviders: { a.slow: { plugin: simulated } }\nembedding: { provider: none }\n"
        (self.world.folder / "variant.yaml").write_text(variant)
        cases = [
            ([], "--config FILE or --plugin FILE is required"),
            (["--plugin", memory, "--config", self.world.config], "excludes"),
            (["--plugin", memory, "--options", "size"], "found 'size', expected NAME=VALUE"),
            (["--plugin", memory, "--options", "size=3"],
             "embedq-conformance: store plugin 'memory': unknown option 'size'; there are no options; options are "
             "given by --options NAME=VALUE\n"),
            (["--plugin", memory, "--options", "path=${NOT_SET}"],
             "--options path=${NOT_SET}: the environment variable NOT_SET is not set"),
            (["--plugin", self.world.specs / "no.so"], "no.so"),
            (["--config", self.world.config, "--only", "storage"],
             "expected store, notifier, provider, provider=NAME or service"),
            (["--config", self.world.config, "--only", "service"], "names nothing that is configured"),
            (["--config", self.world.config, "--cases", "nothing"], "no case is named like 'nothing'"),
            (["--config", self.world.folder / "variant.yaml"],
             "provider 'a.slow' is a variant of 'a', which is not configured"),
        ]
        for words, said in cases:
            with self.subTest(words):
                done = self.run_kit(*words)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn(said, done.stderr)
