#!/usr/bin/env python3
"""Tests of the protocol server from a client's side: how answers are sent, times, connections, and restarts after a
kill."""

import gzip
import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True  # a test leaves nothing in the sources

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import protocol_server
from owned import wait_until

PROGRAM = None
SCRIPT = {"dialect": "openai", "models": {"m": {"dimension": 16}}}


class Client:
    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def send(self, texts=("a", "b")):
        self.connection.request("POST", "/v1/embeddings", json.dumps({"model": "m", "input": list(texts)}))

    def ask(self, texts=("a", "b")):
        self.send(texts)
        return self.connection.getresponse()


class Case(unittest.TestCase):
    def setUp(self):
        self.server = protocol_server.ProtocolServer(SCRIPT, path=PROGRAM)
        self.addCleanup(self.server.close)

    def client(self):
        return self.enterContext(Client(self.server))

    def fault(self, **fault):
        self.server.change({"faults": [fault]})

    def check(self, body, texts=2):
        self.assertEqual(len(json.loads(body)["data"]), texts)


class Sending(Case):
    def test_a_connection_is_kept(self):
        client = self.client()
        for _ in range(3):
            self.check(client.ask().read())
        calls = self.server.calls()
        self.assertEqual((calls["calls"], calls["inputs"]), (3, 6))
        self.assertEqual(len({call["connection"] for call in calls["log"]}), 1)

    def test_chunked(self):
        self.fault(do="chunked", bytes=7)
        answer = self.client().ask()
        self.assertEqual(answer.getheader("Transfer-Encoding"), "chunked")
        self.check(answer.read())

    def test_gzip(self):
        self.fault(do="gzip")
        texts = [f"text {i}" for i in range(1000)]  # several blocks
        answer = self.client().ask(texts)
        self.assertEqual(answer.getheader("Content-Encoding"), "gzip")
        self.check(gzip.decompress(answer.read()), 1000)

    def test_http_1_0(self):
        self.fault(do="http_1_0")
        answer = self.client().ask()
        self.assertEqual(answer.version, 10)
        self.assertIsNone(answer.getheader("Content-Length"))
        self.check(answer.read())

    def test_huge(self):
        self.fault(do="huge", bytes=3_000_000)
        body = self.client().ask().read()
        self.assertGreater(len(body), 3_000_000)
        self.check(body)

    def test_wrong_type(self):
        self.fault(do="wrong_type")
        answer = self.client().ask()
        self.assertEqual(answer.getheader("Content-Type"), "text/plain")
        self.check(answer.read())

    def test_drip(self):
        self.fault(do="drip", bytes=100, every="5ms")
        self.check(self.client().ask().read())

    def test_cut(self):
        self.fault(do="cut")
        with self.assertRaises(http.client.IncompleteRead):
            self.client().ask().read()

    def test_close_and_reset(self):
        self.fault(do="close")
        with self.assertRaises(http.client.RemoteDisconnected):
            self.client().ask()
        self.fault(do="reset")
        with self.assertRaises(ConnectionResetError):
            self.client().ask()

    def test_stale(self):
        self.fault(do="stale", calls=1)
        client = self.client()
        self.check(client.ask().read())
        with self.assertRaises(ConnectionError):
            client.ask()
        client.connection.close()
        self.check(client.ask().read())


class Waiting(Case):
    def test_hang_and_stall_last_until_the_client_disconnects(self):
        for do in ("hang", "stall"):
            self.fault(do=do)
            client = self.client()
            client.send()
            wait_until(lambda: self.server.calls()["calls"] > 0, "the call has arrived")
            client.connection.sock.settimeout(0.05)
            with self.assertRaises(TimeoutError):
                client.connection.getresponse().read()
            client.connection.close()
            wait_until(lambda: self.server.calls()["in_flight"] == 0, "the call is over")
            self.server.reset()

    def test_a_client_that_disconnects_frees_its_slot(self):
        self.server.change({"concurrency": 1, "faults": [{"do": "hang", "calls": 1}]})
        first, second = self.client(), self.client()
        first.send()
        wait_until(lambda: self.server.calls()["calls"] == 1, "the first call")
        second.send()
        wait_until(lambda: self.server.calls()["calls"] == 2, "the second call")
        self.assertEqual(self.server.calls()["max_serving"], 1)
        first.connection.close()
        self.check(second.connection.getresponse().read())
        self.assertEqual(self.server.calls()["abandoned"], 1)

    def test_a_full_queue_is_busy(self):
        self.server.change({"concurrency": 1, "queue": 0, "faults": [{"do": "hang", "calls": 1}]})
        first = self.client()
        first.send()
        wait_until(lambda: self.server.calls()["calls"] == 1, "the first call")
        answer = self.client().ask()
        self.assertEqual(answer.status, 503)
        self.assertIn(b"overloaded", answer.read())

    def test_as_many_at_a_time_and_no_faster(self):
        self.server.change({"concurrency": 2, "latency": "20ms", "latency_per_input": "5ms"})

        def ask():
            with Client(self.server) as client:
                for _ in range(4):
                    self.check(client.ask().read())

        threads = [threading.Thread(target=ask) for _ in range(6)]
        begin = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertGreaterEqual(time.monotonic() - begin, 24 / 2 * 0.03)
        calls = self.server.calls()
        self.assertEqual(calls["max_serving"], 2)
        # Each began when a slot was free, not when the server handled it, so the waits are those of a queue with two
        # slots.
        self.assertGreater(max(call["waited"] for call in calls["log"]), 30_000)
        self.assertEqual(calls["max_in_60s"], 24)


class Living(Case):
    def test_it_restarts_on_its_port(self):
        port = self.server.port
        self.check(self.client().ask().read())
        self.server.kill()
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)
        self.server.start()
        self.assertEqual(self.server.port, port)
        self.check(self.client().ask().read())
        self.assertEqual(self.server.calls()["calls"], 1)

    def test_a_wrong_script_is_refused(self):
        with self.assertRaisesRegex(RuntimeError, "a script has no key 'latencies'"):
            self.server.change({"latencies": 1})
        with self.assertRaisesRegex(RuntimeError, "expected one of ollama"):
            protocol_server.ProtocolServer({"dialect": "none"}, path=PROGRAM)

    def test_the_wrapper_gives_each_script_a_server(self):
        folder = pathlib.Path(self.enterContext(__import__("tempfile").TemporaryDirectory()))
        (folder / "azure.yaml").write_text("dialect: azure")
        (folder / "tei.yaml").write_text("dialect: tei\nmodels: { m: {} }")
        code = ("import os, sys, urllib.request\n"
                "print(urllib.request.urlopen(os.environ['EMBEDQ_SERVER_TEI'] + '/info').status, 'EMBEDQ_SERVER_AZURE' "
                "in os.environ)\n"
                "sys.exit(3)")
        done = subprocess.run([sys.executable, HERE / "with_protocol_server.py", "--server", PROGRAM,
                               folder / "azure.yaml", folder / "tei.yaml", "--", sys.executable, "-c", code],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (3, "200 True\n"), done.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit(f"usage: {sys.argv[0]} PROTOCOL_SERVER [unittest's arguments]")
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
