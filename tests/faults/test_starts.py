"""Starts while the database is not running: services wait for it, and log that once; `index` fails after a few
seconds."""

import re
import time

from case import Case, documents
from owned import wait_until
from program import DEADLINE

WAITS = re.compile(r"(?:warning:|warn  embedq:) cannot connect to PostgreSQL at .*; waiting for it")


class Starts(Case):
    OWN = {"durable": False}

    def setUp(self):
        self.d = self.deployment()
        self.server.stop()
        self.addCleanup(lambda: self.server.running or self.server.start())

    def waits(self, process):
        wait_until(lambda: WAITS.search(process.said()), lambda: f"{process.name} waits, and logs it: {process.said()}")

    def test_services_wait_and_then_work(self):
        waiting = [self.d.worker(), self.d.launch("server", "serve")]
        for one in waiting:
            self.waits(one)
        self.server.start()
        self.d.put(documents(3, 4))
        self.d.finish(*waiting, heir=False)
        for one in waiting:
            self.assertEqual(len(WAITS.findall(one.said())), 1, one.said())

    def test_a_worker_that_waits_stops_on_a_signal(self):
        for words in (["worker"], ["serve"]):
            one = self.d.launch(words[0], *words)
            self.waits(one)
            one.stop()

    def test_index_fails_after_a_few_seconds(self):
        file = self.d.write("s.json", documents(1, 1)["s0"])
        began = time.monotonic()
        index = self.d.launch("index", "index", file)
        self.assertEqual(index.process.wait(DEADLINE), 1, index.said())
        self.assertGreaterEqual(time.monotonic() - began, 5)
        self.assertEqual(len(WAITS.findall(index.said())), 1, index.said())
        self.assertRegex(index.said().splitlines()[-1],
                         "^embedq: cannot connect to PostgreSQL at .*check that the server is running")

    def test_index_continues_when_the_server_starts(self):
        file = self.d.write("s.json", documents(1, 1)["s0"])
        index = self.d.launch("index", "index", file)
        self.waits(index)
        self.server.start()
        index.done()
