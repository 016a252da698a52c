"""Commands that a call keeps waiting: each says soon what it waits for, ends at a signal, and at its bound."""

import json
import signal
import time

from case import Case, documents
from deployment import SOAK, Deployment, new_database
from owned import wait_until
from postgres import make_url
from proxy import Proxy

FAILED, TIMED_OUT = 1, 4
READS = (["status"], ["jobs", "list"], ["catalogs", "list"], ["specs", "list"], ["search", "pets"], ["config", "apply"])
CHANGES = (["specs", "reembed", "s0"], ["catalogs", "delete", "default"])
MAY_READ = 30  # seconds that a command which only reads waits for one call
END = 5  # seconds after its time within which `index` ends, whatever hangs


class Patience(Case):
    def locked(self, *tables):
        d = self.deployment()
        d.put(documents(2, 4), stay=False)
        for table in tables:
            self.addCleanup(d.lock(f"LOCK TABLE embedq.{table} IN ACCESS EXCLUSIVE MODE").close)
        return d

    def launch_all(self, d, commands):
        return [d.launch("-".join(words), *words) for words in commands]

    def say_what_they_wait_for(self, started, call="store 'postgres': "):
        for one in started:
            wait_until(lambda one=one: f"embedq: waiting: {call}" in one.said() or one.process.poll() is not None,
                       lambda one=one: f"{one.name} says what it waits for: {one.said()}")
            self.assertIn("waiting: ", one.said(), one.name)

    def end_at_a_signal(self, started):
        for one in started:
            one.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        for one in started:
            one.process.wait(10)
        print(f"stopped after {time.monotonic() - began:.1f} s")

    def ends_in_time(self, index, began, limit):
        status = index.process.wait(limit + END + 5)
        took = time.monotonic() - began
        print(f"{index.name}: --timeout {limit}s, status {status} after {took:.1f} s")
        self.assertEqual(status, TIMED_OUT, index.said())
        self.assertRegex(index.said(), "is over|not every document is stored after|not everything is embedded after")
        self.assertLess(took, limit + END + 2, index.said())

    def index(self, d, limit=4, operations=40, launch=Deployment.launch, **settings):
        file = d.write("some.json", documents(1, operations, salt="new")["s0"])
        return launch(d, "index", "index", file, "--timeout", f"{limit}s", **settings)

    def test_commands_behind_a_locked_table_say_what_they_wait_for(self):
        d = self.locked("specs", "catalogs")
        started = self.launch_all(d, READS + CHANGES)
        self.say_what_they_wait_for(started)
        if SOAK:
            for one in started[:len(READS)]:
                self.assertEqual(one.process.wait(MAY_READ + 10), FAILED, one.said())
                self.assertIn("a command that only reads waits no longer", one.said())
            started = started[len(READS):]
        self.end_at_a_signal(started)

    def test_index_behind_a_locked_table_says_so_and_ends_with_its_time(self):
        for table in ("jobs_ready", "specs") if SOAK else ("jobs_ready",):
            d = self.locked(table)
            for words in (["--no-work"], []):
                began = time.monotonic()
                index = d.launch("index", "index", d.write("new.json", documents(1, 4, salt="new")["s0"]), "--timeout",
                                 "5s", *words)
                self.say_what_they_wait_for([index])
                self.ends_in_time(index, began, 5)

    def test_index_ends_with_its_time_while_the_database_is_silent(self):
        proxy = Proxy(self.server.port)
        self.addCleanup(proxy.close)
        database = new_database(self.server)
        d = Deployment(self.server, database, latency="200ms", concurrency=1)
        self.addCleanup(d.close)
        began = time.monotonic()
        index = self.index(d, operations=400, environment={"EMBEDQ_DATABASE_URL": make_url([proxy.port], database)})
        d.until("SELECT count(*) > 0 FROM embedq.vectors", "it works")
        proxy.freeze()
        self.ends_in_time(index, began, 4)

    def test_index_ends_with_its_time_while_its_provider_is_silent(self):
        d = self.deployment()
        for fault in ("hang", "never_returns"):
            began = time.monotonic()
            index = self.index(d, faults=[f"{fault} calls=1.."])
            self.ends_in_time(index, began, 4)
            if fault == "hang":
                self.assertIn("embedq: not everything is embedded after 4.0 s: not returned: provider 'sim': embed",
                              index.said())
            else:
                self.assertIn("not returned: provider 'sim': embed; the process ends", index.said())

    def test_config_apply_says_that_its_provider_is_silent(self):
        d = self.locked()
        secret = d.write("secret", "#!/bin/sh\nexec sleep 60\n")
        secret.chmod(0o700)
        config = d.configure("apply")
        text = json.loads(config.read_text())
        text["providers"]["sim"] = {"plugin": "openai", "options": {
            "base_url": "http://127.0.0.1:1", "model": "m", "dimensions": 8, "api_key": {"command": [str(secret)]}}}
        d.configure = lambda name, **settings: config
        config.write_text(json.dumps(text))
        config.chmod(0o600)
        apply = d.launch("apply", "config", "apply")
        self.say_what_they_wait_for([apply], "provider 'sim': ")
        self.end_at_a_signal([apply])
