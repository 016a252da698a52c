"""Secrets that change while a worker runs, and commands that give them."""

import json
import os
import pathlib
import stat

import program
from owned import wait_until
from program import World, document
from served import Case

FIRST, SECOND = "sk-first", "sk-second"


class Rotated(Case):
    def more(self, world, name, texts):
        """Puts another document, and returns when the worker has embedded it."""
        world.write(f"{name}.json", document(name, 10))
        done = world.run("index", "--no-work", world.specs)
        self.assertEqual(done.returncode, 0, done.stderr)
        wait_until(lambda: world.rows("SELECT count(*) FROM vectors")[0][0] == texts, f"{texts} vectors",
                   program.DEADLINE)

    def worker_over_a_rotation(self, option, write):
        """A worker goes on with another key, without a restart, while its server accepts only the present one."""
        world = self.served("openai", script={"authorization": FIRST}, options={"api_key": option})
        world.config.chmod(stat.S_IRUSR | stat.S_IWUSR)
        write(world, FIRST)
        world.write("a.json", document("a", 10))
        world.index()
        worker = world.start("worker")
        self.more(world, "b", 20)
        world.server.change({"authorization": SECOND})
        write(world, SECOND)
        self.more(world, "c", 30)
        worker.terminate()
        _, log = worker.communicate(timeout=program.DEADLINE)
        self.assertEqual(worker.returncode, 0)
        self.assertNotIn(FIRST, log)
        self.assertNotIn(SECOND, log)
        world.texts = 30
        self.all_right(world)
        return world

    def test_a_file_is_read_again_when_it_changes(self):
        def write(world, key):
            fresh = world.folder / "key.new"
            fresh.write_text(key + "\n")
            os.replace(fresh, world.folder / "key")

        self.worker_over_a_rotation({"file": "key"}, write)

    def test_a_command_is_run_again_when_its_secret_is_refused(self):
        def write(world, key):
            script = world.folder / "key"
            if not script.exists():
                script.write_text("#!/bin/sh\necho ran >> runs\ncat present\n")
                script.chmod(0o700)
            (world.folder / "present").write_text(key + "\n")

        world = self.worker_over_a_rotation({"command": ["./key"]}, write)
        before = (world.folder / "runs").read_text()
        for words in (["config", "check"], ["config", "show"], ["config", "schema"], ["plugins", "list"], ["status"]):
            done = world.run(*words)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((world.folder / "runs").read_text(), before, "none of these uses the secret")

    def test_a_command_in_a_file_that_others_may_write_is_refused(self):
        world = self.served("openai", options={"api_key": {"command": ["touch", "ran"]}})
        world.config.chmod(0o666)
        for words in (["config", "check"], ["worker"]):
            done = world.run(*words)
            self.assertEqual(done.returncode, 2)
            self.assertIn("so everyone may change it", done.stdout + done.stderr)
        self.assertFalse((world.folder / "ran").exists())

    def test_a_stop_ends_the_reading_of_a_services_secret(self):
        world = World()
        self.addCleanup(world.close)
        command = world.folder / "token"
        command.write_text("#!/bin/sh\necho > asked\nexec sleep 60\n")
        command.chmod(0o700)
        plugins = pathlib.Path(program.PROGRAM).resolve().parent.parent / "tests" / "faulty_plugins"
        if not plugins.is_dir():
            self.skipTest("the service that asks for a secret is built with the tests, as in `make test-asan`")
        world.config.write_text(json.dumps({
            "version": 1, "plugins": {"paths": [str(plugins)]},
            "services": [{"plugin": "faulty", "options": {"token": {"command": ["./token"]}}}]}))
        world.config.chmod(0o600)
        serve = world.start("serve")
        wait_until((world.folder / "asked").exists, "the command runs")
        serve.terminate()
        _, log = serve.communicate(timeout=program.DEADLINE)
        self.assertEqual(serve.returncode, 0, log)
        self.assertNotIn("took longer", log)

    def test_a_pipe_as_a_secret_is_not_waited_for(self):
        world = self.served("openai", options={"api_key": {"file": "pipe"}})
        os.mkfifo(world.folder / "pipe")
        done = world.run("config", "check")
        self.assertEqual(done.returncode, 2)
        self.assertIn("is a pipe, a socket or a device, expected a file", done.stdout + done.stderr)
