"""`embedq doctor` on deployments that are sound and on those that are not."""

import json
import os
import pathlib
import subprocess
import unittest

import program
from program import World, document

NOBODY = 65534


class Doctor(unittest.TestCase):
    def world(self, config=None):
        world = World(config)
        self.addCleanup(world.close)
        return world

    def findings(self, world, status):
        done = world.run("doctor", "--json")
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        report = json.loads(done.stdout)
        self.assertEqual(list(report), ["faults", "notes", "findings"])
        levels = [finding["level"] for finding in report["findings"]]
        self.assertEqual((report["faults"], report["notes"]), (levels.count("fault"), levels.count("note")))
        for finding in report["findings"]:
            self.assertTrue(finding["subject"] and finding["found"], finding)
            self.assertTrue(finding["level"] != "fault" or finding.get("hint"), finding)
        return report["findings"]

    def finding(self, findings, subject):
        found = [finding for finding in findings if finding["subject"] == subject]
        self.assertEqual(len(found), 1, f"{subject}: {findings}")
        return found[0]

    def test_a_sound_deployment(self):
        world = self.world()
        world.write("pets.json", document("pets", 6))
        world.json("index", world.specs)
        file = world.folder / "data" / "embedq" / "embedq.db"
        before = file.read_bytes()
        done = world.run("doctor")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("\nfault ", "\n" + done.stdout)
        self.assertRegex(done.stdout, r"\n0 faults, \d+ notes?\n$")
        lines = done.stdout.splitlines()
        column = lines[0].index(lines[0].split()[2])
        for line in lines[:-2]:
            self.assertTrue(line.startswith("       hint: ")
                            or (line[column - 2:column] == "  " and line[column] != " "), line)
        findings = self.findings(world, 0)
        for subject, words in {"store": "sqlite", "schema": "up to date", "provider lexical": "dimension",
                               "catalogs": "1 catalog",
                               "specs": "All 1 specs indexed", "integrity": "no fault", "journal": "wal",
                               "plugins": "sqlite"}.items():
            finding = self.finding(findings, subject)
            self.assertEqual(finding["level"], "ok", finding)
            self.assertIn(words, finding["found"])
        self.assertEqual(file.read_bytes(), before, "something was changed")

    def test_a_missing_schema(self):
        world = self.world()
        findings = self.findings(world, 1)
        schema = self.finding(findings, "schema")
        self.assertEqual(schema["level"], "fault")
        self.assertIn("embedq migrate up", schema["hint"])
        self.assertEqual(self.finding(findings, "file")["level"], "note")
        self.assertEqual(self.finding(findings, "provider lexical")["level"], "ok")
        self.assertFalse((world.folder / "data").exists(), "a diagnosis creates nothing")
        # The hint helps.
        self.assertEqual(world.run("migrate", "up").returncode, 0)
        self.findings(world, 0)

    def test_a_broken_provider(self):
        world = self.world("version: 1\nproviders: { broken: { plugin: simulated, options: { faults: 'no such fault' } "
                           "} }\n"
                           "embedding: { provider: broken }\n")
        world.run("migrate", "up")
        findings = self.findings(world, 1)
        provider = self.finding(findings, "provider broken")
        self.assertEqual(provider["level"], "fault")
        self.assertEqual(self.finding(findings, "plugins")["level"], "ok")

    def test_a_broken_configuration(self):
        world = self.world("version: 1\nstore: { plugin: sqlitte }\n")
        configuration = self.finding(self.findings(world, 1), "configuration")
        self.assertIn("sqlitte", configuration["found"])
        self.assertIn("embedq config check", configuration["hint"])

    def test_a_store_that_does_not_last(self):
        persistence = self.finding(self.findings(self.world("version: 1\nstore: { plugin: memory }\n"), 0),
                                   "persistence")
        self.assertEqual(persistence["level"], "note")

    def test_bad_usage(self):
        self.assertEqual(self.world().run("doctor", "everything").returncode, 2)

    def test_a_file_that_may_not_be_written(self):
        world = self.world()
        self.assertEqual(world.run("migrate", "up").returncode, 0)
        folder = world.folder / "data" / "embedq"
        file = folder / "embedq.db"
        user = None
        if os.geteuid() == 0:
            # Root may write everything; so it runs as another user, who can read the files.
            user = NOBODY
            for each in (world.folder, world.folder / "data"):
                each.chmod(0o755)
            for parent in pathlib.Path(program.PROGRAM).parents:
                if not parent.stat().st_mode & 0o001:
                    self.skipTest(f"the program is in '{parent}', where an unprivileged user cannot go")
        file.chmod(0o444)
        folder.chmod(0o555)
        self.addCleanup(folder.chmod, 0o755)
        done = subprocess.run(world.command("doctor", "--json"), env=world.environment(), cwd="/", capture_output=True,
                              text=True,
                              timeout=program.DEADLINE, user=user, extra_groups=[] if user else None)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        permissions = self.finding(json.loads(done.stdout)["findings"], "permissions")
        self.assertEqual(permissions["level"], "fault")
        self.assertIn(f"may not read and write '{file}'", permissions["found"])
        self.assertIn("mode 0444", permissions["found"])
        self.assertIn("chown", permissions["hint"])
