"""embedq on a SQLite file of its own, with a provider that calls a protocol server, and a check that every stored
vector is the right one."""

import contextlib
import hashlib
import json
import sqlite3
import struct
import unittest
import urllib.request

import program
from program import World, document
from protocol_server import ProtocolServer

MODEL = "served"
SCRIPT = {"keep_texts": True, "models": {MODEL: {"dimension": 24, "digest": "sha256:1"}}}
SCHEDULER = {"lease": "2s", "heartbeat": "500ms", "backoff": {"base": "50ms", "max": "200ms"}}


class Served(World):
    """`plugin` is ollama or openai. `options` and `limits` are the provider's, `script` is the server's."""

    def __init__(self, plugin, script=None, options=None, limits=None):
        super().__init__()
        self.plugin = plugin
        self.server = ProtocolServer({"dialect": "ollama" if plugin == "ollama" else "generic", **SCRIPT,
                                      **(script or {})},
                                     beside=program.PROGRAM)
        where = {"endpoints": [self.server.url]} if plugin == "ollama" else {"dialect": "generic",
                                                                             "base_url": self.server.url + "/v1"}
        self.database = self.folder / "served.db"
        self.config.write_text(json.dumps({
            "version": 1, "store": {"plugin": "sqlite", "options": {"path": str(self.database)}},
            "notifier": {"plugin": "local"},
            "providers": {"served": {"plugin": plugin, "options": {**where, "model": MODEL, **(options or {})},
                                     "limits": {"concurrency": 2, "batch_inputs": 8, **(limits or {})}}},
            "embedding": {"provider": "served", "model_change": "apply"}, "scheduler": SCHEDULER}))
        self.texts = 0

    def close(self):
        super().close()
        self.server.close()

    def put(self, specs=4, operations=40):
        for i in range(specs):
            self.write(f"s{i}.json", document(f"s{i}", operations))
        self.texts += specs * operations

    def index(self):
        """Runs it to its end, and checks that it exits with status 0."""
        done = self.run("index", self.specs, "--json")
        assert done.returncode == 0, f"index exited {done.returncode}: {done.stderr}\n{self.server.calls()['log'][-3:]}"
        return json.loads(done.stdout)

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as database:
            return database.execute(sql).fetchall()

    def calls(self):
        """The calls for documents, without those that only ask for the dimension."""
        return [call for call in self.server.calls()["log"] if call["texts"] != ["dimension"]]

    def check_vectors(self):
        """Checks that every stored vector is that of its text and of its profile's model. Returns their number."""
        asked = {hashlib.sha256(text.encode()).digest(): text for call in self.server.calls()["log"]
                 for text in call.get("texts", [])}
        self.server.change({"faults": [], "refusing": False, "latency": "0ms", "rate": {}, "max_inputs": 0,
                            "max_text_tokens": 0,
                            "authorization": ""})
        stored = self.rows("SELECT p.model_digest, t.hash, v.cut_to, v.value FROM vectors v JOIN texts t USING (text) "
                           "JOIN profiles p USING (profile)")
        for digest in {row[0] for row in stored}:
            if digest:
                self.server.change({"models": {MODEL: {"digest": digest}}})
            rows = [row for row in stored if row[0] == digest]
            texts = [asked[hash_].encode()[:cut or None].decode() for _, hash_, cut, _ in rows]
            for (_, _, _, value), right, text in zip(rows, self.ask(texts), texts, strict=True):
                assert value == struct.pack(f"<{len(right)}f",
                                            *right), f"the vector of '{text}' is not that of the model"
        return len(stored)

    def ask(self, texts):
        """The server's vectors for the texts, requested by the test itself."""
        path = "/api/embed" if self.plugin == "ollama" else "/v1/embeddings"
        request = urllib.request.Request(self.server.url + path, json.dumps({"model": MODEL, "input": texts}).encode())
        with urllib.request.urlopen(request, timeout=program.DEADLINE) as answer:
            body = json.load(answer)
        return body["embeddings"] if self.plugin == "ollama" else [item["embedding"] for item in body["data"]]


class Case(unittest.TestCase):
    def served(self, plugin, **how):
        world = Served(plugin, **how)
        self.addCleanup(world.close)
        return world

    def all_right(self, world):
        self.assertEqual(world.check_vectors(), world.texts)
        self.assertEqual(world.json("jobs", "list", "--status", "failed")["jobs"], [])
        self.assertEqual(world.server.calls()["in_flight"], 0)
